#!/usr/bin/env bash
# The encoder behind `twin tiles import --ktx2`: npm's ktx2-encoder (MIT, with Basis Universal, Apache-2.0) into var/tools, ignored by git.
set -euo pipefail
cd "$(dirname "$0")/.."
tools="${TWIN_VAR_DIR:-var}/tools"
mkdir -p "$tools"
[ -f "$tools/package.json" ] || echo '{ "private": true }' > "$tools/package.json"
npm install --silent --no-audit --no-fund --prefix "$tools" ktx2-encoder@0.6.0
echo "ktx2-encoder 0.6.0: $tools"
