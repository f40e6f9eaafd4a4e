#!/usr/bin/env bash
# Makes sure that the base image of docker/Dockerfile is there: asks the engine, then the image
# registry, and when no registry answers builds it from Debian's own package archive by mmdebstrap.
#
#   docker/base-image.sh [IMAGE]        default: debian:bookworm-slim
#
# An image built here carries the apt sources of this machine: for use on this machine, never pushed.
set -euo pipefail
image=${1:-debian:bookworm-slim}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
pull_seconds_max=${RAFT_PULL_SECONDS_MAX:-60}

fail() { echo "error: base image $image: $*" >&2; exit 1; }

docker info >/dev/null 2>&1 || fail "no Docker engine answers; start one, or set DOCKER_HOST"
if docker image inspect "$image" >/dev/null 2>&1; then
  echo "base image $image is already there"
  exit 0
fi
if timeout "$pull_seconds_max" docker pull --quiet "$image" >/dev/null 2>&1; then
  echo "base image $image was pulled from its registry"
  exit 0
fi
[ "$(id -u)" -eq 0 ] || fail "no image registry answers, and building the image by mmdebstrap needs root"

echo "no image registry answers: building $image from Debian's packages (about a minute)"
"$here/install-packages.sh" docker
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Debian's own archives as this machine knows them, and nothing else that it may be subscribed to.
apt-get indextargets --format '$(ORIGIN) deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
  'Created-By: Packages' | sed -n 's/^Debian //p' | sort -u > "$work/sources.list"
[ -s "$work/sources.list" ] || fail "apt knows no Debian archive; run apt-get update first"

# The merged-usr hook with usr-is-merged keeps usrmerge, and with it perl, out: 75 MB, not 123 MB.
mmdebstrap --quiet --variant=minbase --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
  --include=usr-is-merged \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  bookworm "$work/root.tar" - < "$work/sources.list" \
  || fail "mmdebstrap failed; its messages are above"
docker import --change 'CMD ["bash"]' "$work/root.tar" "$image" >/dev/null \
  || fail "the engine refused the image that mmdebstrap made"
echo "base image $image was built from Debian's packages"
