#!/usr/bin/env bash
# Runs the commands of the READMEs for real: those marked "shell" as they are, those marked "cluster"
# beside a three-server cluster, with raftd and raftctl (from the folder given as the first argument)
# on the path. Ends at the first command that fails. The markers: tests/style/readme_commands.py.
set -euo pipefail
binaries=$(cd "$1" && pwd)
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
port_base=$((21000 + RANDOM % 500 * 20))
cluster_pid=
trap '[ -z "$cluster_pid" ] || { kill "$cluster_pid" && wait "$cluster_pid"; } 2>/dev/null || true; rm -rf "$work"' EXIT

for kind in shell cluster; do
  python3 "$root/tests/style/readme_commands_test.py" "$kind" > "$work/$kind"
  # The READMEs speak of the ports a cluster has by default; this one has ports of its own.
  for server in 0 1 2; do
    sed -i "s/127\.0\.0\.1:70${server}0/127.0.0.1:$((port_base + 10 * server))/g" "$work/$kind"
  done
done

"$root/service/run-cluster.sh" --binaries "$binaries" --dir "$work/data" --port-base "$port_base" \
  > "$work/out" 2>&1 < /dev/null &
cluster_pid=$!
deadline=$((SECONDS + 60))
until grep -q '^Stop:' "$work/out"; do
  if [ $SECONDS -ge $deadline ] || ! kill -0 "$cluster_pid" 2>/dev/null; then
    echo "FAILED: no cluster came up; what it said, and the end of its servers' logs:" >&2
    tail -n 40 "$work/out" "$work"/data/server-*.log >&2
    exit 1
  fi
  sleep 0.1
done

export PATH=$binaries:$PATH
(cd "$root" && bash -euo pipefail "$work/shell" < /dev/null)
export RAFTCTL_ENDPOINTS=127.0.0.1:$port_base,127.0.0.1:$((port_base + 10)),127.0.0.1:$((port_base + 20))
(cd "$root" && bash -euo pipefail "$work/cluster" < /dev/null)
echo "$(grep -c '^echo' "$work/shell" || true) shell and $(grep -c '^echo' "$work/cluster" || true) cluster commands ran"
