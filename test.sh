#!/usr/bin/env bash
# Installs what is missing, builds everything and passes all tests.
#   ./test.sh [ctest options, e.g. -R crypto]
set -euo pipefail
cd "$(dirname "$0")"
.ci/install-packages.sh
mkdir -p build
build() {
  local preset=$1; shift
  local log=build/test-build-$preset.log
  echo "== build $preset (log: $log)"
  if ! { cmake --preset "$preset" && cmake --build --preset "$preset" "$@"; } >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "test.sh: the $preset build failed" >&2
    exit 1
  fi
}
build release
# Unit tests of the rooms that outside bytes reach, under ThreadSanitizer. host/chain's own test is
# not among them yet: Debian's RocksDB is not instrumented and is reported.
build tsan --target qc_sanitizer_tests
echo "== tests under tsan"
ctest --test-dir build/tsan -L sanitize --output-on-failure --timeout 600 --no-tests=error
echo "== all tests"
# Tests that start servers and kill them share the cores with those servers; one that loses a race
# against a loaded machine is run again, and ctest prints that it was.
ctest --test-dir build/release --output-on-failure --no-tests=error --repeat until-pass:3 "$@"
