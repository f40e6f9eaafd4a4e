// One RaftServer with a world that the test controls: a disk, a state machine, and lists of what
// left the server.
//
// By default every write completes, every entry is applied and every snapshot that is offered is
// stored at once; HoldDisk, HoldApply and HoldSnapshots hand these lanes to the test. Effects are
// taken after every input. Knows only the public face of core/.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/raft_server.h"
#include "tests/core_harness/builders.h"
#include "tests/core_harness/server_setup.h"
#include "tests/core_harness/test_disk.h"
#include "tests/core_harness/test_state_machine.h"

namespace raft::harness {

// A request of one kind that left the server.
template <typename Request>
struct Sent {
  ServerId to;
  Request request;
};

class ServerUnderTest {
 public:
  explicit ServerUnderTest(ServerSetup setup = {})
      : setup_(std::move(setup)),
        written_(setup_.recovered.promise, setup_.recovered.base, setup_.recovered.entries,
                 setup_.recovered.log_time_ms),
        durable_(written_),
        state_(StateAtStart(setup_)),
        server_(StartServer(setup_, state_)) {
    CollectAndSettle();
  }

  // ---- What happens to the server.

  void Step(Input input) {
    server_->Step(std::move(input));
    CollectAndSettle();
  }
  // Several inputs, effects taken once, as the event loop does.
  void StepTogether(std::vector<Input> inputs) {
    for (Input& input : inputs) server_->Step(std::move(input));
    CollectAndSettle();
  }
  void TickTimes(std::uint64_t ticks) {
    for (std::uint64_t tick = 0; tick < ticks; ++tick) Step(Tick{});
  }
  // A peer asks. Returns the call under which the answer will be found.
  CallId Receive(ServerId from, PeerRequest request) {
    const CallId call(++last_call_);
    Step(RequestReceived{.sender = {.peer = from, .call_id = call}, .request = std::move(request)});
    return call;
  }
  void ReceiveAnswer(ServerId from, PeerResponse response) {
    Step(ResponseReceived{.from = from, .response = std::move(response)});
  }
  Ticket Propose(std::string command = "x", std::optional<Term> expected_term = std::nullopt) {
    const Ticket ticket(++last_ticket_);
    Step(CommandProposed{
        .ticket = ticket, .command = std::move(command), .expected_term = expected_term});
    return ticket;
  }
  // Asks for these members instead of those in force.
  Ticket ChangeMembers(std::vector<Member> members,
                       std::optional<LogIndex> expected_index = std::nullopt) {
    const Ticket ticket(++last_ticket_);
    Step(MembershipChangeRequested{
        .ticket = ticket, .expected_index = expected_index, .members = std::move(members)});
    return ticket;
  }
  Ticket Transfer(std::optional<ServerId> target = std::nullopt) {
    const Ticket ticket(++last_ticket_);
    Step(LeadershipTransferRequested{.ticket = ticket, .target = target});
    return ticket;
  }
  Ticket Read() {
    const Ticket ticket(++last_ticket_);
    Step(ReadRequested{.ticket = ticket});
    return ticket;
  }

  // ---- The disk lane.

  void HoldDisk() { disk_held_ = true; }
  void ReleaseDisk() {
    disk_held_ = false;
    CollectAndSettle();
  }
  const std::deque<PersistRequest>& writes_waiting() const { return writes_waiting_; }
  // Finishes the oldest `count` writes; only the newest of them is reported, as a disk thread that
  // merges writes does. Requires: so many are waiting.
  void CompleteWrites(std::size_t count) {
    ASSERT_GE(writes_waiting_.size(), count);
    PersistSequence newest;
    for (std::size_t done = 0; done < count; ++done) {
      newest = writes_waiting_.front().sequence;
      durable_.Write(writes_waiting_.front());
      writes_waiting_.pop_front();
    }
    Step(WritePersisted{.sequence = newest});
  }

  // ---- The apply lane.

  void HoldApply() { apply_held_ = true; }
  void ReleaseApply() {
    apply_held_ = false;
    CollectAndSettle();
  }
  std::size_t apply_work_waiting() const { return apply_lane_.size(); }
  // Finishes the oldest work of the lane: entries, a checkpoint, a switch or a completed install.
  void FinishApply() {
    ASSERT_FALSE(apply_lane_.empty());
    FinishApplyWork();
    CollectAndSettle();
  }

  // ---- Snapshots that arrive.

  void HoldSnapshots() { snapshots_held_ = true; }
  const std::optional<SnapshotToStore>& snapshot_arriving() const { return arriving_; }
  // The one that arrives lies stored. Requires: one arrives.
  void StoreSnapshot() {
    ASSERT_TRUE(arriving_.has_value());
    Step(Stored(*std::exchange(arriving_, std::nullopt)));
  }
  // What the world says when this snapshot was stored.
  SnapshotStored Stored(const SnapshotToStore& snapshot) {
    stored_ = setup_.shelf->Take(snapshot.last_included);
    return {.sender = snapshot.sender,
            .number = snapshot.number,
            .last_included = snapshot.last_included,
            .log_time_ms = stored_->log_time_ms,
            .configuration = stored_->ConfigurationFrom(setup_.voters)};
  }
  // The newest one that was to be sent.
  const SnapshotToSend& last_snapshot_wanted() const { return last_snapshot_wanted_; }
  // Whether a stored snapshot waits to become the state.
  bool has_stored_snapshot() const { return stored_.has_value(); }

  // ---- What the server did.

  RaftStatus status() const { return server_->status(); }
  RoleName role() const { return status().role; }
  std::uint64_t term() const { return status().current_term.value(); }
  std::uint64_t commit_index() const { return status().commit_index.value(); }
  PeerStatus peer(ServerId id) const {
    for (const PeerStatus& peer : status().peers) {
      if (peer.peer == id) return peer;
    }
    ADD_FAILURE() << "the status lists no peer " << id.value();
    return {};
  }
  // The log as the server asked for it to be written, durable or not.
  const TestDisk& written() const { return written_; }
  // What a crash would leave.
  const TestDisk& durable() const { return durable_; }
  std::vector<std::uint64_t> log_terms() const { return TermsOf(written_.entries()); }
  // Handed to the state machine in this life of the server, in order.
  const std::vector<LogEntryPointer>& handed_to_apply() const { return handed_to_apply_; }
  LogPosition applied() const { return state_.position; }
  const TestState& state() const { return state_; }
  // What of the state survives a crash that spares nothing unsynced.
  LogIndex checkpointed() const { return checkpointed_; }

  // The requests of this kind that left since the last take, in order; they are then forgotten.
  template <typename Request>
  std::vector<Sent<Request>> TakeRequests() {
    std::vector<Sent<Request>> taken;
    std::vector<OutgoingRequest> others;
    for (OutgoingRequest& outgoing : requests_) {
      if (auto* request = std::get_if<Request>(&outgoing.request)) {
        taken.push_back({.to = outgoing.to, .request = std::move(*request)});
      } else {
        others.push_back(std::move(outgoing));
      }
    }
    requests_ = std::move(others);
    return taken;
  }
  // The same, only those to one peer; requests to others stay.
  template <typename Request>
  std::vector<Sent<Request>> TakeRequestsTo(ServerId peer) {
    std::vector<Sent<Request>> taken;
    for (Sent<Request>& sent : TakeRequests<Request>()) {
      if (sent.to == peer) {
        taken.push_back(std::move(sent));
      } else {
        requests_.push_back({.to = sent.to, .request = std::move(sent.request)});
      }
    }
    return taken;
  }
  std::vector<OutgoingRequest> TakeAllRequests() { return std::exchange(requests_, {}); }
  std::vector<OutgoingResponse> TakeAllResponses() { return std::exchange(responses_, {}); }

  // How many answers to `call` have left: never more than one.
  std::size_t AnswersTo(CallId call) const {
    std::size_t answers = 0;
    for (const OutgoingResponse& response : responses_) answers += response.to.call_id == call;
    return answers;
  }
  // The answer to `call`; none while it is held back.
  template <typename Response>
  std::optional<Response> Answer(CallId call) const {
    for (const OutgoingResponse& outgoing : responses_) {
      if (outgoing.to.call_id != call) continue;
      if (const auto* response = std::get_if<Response>(&outgoing.response)) return *response;
      ADD_FAILURE() << "call " << call.value() << " was answered with another kind of response";
    }
    return std::nullopt;
  }

  std::optional<LogPosition> AppendedAt(Ticket ticket) const {
    for (const ProposalAppended& appended : proposals_appended_) {
      if (appended.ticket == ticket) return appended.position;
    }
    return std::nullopt;
  }
  std::optional<LogIndex> ReadIndexOf(Ticket ticket) const {
    for (const ReadReady& ready : reads_ready_) {
      if (ready.ticket == ticket) return ready.read_index;
    }
    return std::nullopt;
  }
  std::optional<Refusal> RefusalOf(Ticket ticket) const {
    for (const Refusal& refusal : refusals_) {
      if (refusal.ticket == ticket) return refusal;
    }
    return std::nullopt;
  }
  std::optional<TransferEnded> TransferOf(Ticket ticket) const {
    for (const TransferEnded& ended : transfers_ended_) {
      if (ended.ticket == ticket) return ended;
    }
    return std::nullopt;
  }
  // What the transport was told last.
  const ConfigurationInForce& in_force() const { return in_force_; }
  template <typename Event>
  std::vector<Event> EventsOf() const {
    std::vector<Event> found;
    for (const RaftEvent& event : events_) {
      if (const auto* match = std::get_if<Event>(&event)) found.push_back(*match);
    }
    return found;
  }
  // Every write asked for in this life, completed or not.
  const std::vector<PersistRequest>& all_writes() const { return all_writes_; }

  const ServerSetup& setup() const { return setup_; }
  // How this server starts after the plug was pulled now: only what was durable is there, and the
  // state machine holds everything up to `applied`. Requires: `applied` was applied before.
  ServerSetup SetupAfterCrash(LogIndex applied) const {
    ServerSetup after = setup_;
    after.seed += 1000;  // Another life draws other timeouts.
    after.recovered = {};
    after.recovered.promise = durable_.promise();
    after.recovered.base = durable_.base();
    after.recovered.entries = durable_.entries();
    after.recovered.log_time_ms = durable_.base_log_time_ms();
    after.state = state_;
    if (applied < state_.position.index) {
      EXPECT_GE(applied, checkpointed_) << "a checkpoint survives";
      EXPECT_GE(applied, durable_.base().index) << "a state behind its log cannot start";
      const LogEntryPointer newest = durable_.EntryAt(applied);
      after.state = newest == nullptr ? state_.Until(durable_.base(), durable_.base_log_time_ms())
                                      : state_.Until(newest->position(), newest->log_time_ms);
    }
    after.recovered.applied = after.state->position;
    if (!durable_.Contains(after.state->position)) FinishInstall(after);
    return after;
  }
  ServerSetup SetupAfterCrash() const { return SetupAfterCrash(state_.position.index); }

 private:
  // The plug was pulled after the state had jumped and before the log followed it: a start ends
  // what was begun.
  static void FinishInstall(ServerSetup& after) {
    after.recovered.base = after.state->position;
    after.recovered.log_time_ms = after.state->log_time_ms;
    after.recovered.entries.clear();
  }

  // Takes effects, and answers for disk and state machine as long as there is something to answer.
  void CollectAndSettle() {
    Collect();
    while (true) {
      if (!disk_held_ && !writes_waiting_.empty()) {
        durable_.Write(writes_waiting_.front());
        const PersistSequence sequence = writes_waiting_.front().sequence;
        writes_waiting_.pop_front();
        server_->Step(WritePersisted{.sequence = sequence});
      } else if (!apply_held_ && !apply_lane_.empty()) {
        FinishApplyWork();
      } else if (!snapshots_held_ && arriving_.has_value()) {
        server_->Step(Stored(*std::exchange(arriving_, std::nullopt)));
      } else {
        return;
      }
      Collect();
    }
  }

  void Collect() {
    Effects effects = server_->TakeEffects();
    if (effects.persist.has_value()) {
      written_.Write(*effects.persist);
      all_writes_.push_back(*effects.persist);
      writes_waiting_.push_back(*std::move(effects.persist));
    }
    CollectApplyWork(effects);
    CollectSnapshots(effects);
    Take(effects.entries_to_apply, handed_to_apply_);
    Take(effects.requests, requests_);
    Take(effects.responses, responses_);
    Take(effects.proposals_appended, proposals_appended_);
    Take(effects.reads_ready, reads_ready_);
    Take(effects.refusals, refusals_);
    Take(effects.transfers_ended, transfers_ended_);
    if (effects.configuration) in_force_ = *std::move(effects.configuration);
    Take(effects.events, events_);
  }

  // One work of the apply lane.
  struct ApplyWork {
    enum class Kind { kEntries, kCheckpoint, kSwitch, kCompletion };
    Kind kind;
    std::vector<LogEntryPointer> entries = {};
    LogPosition last_included = {};  // of a switch
  };

  void CollectApplyWork(const Effects& effects) {
    using Kind = ApplyWork::Kind;
    const std::vector<LogEntryPointer>& entries = effects.entries_to_apply;
    if (!entries.empty()) {
      const bool joins = !apply_lane_.empty() && apply_lane_.back().kind == Kind::kEntries;
      if (!joins) apply_lane_.push_back({.kind = Kind::kEntries});
      std::vector<LogEntryPointer>& batch = apply_lane_.back().entries;
      batch.insert(batch.end(), entries.begin(), entries.end());
    }
    if (effects.checkpoint_state) apply_lane_.push_back({.kind = Kind::kCheckpoint});
    if (effects.switch_state) {
      apply_lane_.push_back({.kind = Kind::kSwitch, .last_included = *effects.switch_state});
    }
    if (effects.complete_install) apply_lane_.push_back({.kind = Kind::kCompletion});
  }

  // A snapshot to send leaves as an offer of the state as it stands.
  void CollectSnapshots(const Effects& effects) {
    for (const SnapshotToSend& snapshot : effects.snapshots_to_send) {
      setup_.shelf->Put(state_);
      last_snapshot_wanted_ = snapshot;
      requests_.push_back({.to = snapshot.to,
                           .request = InstallSnapshotRequest{.number = snapshot.number,
                                                             .term = snapshot.term,
                                                             .leader_id = setup_.self,
                                                             .last_included = state_.position}});
    }
    if (effects.discard_snapshot) stored_.reset();
    for (const SnapshotToStore& snapshot : effects.snapshots_to_store) {
      stored_.reset();
      arriving_ = snapshot;
    }
  }

  void FinishApplyWork() {
    const ApplyWork work = std::move(apply_lane_.front());
    apply_lane_.pop_front();
    switch (work.kind) {
      case ApplyWork::Kind::kEntries:
        for (const LogEntryPointer& entry : work.entries) state_.Apply(entry);
        return server_->Step(EntriesApplied{.last_applied = state_.position.index});
      case ApplyWork::Kind::kCheckpoint:
        checkpointed_ = state_.position.index;
        return server_->Step(StateCheckpointed{.through = checkpointed_});
      case ApplyWork::Kind::kSwitch:
        return SwitchState(work.last_included);
      case ApplyWork::Kind::kCompletion:
        return server_->Step(InstallCompleted{});
    }
  }

  void SwitchState(LogPosition last_included) {
    ASSERT_TRUE(stored_.has_value()) << "what was discarded cannot become the state";
    EXPECT_EQ(stored_->position, last_included);
    // One that was put aside may be replaced where it stands.
    const std::uint64_t first = state_.position.index.value() + (status().diverged_index ? 0 : 1);
    EXPECT_GE(last_included.index, LogIndex(first)) << "a state never goes back (C1)";
    state_ = *std::exchange(stored_, std::nullopt);
    checkpointed_ = last_included.index;
    server_->Step(StateSwitched{.last_included = last_included});
  }

  template <typename Effect>
  static void Take(std::vector<Effect>& from, std::vector<Effect>& into) {
    for (Effect& effect : from) into.push_back(std::move(effect));
  }

  ServerSetup setup_;
  TestDisk written_;
  TestDisk durable_;
  TestState state_;
  std::unique_ptr<RaftServer> server_;

  bool disk_held_ = false;
  bool apply_held_ = false;
  bool snapshots_held_ = false;
  std::deque<PersistRequest> writes_waiting_;
  std::vector<PersistRequest> all_writes_;
  std::deque<ApplyWork> apply_lane_;
  LogIndex checkpointed_;
  SnapshotToSend last_snapshot_wanted_;
  std::optional<SnapshotToStore> arriving_;
  std::optional<TestState> stored_;
  std::vector<LogEntryPointer> handed_to_apply_;

  std::vector<OutgoingRequest> requests_;
  std::vector<OutgoingResponse> responses_;
  std::vector<ProposalAppended> proposals_appended_;
  std::vector<ReadReady> reads_ready_;
  std::vector<Refusal> refusals_;
  std::vector<TransferEnded> transfers_ended_;
  ConfigurationInForce in_force_;
  std::vector<RaftEvent> events_;
  std::uint64_t last_call_ = 0;
  std::uint64_t last_ticket_ = 0;
};

}  // namespace raft::harness
