#!/usr/bin/env bash
# Runs the README's commands for growing, shrinking and moving as they stand there, with raftd and raftctl
# from the folder given as the first argument. tests/style/readme_commands_test.py sees to it that they are
# the same.
# shellcheck source=tests/integration/readme_steps.sh
source "$(dirname "${BASH_SOURCE[0]}")/readme_steps.sh"

members() { raftctl members list | awk '$1 ~ /^[0-9]+$/ { print $1 }' | xargs; }
configuration() { raftctl members list | awk '$1 == "configuration" { print $2 }'; }
shows() { raftctl members list | grep -q "$1"; }
raftctl put colour blue > /dev/null
RAFTCTL_ENDPOINTS=$RAFTCTL_ENDPOINTS,$(at 7130),$(at 7140),$(at 7150)

serve 'raftd --join --server-id 4 --data-dir joined-4 --client-address 127.0.0.1:7130 --peer-address 127.0.0.1:7131 --http-address 127.0.0.1:7132 &'
until_true grep -q 'members add 4' "$work/served.log"
serve 'raftctl status --watch &'
until_true grep -q 'LAG S  FLOW' "$work/served.log"
run 'raftctl members add 4=127.0.0.1:7131'
kill "$served_pid"
wait "$served_pid" || true
[ "$(members)" = '1 2 3 4' ] || fail "members are $(members)"

serve 'raftd --join --server-id 5 --data-dir joined-5 --client-address 127.0.0.1:7140 --peer-address 127.0.0.1:7141 --http-address 127.0.0.1:7142 &'
until_true grep -q 'members add 5' "$work/served.log"
run 'raftctl members add 5=127.0.0.1:7141 --learner'
shows learner || fail "it is no learner"
until_true raftctl members promote 5
shows learner && fail "it is still a learner"

# Anybody may lead by now; the README hands over to a server that does not.
leads() { raftctl members list | awk -v id="$1" '$1 == id && $3 == "yes"' | grep -q .; }
if leads 2; then until_true raftctl leader transfer --to 1; fi
run 'raftctl leader transfer --to 2'
if raftctl members remove 1 --expect 1 2> "$work/refused.log"; then
  fail "an operator who had looked at configuration 1 was not refused"
fi
grep -q CONFIG_MOVED "$work/refused.log" || fail "the refusal names no reason: $(cat "$work/refused.log")"
[ "$(members)" = '1 2 3 4 5' ] || fail "members are $(members)"
run 'raftctl members remove 1'
[ "$(members)" = '2 3 4 5' ] || fail "members are $(members)"

kill "$served_pid"
wait "$served_pid" || true
serve 'raftd --server-id 5 --data-dir joined-5 --client-address 127.0.0.1:7150 --peer-address 127.0.0.1:7151 --http-address 127.0.0.1:7152 &'
until_true shows "$(at 7151)"

run 'raftctl members replace 3=127.0.0.1:7021,4=127.0.0.1:7131,5=127.0.0.1:7151'
[ "$(members)" = '3 4 5' ] || fail "members are $(members)"
raftctl members remove 3 --expect "$(configuration)"
[ "$(members)" = '4 5' ] || fail "members are $(members)"
[ "$(raftctl get colour)" = blue ] || fail "what was acknowledged is gone"
echo "grown, handed over, shrunk, moved and replaced"
