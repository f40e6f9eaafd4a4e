#include "tests/stories/story_server.h"

#include <algorithm>
#include <utility>

#include "tests/stories/event_words.h"
#include "tests/stories/words.h"

namespace raft::stories {
namespace {

Ticket TicketOf(std::size_t place) { return Ticket(place + 1); }
std::size_t PlaceOf(Ticket ticket) { return ticket.value() - 1; }

// Whether the election timer ran out: an election begins, or one ended without an outcome.
bool TellsOfTimeout(const RaftEvent& event) {
  const auto* role = std::get_if<RoleChanged>(&event);
  const auto* ballot = std::get_if<BallotEnded>(&event);
  return (role != nullptr && role->role == RoleName::kPreCandidate) ||
         (ballot != nullptr && ballot->outcome == BallotOutcome::kTimeout);
}

StateCopy StateAtStart(const ServerStart& start) {
  if (start.state) return *start.state;
  const RecoveredState& recovered = start.recovered;
  StateCopy state{.position = recovered.applied, .log_time_ms = recovered.log_time_ms};
  for (const LogEntryPointer& entry : recovered.entries) {
    if (entry->index <= recovered.applied.index) state.log_time_ms = entry->log_time_ms;
  }
  return state;
}

}  // namespace

StoryServer::StoryServer(ServerStart start, Chronicle& chronicle)
    : start_(std::move(start)),
      chronicle_(chronicle),
      written_(start_.recovered.promise, start_.recovered.base, start_.recovered.entries,
               start_.recovered.log_time_ms),
      disk_(written_),
      server_(std::make_unique<RaftServer>(start_.self, ClusterConfiguration(start_.voters),
                                           start_.options, start_.seed, start_.recovered)),
      state_(StateAtStart(start_)) {
  CollectAndSettle();
}

void StoryServer::Step(Input input) {
  server_->Step(std::move(input));
  CollectAndSettle();
}

void StoryServer::Receive(const Message& message) {
  if (const auto* request = std::get_if<PeerRequest>(&message.body)) {
    const CallId call(++last_call_);
    if (message.snapshot) streams_[call] = message.snapshot;
    Step(RequestReceived{.sender = {.peer = message.from, .call_id = call}, .request = *request});
  } else {
    Step(ResponseReceived{.from = message.from, .response = std::get<PeerResponse>(message.body)});
  }
}

void StoryServer::Propose(const std::string& command, std::optional<Term> expected_term) {
  asked_.push_back(command);
  Step(CommandProposed{
      .ticket = TicketOf(asked_.size() - 1), .command = command, .expected_term = expected_term});
}

void StoryServer::Read(const std::string& name) {
  asked_.push_back(name);
  Step(ReadRequested{.ticket = TicketOf(asked_.size() - 1)});
}

std::optional<std::uint32_t> StoryServer::TickUntilTimeout() {
  timed_out_ = false;
  for (std::uint32_t ticks = 1; ticks <= start_.options.election_timeout_ticks_max; ++ticks) {
    Step(Tick{});
    if (timed_out_) return ticks;
  }
  return std::nullopt;
}

void StoryServer::ReleaseDisk() {
  disk_held_ = false;
  CollectAndSettle();
}

void StoryServer::ReleaseApply() {
  apply_held_ = false;
  CollectAndSettle();
}

void StoryServer::ReleaseSnapshots() {
  snapshots_held_ = false;
  CollectAndSettle();
}

void StoryServer::ApplyOne() {
  FinishApply();
  CollectAndSettle();
}

void StoryServer::PersistOne() {
  FinishWrite();
  CollectAndSettle();
}

ServerStart StoryServer::AfterCrash() const {
  ServerStart after = start_;
  after.seed += 1000;  // Another life draws other timeouts.
  after.recovered.promise = disk_.promise();
  after.recovered.base = disk_.base();
  after.recovered.log_time_ms = disk_.base_log_time_ms();
  after.recovered.entries = disk_.entries();
  after.recovered.applied = state_.position;
  after.state = state_;
  if (disk_.Contains(state_.position)) return after;
  // The state had jumped and the log had not followed: a start ends what was begun.
  after.recovered.base = state_.position;
  after.recovered.log_time_ms = state_.log_time_ms;
  after.recovered.entries.clear();
  return after;
}

std::vector<std::uint64_t> StoryServer::log_terms() const {
  std::vector<std::uint64_t> terms;
  for (const LogEntryPointer& entry : written_.entries()) terms.push_back(entry->term.value());
  return terms;
}

std::string StoryServer::state() const {
  std::string commands;
  for (const std::string& command : state_.commands) {
    commands += (commands.empty() ? "" : " ") + command;
  }
  return commands.empty() ? "nothing" : commands;
}

// Takes effects, and answers for disk and state machine as long as there is something to answer.
void StoryServer::CollectAndSettle() {
  Collect();
  while (true) {
    if (!disk_held_ && !writes_waiting_.empty()) {
      FinishWrite();
    } else if (!apply_held_ && !apply_lane_.empty()) {
      FinishApply();
    } else if (!snapshots_held_ && arriving_) {
      FinishStoring();
    } else {
      return;
    }
    Collect();
  }
}

void StoryServer::Collect() {
  Effects effects = server_->TakeEffects();
  TellEvents(effects.events);
  for (const ProposalAppended& appended : effects.proposals_appended) {
    const std::string& command = asked_.at(PlaceOf(appended.ticket));
    proposals_.push_back({.position = appended.position, .command = command});
    chronicle_.Detail(start_.self,
                      "appends " + command + " as " + stories::PlaceOf(appended.position));
  }
  TellMessages(effects);
  if (effects.persist) {
    TellWrite(*effects.persist);
    written_.Write(*effects.persist);
    writes_waiting_.push_back(*std::move(effects.persist));
  }
  CollectApplyWork(effects);
  CollectSnapshots(effects);
  TellClients(effects);
}

void StoryServer::CollectApplyWork(const Effects& effects) {
  if (!effects.entries_to_apply.empty()) {
    const bool joins = !apply_lane_.empty() &&
                       std::holds_alternative<std::vector<LogEntryPointer>>(apply_lane_.back());
    if (!joins) apply_lane_.push_back(std::vector<LogEntryPointer>());
    auto& batch = std::get<std::vector<LogEntryPointer>>(apply_lane_.back());
    batch.insert(batch.end(), effects.entries_to_apply.begin(), effects.entries_to_apply.end());
  }
  if (effects.checkpoint_state) apply_lane_.push_back(Checkpoint{});
  if (effects.switch_state) apply_lane_.push_back(Switch{});
  if (effects.complete_install) apply_lane_.push_back(Completion{});
}

// A snapshot to send leaves as an offer of the state as it stands, with the state beside it.
void StoryServer::CollectSnapshots(const Effects& effects) {
  for (const SnapshotToSend& snapshot : effects.snapshots_to_send) {
    messages_.push_back(
        {.from = start_.self,
         .to = snapshot.to,
         .body = PeerRequest(InstallSnapshotRequest{.number = snapshot.number,
                                                    .term = snapshot.term,
                                                    .leader_id = start_.self,
                                                    .last_included = state_.position}),
         .snapshot = std::make_shared<const StateCopy>(state_)});
    chronicle_.Leaves(messages_.back());
  }
  if (effects.discard_snapshot) {
    stored_ = nullptr;
    chronicle_.Detail(start_.self, "discards a snapshot that it does not need");
  }
  for (const SnapshotToStore& snapshot : effects.snapshots_to_store) {
    stored_ = nullptr;  // A newer one replaces whatever is there.
    arriving_ = snapshot;
  }
}

void StoryServer::TellEvents(const std::vector<RaftEvent>& events) {
  if (std::any_of(events.begin(), events.end(), TellsOfTimeout)) {
    timed_out_ = true;
    chronicle_.Note(start_.self, "times out");
  }
  for (const RaftEvent& event : events) {
    const std::optional<EventWords> told = WordsOf(event);
    if (!told) continue;
    if (told->weight == Weight::kTurn) chronicle_.Turn(start_.self, told->words);
    if (told->weight == Weight::kNote) chronicle_.Note(start_.self, told->words);
    if (told->weight == Weight::kDetail) chronicle_.Detail(start_.self, told->words);
  }
}

void StoryServer::TellMessages(Effects& effects) {
  for (OutgoingRequest& outgoing : effects.requests) {
    messages_.push_back(
        {.from = start_.self, .to = outgoing.to, .body = std::move(outgoing.request)});
    chronicle_.Leaves(messages_.back());
  }
  for (OutgoingResponse& outgoing : effects.responses) {
    messages_.push_back({.from = start_.self,
                         .to = outgoing.to.peer,
                         .body = std::move(outgoing.response),
                         .call_id = outgoing.to.call_id});
    chronicle_.Leaves(messages_.back());
  }
}

void StoryServer::TellWrite(const PersistRequest& write) {
  const std::string verb = disk_held_ ? "asks its disk for " : "writes ";
  chronicle_.Note(start_.self, verb + WordsOf(write));
}

void StoryServer::TellClients(const Effects& effects) {
  for (const ReadReady& ready : effects.reads_ready) {
    const std::string& name = asked_.at(PlaceOf(ready.ticket));
    reads_.push_back({.index = ready.read_index, .name = name});
    chronicle_.Note(start_.self, "may answer read " + name + " once entry " +
                                     std::to_string(ready.read_index.value()) + " is applied");
  }
  AnswerReads();
  for (const Refusal& refusal : effects.refusals) {
    const std::string hint =
        refusal.leader_hint ? ", ask " + NameOf(*refusal.leader_hint) : std::string();
    Answer(asked_.at(PlaceOf(refusal.ticket)) + " is refused " + ToString(refusal.reason) + hint);
  }
}

void StoryServer::FinishWrite() {
  const PersistRequest write = std::move(writes_waiting_.front());
  writes_waiting_.pop_front();
  disk_.Write(write);
  if (disk_held_) chronicle_.Note(start_.self, "has on disk " + WordsOf(write));
  server_->Step(WritePersisted{.sequence = write.sequence});
}

void StoryServer::FinishApply() {
  const ApplyWork work = std::move(apply_lane_.front());
  apply_lane_.pop_front();
  std::visit([this](const auto& kind) { Finish(kind); }, work);
}

void StoryServer::Finish(const std::vector<LogEntryPointer>& batch) {
  chronicle_.Detail(start_.self, "applies " + EntriesOf(batch));
  state_.position = batch.back()->position();
  state_.log_time_ms = batch.back()->log_time_ms;
  for (const LogEntryPointer& entry : batch) {
    if (!entry->data.empty()) state_.commands.push_back(entry->data);
    TellOutcomes(*entry);
  }
  AnswerReads();
  server_->Step(EntriesApplied{.last_applied = state_.position.index});
}

void StoryServer::Finish(const Checkpoint&) {
  chronicle_.Note(start_.self,
                  "makes its state durable up to " + stories::PlaceOf(state_.position));
  server_->Step(StateCheckpointed{.through = state_.position.index});
}

// What was proposed here and lies within the snapshot may have happened or not.
void StoryServer::Finish(const Switch&) {
  state_ = *std::exchange(stored_, nullptr);
  chronicle_.Note(start_.self,
                  "switches to the snapshot up to " + stories::PlaceOf(state_.position));
  for (const WaitingProposal& proposal : proposals_) {
    if (proposal.position.index <= state_.position.index) {
      Answer("nobody knows whether " + proposal.command + " happened");
    }
  }
  std::erase_if(proposals_, [this](const WaitingProposal& proposal) {
    return proposal.position.index <= state_.position.index;
  });
  AnswerReads();
  server_->Step(StateSwitched{.last_included = state_.position});
}

void StoryServer::Finish(const Completion&) { server_->Step(InstallCompleted{}); }

void StoryServer::FinishStoring() {
  const SnapshotToStore snapshot = *std::exchange(arriving_, std::nullopt);
  stored_ = streams_.at(snapshot.sender.call_id);
  chronicle_.Detail(start_.self,
                    "stores the snapshot up to " + stories::PlaceOf(snapshot.last_included));
  server_->Step(
      SnapshotStored{.sender = snapshot.sender,
                     .number = snapshot.number,
                     .last_included = snapshot.last_included,
                     .log_time_ms = stored_->log_time_ms,
                     .configuration = {.index = LogIndex(0),
                                       .configuration = ClusterConfiguration(start_.voters)}});
}

// A command happened if the entry applied at its index has its term, and certainly did not happen
// otherwise (trap F12).
void StoryServer::TellOutcomes(const LogEntry& applied) {
  std::vector<WaitingProposal> others;
  for (const WaitingProposal& proposal : std::exchange(proposals_, {})) {
    if (proposal.position.index != applied.index) {
      others.push_back(proposal);
    } else {
      const bool happened = proposal.position == applied.position();
      Answer(proposal.command + (happened ? " is done" : " did not happen"));
    }
  }
  proposals_ = std::move(others);
}

// A confirmed read waits until the state machine holds its index (trap F5).
void StoryServer::AnswerReads() {
  std::vector<ConfirmedRead> others;
  for (const ConfirmedRead& read : std::exchange(reads_, {})) {
    if (read.index > state_.position.index) {
      others.push_back(read);
    } else {
      Answer("read " + read.name + " sees " + state());
    }
  }
  reads_ = std::move(others);
}

void StoryServer::Answer(const std::string& words) {
  last_answer_ = words;
  chronicle_.ClientHears(start_.self, words);
}

}  // namespace raft::stories
