#!/usr/bin/env bash
# Installs the packages of .ci/packages.txt that are missing. Works as root and with sudo.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

missing=()
while read -r package; do
  case "$package" in ''|'#'*) continue ;; esac
  if [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
    missing+=("$package")
  fi
done < "$here/packages.txt"
# Any Node.js with npm will do: Debian's, or one that stands already.
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  missing+=(nodejs npm)
fi

[ "${#missing[@]}" -eq 0 ] && exit 0
echo "Installing: ${missing[*]}"
if [ "$(id -u)" -eq 0 ]; then
  as_root=()
elif command -v sudo >/dev/null; then
  as_root=(sudo)
else
  echo "These Debian packages are missing, and neither root nor sudo is at hand: ${missing[*]}" >&2
  exit 1
fi
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
# A service that a package would start is not wanted: tests start their own servers.
policy=/usr/sbin/policy-rc.d
made_policy=
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
  made_policy=1
fi
log=$(mktemp)
status=0
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$log" 2>&1 || status=$?
[ -n "$made_policy" ] && "${as_root[@]}" rm -f "$policy"
if [ "$status" -ne 0 ]; then
  tail -n 20 "$log" >&2
  echo "apt-get install failed (status $status)" >&2
fi
rm -f "$log"
exit "$status"
