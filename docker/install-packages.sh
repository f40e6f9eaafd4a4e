#!/usr/bin/env bash
# Installs the Debian packages of the named groups of docker/packages.txt that are missing.
#   docker/install-packages.sh build test
# Uses sudo when not root. Does nothing, without touching the network, when nothing is missing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ $# -ge 1 ] || { echo "usage: $0 GROUP..." >&2; exit 2; }

missing=()
for group in "$@"; do
  grep -q "^$group " "$here/packages.txt" || { echo "error: docker/packages.txt has no group '$group'" >&2; exit 2; }
  while read -r name; do
    # A removed package is still known to dpkg, so its status is what counts.
    dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
  done < <(awk -v g="$group" '$1 == g {print $2}' "$here/packages.txt")
done
[ ${#missing[@]} -gt 0 ] || exit 0

sudo=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "error: missing packages (${missing[*]}) and neither root nor sudo to install them" >&2; exit 1; }
  sudo=(sudo)
fi
echo "installing ${#missing[@]} packages: ${missing[*]}"
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}" >/dev/null
