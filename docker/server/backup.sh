#!/bin/sh
# A backup every night at 02:00 plant time; old ones go only after a new one is complete. ONCE=1 makes one and ends.
set -eu
target="${TWIN_BACKUP_DIR:-/backups}"
run() {
  twin db backup "$target"
  find "$target" -maxdepth 1 -name 'twin-*' -type d -mtime "+${TWIN_BACKUP_DAYS:-30}" -exec rm -rf {} +
}
if [ "${ONCE:-}" = 1 ]; then run; exit 0; fi
while :; do
  now=$(date +%s)
  next=$(date -d 'tomorrow 02:00' +%s)
  sleep $((next - now))
  run || echo "backup failed" >&2
done
