// What ServerLaws demands about members and majorities: the rest of server_laws.h. Counts
// majorities by itself, because a law must not ask the code it judges.
#include <algorithm>
#include <iterator>
#include <string>

#include "tests/simulation/majority.h"
#include "tests/simulation/server_laws.h"

namespace raft::simulation {
namespace {

bool IsVoterIn(const std::vector<Member>& members, ServerId server) {
  return std::any_of(members.begin(), members.end(), [server](const Member& member) {
    return member.server_id == server && member.role == MemberRole::kVoter;
  });
}

}  // namespace

void ServerLaws::NoteRecoveredConfigurations(const RecoveredState& recovered) {
  configurations_.clear();
  for (const LogEntryPointer& entry : recovered.entries) {
    if (entry->kind != EntryKind::kConfiguration) continue;
    configurations_.emplace(entry->index, *ClusterConfiguration::Decode(entry->data));
  }
}

void ServerLaws::NoteConfigurations(const PersistRequest& request) {
  if (request.rebase && !request.rebase->keeps_suffix) configurations_.clear();
  if (request.truncate_from) {
    const auto cut = configurations_.lower_bound(*request.truncate_from);
    if (cut != configurations_.end()) story_.Count(Sometimes::kConfigurationTruncated);
    configurations_.erase(cut, configurations_.end());
  }
  for (const LogEntryPointer& entry : request.entries) {
    if (entry->kind != EntryKind::kConfiguration) continue;
    const ClusterConfiguration next = *ClusterConfiguration::Decode(entry->data);
    if (!configurations_.empty()) {
      const ClusterConfiguration& before = configurations_.rbegin()->second;
      const bool follows = before.is_joint() ? next == ClusterConfiguration(before.members())
                           : next.is_joint() ? next.old_members() == before.members()
                                             : next.voters() == before.voters();
      Demand(follows, "N8 members change by joint configurations",
             "goes from\n" + before.Encode() + "to\n" + next.Encode());
    }
    configurations_.emplace(entry->index, next);
  }
}

void ServerLaws::CheckOwnChange(const RaftStatus& now) {
  if (configurations_.empty()) return;
  const auto newest = std::prev(configurations_.end());
  const LogEntry* entry = written_.At(newest->first);
  if (entry == nullptr || entry->term != now.current_term) return;
  if (newest != configurations_.begin()) {
    const LogIndex before = std::prev(newest)->first;
    Demand(before <= now.commit_index, "N8 one change at a time",
           "changes members by entry " + std::to_string(newest->first.value()) + " while entry " +
               std::to_string(before.value()) + " is not committed");
  }
  const LogEntry* committed = written_.At(now.commit_index);
  Demand(committed == nullptr || committed->term == now.current_term,
         "N8 no change before the term's first commit",
         "changes members by entry " + std::to_string(newest->first.value()) +
             " and has committed nothing in its term");
}

// A change of voters that this leader has just begun. D8: who is new among them keeps up. D20:
// those that are not new and answer, with the new ones, are a majority of the new set.
void ServerLaws::CheckBegunChange(const RaftStatus& now) {
  const ClusterConfiguration& change = *now.configuration;
  if (!change.is_joint() || !shown_) return;
  const bool is_begun = shown_->role == RoleName::kLeader &&
                        shown_->current_term == now.current_term &&
                        shown_->configuration_index != now.configuration_index;
  if (!is_begun) return;
  // The turn may have ticked after the change was judged.
  const std::uint64_t patience_ticks = options_.election_timeout_ticks_min + ticks_in_turn_;
  std::set<ServerId> reachable{self_};
  for (const PeerStatus& peer : now.peers) {
    const bool is_new = !IsVoterIn(change.old_members(), peer.peer);
    if (is_new || peer.last_contact_ticks <= patience_ticks) reachable.insert(peer.peer);
    if (!is_new || !IsVoterIn(change.members(), peer.peer)) continue;
    Demand(peer.lag_ms <= static_cast<LogTimeMs>(patience_ticks) * options_.tick_ms,
           "D8 who becomes a voter keeps up",
           "makes server " + std::to_string(peer.peer.value()) + " a voter, which lags by " +
               std::to_string(peer.lag_ms) + " ms");
  }
  Demand(HoldsMajorityOf(change.members(), reachable), "D20 a change begins with a majority",
         "begins a change to\n" + change.Encode() + "and hears " +
             std::to_string(reachable.size() - 1) + " others");
}

// A13: a leader that no majority, of each set if there are two, answers in an election timeout
// steps down.
void ServerLaws::CheckHeardMajority(const RaftStatus& now) {
  std::set<ServerId> heard{self_};
  for (const PeerStatus& peer : now.peers) {
    if (peer.last_contact_ticks <= options_.election_timeout_ticks_max) heard.insert(peer.peer);
  }
  Demand(IsMajority(*now.configuration, heard), "A13 a leader hears a majority",
         "leads and hears " + std::to_string(heard.size() - 1) + " others, which are none");
}

void ServerLaws::ResponseArrives(ServerId from, const PeerResponse& response) {
  const auto* pre_vote = std::get_if<PreVoteResponse>(&response);
  if (pre_vote != nullptr && pre_vote->vote_granted) pre_votes_[pre_vote->term].insert(from);
}

// Whoever was asked to campaign needs no pre-votes. Those of several rounds for one term are taken
// together here.
void ServerLaws::CheckPreVotes(const RaftStatus& now) {
  if (asked_to_campaign_.contains(now.current_term)) return;
  std::set<ServerId> granted = pre_votes_[now.current_term];
  granted.insert(self_);
  Demand(IsMajority(*now.configuration, granted), "a majority of pre-votes before a campaign",
         "campaigns in term " + std::to_string(now.current_term.value()) + " with " +
             std::to_string(granted.size() - 1) + " pre-votes of others");
}

// E-1: who lacks an entry, or has a snapshot on its way, is not asked to campaign. What left late
// may be of a hand-over that has ended.
void ServerLaws::CheckHandOver() {
  if (!shown_ || shown_->role != RoleName::kLeader || !shown_->transfer_target) return;
  for (const PeerStatus& peer : shown_->peers) {
    if (peer.peer != *shown_->transfer_target) continue;
    Demand(peer.match_index == shown_->last_log_index && peer.state != PeerState::kSnapshot,
           "E-1 a hand-over waits until the target has everything",
           "asks server " + std::to_string(peer.peer.value()) + " to campaign, which has " +
               std::to_string(peer.match_index.value()) + " of " +
               std::to_string(shown_->last_log_index.value()));
  }
}

// E-7: a hand-over ends in an election timeout, whatever the target does. A turn may tick once
// after it has begun.
void ServerLaws::CheckDeadline(const RaftStatus& now) {
  const bool leads_on =
      shown_ && shown_->role == RoleName::kLeader && shown_->current_term == now.current_term;
  if (!leads_on || !now.transfer_target) hand_over_began_ms_.reset();
  if (!now.transfer_target) return;
  if (!hand_over_began_ms_) hand_over_began_ms_ = now.log_time_ms;
  const auto patience_ticks = static_cast<LogTimeMs>(options_.election_timeout_ticks_max) + 1;
  Demand(now.log_time_ms - *hand_over_began_ms_ <= patience_ticks * options_.tick_ms,
         "E-7 a hand-over ends in time",
         "hands over for " + std::to_string(now.log_time_ms - *hand_over_began_ms_) + " ms");
}

}  // namespace raft::simulation
