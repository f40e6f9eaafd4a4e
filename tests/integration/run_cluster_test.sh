#!/usr/bin/env bash
# Claims about service/run-cluster.sh, with the programs in the folder given as the first argument:
# it proposes, reads and stops by itself, continues with the same data, refuses what cannot work, and a
# signal stops every server.
#
# The newcomer's command, which builds as well, is held here for tests/style/readme_commands_test.py:
#   service/run-cluster.sh
set -euo pipefail
binaries=$(cd "$1" && pwd)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
port_base=$((21000 + RANDOM % 500 * 20))
cluster_pid=
trap '[ -z "$cluster_pid" ] || kill "$cluster_pid" 2>/dev/null || true; rm -rf "$work"' EXIT

fail() {
  echo "FAILED: $*" >&2
  tail -n 40 "$work"/out "$work"/*/server-*.log >&2 2>/dev/null || true
  exit 1
}
run_cluster() { "$root/service/run-cluster.sh" --binaries "$binaries" "$@"; }

echo "claim: it proposes, reads, shows status and stops"
run_cluster --dir "$work/a" --port-base "$port_base" --check > "$work/out" 2>&1 || fail "exit code $?"
grep -qx hello "$work/out" || fail "the value was not read"
grep -qi 'leader' "$work/out" || fail "no status is shown"

echo "claim: the same directory continues with its data, its servers and its ports"
# Not by the function: the signal must reach the script itself.
"$root/service/run-cluster.sh" --binaries "$binaries" --dir "$work/a" > "$work/out" 2>&1 < /dev/null &
cluster_pid=$!
deadline=$((SECONDS + 60))
until grep -q '^Stop:' "$work/out"; do
  [ $SECONDS -lt $deadline ] && kill -0 $cluster_pid 2>/dev/null || fail "no cluster came up"
  sleep 0.1
done
endpoints=127.0.0.1:$port_base,127.0.0.1:$((port_base + 10)),127.0.0.1:$((port_base + 20))
[ "$("$binaries/raftctl" --endpoints "$endpoints" get greeting)" = hello ] || fail "the data is gone"

echo "claim: a second cluster on the same ports is refused"
if run_cluster --dir "$work/b" --port-base "$port_base" --check > "$work/second" 2>&1; then fail "it ran"; fi
grep -q "port $port_base is taken" "$work/second" || fail "it does not say why: $(cat "$work/second")"

echo "claim: a signal stops every server cleanly"
mapfile -t servers < <(sed -n 's/^  kill -9 \([0-9]*\).*/\1/p' "$work/out")
[ ${#servers[@]} -eq 3 ] || fail "3 servers expected, ${#servers[@]} named"
kill -TERM $cluster_pid
wait $cluster_pid || fail "it ended with $? after the signal"
cluster_pid=
for server in "${servers[@]}"; do
  if kill -0 "$server" 2>/dev/null; then fail "server process $server still runs"; fi
done

echo "claim: what cannot work is refused"
for arguments in '--servers 0' '--servers 10' '--port-base 80' '--port-base x' '--no-such-option' '--dir'; do
  code=0
  # shellcheck disable=SC2086  # Each is several words on purpose.
  run_cluster $arguments > "$work/refused" 2>&1 || code=$?
  [ $code -eq 2 ] || fail "$arguments: exit code $code, not 2"
done
if run_cluster --dir "$work/a" --servers 5 --check > "$work/refused" 2>&1; then fail "another size was taken"; fi
grep -q 'holds a cluster of 3' "$work/refused" || fail "it does not say why: $(cat "$work/refused")"

echo "claim: one server alone serves too"
run_cluster --dir "$work/c" --servers 1 --port-base "$port_base" --check > "$work/out" 2>&1 || fail "exit code $?"
echo "all claims hold"
