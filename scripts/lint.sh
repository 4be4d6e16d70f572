#!/usr/bin/env bash
# Style, types, import directions and house rules; in Python and in the viewer.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "${1:-}" = --no-setup ] || scripts/setup.sh dev viewer
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/lint-imports --no-cache
.venv/bin/python scripts/house_rules.py
(cd viewer && npm run --silent lint && npm run --silent typecheck)
