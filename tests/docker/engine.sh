# A Docker engine for the tests of this folder: the one that answers, or one started by hand.
#
# Sourced. A started engine keeps all it has in one temporary folder, is spoken to by DOCKER_HOST, and
# is stopped by its own process id; an engine that was there before is left as it was found.
engine_folder=
engine_pid=

# Ways to start an engine, the usual one first; the others are for kernels that lack overlay file
# systems or packet filters.
engine_variants=(
  "--storage-driver=overlay2"
  "--storage-driver=vfs"
  "--storage-driver=vfs --iptables=false --ip-masq=false"
)

# try_engine FLAG...: starts one and waits until it answers; on failure says why on stdout.
try_engine() {
  local log=$engine_folder/log deadline=$((SECONDS + 30))
  dockerd --data-root "$engine_folder/data" --exec-root "$engine_folder/exec" \
    --pidfile "$engine_folder/pid" -H "unix://$engine_folder/socket" "$@" > "$log" 2>&1 &
  engine_pid=$!
  until docker info > /dev/null 2>&1; do
    if ! kill -0 "$engine_pid" 2>/dev/null || [ $SECONDS -ge $deadline ]; then
      kill "$engine_pid" 2>/dev/null || true
      wait "$engine_pid" || true
      engine_pid=
      echo "dockerd $*: $(tail -n 1 "$log")"
      return 1
    fi
    sleep 0.2
  done
}

# find_engine: returns 0 when an engine answers; else prints by name why none can and returns 1.
find_engine() {
  local variant
  command -v docker > /dev/null || { echo "no Docker client is installed"; return 1; }
  if docker info > /dev/null 2>&1; then echo "an engine answers already"; return 0; fi
  command -v dockerd > /dev/null || { echo "no engine answers, and dockerd is not installed"; return 1; }
  [ "$(id -u)" -eq 0 ] || { echo "no engine answers, and only root can start dockerd"; return 1; }
  engine_folder=$(mktemp -d /tmp/raftd-engine-XXXXXX)
  export DOCKER_HOST=unix://$engine_folder/socket
  for variant in "${engine_variants[@]}"; do
    # shellcheck disable=SC2086  # A variant is several words on purpose.
    if try_engine $variant; then echo "started dockerd $variant"; return 0; fi
  done
  return 1
}

# stop_engine: ends the engine that find_engine started, and removes what it kept.
stop_engine() {
  if [ -n "$engine_pid" ]; then
    kill "$engine_pid" 2>/dev/null || true
    wait "$engine_pid" || true
  fi
  [ -n "$engine_folder" ] || return 0
  awk -v folder="$engine_folder/" 'index($2, folder) == 1 {print $2}' /proc/mounts | sort -r |
    while read -r mounted; do umount -l "$mounted" || true; done
  rm -rf "$engine_folder"
}
