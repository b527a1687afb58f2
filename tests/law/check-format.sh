#!/usr/bin/env bash
# Every source file stands as clang-format would write it.
set -euo pipefail
format=$1
cd "$2"
mapfile -t files < <(find sdk host plugins gui samples tests \
  \( -name node_modules -prune \) -o \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' \) -type f -print | sort)
[ "${#files[@]}" -gt 50 ] || { echo "found only ${#files[@]} files: wrong folder?" >&2; exit 1; }
"$format" --dry-run -Werror "${files[@]}"
echo "${#files[@]} files are formatted"
