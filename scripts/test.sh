#!/usr/bin/env bash
# Every test: static checks, Python on real services, the viewer's unit tests, then the browser. Extra arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE  # workers and child processes share what is compiled
scripts/setup.sh dev viewer
if [ $# -gt 0 ]; then exec .venv/bin/python -m pytest "$@"; fi
scripts/lint.sh --no-setup
(cd viewer && npm run --silent test)
# Two passes: what needs no browser on all cores; then the browser alone, because software rendering takes both cores.
.venv/bin/python -m pytest tests --ignore=tests/e2e -n 2 -q --dist loadfile
.venv/bin/python -m pytest tests/e2e -q -p no:randomly
