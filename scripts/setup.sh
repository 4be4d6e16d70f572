#!/usr/bin/env bash
# Installs what is missing, says what it does, and costs a fraction of a second when nothing is.
#   setup.sh [run] [dev] [viewer] [bench]     (no argument: run)
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p var/setup
unset PYTHONDONTWRITEBYTECODE
say() { printf '\033[1m%s\033[0m\n' "$*"; }
fail() { printf '\033[31m%s\033[0m\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then sudo "$@"
  else fail "需要管理员权限安装系统软件 · needs an administrator once:  sudo apt-get install -y --no-install-recommends $PACKAGES"; fi
}

system() { # system <name of what is missing> <packages...>
  PACKAGES="${*:2}"
  say "安装系统软件 · installing system packages: $PACKAGES"
  # Debian would make a cluster of its own; ours is private.
  as_root sh -c 'mkdir -p /etc/postgresql-common; grep -qs "^create_main_cluster" /etc/postgresql-common/createcluster.conf || echo "create_main_cluster = false" >> /etc/postgresql-common/createcluster.conf'
  as_root env DEBIAN_FRONTEND=noninteractive sh -c "apt-get update -qq && apt-get install -y -qq --no-install-recommends $PACKAGES" > var/setup/apt.log 2>&1 \
    || fail "安装失败，见 var/setup/apt.log · installing $1 failed, see var/setup/apt.log"
}

postgis_there() { [ -n "${TWIN_DATABASE_URL:-}" ] || compgen -G '/usr/share/postgresql/*/extension/postgis.control' >/dev/null; }
postgis_package() { apt-cache search --names-only '^postgresql-[0-9]+-postgis-3$' 2>/dev/null | awk '{print $1}' | sort -V | tail -n 1; }

database() {
  postgis_there && return
  local package; package=$(postgis_package)
  if [ -z "$package" ]; then as_root apt-get update -qq >/dev/null 2>&1 || true; package=$(postgis_package); fi
  [ -n "$package" ] || fail "软件源中没有 PostGIS · no PostGIS package found; set TWIN_DATABASE_URL to an outside server"
  system PostGIS "$package"
}

python() {
  local version; version=$(python3 -c 'import sys; print("%d%02d" % sys.version_info[:2])' 2>/dev/null || echo 0)
  [ "$version" -ge 311 ] || fail "需要 Python 3.11 以上 · Python 3.11 or newer is needed"
  local want; want=$(cat pyproject.toml requirements*.txt 2>/dev/null | sha256sum | cut -c1-16)-$1
  grep -qsx "$want" var/setup/python && [ -x .venv/bin/twin ] && return
  [ -x .venv/bin/python ] || { say "创建 Python 环境 · creating .venv"; python3 -m venv .venv || { system venv python3-venv; python3 -m venv .venv; }; }
  say "安装 Python 依赖（$1，首次约一分钟） · installing Python packages ($1)"
  local files=(-r requirements.txt); case "$1" in dev) files+=(-r requirements-dev.txt);; esac
  .venv/bin/python -m pip install -q --disable-pip-version-check "${files[@]}" > var/setup/pip.log 2>&1 || fail "安装失败，见 var/setup/pip.log · pip failed, see var/setup/pip.log"
  .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps -e . >> var/setup/pip.log 2>&1 || fail "安装失败，见 var/setup/pip.log · pip failed, see var/setup/pip.log"
  # A development environment has all that a running one needs, so it satisfies both.
  if [ "$1" = dev ]; then echo "$want" > var/setup/python; echo "${want%-dev}-run" >> var/setup/python; else echo "$want" > var/setup/python; fi
}

viewer() {
  command -v node >/dev/null || fail "需要 Node.js 20 以上 · Node.js 20 or newer is needed"
  [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || fail "需要 Node.js 20 以上 · Node.js 20 or newer is needed"
  local lock; lock=$(sha256sum viewer/package-lock.json | cut -c1-16)
  if ! grep -qsx "$lock" var/setup/npm || [ ! -d viewer/node_modules ]; then
    say "安装前端依赖 · installing viewer packages"
    (cd viewer && npm ci --no-fund --no-audit --loglevel=error) > var/setup/npm.log 2>&1 || fail "安装失败，见 var/setup/npm.log · npm failed, see var/setup/npm.log"
    echo "$lock" > var/setup/npm
  fi
  local sources; sources=$(find viewer -path '*/node_modules' -prune -o -path viewer/dist -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
  if ! grep -qsx "$sources" var/setup/viewer || [ ! -f viewer/dist/screen/index.html ]; then
    say "构建前端 · building the viewer"
    (cd viewer && npm run --silent build) > var/setup/viewer.log 2>&1 || fail "构建失败，见 var/setup/viewer.log · the build failed, see var/setup/viewer.log"
    echo "$sources" > var/setup/viewer
  fi
}

# Chinese lettering on the generated model and in test pictures.
fonts() { command -v fc-list >/dev/null && [ -n "$(fc-list :lang=zh family 2>/dev/null)" ] || system "Chinese fonts" fonts-noto-cjk fontconfig; }

# Alarms are spoken by the server. Without the voice all else works and the screens say so: it is tried once, and no start fails for it.
voice() {
  command -v espeak-ng >/dev/null || [ -f var/setup/voice ] && return
  touch var/setup/voice
  (system "Mandarin voice" espeak-ng) || say "没有语音，报警只有声响和文字 · no voice: alarms sound and show, but do not speak (apt-get install espeak-ng)"
}

browser() {
  local missing=()
  [ -x /usr/bin/chromium ] || command -v chromium >/dev/null || missing+=(chromium)
  command -v ogrinfo >/dev/null || missing+=(gdal-bin)
  [ ${#missing[@]} = 0 ] || system "test tools" "${missing[@]}"
}

bench() {
  local want; want=$(sha256sum requirements-bench.txt | cut -c1-16)
  grep -qsx "$want" var/setup/bench && [ -d var/bench-venv ] && return
  say "安装对比对象 · installing the benchmarks' peers"
  [ -x var/bench-venv/bin/python ] || python3 -m venv var/bench-venv
  var/bench-venv/bin/python -m pip install -q --disable-pip-version-check -r requirements-bench.txt > var/setup/bench.log 2>&1 || fail "安装失败，见 var/setup/bench.log · pip failed, see var/setup/bench.log"
  echo "$want" > var/setup/bench
}

[ $# -gt 0 ] || set -- run
beside=
for part in "$@"; do [ "$part" != viewer ] || { viewer & beside=$!; }; done  # the viewer needs nothing of the others
for part in "$@"; do
  case "$part" in
    run) database; fonts; voice; python run;;
    dev) database; fonts; voice; browser; python dev;;
    viewer) ;;
    bench) bench;;
    *) fail "setup.sh: unknown part $part";;
  esac
done
[ -z "$beside" ] || wait "$beside"
