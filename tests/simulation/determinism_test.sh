#!/usr/bin/env bash
# The same seeds tell the same story: two runs print the same figures, and a replay the same lines.
#   tests/simulation/determinism_test.sh PROGRAM
set -euo pipefail
program=$1

# Everything but the first line, which tells how long the machine took.
figures() { "$program" --seeds 60 --jobs "$1" | tail -n +2; }

first=$(figures 2)
second=$(figures 1)
if [ "$first" != "$second" ]; then
  echo "the same seeds gave other figures:"
  diff <(echo "$first") <(echo "$second")
  exit 1
fi
echo "60 seeds gave the same figures twice"
