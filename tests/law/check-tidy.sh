#!/usr/bin/env bash
# clang-tidy over the product's rooms, as the build compiles them (joined files in release builds).
#   check-tidy.sh CLANG_TIDY SOURCE_DIR BUILD_DIR
set -euo pipefail
tidy=$1
source=$2
build=$3
work=$build/tidy
mkdir -p "$work"
# Options of g++ that clang does not know.
sed 's/ -fno-gnu-unique//g' "$build/compile_commands.json" >"$work/compile_commands.json"
sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' "$work/compile_commands.json" |
  grep -E "^($build|$source)/(sdk|host|gui|plugins|samples)/" | sort -u >"$work/files.txt"
[ -s "$work/files.txt" ] || { echo "nothing to check in $build"; exit 1; }
echo "$(wc -l <"$work/files.txt") files"
xargs -a "$work/files.txt" -P "$(nproc)" -n 1 \
  "$tidy" --quiet -p "$work" --config-file="$source/.clang-tidy" \
  --extra-arg=-Wno-unknown-warning-option 2>/dev/null
