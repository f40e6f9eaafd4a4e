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

}  // namespace

StoryServer::StoryServer(ServerStart start, Chronicle& chronicle)
    : start_(std::move(start)),
      chronicle_(chronicle),
      written_(start_.recovered.promise, start_.recovered.base, start_.recovered.entries),
      disk_(written_),
      server_(std::make_unique<RaftServer>(start_.self, ClusterConfiguration(start_.voters),
                                           start_.options, start_.seed, start_.recovered)),
      applied_(start_.recovered.applied),
      applied_commands_(start_.applied_commands) {
  CollectAndSettle();
}

void StoryServer::Step(Input input) {
  server_->Step(std::move(input));
  CollectAndSettle();
}

void StoryServer::Receive(const Message& message) {
  if (const auto* request = std::get_if<PeerRequest>(&message.body)) {
    const CallId call(++last_call_);
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

void StoryServer::PersistOne() {
  FinishWrite();
  CollectAndSettle();
}

ServerStart StoryServer::AfterCrash() const {
  ServerStart after = start_;
  after.seed += 1000;  // Another life draws other timeouts.
  after.recovered.promise = disk_.promise();
  after.recovered.entries = disk_.entries();
  after.recovered.applied = applied_;
  after.applied_commands = applied_commands_;
  return after;
}

std::vector<std::uint64_t> StoryServer::log_terms() const {
  std::vector<std::uint64_t> terms;
  for (const LogEntryPointer& entry : written_.entries()) terms.push_back(entry->term.value());
  return terms;
}

std::string StoryServer::state() const {
  std::string commands;
  for (const std::string& command : applied_commands_) {
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
    } else if (!apply_held_ && !entries_waiting_.empty()) {
      FinishApply();
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
  for (LogEntryPointer& entry : effects.entries_to_apply) {
    entries_waiting_.push_back(std::move(entry));
  }
  TellClients(effects);
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

// Applies everything that waits, as one batch.
void StoryServer::FinishApply() {
  std::vector<LogEntryPointer> batch(entries_waiting_.begin(), entries_waiting_.end());
  entries_waiting_.clear();
  chronicle_.Detail(start_.self, "applies " + EntriesOf(batch));
  applied_ = batch.back()->position();
  for (const LogEntryPointer& entry : batch) {
    if (!entry->data.empty()) applied_commands_.push_back(entry->data);
    TellOutcomes(*entry);
  }
  AnswerReads();
  server_->Step(EntriesApplied{.last_applied = applied_.index});
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
    if (read.index > applied_.index) {
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
