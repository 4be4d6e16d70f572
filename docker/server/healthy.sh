#!/bin/sh
# Healthy means: the API answers and its database does too.
curl -fs --max-time 4 "http://127.0.0.1:${TWIN_PORT:-8080}/api/health" | grep -q '"status":"ok"'
