#!/usr/bin/env bash
# Claims about the container, with a real engine: the image builds, three servers of the compose file
# form a cluster, what was proposed survives the kill of the leader's container, Prometheus scrapes
# all three, and process 1 stops cleanly.
#
#   tests/docker/docker_test.sh BINARIES      the image takes raftd and raftctl from this folder
#   tests/docker/docker_test.sh --full-image  the image compiles them inside (minutes)
#
# What a user would type, and this test does step by step under names and ports of its own:
#   docker/base-image.sh
#   docker-compose -f docker/compose.yaml up -d --build
#   docker-compose -f docker/compose.yaml exec raft-1 raftctl put greeting hello
#   docker-compose -f docker/compose.yaml kill raft-1
#   docker-compose -f docker/compose.yaml exec raft-2 raftctl get greeting
#   docker-compose -f docker/compose.yaml down
#
# Where no engine answers and none can be started, says by name why and is skipped (exit 77).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
[ $# -eq 1 ] || { sed -n '6,7s/^# *//p' "${BASH_SOURCE[0]}" >&2; exit 2; }
binaries=$1
project=raftd-test-$$
export RAFTD_IMAGE=$project:server RAFTD_PROMETHEUS_IMAGE=$project:prometheus
. "$root/tests/docker/engine.sh"
work=$(mktemp -d)

fail() {
  echo "FAILED: $*" >&2
  compose ps >&2 || true
  compose logs --tail 20 >&2 || true
  exit 1
}

clean_up() {
  compose down -v --remove-orphans > /dev/null 2>&1 || true
  docker image rm -f "$RAFTD_IMAGE" "$RAFTD_PROMETHEUS_IMAGE" > /dev/null 2>&1 || true
  stop_engine
  rm -rf "$work"
}

# The compose file as it is but for published ports, which may be in use on this machine.
compose() {
  local program=(docker-compose)
  command -v docker-compose > /dev/null || program=(docker compose)
  "${program[@]}" -p "$project" -f "$work/compose.yaml" --project-directory "$root/docker" "$@"
}

# The container of one service of the compose file, running or not.
container() {
  docker ps -aq --filter "label=com.docker.compose.project=$project" --filter "label=com.docker.compose.service=$1"
}
# raftctl in the container of one server, which knows the endpoints of all three.
raftctl() {
  local server=$1
  shift
  docker exec "$(container "raft-$server")" raftctl "$@"
}

# wait_for SECONDS WHAT COMMAND...
wait_for() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || fail "waited in vain: $what"
    sleep 0.3
  done
}

is_healthy() { [ "$(docker inspect -f '{{.State.Health.Status}}' "$(container "$1")")" = healthy ]; }

# Every step says itself when it fails: a function that is asked "or else" does not stop at errors.
build_images() {
  local arguments=(--network host --build-arg "REVISION=$(git -C "$root" rev-parse HEAD 2>/dev/null || echo unknown)"
    --build-arg "VERSION=$(sed -n 's/^project(raftd VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")")
  RAFT_PULL_SECONDS_MAX=20 "$root/docker/base-image.sh" || return 1
  if [ "$binaries" = --full-image ]; then
    docker build "${arguments[@]}" -t "$RAFTD_IMAGE" -f "$root/docker/Dockerfile" "$root" || return 1
  else
    mkdir -p "$work/context/docker" || return 1
    cp "$root/docker/packages.txt" "$root/docker/install-packages.sh" "$work/context/docker/" || return 1
    cp "$root/LICENSE" "$work/context/" || return 1
    strip -o "$work/context/raftd" "$binaries/raftd" || return 1
    strip -o "$work/context/raftctl" "$binaries/raftctl" || return 1
    docker build "${arguments[@]}" -t "$RAFTD_IMAGE" -f "$root/docker/Dockerfile" --target prebuilt "$work/context" || return 1
  fi
  docker build "${arguments[@]:0:2}" -t "$RAFTD_PROMETHEUS_IMAGE" \
    -f "$root/docker/prometheus.Dockerfile" "$root/docker"
}

leader_id() {
  raftctl "$1" -o json status | grep -o '"leaderId": *"\?[0-9]*' | grep -o '[1-9][0-9]*' | sort | uniq -c | sort -rn |
    awk 'NR == 1 {print $2}'
}

# scraped_servers COUNT: whether Prometheus has reached so many.
scraped_servers() {
  docker exec "$(container prometheus)" promtool query instant http://localhost:9090 \
    'sum(up{job="raftd"})' | grep -q "=> $1 @"
}

claim_image() {
  echo "claim: the image runs raftd as a user of its own, with its data closed to others, and is labelled"
  [ "$(docker run --rm --entrypoint id "$RAFTD_IMAGE" -u)" = 10001 ] || fail "not user 10001"
  [ "$(docker run --rm --entrypoint stat "$RAFTD_IMAGE" -c '%a %u' /var/lib/raftd)" = '700 10001' ] ||
    fail "the data directory is open or not its own"
  docker inspect -f '{{json .Config.Labels}}' "$RAFTD_IMAGE" | grep -q org.opencontainers.image.version ||
    fail "no version label"
  docker run --rm "$RAFTD_IMAGE" --version | grep -q '^raftd ' || fail "raftd does not start"
}

claim_cluster() {
  local server leader other
  echo "claim: three servers of the compose file become healthy and take a proposal"
  compose up -d --no-build
  for server in 1 2 3; do wait_for 90 "server $server is healthy" is_healthy "raft-$server"; done
  raftctl 1 put greeting 'hello, containers' || fail "the proposal was not taken"

  echo "claim: Prometheus scrapes all three"
  wait_for 60 "Prometheus has scraped three servers" scraped_servers 3

  echo "claim: the leader's container is killed, and another server reads what was proposed"
  leader=$(leader_id 1)
  [ -n "$leader" ] || fail "no server names a leader"
  other=$((leader % 3 + 1))
  docker kill "$(container "raft-$leader")" > /dev/null
  wait_for 30 "the others elect a leader and read" raftctl "$other" get greeting
  [ "$(raftctl "$other" get greeting)" = 'hello, containers' ] || fail "another value came back"
  raftctl "$other" put farewell 'written by two' || fail "two of three do not go on"

  echo "claim: the killed container comes back on its volume"
  docker start "$(container "raft-$leader")" > /dev/null
  wait_for 60 "server $leader is healthy again" is_healthy "raft-$leader"
  [ "$(raftctl "$leader" get farewell)" = 'written by two' ] || fail "it does not read what it missed"
}

claim_clean_stop() {
  local container start=$SECONDS
  echo "claim: process 1 stops cleanly and at once when the engine asks"
  container=$(container raft-1)
  docker stop -t 10 "$container" > /dev/null
  [ "$(docker inspect -f '{{.State.ExitCode}}' "$container")" = 0 ] || fail "exit code is not 0"
  [ $((SECONDS - start)) -le 6 ] || fail "it took $((SECONDS - start)) s"
}

trap clean_up EXIT
sed '/^    ports:/d' "$root/docker/compose.yaml" > "$work/compose.yaml"
if ! find_engine > "$work/engine"; then
  echo "skipped: no Docker engine can run here: $(tr '\n' ';' < "$work/engine")"
  exit 77
fi
cat "$work/engine"
build_images > "$work/build" 2>&1 || { cat "$work/build" >&2; fail "the image does not build"; }
claim_image
claim_cluster
claim_clean_stop
echo "all claims hold"
