#!/usr/bin/env bash
# Outside readers of 3D Tiles and OPC UA, and a second engine that draws 3D Tiles, apart from the product's own environment: py3dtiles
# wants another numpy than ours. They go to var/judges (ignored by git); tests/unit/tiles3d/test_judges.py, test_engines.py and
# tests/ingest/test_judges.py use them where they are and skip where they are not.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p var/judges/node
[ -x var/judges/py/bin/python ] || python3 -m venv var/judges/py
var/judges/py/bin/pip install --quiet "py3dtiles==12.1.1"
[ -f var/judges/node/package.json ] || echo '{ "private": true }' > var/judges/node/package.json
npm install --silent --no-audit --no-fund --prefix var/judges/node 3d-tiles-tools@0.5.4 node-opcua-client@2.140.0 \
  3d-tiles-renderer@0.5.3 three@0.187.0
var/judges/py/bin/pip list 2> /dev/null | grep -i '^py3dtiles '
node -p '"3d-tiles-tools  " + require("./var/judges/node/node_modules/3d-tiles-tools/package.json").version'
node -p '"node-opcua-client  " + require("./var/judges/node/node_modules/node-opcua-client/package.json").version'
node -p '"3d-tiles-renderer  " + JSON.parse(fs.readFileSync("var/judges/node/node_modules/3d-tiles-renderer/package.json")).version'
