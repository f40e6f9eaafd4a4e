#include "tests/stories/expectations.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/core_harness/builders.h"
#include "tests/stories/event_words.h"

namespace raft::stories {
namespace {

using Expectation = std::function<Stage::Outcome(Stage&)>;
// What a server has of something, in words: compared with the words the story expects.
using Look = std::function<std::string(const StoryServer&)>;

struct Property {
  const char* name;
  const char* value;    // how the value is spelled in the manual; empty: the name says it all
  const char* meaning;  // for the manual
  Look look;
};

std::string Number(std::uint64_t number) { return std::to_string(number); }

std::string IsRole(const StoryServer& server, RoleName role) {
  return server.status().role == role ? "" : "a " + RoleWord(server.status().role);
}

std::string Vote(const StoryServer& server) {
  const std::optional<ServerId> vote = server.status().voted_for;
  return vote ? NameOf(*vote) : "none";
}

std::string Leader(const StoryServer& server) {
  const std::optional<ServerId> leader = server.status().leader;
  return leader ? NameOf(*leader) : "nobody";
}

const std::vector<Property>& Properties() {
  static const std::vector<Property> properties = {
      {"leader", "", "S1 leads", [](const auto& s) { return IsRole(s, RoleName::kLeader); }},
      {"follower", "", "S1 follows", [](const auto& s) { return IsRole(s, RoleName::kFollower); }},
      {"pre-candidate", "", "S1 asks for pre-votes",
       [](const auto& s) { return IsRole(s, RoleName::kPreCandidate); }},
      {"candidate", "", "S1 asks for votes",
       [](const auto& s) { return IsRole(s, RoleName::kCandidate); }},
      {"term", "2", "its current term",
       [](const auto& s) { return Number(s.status().current_term.value()); }},
      {"vote", "S2", "who has its vote of this term; `none`", Vote},
      {"follows", "S2", "whom it knows as leader; `nobody`", Leader},
      {"log", "1 1 2", "the terms of the entries of its log; `none`",
       [](const auto& s) { return ListOf(s.log_terms()); }},
      {"disk", "1 1 2", "the same of what its disk holds",
       [](const auto& s) { return ListOf(harness::TermsOf(s.disk().entries())); }},
      {"base", "3", "the last index before its log begins; 0: nothing was trimmed",
       [](const auto& s) { return Number(s.status().first_log_index.value() - 1); }},
      {"commit", "3", "its commit index",
       [](const auto& s) { return Number(s.status().commit_index.value()); }},
      {"state", "x y", "the commands its state machine holds; `nothing`",
       [](const auto& s) { return s.state(); }},
      {"waiting-reads", "1", "how many reads it has not answered",
       [](const auto& s) { return Number(s.status().reads_waiting); }},
      {"told", "x is done", "what a client heard last from it",
       [](const auto& s) { return s.last_answer().empty() ? "nothing" : s.last_answer(); }},
  };
  return properties;
}

// "S1 expected term 3, found 2".
Mistake Found(ServerId id, const Property& property, const std::string& wanted,
              const std::string& found) {
  return NameOf(id) + ": expected " + property.name + (wanted.empty() ? "" : " " + wanted) +
         ", found " + found;
}

Expectation TakeProperty(Words& words) {
  const std::vector<ServerId> ids = words.TakeServers();
  const std::string name = words.Take("what is expected of the server");
  const auto property = std::find_if(Properties().begin(), Properties().end(),
                                     [&name](const Property& known) { return name == known.name; });
  if (property == Properties().end()) {
    words.Reject("nothing known as '" + name + "' can be expected of a server");
    return {};
  }
  const bool has_value = *property->value != '\0';
  if (has_value && words.empty()) words.Reject("missing: the " + name + " expected");
  const std::string wanted = has_value ? words.TakeRest() : "";
  return [ids, property, wanted](Stage& stage) -> Stage::Outcome {
    for (const ServerId id : ids) {
      if (!stage.is_running(id)) return NameOf(id) + " is down";
      const std::string found = property->look(stage.server(id));
      if (found != wanted) return Found(id, *property, wanted, found);
    }
    return std::nullopt;
  };
}

Expectation TakeProgress(Words& words, std::string_view what) {
  const ServerId peer = words.TakeServer();
  words.TakeExactly("at");
  const ServerId leader = words.TakeServer();
  const std::uint64_t wanted = words.TakeNumber("an index");
  const bool is_match = what == "match";
  return [=](Stage& stage) -> Stage::Outcome {
    if (!stage.is_running(leader)) return NameOf(leader) + " is down";
    for (const PeerStatus& progress : stage.server(leader).status().peers) {
      if (progress.peer != peer) continue;
      const LogIndex found = is_match ? progress.match_index : progress.next_index;
      if (found == LogIndex(wanted)) return std::nullopt;
      return "expected " + Number(wanted) + ", found " + Number(found.value());
    }
    return NameOf(leader) + " is no leader";
  };
}

Expectation TakeNo(Words& words) {
  if (words.TakeIf("leader")) {
    return [](Stage& stage) -> Stage::Outcome {
      for (const ServerId id : stage.running()) {
        if (stage.server(id).status().role == RoleName::kLeader) return NameOf(id) + " leads";
      }
      return std::nullopt;
    };
  }
  words.TakeExactly("message");
  const Selection selection = TakeSelection(words);
  return [selection](Stage& stage) -> Stage::Outcome {
    const std::vector<Message> found = stage.network().Find(selection);
    if (found.empty()) return std::nullopt;
    return "in flight is: " + ToldWithRoute(found.front());
  };
}

Expectation TakeMessage(Words& words) {
  const Selection selection = TakeSelection(words);
  return [selection](Stage& stage) -> Stage::Outcome {
    if (!stage.network().Find(selection).empty()) return std::nullopt;
    return "no such message is in flight; there are:\n" + stage.network().Told();
  };
}

}  // namespace

Expectation TakeExpectation(Words& words) {
  if (words.TakeIf("no")) return TakeNo(words);
  if (words.TakeIf("message")) return TakeMessage(words);
  if (words.TakeIf("match")) return TakeProgress(words, "match");
  if (words.TakeIf("next")) return TakeProgress(words, "next");
  return TakeProperty(words);
}

std::string ExpectationRows() {
  std::string rows;
  for (const Property& property : Properties()) {
    const std::string value = *property.value == '\0' ? "" : std::string(" ") + property.value;
    rows +=
        "| `expect S1 " + std::string(property.name) + value + "` | " + property.meaning + " |\n";
  }
  return rows +
         "| `expect no leader` | no running server leads |\n"
         "| `expect next S2 at S1 4` | leader S1 will try S2 with entry 4 next |\n"
         "| `expect match S2 at S1 3` | leader S1 knows that S2 has everything up to 3 |\n"
         "| `expect message MESSAGES` | such a message is in flight |\n"
         "| `expect no message MESSAGES` | none is |\n";
}

}  // namespace raft::stories
