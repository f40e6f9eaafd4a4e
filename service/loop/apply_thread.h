// The one thread that touches the state machine, and the one that answers clients.
//
// Applies committed entries in order, in batches bounded by bytes so that reads are not starved;
// tells each waiting proposal what became of it; answers point reads and single scan pages once
// their index is applied. Does not know roles, terms' meaning or gRPC.
//
// Threads: any thread pushes. Apply and every answer happen on this thread, outside all locks.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "core/effects.h"
#include "persistence/key_value_store.h"
#include "service/loop/fatal.h"
#include "service/loop/inbox.h"
#include "service/loop/loop_observer.h"
#include "service/loop/mailbox.h"
#include "service/loop/pending_calls.h"
#include "service/loop/status_board.h"
#include "service/loop/waiting_proposals.h"

namespace raft {

// What one turn of the event loop hands over. Merged turns keep the order within each kind; a
// proposal is always announced before, or together with, the entry at its position.
struct ApplyWork {
  std::vector<ProposalAppended> proposals_appended;
  std::vector<LogEntryPointer> entries;
  std::vector<ReadReady> reads_ready;
  std::vector<Refusal> refusals;
  std::vector<UnansweredCall> overdue;
  std::vector<std::function<void(KeyValueStore&)>> tasks;

  bool empty() const;
  void clear();
  void Append(ApplyWork&& later);
};

struct ApplyLimits {
  // One Apply call takes at most this many charged bytes and entries, or one entry if it is larger.
  std::uint64_t batch_bytes_max = 1ull << 20;
  std::size_t batch_entries_max = 1024;
};

class ApplyThread {
 public:
  // Everything outlives this object.
  ApplyThread(KeyValueStore& state, Inbox& inbox, PendingCalls& calls, const StatusBoard& board,
              LoopObserver& observer, FatalHandler fatal, const ApplyLimits& limits);
  ~ApplyThread();
  ApplyThread(const ApplyThread&) = delete;
  ApplyThread& operator=(const ApplyThread&) = delete;

  void Start();
  // False: stopped; nothing was kept.
  bool Push(ApplyWork work);
  // A read that needs no leader: answered once its index is applied. False: stopped.
  bool PushRead(ReadReady read);
  // Runs `task` between two batches, when applied index and state are of the same instant. False:
  // stopped, and the task is gone.
  bool PushTask(std::function<void(KeyValueStore&)> task);
  // Does what waits, then ends the thread. Once; after the event loop has ended.
  void DrainAndStop();

 private:
  struct LaterIndex {
    bool operator()(const ReadReady& left, const ReadReady& right) const {
      return left.read_index > right.read_index;
    }
  };
  using ReadQueue = std::priority_queue<ReadReady, std::vector<ReadReady>, LaterIndex>;

  void Run();
  bool DoWork(ApplyWork& work);
  // How many entries of the batch were applied and answered; 0: the disk failed.
  std::size_t ApplyBatch(std::span<const LogEntryPointer> batch);
  void AnswerProposals(std::span<const LogEntryPointer> batch, std::vector<std::string>& results);
  void AnswerRefusals(const ApplyWork& work);
  bool AnswerRead(const ReadReady& read);
  bool AnswerDueReads();
  void ForgetAbandonedReads();
  std::span<const LogEntryPointer> NextBatch(std::span<const LogEntryPointer> rest) const;
  Standing StandingNow() const;

  KeyValueStore& state_;
  Inbox& inbox_;
  PendingCalls& calls_;
  const StatusBoard& board_;
  LoopObserver& observer_;
  const FatalHandler fatal_;
  const ApplyLimits limits_;
  Mailbox<ApplyWork> waiting_;
  // Apply thread only.
  WaitingProposals proposals_;
  ReadQueue reads_;
  std::thread thread_;
};

}  // namespace raft
