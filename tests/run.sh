#!/usr/bin/env bash
# Installs what is missing, builds, runs every test and counts them.
#
#   tests/run.sh            everything: release, address and undefined sanitizer, thread sanitizer
#   tests/run.sh --quick    the release build and its tests only
#
# Each phase ends with a line that gives its time; the last line is "N passed, N failed". Exits 0 only
# when every phase built and no test failed. Needs Debian 12 and root or sudo; no terminal.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
results=$root/build/test-results
jobs=$(nproc)
quick=false
failed_phases=()

usage() { sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=true ;;
    -h | --help) usage; exit 0 ;;
    *) echo "error: unknown option '$1'" >&2; usage >&2; exit 2 ;;
  esac
  shift
done

# phase NAME COMMAND...: runs the command, says how long it took, remembers a failure.
phase() {
  local name=$1 start=$SECONDS outcome=ok
  shift
  echo "=== $name"
  "$@" || { outcome=FAILED; failed_phases+=("$name"); }
  printf -- '--- %s: %s in %d min %02d s\n' "$name" "$outcome" \
    $(((SECONDS - start) / 60)) $(((SECONDS - start) % 60))
  [ $outcome = ok ]
}

install_packages() {
  "$root/docker/install-packages.sh" build test || return 1
  # An engine that is already there, perhaps not Debian's, is left as it is.
  if docker info >/dev/null 2>&1 && command -v docker-compose >/dev/null; then return 0; fi
  "$root/docker/install-packages.sh" docker
}

# build PRESET CMAKE_OPTION...
build() {
  local preset=$1
  shift
  (cd "$root" && cmake --preset "$preset" "$@" >"$results/$preset-configure.log" 2>&1) ||
    { cat "$results/$preset-configure.log"; return 1; }
  (cd "$root" && cmake --build --preset "$preset" -- -j "$jobs" --quiet)
}

# GCC 12's sanitizers cannot start where the kernel randomises addresses by more than 28 bits.
with_steady_addresses() {
  local bits=/proc/sys/vm/mmap_rnd_bits
  if [ -r $bits ] && [ "$(cat $bits)" -gt 28 ]; then setarch "$(uname -m)" -R "$@"; else "$@"; fi
}

# run_tests PRESET: every program writes its GoogleTest report into a folder of its own.
run_tests() {
  local preset=$1
  mkdir -p "$results/$preset"
  (cd "$root" && GTEST_OUTPUT="xml:$results/$preset/" with_steady_addresses ctest --preset "$preset" -j "$jobs" \
    --no-tests=error --output-junit "$results/$preset-ctest.xml")
}

build_and_test() {
  local preset=$1
  shift
  phase "$preset: build" build "$preset" "$@" && phase "$preset: tests" run_tests "$preset"
}

rm -rf "$results"
mkdir -p "$results"
start=$SECONDS
# A clone elsewhere finds the same compilations in the cache.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
export CTEST_OUTPUT_ON_FAILURE=1 PYTHONDONTWRITEBYTECODE=1
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}

if phase "packages" install_packages; then
  build_and_test release
  if ! $quick; then
    # Debian's gRPC is not built with sanitizers, so these two phases hold what builds without it:
    # core, persistence, conversion and the event loop with its threads.
    build_and_test asan -DRAFT_BUILD_SERVICE=OFF
    build_and_test tsan -DRAFT_BUILD_SERVICE=OFF
  fi
fi

printf -- '--- all phases in %d min %02d s\n' $(((SECONDS - start) / 60)) $(((SECONDS - start) % 60))
[ ${#failed_phases[@]} -eq 0 ] || printf 'failed phase: %s\n' "${failed_phases[@]}"
python3 "$root/tests/count_tests.py" "$results" && [ ${#failed_phases[@]} -eq 0 ]
