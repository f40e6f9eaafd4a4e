#!/usr/bin/env bash
# Checks that every C++ file is formatted by .clang-format. Version 14 exactly: others differ.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
program=clang-format-14
command -v "$program" >/dev/null || { echo "error: $program is missing; run docker/install-packages.sh test" >&2; exit 1; }
mapfile -t files < <(find core persistence metrics service tests \( -name '*.h' -o -name '*.cc' \) | sort)
[ ${#files[@]} -gt 0 ] || { echo "error: no C++ file found" >&2; exit 1; }
wrong=()
for file in "${files[@]}"; do
  "$program" --dry-run -Werror "$file" 2>/dev/null || wrong+=("$file")
done
echo "${#files[@]} files checked, ${#wrong[@]} not formatted"
[ ${#wrong[@]} -eq 0 ] || { echo "to repair: $program -i ${wrong[*]}" >&2; exit 1; }
