#!/usr/bin/env bash
# Checks every shell script with shellcheck, from its warnings on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
command -v shellcheck >/dev/null || { echo "error: shellcheck is missing; run docker/install-packages.sh test" >&2; exit 1; }
mapfile -t scripts < <(grep -rlE '^#!/.*\b(ba)?sh$' .ci docker service tests | sort)
[ ${#scripts[@]} -gt 0 ] || { echo "error: no shell script found" >&2; exit 1; }
shellcheck --severity=warning --external-sources "${scripts[@]}"
echo "shellcheck is content with ${#scripts[@]} scripts"
