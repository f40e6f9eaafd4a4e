#include "tests/core/random_cluster.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace raft::harness {
namespace {

constexpr std::uint64_t kTicksToHeal = 600;   // thirty of the longest election timeouts
constexpr std::uint64_t kTicksToCommit = 10;  // five heartbeats

RequestNumber NumberOf(const auto& message) {
  return std::visit([](const auto& kind) { return kind.number; }, message);
}

// What an AppendEntries vouches for at a receiver whose log it matches.
LogPosition VerifiedBy(const PeerRequest& request) {
  const auto* append = std::get_if<AppendEntriesRequest>(&request);
  if (append == nullptr) return {};
  return append->entries.empty() ? append->previous : append->entries.back()->position();
}

}  // namespace

RandomCluster::RandomCluster(std::uint64_t seed) : random_(seed), options_(SmallOptions()) {
  const std::uint64_t append_bytes_max[] = {1, 150, 1 << 20};
  const std::uint64_t inflight_bytes_max[] = {1, 400, 8 << 20};
  const std::uint64_t uncommitted_bytes_max[] = {500, 64 << 20};
  options_.append_bytes_max = append_bytes_max[Between(0, 2)];
  options_.inflight_bytes_max = inflight_bytes_max[Between(0, 2)];
  options_.uncommitted_bytes_max = uncommitted_bytes_max[Between(0, 1)];
  const TestDisk empty({}, At(0, 0), {});
  for (const ServerId id : FirstServers(Between(1, 5))) {
    servers_.push_back({.id = id, .raft = nullptr, .written = empty, .durable = empty});
  }
  for (Server& server : servers_) Start(server);
}

void RandomCluster::Disturb() {
  ++events_;
  const std::uint32_t choice = Between(0, 99);
  if (choice < 50 && !messages_.empty()) {
    std::swap(messages_[Between(0, static_cast<std::uint32_t>(messages_.size() - 1))],
              messages_.back());
    Message message = std::move(messages_.back());
    messages_.pop_back();
    Deliver(std::move(message));
    return;
  }
  if (choice >= 94) {
    if (IsCalm()) return choice == 94 ? Recover(AnyServer()) : cuts_.clear();
    return choice < 97 ? DisturbNetwork() : DisturbServers();
  }
  Server& server = AnyServer();
  if (server.raft == nullptr) return;
  if (choice < 66) {
    Step(server, Tick{});
  } else if (choice < 76) {
    if (!server.writes.empty()) {
      CompleteWrites(server, Between(1, static_cast<std::uint32_t>(server.writes.size())));
    }
  } else if (choice < 82) {
    Apply(server);
  } else if (choice < 90) {
    Propose(server);
  } else {
    Read(server);
  }
}

void RandomCluster::HealAndSettle() {
  cuts_.clear();
  for (Server& server : servers_) {
    Recover(server);
  }
  Settle();
  // The first leader may still be deposed by one that campaigned unheard, so all must be true at
  // once.
  for (std::uint64_t ticks = 0; !IsInStep() && ticks < kTicksToHeal; ++ticks) TickAll();
  ASSERT_TRUE(IsInStep()) << "not healed within " << kTicksToHeal << " ticks";

  const LogIndex before = checker_.highest_committed();
  Propose(*OnlyLeader());
  for (std::uint64_t ticks = 0; ticks < kTicksToCommit; ++ticks) TickAll();
  EXPECT_GT(checker_.highest_committed(), before) << "a proposal was not committed";
  EXPECT_TRUE(IsInStep()) << "somebody lacks the last proposal after " << kTicksToCommit
                          << " ticks";
  EXPECT_TRUE(calls_.empty()) << "a request was never answered";
  for (const Server& server : servers_) {
    EXPECT_TRUE(server.reads.empty()) << "a read was never answered";
    for (LogIndex index(1); index <= checker_.highest_committed(); index = index.Next()) {
      ASSERT_EQ(server.durable.EntryAt(index)->position(), checker_.CommittedAt(index)->position())
          << "a committed entry was lost";
    }
  }
}

RandomCluster::Server& RandomCluster::AnyServer() {
  return servers_[Between(0, static_cast<std::uint32_t>(servers_.size() - 1))];
}

void RandomCluster::Recover(Server& server) {
  if (server.raft == nullptr) Start(server);
}

void RandomCluster::Start(Server& server) {
  RecoveredState recovered;
  recovered.promise = server.durable.promise();
  recovered.base = server.durable.base();
  recovered.entries = server.durable.entries();
  recovered.applied = server.applied;
  server.raft = std::make_unique<RaftServer>(
      server.id, ClusterConfiguration(FirstServers(servers_.size())), options_,
      /*random_seed=*/Between(0, 1'000'000), recovered);
  server.written = server.durable;
  server.commit_checked = server.applied.index;
}

// The plug is pulled: only completed writes stay, and the unsynced state machine falls back.
void RandomCluster::Crash(Server& server) {
  server.raft = nullptr;
  server.writes.clear();
  server.batches_to_apply.clear();
  server.reads.clear();
  server.proposals.clear();
  const LogIndex left(Between(0, static_cast<std::uint32_t>(server.applied.index.value())));
  server.applied = left == LogIndex(0) ? LogPosition{} : server.durable.EntryAt(left)->position();
  for (auto call = calls_.begin(); call != calls_.end();) {
    if (call->second.callee != server.id) {
      ++call;
      continue;
    }
    messages_.push_back({.from = server.id,
                         .to = call->second.caller,
                         .body = CallFailed{.number = call->second.number}});
    call = calls_.erase(call);
  }
}

void RandomCluster::DisturbNetwork() {
  if (messages_.empty()) return;
  const std::size_t chosen = Between(0, static_cast<std::uint32_t>(messages_.size() - 1));
  // That a call failed is always told: every request is answered or reported (core/inputs.h).
  if (std::holds_alternative<CallFailed>(messages_[chosen].body)) return;
  switch (Between(0, 2)) {
    case 0:  // Lost; the caller learns that no answer comes.
      FailCallOf(messages_[chosen]);
      messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(chosen));
      break;
    case 1:  // The deadline passes, and the message arrives all the same.
      FailCallOf(messages_[chosen]);
      break;
    default: {
      Message copy = messages_[chosen];
      messages_.push_back(std::move(copy));
    }
  }
}

void RandomCluster::DisturbServers() {
  Server& server = AnyServer();
  switch (Between(0, 5)) {
    case 0: {  // Most is lost with a leader.
      Server* leader = OnlyLeader();
      Server& victim = leader != nullptr ? *leader : server;
      if (victim.raft != nullptr) Crash(victim);
      break;
    }
    case 1:
    case 2:
      Recover(server);
      break;
    case 3:  // One way only.
      cuts_.insert({server.id, AnyServer().id});
      break;
    case 4:
      for (const Server& other : servers_) {
        cuts_.insert({server.id, other.id});
        cuts_.insert({other.id, server.id});
      }
      break;
    default:
      cuts_.clear();
  }
}

// Now and then effects are left for later, as when an event loop drains its inbox.
void RandomCluster::Step(Server& server, Input input) {
  server.raft->Step(std::move(input));
  if (Between(0, 3) != 0) Collect(server);
}

void RandomCluster::Propose(Server& server) {
  const Ticket ticket(++last_ticket_);
  server.proposals.insert(ticket);
  Step(server, CommandProposed{.ticket = ticket,
                               .command = std::to_string(ticket.value()),
                               .expected_term = std::nullopt});
}

void RandomCluster::Read(Server& server) {
  const Ticket ticket(++last_ticket_);
  server.reads.emplace(ticket, checker_.highest_committed());
  Step(server, ReadRequested{.ticket = ticket});
}

// Several writes may be merged; then only the newest is reported.
void RandomCluster::CompleteWrites(Server& server, std::size_t count) {
  PersistSequence newest;
  for (; count > 0; --count) {
    newest = server.writes.front().sequence;
    server.durable.Write(server.writes.front());
    server.writes.pop_front();
  }
  Step(server, WritePersisted{.sequence = newest});
}

void RandomCluster::Apply(Server& server) {
  if (server.batches_to_apply.empty()) return;
  server.applied = server.batches_to_apply.front().back()->position();
  server.batches_to_apply.pop_front();
  Step(server, EntriesApplied{.last_applied = server.applied.index});
}

void RandomCluster::Deliver(Message message) {
  Server& receiver = Find(message.to);
  if (const auto* failed = std::get_if<CallFailed>(&message.body)) {
    if (receiver.raft == nullptr) return;
    return Step(receiver, PeerUnreachable{.peer = message.from, .number = failed->number});
  }
  if (receiver.raft == nullptr || cuts_.contains({message.from, message.to})) {
    return FailCallOf(message);
  }
  if (auto* response = std::get_if<PeerResponse>(&message.body)) {
    return Step(receiver, ResponseReceived{.from = message.from, .response = std::move(*response)});
  }
  auto& request = std::get<PeerRequest>(message.body);
  const CallId call(++last_call_);
  calls_.emplace(call, OpenCall{.caller = message.from,
                                .callee = message.to,
                                .number = NumberOf(request),
                                .verified = VerifiedBy(request)});
  Step(receiver, RequestReceived{.sender = {.peer = message.from, .call_id = call},
                                 .request = std::move(request)});
}

void RandomCluster::FailCallOf(const Message& message) {
  if (const auto* request = std::get_if<PeerRequest>(&message.body)) {
    messages_.push_back(
        {.from = message.to, .to = message.from, .body = CallFailed{.number = NumberOf(*request)}});
  } else if (const auto* response = std::get_if<PeerResponse>(&message.body)) {
    messages_.push_back({.from = message.from,
                         .to = message.to,
                         .body = CallFailed{.number = NumberOf(*response)}});
  }
}

void RandomCluster::Collect(Server& server) {
  Effects effects = server.raft->TakeEffects();
  CollectDisk(server, effects);
  const RaftStatus status = server.raft->status();
  for (const RaftEvent& event : effects.events) {
    const auto* changed = std::get_if<RoleChanged>(&event);
    if (changed != nullptr && changed->role == RoleName::kLeader) {
      ++elections_;
      checker_.BecameLeader(server.id, changed->term, server.written);
    }
    EXPECT_FALSE(std::holds_alternative<ImpossibleMessageRefused>(event))
        << "an honest peer's message was called impossible";
  }
  checker_.Committed(server.commit_checked, status.commit_index, status.current_term,
                     server.written);
  server.commit_checked = status.commit_index;
  for (const LogEntryPointer& entry : effects.entries_to_apply) checker_.HandedOver(entry);
  if (!effects.entries_to_apply.empty()) {
    server.batches_to_apply.push_back(std::move(effects.entries_to_apply));
  }
  CollectMessages(server, effects);
  CollectAnswers(server, effects);
}

void RandomCluster::CollectDisk(Server& server, Effects& effects) {
  if (!effects.persist) return;
  server.written.Write(*effects.persist);
  checker_.Wrote(*effects.persist, server.written);
  server.writes.push_back(*std::move(effects.persist));
}

void RandomCluster::CollectMessages(Server& server, Effects& effects) {
  for (OutgoingRequest& outgoing : effects.requests) {
    checker_.Left(server.id, outgoing, server.durable.promise());
    messages_.push_back(
        {.from = server.id, .to = outgoing.to, .body = std::move(outgoing.request)});
  }
  for (OutgoingResponse& outgoing : effects.responses) {
    const auto call = calls_.find(outgoing.to.call_id);
    ASSERT_NE(call, calls_.end()) << "a request was answered twice";
    checker_.Left(outgoing, call->second.verified, server.written.promise().current_term,
                  server.durable);
    calls_.erase(call);
    messages_.push_back(
        {.from = server.id, .to = outgoing.to.peer, .body = std::move(outgoing.response)});
  }
}

void RandomCluster::CollectAnswers(Server& server, const Effects& effects) {
  for (const ProposalAppended& appended : effects.proposals_appended) {
    EXPECT_EQ(server.proposals.erase(appended.ticket), 1u) << "a proposal was answered twice";
  }
  for (const ReadReady& ready : effects.reads_ready) {
    ASSERT_TRUE(server.reads.contains(ready.ticket)) << "a read was answered twice";
    EXPECT_GE(ready.read_index, server.reads.at(ready.ticket)) << "a stale read";
    server.reads.erase(ready.ticket);
    ++reads_answered_;
  }
  for (const Refusal& refusal : effects.refusals) {
    EXPECT_EQ(server.proposals.erase(refusal.ticket) + server.reads.erase(refusal.ticket), 1u)
        << "a client was refused and answered";
  }
  EXPECT_TRUE(server.proposals.empty()) << "a proposal was neither appended nor refused";
}

void RandomCluster::Settle() {
  for (int round = 0; round < 10'000; ++round) {
    bool is_quiet = messages_.empty();
    for (Message& message : std::exchange(messages_, {})) Deliver(std::move(message));
    for (Server& server : servers_) {
      Collect(server);
      is_quiet = is_quiet && server.writes.empty() && server.batches_to_apply.empty();
      if (!server.writes.empty()) CompleteWrites(server, server.writes.size());
      Apply(server);
    }
    if (is_quiet && messages_.empty()) return;
  }
  ADD_FAILURE() << "the servers never stop sending";
}

void RandomCluster::TickAll() {
  for (Server& server : servers_) Step(server, Tick{});
  Settle();
}

RandomCluster::Server* RandomCluster::OnlyLeader() {
  Server* leader = nullptr;
  for (Server& server : servers_) {
    if (server.raft == nullptr || server.raft->status().role != RoleName::kLeader) continue;
    if (leader != nullptr) return nullptr;
    leader = &server;
  }
  return leader;
}

bool RandomCluster::IsInStep() {
  const Server* leader = OnlyLeader();
  if (leader == nullptr) return false;
  const RaftStatus led = leader->raft->status();
  // One that has not heard its peers of late refuses proposals, and rightly so.
  if (led.leader_contact_ticks > options_.heartbeat_ticks + 1) return false;
  return std::all_of(servers_.begin(), servers_.end(), [&led](const Server& server) {
    const RaftStatus status = server.raft->status();
    return status.current_term == led.current_term && status.leader == led.server_id &&
           status.last_log_index == led.last_log_index &&
           server.applied.index == led.last_log_index;
  });
}

}  // namespace raft::harness
