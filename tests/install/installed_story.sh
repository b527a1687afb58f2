#!/usr/bin/env bash
# Installs into a folder of its own and plays the story with nothing but what is there.
#   installed_story.sh CMAKE BUILD_DIR
set -euo pipefail
cmake=$1
build=$2
work=$(mktemp -d)
host=
finish() {
  if [ -n "$host" ]; then kill -KILL "$host" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT

"$cmake" --install "$build" --prefix "$work/usr" >"$work/install.log"
cd "$work"
for program in quancheng quancheng-host quancheng-console; do
  "usr/bin/$program" --help >/dev/null
done
usr/bin/quancheng city init --dir city --plugins-dir usr/lib/quancheng/plugins \
  --sql-dir usr/share/quancheng/sql --page-dir usr/share/quancheng/page --port 0 --people 40
usr/bin/quancheng-host --config city/host.toml >ready 2>host.log &
host=$!
for _ in $(seq 1 300); do
  grep -q '^ready ' ready && break
  kill -0 "$host" || { cat host.log; exit 1; }
  sleep 0.1
done
url=$(sed -n 's/^ready //p' ready)
[ -n "$url" ] || { cat host.log; exit 1; }
usr/bin/quancheng story --dir city --url "$url"
kill -TERM "$host"
wait "$host"
host=
