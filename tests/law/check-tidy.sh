#!/usr/bin/env bash
# clang-tidy over the product's rooms. Most of its time goes into the headers of libraries, so that
# rooms are joined to a few large units: what each file includes is read and matched once a unit.
#   check-tidy.sh CLANG_TIDY SOURCE_DIR BUILD_DIR
# A program and a plugin stay units of their own (main, other definitions). Where names of two rooms
# that share a namespace clash, clang says so; rename one.
set -euo pipefail
tidy=$1
source=$2
build=$3
work=$build/tidy
rm -rf "$work"
mkdir -p "$work"
# What clang's analyser follows paths through is a unit's own text alone, as in any release build's
# joined files; every other check reads joined files too.
sed -n 's/^ *"command": "\(.*\)",$/\1/p; s/^ *"file": "\(.*\)",\{0,1\}$/FILE \1/p' \
  "$build/compile_commands.json" |
  awk -v source="$source" -v build="$build" -v work="$work" '
    $1 != "FILE" { command = $0; next }
    {
      file = path = $2
      if (index(path, build "/") == 1) path = substr(path, length(build) + 2)
      else if (index(path, source "/") == 1) path = substr(path, length(source) + 2)
      if (path !~ /^(sdk|host|gui|plugins|samples)\//) next
      count = split(command, token, " ")
      if (command ~ / -fPIE / || command ~ /_EXPORTS /) {
        for (i = 2; i <= count; i++) if (token[i - 1] == "-o") group = token[i]
        sub(/\.dir\/.*/, "", group)
        sub(/.*\//, "", group)
      }
      else if (path ~ /^host\/(chain|centre)\//) group = "1chain"
      else if (path ~ /^host\/cli\/|^samples\//) group = "3cli"
      else if (path ~ /^host\//) group = "0host"
      else if (path ~ /^sdk\//) group = "2sdk"
      else group = "4gui"
      unit = work "/joined_" group ".cpp"
      if (!(unit in flags)) units[++found] = unit
      # What a file sees and what it is warned of; not how it is made (which clang need not know).
      for (i = 2; i <= count; i++) {
        flag = token[i]
        if (flag == "-isystem") flag = flag " " token[++i]
        if (flag ~ /^-(D|I|isystem|std|W)/ && !index(flags[unit] " ", " " flag " "))
          flags[unit] = flags[unit] " " flag
      }
      if (file ~ /\/Unity\/unity_[0-9]+_cxx\.cxx$/) {
        while ((getline line < file) > 0) if (line ~ /^#include /) print line > unit
        close(file)
      } else print "#include \"" file "\"" > unit
    }
    END {
      printf "[" > (work "/compile_commands.json")
      for (i = 1; i <= found; i++)
        printf "%s{\"directory\": \"%s\", \"file\": \"%s\",\n \"command\": \"c++%s -c %s\"}",
          (i > 1 ? ",\n" : ""), build, units[i], flags[units[i]], units[i] > (work "/compile_commands.json")
      print "]" >> (work "/compile_commands.json")
    }'
# The large ones first, so that no processor is idle at the end.
find "$work" -name 'joined_*.cpp' | sort >"$work/units.txt"
[ -s "$work/units.txt" ] || { echo "nothing to check in $build"; exit 1; }
echo "$(cat "$work"/joined_*.cpp | wc -l) files in $(wc -l <"$work/units.txt") units"
xargs -a "$work/units.txt" -P "$(nproc)" -n 1 \
  "$tidy" --quiet -p "$work" --config-file="$source/.clang-tidy" \
  --extra-arg=-Wno-unknown-warning-option 2>/dev/null
