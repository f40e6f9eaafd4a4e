// One server's apply thread: applies what is committed in batches, and answers clients.
//
// The rules are those of service/loop/apply_thread.h: a waiting proposal learns by the term of the
// entry that is applied at its index; a read is answered once its index is applied.
#pragma once

#include <functional>
#include <map>
#include <span>
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
};

class ApplyLane {
 public:
  // Hands an answer to the client that holds the ticket, if there still is one.
  using Answer = std::function<void(Ticket, ClientAnswer)>;

  ApplyLane(ServerId self, VirtualTime& time, Dice& dice, ClusterLaws& laws, Story& story)
      : self_(self), dice_(dice), laws_(laws), story_(story), lane_(time) {}

  // A life begins. `key_of`: what the read of this ticket wants; empty when nobody waits any more.
  void Begin(KeyValueStore& state, Answer answer, std::function<std::string(Ticket)> key_of,
             std::function<void(LogIndex)> applied, std::function<void()> failed);
  void EndLife();

  void Push(ApplyWork work);
  Lane& lane() { return lane_; }

 private:
  void DoWork();
  // How many entries were applied; 0: the disk failed.
  std::size_t ApplyBatch(std::span<const LogEntryPointer> batch);
  void AnswerProposals(std::span<const LogEntryPointer> batch, std::vector<std::string>& results);
  // False: the disk failed.
  bool AnswerDueReads();

  const ServerId self_;
  Dice& dice_;
  ClusterLaws& laws_;
  Story& story_;
  Lane lane_;
  KeyValueStore* state_ = nullptr;
  Answer answer_;
  std::function<std::string(Ticket)> key_of_;
  std::function<void(LogIndex)> applied_;
  std::function<void()> failed_;
  bool is_due_ = false;
  ApplyWork waiting_;
  WaitingProposals proposals_;
  std::multimap<LogIndex, Ticket> reads_;
};

}  // namespace raft::simulation
