#!/usr/bin/env bash
# Runs the README's commands for backup, restore and rescue as they stand there, with raftd and raftctl
# from the folder given as the first argument, in a folder of its own. tests/style/readme_commands_test.py
# sees to it that they are the same.
set -euo pipefail
binaries=$(cd "$1" && pwd)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
port_base=$((11000 + RANDOM % 40 * 200))
cluster_pid='' served_pid=''
pids=()
# What ran when the script ends, well or not.
end_all() {
  if [ -n "$cluster_pid" ]; then kill "$cluster_pid" 2>/dev/null && wait "$cluster_pid" || true; fi
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" || true; done
  rm -rf "$work"
}
trap end_all EXIT
export PATH=$binaries:$PATH
export RAFTCTL_ENDPOINTS=127.0.0.1:$port_base,127.0.0.1:$((port_base + 10)),127.0.0.1:$((port_base + 20))
cd "$work"

fail() {
  echo "FAILED: $*" >&2
  tail -n 20 "$work"/*.log "$work"/build/cluster/*.log >&2 2>/dev/null || true
  exit 1
}
# until_true COMMAND...: again and again, for a minute at most.
until_true() {
  local deadline=$((SECONDS + 60))
  until "$@" > "$work/last" 2>&1; do
    [ $SECONDS -lt $deadline ] || fail "$* never succeeded: $(cat "$work/last")"
    sleep 0.1
  done
}
# The README speaks of ports 7000 to 7199; here they begin at port_base.
here() { sed -E "s/127\.0\.0\.1:7([01][0-9]{2})/127.0.0.1:\$((port_base + 10#\1))/g" <<< "$1"; }
run() {
  echo "$1" >&2
  eval "$(here "$1")" || fail "$1"
}
# A server that keeps running: a command that ends in an ampersand.
serve() {
  echo "$1" >&2
  eval "exec $(here "${1%&}")" >> "$work/served.log" 2>&1 < /dev/null &
  served_pid=$!
  pids+=("$served_pid")
}
at() { here "127.0.0.1:$1" | { read -r address; eval "echo $address"; }; }

"$root/service/run-cluster.sh" --binaries "$binaries" --dir build/cluster --port-base "$port_base" \
  > "$work/out" 2>&1 < /dev/null &
cluster_pid=$!
until_true grep -q '^Stop:' "$work/out"
old_revision=$(raftctl put colour blue | tr -dc 0-9)

run 'raftctl snapshot save backup.raft'
run 'raftctl snapshot inspect backup.raft'
raftctl put colour red > /dev/null

run 'raftctl snapshot restore backup.raft --data-dir restored-1 --server-id 1 --peer-address 127.0.0.1:7101'
serve 'raftd --server-id 1 --data-dir restored-1 --client-address 127.0.0.1:7100 --peer-address 127.0.0.1:7101 --http-address 127.0.0.1:7102 &'
until_true raftctl --endpoints "$(at 7100)" get colour
[ "$(raftctl --endpoints "$(at 7100)" get colour)" = blue ] || fail "not what was backed up"
new_revision=$(raftctl --endpoints "$(at 7100)" put colour green | tr -dc 0-9)
[ "$new_revision" -gt "$old_revision" ] || fail "revision $new_revision is not above $old_revision"
serve 'raftd --join --server-id 2 --data-dir restored-2 --client-address 127.0.0.1:7110 --peer-address 127.0.0.1:7111 --http-address 127.0.0.1:7112 &'
until_true grep -q 'members add' "$work/served.log"
run 'raftctl --endpoints 127.0.0.1:7100 members add 2=127.0.0.1:7111'
until_true raftctl --endpoints "$(at 7110)" get colour
[ "$(raftctl get colour)" = red ] || fail "the old cluster was touched"

mapfile -t servers < <(sed -n 's/^  kill -9 \([0-9]*\).*/\1/p' "$work/out")
for server in "${servers[@]}"; do kill -9 "$server"; done
wait "$cluster_pid" || true
cluster_pid=
run 'raftctl log inspect build/cluster/server-2 --limit 10'
run 'raftctl recover --from build/cluster/server-2 --from build/cluster/server-3 --to rescued-2 --server-id 2 --peer-address 127.0.0.1:7121' <<< yes
serve 'raftd --server-id 2 --data-dir rescued-2 --client-address 127.0.0.1:7120 --peer-address 127.0.0.1:7121 --http-address 127.0.0.1:7122 &'
until_true raftctl --endpoints "$(at 7120)" get colour
[ "$(raftctl --endpoints "$(at 7120)" get colour)" = red ] || fail "what was acknowledged is gone"
echo "backed up, restored, looked and rescued"
