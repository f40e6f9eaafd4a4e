// Where a story is played: its servers, the messages between them, and the acts a story can name.
//
// Every act either happens or says why it cannot; a story that delivers what is not there, or
// speaks to a server that is down, has a mistake. Knows what a command does, not how it is spelled.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/stories/chronicle.h"
#include "tests/stories/network.h"
#include "tests/stories/opening.h"
#include "tests/stories/story_server.h"
#include "tests/stories/words.h"

namespace raft::stories {

class Stage {
 public:
  // None: the act happened.
  using Outcome = std::optional<Mistake>;

  // What stands before the first act. Changes nothing once the servers have started.
  Opening& opening() { return opening_; }
  // Starts the servers, once.
  Outcome Begin();

  // ---- Time.

  Outcome Tick(const std::vector<ServerId>& ids, std::uint64_t ticks);
  Outcome TickAll(std::uint64_t ticks);
  Outcome TimeOut(ServerId id);
  // Ticks everybody and lets every message arrive, again and again.
  Outcome Run(std::uint64_t ticks);

  // ---- Messages.

  Outcome Deliver(const Selection& selection);
  // Delivers what the servers of `group` send one another, and what follows from it, to the end.
  Outcome Settle(const std::set<ServerId>& group);
  // Loses messages; the caller waits on.
  Outcome Drop(const Selection& selection);
  // Loses messages; the caller learns that no answer will come.
  Outcome Fail(const Selection& selection);
  Outcome Duplicate(const Selection& selection);
  Outcome Cut(const std::vector<ServerId>& from, const std::vector<ServerId>& to, bool both_ways);
  Outcome Heal();
  // The votes of `voters` make `id` leader; all other ballots are lost.
  Outcome Elect(ServerId id, const std::vector<ServerId>& voters);

  // ---- One server.

  Outcome Propose(ServerId id, const std::string& command, std::optional<Term> expected_term);
  Outcome Read(ServerId id, const std::string& name);
  Outcome HoldDisk(ServerId id, bool held);
  Outcome HoldApply(ServerId id, bool held);
  Outcome HoldSnapshots(ServerId id, bool held);
  Outcome Persist(ServerId id, std::uint64_t writes);
  Outcome Apply(ServerId id);
  Outcome Crash(ServerId id);
  Outcome Restart(ServerId id);

  // ---- Looking.

  Chronicle& chronicle() { return chronicle_; }
  const Network& network() const { return network_; }
  bool is_running(ServerId id) const { return servers_.at(id) != nullptr; }
  // Requires: it is running.
  const StoryServer& server(ServerId id) const { return *servers_.at(id); }
  std::vector<ServerId> running() const;
  std::set<ServerId> all() const;

 private:
  Outcome MustRun(ServerId id) const;
  void Do(ServerId id, const std::function<void(StoryServer&)>& act);
  void Carry(const Message& message);
  void Lose(const Message& message, const std::string& how, bool caller_learns);
  void ForgetLeaders(const std::vector<ServerId>& voters);
  // Takes the messages meant out of flight; a mistake if there are none.
  Outcome TakeOut(const Selection& selection, std::vector<Message>& taken);

  Opening opening_;
  bool has_begun_ = false;

  Chronicle chronicle_;
  Network network_;
  std::map<ServerId, std::unique_ptr<StoryServer>> servers_;  // null while down
  std::map<ServerId, ServerStart> after_crash_;
};

}  // namespace raft::stories
