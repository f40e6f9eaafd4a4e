#!/usr/bin/env bash
# Runs the README's commands for backup, restore and rescue as they stand there, with raftd and raftctl
# from the folder given as the first argument, in a folder of its own. tests/style/readme_commands_test.py
# sees to it that they are the same.
# shellcheck source=tests/integration/readme_steps.sh
source "$(dirname "${BASH_SOURCE[0]}")/readme_steps.sh"

old_revision=$(raftctl put colour blue | tr -dc 0-9)
# A backup is of what the server that is asked has applied, and any may be asked.
for server in ${RAFTCTL_ENDPOINTS//,/ }; do
  until_true raftctl --endpoints "$server" get --stale colour
done

run 'raftctl snapshot save backup.raft'
run 'raftctl snapshot inspect backup.raft'
run 'raftctl snapshot create'
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
