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
# The unit tests of the rooms that outside bytes (asan-ubsan) and many threads (tsan) reach.
for preset in asan-ubsan tsan; do
  build "$preset" --target qc_sanitizer_tests
  label=sanitize
  [ "$preset" = tsan ] && label=threads
  echo "== tests under $preset"
  ctest --test-dir "build/$preset" -L "$label" --output-on-failure --timeout 600 --no-tests=error \
    --parallel "$(nproc)"
done
echo "== all tests"
ctest --test-dir build/release --output-on-failure --no-tests=error --parallel "$(nproc)" "$@"
