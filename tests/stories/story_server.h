// One RaftServer of a story, with its disk and its state machine, and everything it does told.
//
// By default a write is durable, an entry applied and a snapshot stored at once; a held lane waits
// for the story.
// Takes effects after every input and tells them in this order: events, what was appended,
// messages, the write, entries applied, clients. So a message that needs no disk stands above the
// write that left with it, and one that waits stands below. Knows the public face of core/ only.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/raft_server.h"
#include "tests/core_harness/test_disk.h"
#include "tests/stories/chronicle.h"
#include "tests/stories/message.h"

namespace raft::stories {

// A server as it stands before the story begins, or after a crash.
struct ServerStart {
  ServerId self = ServerId(1);
  std::vector<ServerId> voters;
  RaftOptions options;
  std::uint64_t seed = 1;
  RecoveredState recovered;
  std::optional<StateCopy> state = std::nullopt;  // none: no commands yet
};

class StoryServer {
 public:
  StoryServer(ServerStart start, Chronicle& chronicle);

  // ---- What happens to it.

  void Step(Input input);
  void Receive(const Message& message);
  void Propose(const std::string& command, std::optional<Term> expected_term);
  void Read(const std::string& name);
  // Ticks until its election timer runs out: after how many ticks; none if it never does (a
  // leader).
  std::optional<std::uint32_t> TickUntilTimeout();

  // ---- Its disk and its state machine.

  void HoldDisk() { disk_held_ = true; }
  void ReleaseDisk();
  void HoldApply() { apply_held_ = true; }
  void ReleaseApply();
  void HoldSnapshots() { snapshots_held_ = true; }
  void ReleaseSnapshots();
  std::size_t writes_waiting() const { return writes_waiting_.size(); }
  // Finishes the oldest write. Requires: one is waiting.
  void PersistOne();
  bool has_apply_work() const { return !apply_lane_.empty(); }
  // Finishes the oldest work of the state machine. Requires: there is some.
  void ApplyOne();
  // How it starts after the plug was pulled now.
  ServerStart AfterCrash() const;

  // ---- How it stands.

  RaftStatus status() const { return server_->status(); }
  const RaftOptions& options() const { return start_.options; }
  // The terms of its log in memory.
  std::vector<std::uint64_t> log_terms() const;
  // What its disk holds.
  const harness::TestDisk& disk() const { return disk_; }
  // What its state machine holds: the commands, one after the other.
  std::string state() const;
  // What the client last heard from this server; empty if nothing.
  const std::string& last_answer() const { return last_answer_; }
  std::vector<Message> TakeMessages() { return std::exchange(messages_, {}); }

 private:
  struct WaitingProposal {
    LogPosition position;
    std::string command;
  };
  struct ConfirmedRead {
    LogIndex index;
    std::string name;
  };

  // One work of the state machine's lane.
  struct Checkpoint {};
  struct Switch {};
  struct Completion {};
  using ApplyWork = std::variant<std::vector<LogEntryPointer>, Checkpoint, Switch, Completion>;

  void CollectAndSettle();
  void Collect();
  void CollectApplyWork(const Effects& effects);
  void CollectSnapshots(const Effects& effects);
  void TellEvents(const std::vector<RaftEvent>& events);
  void TellMessages(Effects& effects);
  void TellWrite(const PersistRequest& write);
  void TellClients(const Effects& effects);
  void FinishWrite();
  void FinishApply();
  void Finish(const std::vector<LogEntryPointer>& batch);
  void Finish(const Checkpoint&);
  void Finish(const Switch&);
  void Finish(const Completion&);
  void FinishStoring();
  void TellOutcomes(const LogEntry& applied);
  void AnswerReads();
  void Answer(const std::string& words);

  ServerStart start_;
  Chronicle& chronicle_;
  harness::TestDisk written_;
  harness::TestDisk disk_;
  std::unique_ptr<RaftServer> server_;

  bool disk_held_ = false;
  bool apply_held_ = false;
  bool snapshots_held_ = false;
  std::deque<PersistRequest> writes_waiting_;
  std::deque<ApplyWork> apply_lane_;
  std::vector<WaitingProposal> proposals_;
  std::vector<ConfirmedRead> reads_;  // until the state machine has come so far
  std::vector<std::string> asked_;    // by clients, in the order of their tickets
  std::string last_answer_;
  StateCopy state_;
  std::map<CallId, std::shared_ptr<const StateCopy>> streams_;  // beside the offers
  std::optional<SnapshotToStore> arriving_;
  std::shared_ptr<const StateCopy> stored_;
  bool timed_out_ = false;  // since this was last cleared
  std::uint64_t last_call_ = 0;
  std::vector<Message> messages_;
};

}  // namespace raft::stories
