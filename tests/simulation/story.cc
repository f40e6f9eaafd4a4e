#include "tests/simulation/story.h"

#include <cstdio>

namespace raft::simulation {
namespace {

constexpr std::array<std::string_view, kSometimes> kNames = {
    "leader_elected",
    "election_lost",
    "election_timed_out",
    "leader_lost_its_quorum",
    "leader_met_newer_term",
    "leader_whose_disk_hung",
    "vote_disregarded",
    "conflict_truncated",
    "truncated_while_a_write_was_in_flight",
    "follower_backed_up_by_terms",
    "committed_entries_of_an_earlier_term",
    "stale_response_dropped",
    "proposal_overloaded",
    "read_refused_at_step_down",
    "read_answered",
    "unknown_write_took_effect",
    "unknown_write_never_happened",
    "proposal_replaced",
    "crash_took_a_write_in_flight",
    "crash_left_a_write_in_flight",
    "state_fell_behind_the_log",
    "promise_survived_without_its_log",
    "disk_error_ended_a_process",
    "start_refused",
    "log_trimmed",
    "snapshot_sent",
    "snapshot_installed",
    "snapshot_not_needed",
    "snapshot_replaced",
    "snapshot_broken",
    "snapshot_begun_anew",
    "install_finished_at_start",
    "crash_during_install",
    "members_changed",
    "joint_configuration",
    "configuration_truncated",
    "leader_removed",
    "server_told_removed",
    "change_refused",
    "transfer_done",
    "transfer_failed",
    "state_put_aside",
    "leader_put_its_state_aside",
    "other_life_refused",
    "wiped_server_is_a_voter_again",
    "old_copy_noticed"};

template <typename Numbers>
void AddEach(Numbers& sum, const Numbers& more) {
  for (std::size_t place = 0; place < sum.size(); ++place) sum[place] += more[place];
}

}  // namespace

std::string_view NameOf(Sometimes state) { return kNames[static_cast<std::size_t>(state)]; }

void Add(Counters& sum, const Counters& more) {
  AddEach(sum.faults, more.faults);
  AddEach(sum.sometimes, more.sometimes);
  sum.seeds += more.seeds;
  sum.simulated_us += more.simulated_us;
  sum.happenings += more.happenings;
  sum.leader_changes += more.leader_changes;
  sum.operations_checked += more.operations_checked;
  sum.operations_unknown += more.operations_unknown;
  sum.entries_committed += more.entries_committed;
  sum.laws_checked += more.laws_checked;
}

void Story::Keep(std::string line) {
  char stamp[32];
  std::snprintf(stamp, sizeof(stamp), "%10.6f  ", static_cast<double>(time_.now()) / kSecond);
  lines_.push_back(stamp + std::move(line));
  if (lines_.size() > kLinesMax) lines_.pop_front();
}

}  // namespace raft::simulation
