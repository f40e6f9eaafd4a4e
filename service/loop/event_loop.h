// The one thread that owns the core: drain the inbox, step everything, take effects once, carry
// them out.
//
// Group commit is nothing more than this: all that gathered during one turn becomes one write, one
// message per peer, one batch to apply. The loop routes effects and knows no rule of Raft; the only
// thing it decides is that a client past its deadline is not proposed for.
//
// Threads: Run on its own; the rest before Start or after Stop.
#pragma once

#include <chrono>
#include <deque>
#include <thread>
#include <utility>
#include <vector>

#include "core/raft_server.h"
#include "service/loop/apply_thread.h"
#include "service/loop/disk_thread.h"
#include "service/loop/inbox.h"
#include "service/loop/loop_observer.h"
#include "service/loop/peer_outlet.h"
#include "service/loop/pending_calls.h"
#include "service/loop/status_board.h"

namespace raft {

// Everything the loop talks to; all of it outlives the loop.
struct EventLoopParts {
  RaftServer& raft;
  Inbox& inbox;
  DiskThread& disk;
  ApplyThread& apply;
  PeerOutlet& peers;
  PendingCalls& calls;
  StatusBoard& board;
  LoopObserver& observer;
};

class EventLoop {
 public:
  explicit EventLoop(const EventLoopParts& parts) : parts_(parts) {}
  ~EventLoop() { Stop(); }
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Publishes a first status, then starts the thread.
  void Start();
  // Closes the inbox, handles what is left in it, ends the thread.
  void Stop();

 private:
  void Run();
  void StepAll(std::vector<Input>& turn);
  bool WorthStepping(const Input& input) const;
  void CarryOut(Effects effects);
  void CarryOutTransfers(const Effects& effects);
  void NoteEvents(const Effects& effects);
  void MeasureCommits(LogIndex commit_index);
  std::vector<UnansweredCall> OverdueCalls();

  EventLoopParts parts_;
  SteadyTime turn_began_;
  SteadyTime overdue_looked_at_;
  bool status_due_ = false;
  // Own proposals on their way to commitment: where each stands, and since when.
  std::deque<std::pair<LogIndex, SteadyTime>> uncommitted_;
  std::thread thread_;
};

}  // namespace raft
