#!/usr/bin/env bash
# Starts a cluster on this machine: installs what is missing, builds a release, runs N servers on
# loopback with embedded storage, proposes and reads, and shows what to try next. Ctrl-C stops it.
#
#   service/run-cluster.sh [--servers N] [--dir DIR] [--port-base P] [--binaries DIR] [--check]
#
#   --servers N      how many servers, 1 to 9 (default 3, or what DIR holds)
#   --dir DIR        data and logs (default build/cluster); the same DIR again continues with its data
#   --port-base P    server i listens on P + 10 (i - 1): clients there, peers on the next port, HTTP
#                    (metrics, health, status page) on the one after (default 7000, or as DIR was made)
#   --binaries DIR   take raftd and raftctl from DIR instead of building them
#   --check          stop after the demonstration
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
servers='' port_base='' binaries='' check=false
dir=$root/build/cluster
pids=()

usage() { sed -n '2,13s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
fail() { echo "error: $*" >&2; exit 1; }
usage_error() { echo "error: $*" >&2; usage >&2; exit 2; }

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --servers | --dir | --port-base | --binaries)
        [ $# -ge 2 ] || usage_error "$1 needs a value"
        case $1 in
          --servers) servers=$2 ;;
          --dir) dir=$2 ;;
          --port-base) port_base=$2 ;;
          --binaries) binaries=$2 ;;
        esac
        shift ;;
      --check) check=true ;;
      -h | --help) usage; exit 0 ;;
      *) usage_error "unknown option '$1'" ;;
    esac
    shift
  done
  [[ ${servers:-3} =~ ^[1-9]$ ]] || usage_error "--servers must be 1 to 9, not '$servers'"
  [[ ${port_base:-7000} =~ ^[1-9][0-9]{3,4}$ ]] && ((port_base == 0 || (1024 <= port_base && port_base <= 65400))) ||
    usage_error "--port-base must be 1024 to 65400, not '$port_base'"
}

# The members' addresses are part of a cluster once it is formed, so a directory remembers its shape.
recall_shape() {
  mkdir -p "$dir" || fail "cannot make the directory $dir"
  dir=$(cd "$dir" && pwd)
  local shape=$dir/shape old_servers='' old_port_base=''
  if [ -e "$shape" ]; then read -r old_servers old_port_base < "$shape" || fail "$shape is damaged"; fi
  servers=${servers:-${old_servers:-3}}
  port_base=${port_base:-${old_port_base:-7000}}
  if [ -n "$old_servers" ] && [ "$old_servers $old_port_base" != "$servers $port_base" ]; then
    fail "$dir holds a cluster of $old_servers servers from port $old_port_base on, not $servers from" \
      "$port_base on: leave --servers and --port-base away, or give another --dir"
  fi
  echo "$servers $port_base" > "$shape"
}

client_port() { echo $((port_base + 10 * ($1 - 1))); }
peer_port() { echo $(($(client_port "$1") + 1)); }
http_port() { echo $(($(client_port "$1") + 2)); }

check_ports() {
  local server port
  for server in $(seq "$servers"); do
    for port in "$(client_port "$server")" "$(peer_port "$server")" "$(http_port "$server")"; do
      if (exec 3<> "/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
        fail "port $port is taken by another program (a cluster that still runs?): stop it, or give" \
          "--port-base and --dir"
      fi
    done
  done
}

build() {
  if [ -n "$binaries" ]; then
    [ -x "$binaries/raftd" ] && [ -x "$binaries/raftctl" ] || fail "$binaries holds no raftd and raftctl"
    binaries=$(cd "$binaries" && pwd)
    return
  fi
  "$root/docker/install-packages.sh" build
  echo "building (the first time takes some minutes) ..."
  local log=$dir/build.log
  if [ -t 1 ]; then
    (compile) 2>&1 | tee "$log" || fail "the build failed; all of its messages are in $log"
  else
    (compile) > "$log" 2>&1 ||
      { tail -n 30 "$log" >&2; fail "the build failed; all of its messages are in $log"; }
  fi
  binaries=$root/build/release/service
}

compile() {
  cd "$root" && cmake --preset release && cmake --build --preset release --target raftd raftctl
}

# The exact command line of one server, one word per line.
server_command() {
  printf '%s\n' "$binaries/raftd" --server-id "$1" --data-dir "$dir/server-$1" \
    --client-address "127.0.0.1:$(client_port "$1")" --peer-address "127.0.0.1:$(peer_port "$1")" \
    --http-address "127.0.0.1:$(http_port "$1")" --initial-members "$members"
}

start_servers() {
  local server words
  members='' endpoints=''
  for server in $(seq "$servers"); do
    members+=${members:+,}$server=127.0.0.1:$(peer_port "$server")
    endpoints+=${endpoints:+,}127.0.0.1:$(client_port "$server")
  done
  for server in $(seq "$servers"); do
    mapfile -t words < <(server_command "$server")
    # A session of its own: Ctrl-C reaches this script alone, which then stops each server once.
    setsid "${words[@]}" >> "$dir/server-$server.log" 2>&1 < /dev/null &
    pids[server]=$!
  done
}

# stop_servers: SIGTERM to every server that still runs, and wait until each has ended.
stop_servers() {
  trap '' INT TERM
  local server result=0 ended
  for server in "${!pids[@]}"; do kill -TERM "${pids[server]}" 2>/dev/null || true; done
  for server in "${!pids[@]}"; do
    ended=0
    wait "${pids[server]}" || ended=$?
    [ $ended -eq 0 ] || { echo "server $server ended with code $ended; see $dir/server-$server.log" >&2; result=1; }
  done
  pids=()
  return $result
}

on_signal() {
  echo
  echo "stopping ..."
  stop_servers && echo "all servers stopped; the data stays in $dir"
  exit $?
}

fail_with_log() {
  local server=$1
  shift
  tail -n 5 "$dir/server-$server.log" >&2
  pids=("${pids[@]}")
  stop_servers 2>/dev/null || true
  fail "$*; all of its log is in $dir/server-$server.log"
}

wait_for_leader() {
  local deadline=$((SECONDS + 30)) server health
  until health=$(timeout 10 "$binaries/raftctl" --endpoints "$endpoints" health 2>&1); do
    for server in "${!pids[@]}"; do
      kill -0 "${pids[server]}" 2>/dev/null || fail_with_log "$server" "server $server ended while starting"
    done
    [ $SECONDS -lt $deadline ] || fail_with_log 1 "the servers are not ready after 30 s: ${health:-no answer}"
    sleep 0.1
  done
}

# Shows a command as the reader would type it, then runs it.
demonstrate() {
  local output
  echo "\$ raftctl $*"
  # Values come as they are, without a line break of their own.
  output=$("$binaries/raftctl" --endpoints "$endpoints" "$@") || fail "raftctl $1 failed"
  echo "$output"
}

show_what_next() {
  local server
  cat <<NEXT

Try next, in another terminal:
  export PATH=$binaries:\$PATH RAFTCTL_ENDPOINTS=$endpoints
  raftctl put colour blue
  raftctl get colour
  raftctl scan
  raftctl status --watch
Status page: http://127.0.0.1:$(http_port 1)/status   metrics: http://127.0.0.1:$(http_port 1)/metrics
Kill a server as hard as it gets, look again, nothing is lost:
NEXT
  for server in "${!pids[@]}"; do echo "  kill -9 ${pids[server]}        # server $server"; done
  echo "Data and logs: $dir"
  echo "Stop: Ctrl-C here, or kill $$"
}

# Stays until a signal; says so when a server ends before, and how to bring it back.
stand_by() {
  local server
  while [ ${#pids[@]} -gt 0 ]; do
    wait -n "${pids[@]}" || true
    for server in "${!pids[@]}"; do
      kill -0 "${pids[server]}" 2>/dev/null && continue
      unset "pids[$server]"
      echo "server $server has ended; start it again with:"
      echo "  $(server_command "$server" | tr '\n' ' ')"
    done
  done
  fail "no server is left; run this script again to continue with the data in $dir"
}

read_options "$@"
recall_shape
check_ports
build
trap on_signal INT TERM
start_servers
wait_for_leader
echo "$servers servers run on loopback and have a leader."
demonstrate put greeting hello
demonstrate get greeting
demonstrate status
if $check; then
  stop_servers || fail "a server did not stop cleanly"
  echo "checked: proposed, read and stopped; the data stays in $dir"
  exit 0
fi
show_what_next
stand_by
