#!/usr/bin/env bash
# Removes what was generated; asks before it deletes a database.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -x .venv/bin/twin ]; then .venv/bin/twin db stop || true; fi
if [ -d var/pg ] && [ -t 0 ]; then
  read -r -p "删除 var 中的数据库？· delete the database in var? [y/N] " answer
  [ "$answer" = y ] || exit 1
fi
rm -rf var .venv viewer/node_modules viewer/dist viewer/*/*/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
find . -name __pycache__ -type d -prune -exec rm -rf {} +
