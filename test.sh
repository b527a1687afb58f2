#!/usr/bin/env bash
# Installs what is missing, builds everything and passes all tests.
#   ./test.sh [ctest options, e.g. -R crypto]
set -euo pipefail
cd "$(dirname "$0")"
.ci/install-packages.sh
mkdir -p build
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
build() {
  local preset=$1; shift
  local log=build/test-build-$preset.log
  echo "== build $preset (log: $log)"
  # Compilers step aside for the tests of another tree that run beside them.
  if ! { cmake --preset "$preset" && nice -n 10 cmake --build --preset "$preset" "$@"; } >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "test.sh: the $preset build failed" >&2
    exit 1
  fi
}
# The unit tests of the rooms that outside bytes (asan-ubsan) and many threads (tsan) reach. They wait
# for disks and timers much of their time, so that the next build runs beside them.
start_tests() {
  running=$1
  ctest --test-dir "build/$running" -L "$2" --output-on-failure --timeout 600 --no-tests=error \
    --parallel "$(nproc)" >"build/test-$running.log" 2>&1 &
}
end_tests() {
  local status=0
  wait $! || status=$?
  echo "== tests under $running"
  cat "build/test-$running.log"
  return "$status"
}
build tsan --target qc_sanitizer_tests
start_tests tsan threads
build asan-ubsan --target qc_sanitizer_tests
end_tests
start_tests asan-ubsan sanitize
build release
end_tests
echo "== all tests"
# One more than processors, for here too most tests wait for something half of their time.
ctest --test-dir build/release --output-on-failure --no-tests=error \
  --parallel "$(($(nproc) + 1))" "$@"
