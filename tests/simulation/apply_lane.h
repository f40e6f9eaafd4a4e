// One server's apply thread: applies what is committed in batches, and answers clients.
//
// The rules are those of service/loop/apply_thread.h: a waiting proposal learns by the term of the
// entry that is applied at its index; a read is answered once its index is applied.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/effects.h"
#include "persistence/key_value_store.h"
#include "service/loop/waiting_proposals.h"
#include "tests/simulation/client_request.h"
#include "tests/simulation/cluster_laws.h"
#include "tests/simulation/dice.h"
#include "tests/simulation/lane.h"

namespace raft::simulation {

struct ApplyWork {
  std::vector<ProposalAppended> proposals_appended;
  std::vector<LogEntryPointer> entries;
  std::vector<ReadReady> reads_ready;
  bool mark_diverged = false;
  bool checkpoint = false;
  std::optional<LogPosition> switch_to;
  bool complete = false;

  bool changes_state() const { return mark_diverged || checkpoint || switch_to || complete; }
  bool empty() const {
    return proposals_appended.empty() && entries.empty() && reads_ready.empty() && !changes_state();
  }
};

// What the lane tells its server, and asks of it.
struct ApplyHooks {
  // Hands an answer to the client that holds the ticket, if there still is one.
  std::function<void(Ticket, ClientAnswer)> answer;
  // What the read of this ticket wants; empty when nobody waits any more.
  std::function<std::string(Ticket)> key_of;
  // The state that the log leads to, or another one.
  std::function<bool()> is_distorted;
  std::function<void(StateCheck)> digested;
  std::function<void(LogIndex)> applied;
  std::function<void(LogIndex)> checkpointed;
  // Makes the received snapshot the live state; null: the disk failed.
  std::function<KeyValueStore*()> switch_state;
  std::function<void(LogPosition)> switched;
  std::function<void()> completed;
  std::function<void()> failed;
};

class ApplyLane {
 public:
  ApplyLane(ServerId self, VirtualTime& time, Dice& dice, ClusterLaws& laws, Story& story)
      : self_(self), dice_(dice), laws_(laws), story_(story), lane_(time) {}

  // A life begins. Digests are told at the multiples of this index.
  void Begin(KeyValueStore& state, std::uint64_t state_check_entries, ApplyHooks hooks);
  void EndLife();

  void Push(ApplyWork work);
  Lane& lane() { return lane_; }

 private:
  void DoWork();
  // False: the disk failed.
  bool ApplyEntries(std::span<const LogEntryPointer> entries);
  bool DoSnapshotWork(const ApplyWork& work);
  bool SwitchState(LogPosition to);
  // How many entries were applied; 0: the disk failed.
  std::size_t ApplyBatch(std::span<const LogEntryPointer> batch);
  // How many of these go into one batch; it ends where states are compared.
  std::size_t BatchOf(std::span<const LogEntryPointer> entries);
  void AnswerProposals(std::span<const LogEntryPointer> batch, std::vector<std::string>& results);
  // False: the disk failed.
  bool AnswerDueReads();

  const ServerId self_;
  Dice& dice_;
  ClusterLaws& laws_;
  Story& story_;
  Lane lane_;
  KeyValueStore* state_ = nullptr;
  std::uint64_t state_check_entries_ = 1;
  ApplyHooks hooks_;
  bool is_due_ = false;
  std::deque<ApplyWork> waiting_;  // what came after a change of the state is done after it
  WaitingProposals proposals_;
  std::multimap<LogIndex, Ticket> reads_;
};

}  // namespace raft::simulation
