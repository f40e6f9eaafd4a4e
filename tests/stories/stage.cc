#include "tests/stories/stage.h"

#include <algorithm>
#include <utility>

#include "tests/core_harness/builders.h"

namespace raft::stories {
namespace {

// A story that delivers this much has servers that never stop sending.
constexpr int kDeliveriesMax = 10'000;
// Whoever was away learns the newer terms in its first attempts.
constexpr int kElectionsMax = 4;

const std::set<MessageKind> kBallots = {MessageKind::kPreVote, MessageKind::kRequestVote};

// Whether a voter would disregard a candidate because it heard a leader lately.
bool IsLeaderNear(const StoryServer& voter) {
  const std::optional<std::uint64_t> ticks = voter.status().leader_contact_ticks;
  return ticks && *ticks < voter.options().election_timeout_ticks_min;
}

std::set<ServerId> Together(ServerId id, const std::vector<ServerId>& others) {
  std::set<ServerId> group(others.begin(), others.end());
  group.insert(id);
  return group;
}

}  // namespace

Stage::Outcome Stage::Begin() {
  if (std::exchange(has_begun_, true)) return std::nullopt;
  if (opening_.server_count() == 0) return "a story begins with 'servers N'";
  chronicle_.set_server_count(opening_.server_count());
  for (ServerStart& start : opening_.Servers()) {
    const ServerId id = start.self;
    servers_[id] = std::make_unique<StoryServer>(std::move(start), chronicle_);
  }
  return std::nullopt;
}

// ---- Time.

Stage::Outcome Stage::Tick(const std::vector<ServerId>& ids, std::uint64_t ticks) {
  for (const ServerId id : ids) {
    if (Outcome down = MustRun(id)) return down;
  }
  for (std::uint64_t tick = 0; tick < ticks; ++tick) {
    for (const ServerId id : ids) Do(id, [](StoryServer& server) { server.Step(raft::Tick{}); });
  }
  return std::nullopt;
}

Stage::Outcome Stage::TickAll(std::uint64_t ticks) { return Tick(running(), ticks); }

Stage::Outcome Stage::TimeOut(ServerId id) {
  if (Outcome down = MustRun(id)) return down;
  std::optional<std::uint32_t> ticks;
  Do(id, [&ticks](StoryServer& server) { ticks = server.TickUntilTimeout(); });
  if (!ticks) return NameOf(id) + " does not time out: a leader waits for nobody";
  chronicle_.Detail(id, "had waited for " + std::to_string(*ticks) + " ticks");
  return std::nullopt;
}

Stage::Outcome Stage::Run(std::uint64_t ticks) {
  for (std::uint64_t tick = 0; tick < ticks; ++tick) {
    if (Outcome failed = TickAll(1)) return failed;
    if (Outcome failed = Settle(all())) return failed;
  }
  return std::nullopt;
}

// ---- Messages.

Stage::Outcome Stage::Deliver(const Selection& selection) {
  std::vector<Message> taken;
  if (Outcome nothing = TakeOut(selection, taken)) return nothing;
  for (const Message& message : taken) Carry(message);
  return std::nullopt;
}

Stage::Outcome Stage::Settle(const std::set<ServerId>& group) {
  for (int delivered = 0; delivered < kDeliveriesMax; ++delivered) {
    const std::optional<Message> message = network_.TakeOldestAmong(group);
    if (!message) return std::nullopt;
    Carry(*message);
  }
  return "the servers never stop sending";
}

Stage::Outcome Stage::Drop(const Selection& selection) {
  std::vector<Message> taken;
  if (Outcome nothing = TakeOut(selection, taken)) return nothing;
  for (const Message& message : taken) Lose(message, "is lost", /*caller_learns=*/false);
  return std::nullopt;
}

Stage::Outcome Stage::Fail(const Selection& selection) {
  std::vector<Message> taken;
  if (Outcome nothing = TakeOut(selection, taken)) return nothing;
  for (const Message& message : taken) Lose(message, "fails", /*caller_learns=*/true);
  return std::nullopt;
}

Stage::Outcome Stage::Duplicate(const Selection& selection) {
  const std::vector<Message> found = network_.Find(selection);
  if (found.empty()) return "no such message is in flight; there are:\n" + network_.Told();
  network_.Add(found);
  return std::nullopt;
}

Stage::Outcome Stage::Cut(const std::vector<ServerId>& from, const std::vector<ServerId>& to,
                          bool both_ways) {
  for (const ServerId one : from) {
    for (const ServerId other : to) {
      network_.Cut(one, other);
      if (both_ways) network_.Cut(other, one);
    }
  }
  chronicle_.Scene("cut: " + NamesOf(from) + (both_ways ? " | " : " to ") + NamesOf(to));
  return std::nullopt;
}

Stage::Outcome Stage::Heal() {
  network_.Heal();
  chronicle_.Scene("healed");
  return std::nullopt;
}

Stage::Outcome Stage::Elect(ServerId id, const std::vector<ServerId>& voters) {
  const std::set<ServerId> group = Together(id, voters);
  for (const ServerId member : group) {
    if (Outcome down = MustRun(member)) return down;
  }
  ForgetLeaders(voters);
  Selection next{.which = Selection::Which::kOldest, .from = group, .to = group, .kinds = kBallots};
  for (int election = 0; election < kElectionsMax; ++election) {
    if (Outcome failed = TimeOut(id)) return failed;
    while (server(id).status().role != RoleName::kLeader) {
      const std::vector<Message> taken = network_.TakeOut(next);
      if (taken.empty()) break;  // Its term was too old; now it knows better.
      Carry(taken.front());
    }
    if (server(id).status().role == RoleName::kLeader) {
      network_.TakeOut({.kinds = kBallots});
      return std::nullopt;
    }
  }
  return NameOf(id) + " was not elected by " + NamesOf(voters);
}

// ---- One server.

Stage::Outcome Stage::Propose(ServerId id, const std::string& command,
                              std::optional<Term> expected_term) {
  if (Outcome down = MustRun(id)) return down;
  chronicle_.ClientAsks(id, "propose " + command);
  Do(id, [&](StoryServer& server) { server.Propose(command, expected_term); });
  return std::nullopt;
}

Stage::Outcome Stage::Read(ServerId id, const std::string& name) {
  if (Outcome down = MustRun(id)) return down;
  chronicle_.ClientAsks(id, "read " + name);
  Do(id, [&](StoryServer& server) { server.Read(name); });
  return std::nullopt;
}

Stage::Outcome Stage::HoldDisk(ServerId id, bool held) {
  if (Outcome down = MustRun(id)) return down;
  Do(id, [held](StoryServer& server) { held ? server.HoldDisk() : server.ReleaseDisk(); });
  return std::nullopt;
}

Stage::Outcome Stage::HoldApply(ServerId id, bool held) {
  if (Outcome down = MustRun(id)) return down;
  Do(id, [held](StoryServer& server) { held ? server.HoldApply() : server.ReleaseApply(); });
  return std::nullopt;
}

Stage::Outcome Stage::HoldSnapshots(ServerId id, bool held) {
  if (Outcome down = MustRun(id)) return down;
  Do(id,
     [held](StoryServer& server) { held ? server.HoldSnapshots() : server.ReleaseSnapshots(); });
  return std::nullopt;
}

Stage::Outcome Stage::Apply(ServerId id) {
  if (Outcome down = MustRun(id)) return down;
  if (!server(id).has_apply_work()) {
    return "the state machine of " + NameOf(id) + " has nothing to do ('hold apply " + NameOf(id) +
           "' makes its work wait)";
  }
  Do(id, [](StoryServer& server) { server.ApplyOne(); });
  return std::nullopt;
}

Stage::Outcome Stage::Persist(ServerId id, std::uint64_t writes) {
  if (Outcome down = MustRun(id)) return down;
  const std::size_t waiting = server(id).writes_waiting();
  if (waiting < writes) {
    return NameOf(id) + " has " + std::to_string(waiting) + " writes waiting ('hold disk " +
           NameOf(id) + "' makes them wait)";
  }
  for (std::uint64_t write = 0; write < writes; ++write) {
    Do(id, [](StoryServer& server) { server.PersistOne(); });
  }
  return std::nullopt;
}

Stage::Outcome Stage::Crash(ServerId id) {
  if (Outcome down = MustRun(id)) return down;
  after_crash_[id] = server(id).AfterCrash();
  servers_[id] = nullptr;
  network_.ForgetAnswersTo(id);
  chronicle_.Turn(id, "crashes");
  return std::nullopt;
}

Stage::Outcome Stage::Restart(ServerId id) {
  if (is_running(id)) return NameOf(id) + " is running";
  const RecoveredState& found = after_crash_.at(id).recovered;
  const std::optional<ServerId> vote = found.promise.voted_for;
  const bool is_trimmed = found.base.index > LogIndex(0);
  chronicle_.Turn(id, "restarts in term " + std::to_string(found.promise.current_term.value()) +
                          (vote ? ", vote for " + NameOf(*vote) : std::string()) +
                          (is_trimmed ? ", log after " + PlaceOf(found.base) : ", log") + ": " +
                          ListOf(harness::TermsOf(found.entries)));
  servers_[id] = std::make_unique<StoryServer>(after_crash_.at(id), chronicle_);
  return std::nullopt;
}

// ---- Looking.

std::vector<ServerId> Stage::running() const {
  std::vector<ServerId> ids;
  for (const auto& [id, server] : servers_) {
    if (server != nullptr) ids.push_back(id);
  }
  return ids;
}

std::set<ServerId> Stage::all() const {
  std::set<ServerId> ids;
  for (const auto& [id, server] : servers_) ids.insert(id);
  return ids;
}

// ---- Steps of the acts above.

Stage::Outcome Stage::MustRun(ServerId id) const {
  if (is_running(id)) return std::nullopt;
  return NameOf(id) + " is down";
}

void Stage::Do(ServerId id, const std::function<void(StoryServer&)>& act) {
  act(*servers_.at(id));
  network_.Add(servers_.at(id)->TakeMessages());
}

// One message arrives, or is lost on a cut line or at a server that is down.
void Stage::Carry(const Message& message) {
  if (network_.IsCut(message.from, message.to)) {
    Lose(message, "is cut off", /*caller_learns=*/true);
  } else if (!is_running(message.to)) {
    Lose(message, "finds nobody", /*caller_learns=*/true);
  } else {
    chronicle_.Arrives(message);
    Do(message.to, [&message](StoryServer& server) { server.Receive(message); });
  }
}

void Stage::Lose(const Message& message, const std::string& how, bool caller_learns) {
  chronicle_.IsLost(message, how);
  const ServerId caller = message.is_answer() ? message.to : message.from;
  const ServerId callee = message.is_answer() ? message.from : message.to;
  if (!caller_learns || !is_running(caller)) return;
  Do(caller, [&](StoryServer& server) {
    server.Step(PeerUnreachable{.peer = callee, .number = message.number()});
  });
}

// Lets the voters wait until no leader is near for them; what they say meanwhile is lost.
void Stage::ForgetLeaders(const std::vector<ServerId>& voters) {
  for (const ServerId voter : voters) {
    const std::uint32_t enough = server(voter).options().election_timeout_ticks_min;
    for (std::uint32_t ticks = 0; ticks < enough && IsLeaderNear(server(voter)); ++ticks) {
      Do(voter, [](StoryServer& server) { server.Step(raft::Tick{}); });
    }
    network_.TakeOut({.from = {voter}, .kinds = {MessageKind::kPreVote}, .is_answer = false});
  }
}

Stage::Outcome Stage::TakeOut(const Selection& selection, std::vector<Message>& taken) {
  taken = network_.TakeOut(selection);
  if (!taken.empty()) return std::nullopt;
  return "no such message is in flight; there are:\n" + network_.Told();
}

}  // namespace raft::stories
