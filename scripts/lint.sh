#!/usr/bin/env bash
# Style, types, import directions and house rules; Python and the viewer side by side.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "${1:-}" = --no-setup ] || scripts/setup.sh dev viewer
(cd viewer && npm run --silent lint && npm run --silent typecheck) > var/setup/lint-viewer.log 2>&1 &
viewer=$!
trap 'kill "$viewer" 2>/dev/null || true' EXIT
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/mypy
.venv/bin/lint-imports --no-cache
.venv/bin/python scripts/house_rules.py
wait "$viewer" || { cat var/setup/lint-viewer.log >&2; exit 1; }
cat var/setup/lint-viewer.log
