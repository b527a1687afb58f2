#!/usr/bin/env bash
# 泉城链: installs what is missing, builds, starts the host with the sample city, plays one full
# story and stays up. --once ends after the story.
#   ./run.sh [--once] [--port N] [--data DIR]
set -euo pipefail
cd "$(dirname "$0")"

once=
port=8440
data=data/city
while [ $# -gt 0 ]; do
  case "$1" in
    --once) once=1; shift ;;
    --port) port=${2:?--port needs a number}; shift 2 ;;
    --data) data=${2:?--data needs a directory}; shift 2 ;;
    -h|--help) sed -n '2,4s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "run.sh: unknown option $1 (try --help)" >&2; exit 2 ;;
  esac
done

.ci/install-packages.sh
log=build/run-build.log
mkdir -p build
echo "构建 Building (first time: several minutes; log: $log) …"
if ! { cmake --preset release && cmake --build --preset release \
       --target quancheng-host quancheng quancheng-console qc_plugins qc_page; } >"$log" 2>&1; then
  tail -n 40 "$log" >&2
  echo "run.sh: the build failed; the whole log is in $log" >&2
  exit 1
fi
bin=build/release/bin

if [ ! -e "$data/host.toml" ]; then
  "$bin/quancheng" city init --dir "$data" --plugins-dir build/release/plugins --sql-dir sql \
    --page-dir build/release/page --port "$port"
fi

host_log=$data/host.log
ready=$data/ready
: >"$ready"
"$bin/quancheng-host" --config "$data/host.toml" --port "$port" >"$ready" 2>>"$host_log" &
host=$!
stop_host() {
  kill -TERM "$host" 2>/dev/null || return 0
  wait "$host" || return $?
}
trap 'stop_host || true' EXIT
for _ in $(seq 1 300); do
  grep -q '^ready ' "$ready" && break
  if ! kill -0 "$host" 2>/dev/null; then
    tail -n 20 "$host_log" >&2
    echo "run.sh: the host did not start; its log is $host_log" >&2
    exit 1
  fi
  sleep 0.1
done
grep -q '^ready ' "$ready" || { echo "run.sh: the host was not ready within 30 s" >&2; exit 1; }

"$bin/quancheng" story --dir "$data"

url=$(sed -n 's/^ready //p' "$ready")
if [ -n "$once" ]; then
  trap - EXIT
  stop_host
  echo "主机已停止 The host has stopped."
  exit 0
fi
cat <<TEXT

主机继续运行 The host stays up (Ctrl+C ends it):
  接口 API           $url/openapi.json
  保险箱 Safe box    $url/
  控制台 Console     $bin/quancheng-console --url $url --key $data/keys/operator.pem --passphrase-file $data/keys/passphrase
  命令行 Tools       $bin/quancheng --help
  账本审计 Audit     $bin/quancheng ledger verify $data/host/ledger
  日志 Log           $host_log
TEXT
trap 'stop_host || true; exit 0' INT TERM
wait "$host"
