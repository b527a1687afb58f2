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
# Sanitizers first: their tests are the unit tests of the rooms that outside bytes reach.
build asan-ubsan --target qc_sanitizer_tests
build tsan --target qc_sanitizer_tests
build release
for preset in asan-ubsan tsan; do
  echo "== tests under $preset"
  ctest --test-dir "build/$preset" -L sanitize --output-on-failure --timeout 600 --no-tests=error
done
echo "== all tests"
ctest --test-dir build/release --output-on-failure --no-tests=error "$@"
