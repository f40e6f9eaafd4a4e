# shellcheck shell=bash
# What the scripts that run the README's commands have in common: a three-server cluster in a folder of
# its own, commands as they stand there, servers that keep running. To be sourced by a script whose
# first argument is the folder with raftd and raftctl.
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
