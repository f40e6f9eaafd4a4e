#!/usr/bin/env bash
# Checks the protos with buf lint: names, packages, and a comment on every message and field.
#
# buf comes from the npm registry, a fixed version, into build/. Where npm or its registry does not
# answer, the check says so and is skipped (exit 77), because nothing in Debian can take its place.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
version=1.75.0
folder=$root/build/buf-$version
buf=$folder/node_modules/.bin/buf

if [ ! -x "$buf" ]; then
  command -v npm >/dev/null || { echo "skipped: buf lint needs npm, which is not installed"; exit 77; }
  mkdir -p "$folder"
  (cd "$folder" && timeout 180 npm install --no-save --no-fund --no-audit --silent "@bufbuild/buf@$version") ||
    { echo "skipped: the npm registry does not give out @bufbuild/buf@$version"; exit 77; }
fi
"$buf" lint "$root/protos" --config "$root/tests/style/buf.yaml"
echo "buf lint $version is content with $(find "$root/protos" -name '*.proto' | wc -l) files"
