#!/usr/bin/env bash
# Runs every benchmark and writes what came out; says nothing about whether that is fast enough.
#   tests/bench/run.sh [--quick] [--json FILE]
# FILE (build/figures.json) holds a list of {name, value, unit, target, yardstick, ratio, notes};
# ratio is value to yardstick. --quick: two minutes, without what isolation costs; figures are rough then.
set -euo pipefail
cd "$(dirname "$0")/../.."

quick=
json=build/figures.json
while [ $# -gt 0 ]; do
  case "$1" in
    --quick) quick=1; shift ;;
    --json) json=${2:?--json needs a file}; shift 2 ;;
    -h|--help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "run.sh: unknown option $1 (try --help)" >&2; exit 2 ;;
  esac
done

mkdir -p build
cmake --preset release >build/bench-build.log 2>&1 &&
  cmake --build --preset release --target qc_bench_crypto qc_bench_plugin qc_bench_chain \
    qc_bench_chain_parts qc_bench_audit qc_bench_restart >>build/bench-build.log 2>&1 ||
  { tail -n 40 build/bench-build.log >&2; echo "run.sh: the build failed" >&2; exit 1; }

lines=$(mktemp)
trap 'rm -f "$lines"' EXIT
export QC_FIGURES=$lines
failed=0
run() {  # seconds program options…: bounded in time; what it wrote until then counts
  local limit=$1 program=$2; shift 2
  echo "== $program"
  timeout "$limit" "build/release/bin/$program" "$@" || { echo "run.sh: $program: exit $?" >&2; failed=1; }
}
if [ -n "$quick" ]; then
  run 60 qc_bench_crypto --benchmark_min_time=0.02
  run 60 qc_bench_chain_parts --benchmark_min_time=0.02
  run 120 qc_bench_chain --quick
  run 60 qc_bench_audit 20000
  run 60 qc_bench_restart 20000 60000
else
  run 300 qc_bench_crypto --benchmark_repetitions=3
  run 300 qc_bench_plugin
  run 300 qc_bench_chain_parts
  run 600 qc_bench_chain
  run 300 qc_bench_audit 150000
  run 600 qc_bench_restart 100000 1000000
fi
{ echo '['; paste -sd, "$lines"; echo ']'; } >"$json"
echo "figures: $json"
exit $failed
