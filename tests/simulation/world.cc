#include "tests/simulation/world.h"

#include <algorithm>
#include <utility>

#include "tests/linearizability/checker.h"
#include "tests/simulation/law_broken.h"
#include "tests/simulation/machines.h"
#include "tests/simulation/telling.h"

namespace raft::simulation {
namespace {

constexpr std::uint64_t kPart = 6;
constexpr Moment kGlance = 20 * kMillisecond;       // between two looks at what is demanded
constexpr std::uint64_t kTermsAfterHealingMax = 4;  // one of them is of a hand-over

}  // namespace

World::World(std::uint64_t seed, const Wishes& wishes, bool told)
    : plan_(DrawFaultPlan(seed, wishes)),
      story_(time_, told),
      network_(seed, plan_, time_, story_),
      laws_([this](LogPosition position) { return HoldersOf(position); }, story_),
      nemesis_(seed, plan_, time_, network_, story_, servers_),
      operator_(seed, plan_, time_, story_, servers_),
      clients_(seed, plan_, time_, network_, laws_, story_,
               [this](ServerId server, ClientRequest request) {
                 Find(server).Submit(std::move(request));
               }),
      dice_(seed, kPart) {
  std::vector<std::unique_ptr<Machine>> machines = MakeMachines(seed, plan_);
  for (std::uint32_t id = 1; id <= plan_.all_servers(); ++id) {
    servers_.push_back(std::make_unique<SimulatedServer>(
        ServerId(id), seed, std::move(machines[id - 1]),
        Surroundings{.plan = plan_,
                     .time = time_,
                     .network = network_,
                     .laws = laws_,
                     .story = story_,
                     .peer = [this](ServerId peer) -> SimulatedServer& { return Find(peer); },
                     .went_down = [this](SimulatedServer& down) { nemesis_.WentDown(down); }}));
  }
}

RunVerdict World::Run() {
  RunVerdict verdict;
  try {
    RunUnderFaults();
    RunWithHealthyMajority();
    RunHealed();
    CheckHistory();
  } catch (const LawBroken& broken) {
    verdict.is_red = true;
    verdict.law = broken.law();
    verdict.seen = broken.what();
  }
  Counters& counters = story_.counters;
  counters.seeds = 1;
  counters.simulated_us = static_cast<std::uint64_t>(time_.now());
  counters.happenings = time_.happened();
  counters.entries_committed = laws_.highest_committed().value();
  counters.laws_checked = laws_.checked();
  for (const auto& server : servers_) counters.laws_checked += server->laws().checked();
  verdict.counters = counters;
  verdict.ended_at = time_.now();
  verdict.story = story_.lines();
  return verdict;
}

void World::RunUnderFaults() {
  for (const auto& server : servers_) server->Start();
  clients_.Begin();
  operator_.Begin();
  nemesis_.Begin();
  time_.RunUntil(plan_.storm_length);
}

// V3: found while the clients go on, told by a majority of all, and replaced. Whoever lags is found
// once it has caught up, which takes long when it gets an entry a round trip and clients write
// almost as fast.
void World::AwaitRightStates() {
  DemandWithin(Timeouts(60) + 6 * CatchUpTime(), "V3 an odd state is found and replaced", [&] {
    return std::all_of(servers_.begin(), servers_.end(), [](const auto& server) {
      return server->is_up() && server->is_state_right();
    });
  });
}

// L1 a leader within ten election timeouts, L2 progress within sixty, L6 no disturbance by a
// broken minority.
void World::RunWithHealthyMajority() {
  operator_.Stop();
  nemesis_.HealAll();
  // What the operator has asked for arrives first: a change that begins when part of the servers is
  // broken for ever may need just those.
  if (plan_.has_operator) time_.RunUntil(time_.now() + Timeouts(1));
  AwaitRightStates();
  DemandWithin(Timeouts(60) + CatchUpTime(), "D10 whoever lost its disk can be taken out",
               [&] { return operator_.TakeOutTheLost(); });
  const std::vector<ServerId> majority = DrawMajority();
  story_.Tell([&] {
    std::string text = "HEAL a majority:";
    for (const ServerId id : majority) text += " " + std::to_string(id.value());
    return text;
  });
  nemesis_.HealOnly(majority);
  DemandWithin(Timeouts(10), "L1 a majority elects a leader",
               [&] { return AgreedLeader(majority).has_value(); });
  const LogIndex before = laws_.highest_committed();
  // Long enough for clients that ask anybody: perhaps one of nine servers knows who leads.
  DemandWithin(Timeouts(60), "L2 a majority serves",
               [&] { return laws_.newest_acknowledged() > before; });
  // A server that comes back with a higher term is met once; after that nobody may disturb. One of
  // the broken that goes on leading all the same is nobody's promise.
  time_.RunUntil(time_.now() + Timeouts(4));
  DemandWithin(Timeouts(10), "L1 a majority elects a leader",
               [&] { return AgreedLeader(majority).has_value(); });
  const ServerId leader = *AgreedLeader(majority);
  if (std::find(majority.begin(), majority.end(), leader) == majority.end()) return;
  const RaftStatus led = Find(leader).status();
  const Term term = led.current_term;
  // Members that are changed now may take the leader along; that is no disturbance.
  const bool is_changing = led.configuration->is_joint() || led.configuration->HasJoining() ||
                           !led.configuration->IsVoter(leader) || led.transfer_target;
  if (is_changing) return;
  nemesis_.HideLeaderFromBroken(leader, majority);
  time_.RunUntil(time_.now() + Timeouts(5));
  const RaftStatus later = Find(leader).status();
  if (later.role != RoleName::kLeader || later.current_term != term) {
    throw LawBroken("L6 a broken minority changes no leader",
                    NameOf(leader) + " led the healthy majority and was toppled; " + Standing());
  }
}

// L1, L3 everybody comes to one state, L5 terms do not run away.
void World::RunHealed() {
  story_.Tell([] { return std::string("HEAL all"); });
  nemesis_.HealAll();
  for (const auto& server : servers_) {
    if (!server->is_up()) {
      throw LawBroken("a mended machine starts", NameOf(server->id()) + ": " + server->refusal());
    }
  }
  const Term before = HighestTerm();
  clients_.Stop();
  DemandWithin(Timeouts(20), "L2 every client is answered or gives up",
               [&] { return clients_.are_idle(); });
  DemandWithin(Timeouts(20) + CatchUpTime(),
               "L3, L7 all members come to one state, all changes end",
               [&] { return HaveConverged(); });
  DemandWithin(Timeouts(20), "D9 whoever was removed is told", [&] {
    return std::none_of(servers_.begin(), servers_.end(),
                        [this](const auto& server) { return IsLeftInTheDark(*server); });
  });
  DemandWithin(Timeouts(20), "G7 every read is answered or refused, every hand-over ends", [&] {
    return std::all_of(servers_.begin(), servers_.end(), [](const auto& server) {
      return server->reads_waiting() == 0 && server->transfers_waiting() == 0;
    });
  });
  CheckHandOver();
  if (HighestTerm().value() > before.value() + kTermsAfterHealingMax) {
    throw LawBroken("L5 terms do not run away",
                    "from " + std::to_string(before.value()) + "; " + Standing());
  }
  CheckOldCopy();
}

// Whether it asks for votes, although one of those it asks knows that it is no member any more.
// Nobody may know: all it asks may have been removed since, and have lost what they knew.
bool World::IsLeftInTheDark(const SimulatedServer& server) const {
  const RaftStatus own = server.status();
  if (own.role == RoleName::kFollower || own.role == RoleName::kLeader) return false;
  return std::any_of(servers_.begin(), servers_.end(), [&](const auto& other) {
    const RaftStatus known = other->status();
    return own.configuration->IsVoter(other->id()) &&
           known.configuration->Find(server.id()) == nullptr &&
           known.configuration_index <= known.commit_index &&
           known.configuration_index >= own.configuration_index;
  });
}

// A voter alone outruns its learners, which get an entry a round trip when messages are small.
Moment World::CatchUpTime() const {
  LogIndex first(~std::uint64_t{0});
  LogIndex last;
  for (const auto& server : servers_) {
    if (!server->is_up()) continue;
    first = std::min(first, server->applied());
    last = std::max(last, server->status().last_log_index);
  }
  if (last < first) return 0;
  constexpr Moment kRoundsPerEntry = 4;
  return static_cast<Moment>(last - first) * kRoundsPerEntry *
         (plan_.latency_mean + plan_.sync_mean);
}

// L8 among healthy servers leadership goes to whoever is asked for.
void World::CheckHandOver() {
  // Whoever was cut off until now must be heard. One whose state was replaced may have done so
  // before its leader knows; if the news of that is lost it is sent the log once more, which can
  // take longer than a hand-over waits.
  DemandWithin(Timeouts(5), "every member follows the log in the end", [&] {
    const std::optional<RaftStatus> now = NewestLeader();
    return now && std::all_of(now->peers.begin(), now->peers.end(), [&](const PeerStatus& peer) {
             return peer.state == PeerState::kReplicate &&
                    peer.match_index == now->last_log_index &&
                    peer.last_contact_ticks < plan_.options.election_timeout_ticks_min / 2;
           });
  });
  const RaftStatus leader = *NewestLeader();
  std::vector<ServerId> voters = leader.configuration->voters();
  std::erase(voters, leader.server_id);
  if (voters.empty()) return;
  const ServerId target = dice_.OneOf(voters);
  const auto has_gone_over = [&] {
    const std::optional<RaftStatus> now = NewestLeader();
    return now && now->server_id == target && now->current_term == leader.current_term.Next();
  };
  // A target that is just finishing an install does not listen; then one asks again.
  for (int attempt = 0; attempt < 2 && !has_gone_over(); ++attempt) {
    Find(leader.server_id).Transfer(target);
    time_.RunUntil(time_.now() + Timeouts(2));
  }
  DemandWithin(Timeouts(5), "L8 leadership is handed over", has_gone_over);
}

// H20 a disk that was put back from an old copy never votes: the leader, who has heard that the
// server had more, does not talk to it, and it ends.
void World::CheckOldCopy() {
  if (!plan_.Has(Fault::kOldDiskPutBack)) return;
  const RaftStatus leader = *NewestLeader();
  std::vector<ServerId> voters = leader.configuration->voters();
  std::erase(voters, leader.server_id);
  if (voters.empty()) return;
  SimulatedServer& victim = Find(dice_.OneOf(voters));
  time_.RunUntil(time_.now() + Timeouts(1));  // The leader hears from everybody.
  const RaftStatus before = victim.status();
  if (before.leader != leader.server_id || before.current_term != leader.current_term) return;
  if (!victim.StartOnOldCopy()) return;
  story_.Count(Fault::kOldDiskPutBack);
  const RaftStatus copy = victim.status();
  const bool lacks_something =
      copy.current_term < before.current_term || copy.last_log_index < before.durable_index;
  story_.Tell([&] { return "FAULT old_disk_put_back " + NameOf(victim.id()); });
  if (!lacks_something) return;
  DemandWithin(Timeouts(20), "H20 an old copy of a disk is noticed",
               [&] { return victim.was_told_of_old_copy(); });
}

void World::CheckHistory() {
  clients_.CountUnknown();
  const linearizability::History history = clients_.history();
  story_.counters.operations_checked = history.size();
  const linearizability::Verdict verdict = linearizability::CheckHistory(history);
  if (verdict.is_linearizable()) return;
  throw LawBroken("linearizability", verdict.explanation);
}

// No server of these can be done without: whatever configuration somebody goes by, or will when
// those that join have joined, they are a majority of it, and the rest is not needed for one.
std::vector<ServerId> World::DrawMajority() {
  std::vector<ClusterConfiguration> configurations;
  std::set<ServerId> healthy;
  for (const auto& server : servers_) {
    if (!server->is_up()) continue;
    const ClusterConfiguration now = *server->status().configuration;
    for (const ServerId voter : now.voters()) healthy.insert(voter);
    configurations.push_back(now);
    if (!now.HasJoining()) continue;
    configurations.emplace_back(now.MembersAfterJoining());
    for (const ServerId voter : configurations.back().voters()) healthy.insert(voter);
  }
  std::vector<ServerId> order(healthy.begin(), healthy.end());
  while (!order.empty()) {
    const auto place = dice_.Between(0, static_cast<std::uint32_t>(order.size() - 1));
    const ServerId dispensable = order[place];
    order.erase(order.begin() + place);
    healthy.erase(dispensable);
    const bool are_enough =
        std::all_of(configurations.begin(), configurations.end(),
                    [&](const ClusterConfiguration& one) { return IsMajority(one, healthy); });
    if (!are_enough) healthy.insert(dispensable);
  }
  return {healthy.begin(), healthy.end()};
}

template <typename Condition>
void World::DemandWithin(Moment patience, const char* law, Condition reached) {
  const Moment end = time_.now() + patience;
  while (!reached()) {
    if (time_.now() >= end) {
      throw LawBroken(
          law, "not within " + std::to_string(patience / kMillisecond) + " ms; " + Standing());
    }
    time_.RunUntil(time_.now() + kGlance);
  }
}

std::optional<RaftStatus> World::NewestLeader() const {
  std::optional<RaftStatus> newest;
  for (const auto& server : servers_) {
    if (!server->is_up()) continue;
    const RaftStatus status = server->status();
    if (status.role != RoleName::kLeader) continue;
    if (!newest || status.current_term > newest->current_term) newest = status;
  }
  return newest;
}

std::optional<ServerId> World::AgreedLeader(const std::vector<ServerId>& among) const {
  const std::optional<RaftStatus> leader = NewestLeader();
  if (!leader) return std::nullopt;
  for (const ServerId id : among) {
    const SimulatedServer& server = Find(id);
    if (!server.is_up()) return std::nullopt;
    if (!leader->configuration->IsVoter(id)) continue;  // It has left, and need not know.
    const RaftStatus status = server.status();
    const bool agrees =
        status.leader == leader->server_id && status.current_term == leader->current_term;
    if (!agrees) return std::nullopt;
  }
  return leader->server_id;
}

// The members, that is, and L7: whatever change was begun is finished.
bool World::HaveConverged() const {
  const std::optional<RaftStatus> leader = NewestLeader();
  if (!leader || leader->configuration->is_joint() || leader->configuration->HasJoining()) {
    return false;
  }
  if (leader->configuration_index > leader->commit_index) return false;
  if (!leader->configuration->IsVoter(leader->server_id)) return false;  // it is to hand over
  const SimulatedServer& led_by = Find(leader->server_id);
  for (const Member& member : leader->configuration->members()) {
    const SimulatedServer& server = Find(member.server_id);
    if (!server.is_up()) return false;
    const RaftStatus status = server.status();
    const bool follows =
        status.leader == leader->server_id && status.current_term == leader->current_term;
    if (!follows || server.applied() != leader->last_log_index) return false;
    if (server.digest() != led_by.digest()) return false;
  }
  return true;
}

std::set<ServerId> World::HoldersOf(LogPosition position) const {
  std::set<ServerId> holders;
  for (const auto& server : servers_) {
    if (server->laws().HasHeld(position)) holders.insert(server->id());
  }
  return holders;
}

std::string World::Standing() const {
  std::string text;
  for (const auto& server : servers_) {
    text += NameOf(server->id()) + " ";
    if (!server->is_up()) {
      text += "is down; ";
      continue;
    }
    const RaftStatus status = server->status();
    text += std::string(ToString(status.role)) + " term " +
            std::to_string(status.current_term.value()) + " leader " +
            std::to_string(status.leader.value_or(ServerId(0)).value()) + " last " +
            std::to_string(status.last_log_index.value()) + " commit " +
            std::to_string(status.commit_index.value()) + " applied " +
            std::to_string(status.applied_index.value()) +
            (status.removed_at ? " removed; " : "; ");
  }
  return text;
}

Moment World::Timeouts(std::int64_t count) const {
  return count * plan_.options.election_timeout_ticks_max * plan_.options.tick_ms * kMillisecond;
}

Term World::HighestTerm() const {
  Term highest;
  for (const auto& server : servers_) {
    if (server->is_up()) highest = std::max(highest, server->status().current_term);
  }
  return highest;
}

}  // namespace raft::simulation
