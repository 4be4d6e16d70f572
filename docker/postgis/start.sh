#!/bin/sh
# First start: create the cluster, the owner, the app role and the database. Then run PostgreSQL in the foreground.
set -eu
bin=${PG_BIN:-/usr/lib/postgresql/15/bin}
data=${PGDATA:-/var/lib/postgresql/data}
port=${PGPORT:-5432}
if [ ! -s "$data/PG_VERSION" ]; then
  umask 077
  secret=$(mktemp)
  printf '%s' "$TWIN_OWNER_PASSWORD" > "$secret"
  "$bin/initdb" -D "$data" -U twin -A scram-sha-256 --pwfile "$secret" -E UTF8 --locale=C.UTF-8
  rm -f "$secret"
  echo "host all all all scram-sha-256" >> "$data/pg_hba.conf"
  "$bin/pg_ctl" -D "$data" -w -o "-c listen_addresses='' -c port=$port -c unix_socket_directories=$data" start
  # Only a socket inside the data folder: nobody meets a half-made database. Passwords go by variables of psql, quoted by it, and never through a command line.
  PGPASSWORD="$TWIN_OWNER_PASSWORD" "$bin/psql" -q -h "$data" -p "$port" -U twin -d postgres -v ON_ERROR_STOP=1 <<'SQL'
\getenv app TWIN_APP_PASSWORD
CREATE ROLE twin_app LOGIN PASSWORD :'app';
CREATE DATABASE twin;
\connect twin
CREATE EXTENSION postgis;
SQL
  "$bin/pg_ctl" -D "$data" -w -m fast stop
fi
exec "$bin/postgres" -D "$data" -c "port=$port" -c "listen_addresses=${LISTEN:-*}" -c unix_socket_directories='' -c shared_buffers="${SHARED_BUFFERS:-512MB}" \
  -c max_connections=200 -c jit=off -c wal_compression=on -c timezone=UTC
