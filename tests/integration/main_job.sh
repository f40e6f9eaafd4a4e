#!/usr/bin/env bash
# The main job on real input: loads every installed Debian package as a key with its version, kills the
# leader with kill -9 in the middle, starts it again, and checks that nothing is missing.
#
#   tests/integration/main_job.sh [--binaries DIR]     default: build/release/service
#
# The load, as a user would type it, is:
#   dpkg-query -W -f '${Package}\t${Version}\n' | raftctl load -
# Here the pipe pauses half way until the kill has hit, so that the leader dies in the middle of a load
# of any length.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
binaries=$root/build/release/service
case "${1:-} $#" in
  ' 0') ;;
  '--binaries 2') binaries=$2 ;;
  *) sed -n '5s/^# *//p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
binaries=$(cd "$binaries" && pwd)
work=$(mktemp -d)
port_base=$((21000 + RANDOM % 500 * 20))
declare -A pids=()
trap 'kill -9 "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  tail -n 20 "$work"/*.log "$work"/load.* >&2 2>/dev/null || true
  exit 1
}
raftctl() { "$binaries/raftctl" --endpoints "$endpoints" "$@"; }

start_server() {
  "$binaries/raftd" --server-id "$1" --data-dir "$work/server-$1" \
    --client-address "127.0.0.1:$((port_base + 10 * $1))" \
    --peer-address "127.0.0.1:$((port_base + 10 * $1 + 1))" \
    --http-address "127.0.0.1:$((port_base + 10 * $1 + 2))" \
    --initial-members "$members" >> "$work/server-$1.log" 2>&1 &
  pids[$1]=$!
  disown "$!"  # bash would announce the kill that this script is about
}

# wait_for SECONDS WHAT COMMAND...
wait_for() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || fail "waited in vain: $what"
    sleep 0.05
  done
}

# The leader that GetStatus names at this moment.
leader_id() {
  raftctl -o json status | grep -o '"leaderId": *"[1-9][0-9]*"' | grep -o '[0-9]*' | sort | uniq -c |
    sort -rn | awk 'NR == 1 {print $2}'
}
acknowledged() { wc -l < "$work/acks"; }
acknowledged_at_least() { [ "$(acknowledged)" -ge "$1" ]; }

# Applied index and digests of each server, one line each; the digest of a full scan included.
states() {
  raftctl -o json status --verify-digest |
    grep -o '"\(appliedIndex\|stateDigest\|verifiedStateDigest\)": *"[0-9a-f]*"' | grep -o '[0-9a-f]*"$' | tr -d '"' | paste - - -
}
same_states() { [ "$(states | wc -l)" -eq 3 ] && [ "$(states | sort -u | wc -l)" -eq 1 ]; }

members='' endpoints=''
for server in 1 2 3; do
  members+=${members:+,}$server=127.0.0.1:$((port_base + 10 * server + 1))
  endpoints+=${endpoints:+,}127.0.0.1:$((port_base + 10 * server))
done
for server in 1 2 3; do start_server $server; done
wait_for 30 "a leader" raftctl health

dpkg-query -W -f '${Package}\t${Version}\n' > "$work/input"
lines=$(wc -l < "$work/input")
: > "$work/acks"
{
  head -n $((lines / 2)) "$work/input"
  until [ -e "$work/killed" ]; do sleep 0.01; done
  tail -n +$((lines / 2 + 1)) "$work/input"
} | raftctl load --acks "$work/acks" - > "$work/load.out" 2> "$work/load.err" &
load=$!
wait_for 30 "the first acknowledgement" acknowledged_at_least 1
leader=$(leader_id)
[ -n "$leader" ] || fail "nobody names a leader"
kill -9 "${pids[$leader]}"
at_kill=$(acknowledged)
touch "$work/killed"
echo "killed the leader, server $leader, after $at_kill of $lines lines were acknowledged"
wait_for 60 "the load goes on without it" acknowledged_at_least $((at_kill + 1))
start_server "$leader"
wait $load || fail "the load ended with $?"
cat "$work/load.out"

raftctl scan > "$work/output"
LC_ALL=C sort "$work/input" > "$work/expected"
LC_ALL=C sort "$work/output" | cmp - "$work/expected" || fail "the scan prints another set of lines"
[ "$(acknowledged)" -eq "$lines" ] || fail "$(acknowledged) of $lines lines were acknowledged"
wait_for 30 "all servers have the same applied index and digest, equal to a full scan's" same_states
echo "all $lines lines are there and no other; three servers agree:"
states
