// The one thread that touches the state machine, and the one that answers clients.
//
// Applies committed entries in order, in batches bounded by bytes so that reads are not starved;
// tells each waiting proposal what became of it; answers point reads and single scan pages once
// their index is applied. Tells the core the state's digest where servers compare them. Owns the
// live state and exchanges it for one that was installed. Does not know roles, terms' meaning or
// gRPC.
//
// Threads: any thread pushes. Apply and every answer happen on this thread, outside all locks.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/effects.h"
#include "core/raft_options.h"
#include "persistence/key_value_store.h"
#include "service/loop/fatal.h"
#include "service/loop/inbox.h"
#include "service/loop/loop_observer.h"
#include "service/loop/mailbox.h"
#include "service/loop/pending_calls.h"
#include "service/loop/status_board.h"
#include "service/loop/waiting_proposals.h"

namespace raft {

// What is to be done with the state as a whole, after the entries that come with it; in this order.
struct StateChange {
  bool mark_diverged = false;
  bool checkpoint = false;
  std::optional<LogPosition> switch_to;  // the stored snapshot of this position
  bool complete_install = false;

  bool empty() const { return !mark_diverged && !checkpoint && !switch_to && !complete_install; }
};

// What one turn of the event loop hands over. Merged turns keep the order within each kind; a
// proposal is always announced before, or together with, the entry at its position.
struct ApplyWork {
  std::vector<ProposalAppended> proposals_appended;
  std::vector<LogEntryPointer> entries;
  std::vector<ReadReady> reads_ready;
  std::vector<Refusal> refusals;
  std::vector<TransferEnded> transfers_ended;
  std::vector<UnansweredCall> overdue;
  std::vector<std::function<void(KeyValueStore&)>> tasks;
  StateChange state_change;

  bool empty() const;
  void clear();
  // Requires: nothing here is to be done after the entries.
  void Append(ApplyWork&& later);
};

// Work that waits, merged as far as its order allows: what came after a change of the state is done
// after it.
class ApplyBacklog {
 public:
  bool empty() const { return first_.empty(); }
  void clear();
  // Where more work may be added to.
  ApplyWork& back();
  void Append(ApplyWork&& later) { back().Append(std::move(later)); }
  // Calls `work_on(work)` in order until it says false.
  template <typename WorkOn>
  bool ForEach(WorkOn work_on) {
    if (!work_on(first_)) return false;
    for (ApplyWork& work : rest_) {
      if (!work_on(work)) return false;
    }
    return true;
  }

 private:
  ApplyWork first_;  // nearly always all there is; keeps its memory
  std::deque<ApplyWork> rest_;
};

struct ApplyLimits {
  // One Apply call takes at most this many charged bytes and entries, or one entry if it is larger.
  std::uint64_t batch_bytes_max = 1ull << 20;
  std::size_t batch_entries_max = 1024;
  // The state's digest is told at the multiples of this index, so a batch ends there. Above 0.
  std::uint64_t state_check_entries = RaftOptions{}.state_check_entries;
};

class ApplyThread {
 public:
  // Everything else outlives this object.
  ApplyThread(std::unique_ptr<KeyValueStore> state, SnapshotInstaller& installer, Inbox& inbox,
              PendingCalls& calls, const StatusBoard& board, LoopObserver& observer,
              FatalHandler fatal, const ApplyLimits& limits);
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
  // The live state, for whoever closes it. Requires: stopped.
  std::unique_ptr<KeyValueStore> TakeState() { return std::move(state_); }

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
  // False, as below: the disk failed.
  bool ChangeState(const StateChange& change);
  bool MarkDiverged();
  void RefuseWaitingReads();
  bool Checkpoint();
  bool SwitchState(LogPosition last_included);
  bool CompleteInstall();
  void AnswerProposals(std::span<const LogEntryPointer> batch, std::vector<std::string>& results);
  void AnswerRefusals(const ApplyWork& work);
  bool AnswerRead(const ReadReady& read);
  bool AnswerDueReads();
  void ForgetAbandonedReads();
  std::span<const LogEntryPointer> NextBatch(std::span<const LogEntryPointer> rest) const;
  void TellDigestWhereCompared(const LogEntry& applied);
  Standing StandingNow() const;

  std::unique_ptr<KeyValueStore> state_;  // apply thread only while it runs
  SnapshotInstaller& installer_;
  Inbox& inbox_;
  PendingCalls& calls_;
  const StatusBoard& board_;
  LoopObserver& observer_;
  const FatalHandler fatal_;
  const ApplyLimits limits_;
  Mailbox<ApplyBacklog> waiting_;
  // Apply thread only.
  WaitingProposals proposals_;
  ReadQueue reads_;
  std::thread thread_;
};

}  // namespace raft
