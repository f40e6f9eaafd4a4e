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
constexpr Moment kGlance = 20 * kMillisecond;  // between two looks at what is demanded
constexpr std::uint64_t kTermsAfterHealingMax = 3;

}  // namespace

World::World(std::uint64_t seed, const Wishes& wishes, bool told)
    : plan_(DrawFaultPlan(seed, wishes)),
      story_(time_, told),
      network_(seed, plan_, time_, story_),
      laws_(
          plan_.servers, [this](LogPosition position) { return IsDurableOnMajority(position); },
          story_),
      nemesis_(seed, plan_, time_, network_, story_, servers_),
      clients_(seed, plan_, time_, network_, laws_, story_,
               [this](ServerId server, ClientRequest request) {
                 Find(server).Submit(std::move(request));
               }),
      dice_(seed, kPart) {
  std::vector<std::unique_ptr<Machine>> machines = MakeMachines(seed, plan_);
  for (std::uint32_t id = 1; id <= plan_.servers; ++id) {
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
  nemesis_.Begin();
  time_.RunUntil(plan_.storm_length);
}

// L1 a leader within ten election timeouts, L2 progress within twenty, L6 no disturbance by a
// broken minority.
void World::RunWithHealthyMajority() {
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
  DemandWithin(Timeouts(20), "L2 a majority serves",
               [&] { return laws_.newest_acknowledged() > before; });
  // A server that comes back with a higher term is met once; after that nobody may disturb. One of
  // the broken that goes on leading all the same is nobody's promise.
  time_.RunUntil(time_.now() + Timeouts(4));
  DemandWithin(Timeouts(10), "L1 a majority elects a leader",
               [&] { return AgreedLeader(majority).has_value(); });
  const ServerId leader = *AgreedLeader(majority);
  if (std::find(majority.begin(), majority.end(), leader) == majority.end()) return;
  const Term term = Find(leader).status().current_term;
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
  DemandWithin(Timeouts(20), "L3 all servers come to one state", [&] { return HaveConverged(); });
  DemandWithin(Timeouts(20), "G7 every read is answered or refused", [&] {
    return std::all_of(servers_.begin(), servers_.end(),
                       [](const auto& server) { return server->reads_waiting() == 0; });
  });
  if (HighestTerm().value() > before.value() + kTermsAfterHealingMax) {
    throw LawBroken("L5 terms do not run away",
                    "from " + std::to_string(before.value()) + "; " + Standing());
  }
}

void World::CheckHistory() {
  clients_.CountUnknown();
  const linearizability::History history = clients_.history();
  story_.counters.operations_checked = history.size();
  const linearizability::Verdict verdict = linearizability::CheckHistory(history);
  if (verdict.is_linearizable()) return;
  throw LawBroken("linearizability", verdict.explanation);
}

std::vector<ServerId> World::DrawMajority() {
  std::vector<ServerId> ids;
  for (const auto& server : servers_) ids.push_back(server->id());
  const std::size_t majority = ids.size() / 2 + 1;
  while (ids.size() > majority) {
    ids.erase(ids.begin() + dice_.Between(0, static_cast<std::uint32_t>(ids.size() - 1)));
  }
  return ids;
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

std::optional<ServerId> World::AgreedLeader(const std::vector<ServerId>& among) const {
  std::optional<RaftStatus> first;
  for (const ServerId id : among) {
    const SimulatedServer& server = Find(id);
    if (!server.is_up()) return std::nullopt;
    const RaftStatus status = server.status();
    if (!first) first = status;
    const bool agrees = status.leader && status.leader == first->leader &&
                        status.current_term == first->current_term;
    if (!agrees) return std::nullopt;
  }
  return first->leader;
}

bool World::HaveConverged() const {
  std::vector<ServerId> all;
  for (const auto& server : servers_) all.push_back(server->id());
  const std::optional<ServerId> leader = AgreedLeader(all);
  if (!leader) return false;
  const SimulatedServer& led_by = Find(*leader);
  const LogIndex last = led_by.status().last_log_index;
  return std::all_of(servers_.begin(), servers_.end(), [&](const auto& server) {
    return server->applied() == last && server->digest() == led_by.digest();
  });
}

bool World::IsDurableOnMajority(LogPosition position) const {
  const auto holders = std::count_if(
      servers_.begin(), servers_.end(),
      [position](const auto& server) { return server->laws().durable().Contains(position); });
  return static_cast<std::size_t>(holders) > servers_.size() / 2;
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
            std::to_string(status.applied_index.value()) + "; ";
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
