#include "tests/stories/commands.h"

#include <utility>
#include <vector>

#include "tests/stories/expectations.h"

namespace raft::stories {
namespace {

using Outcome = Stage::Outcome;

// A story tells of minutes, not of days: a slip of the pen must not run for ever.
constexpr std::uint64_t kTicksMax = 10'000;

// How a command is spelled and what it means; `take` parses what follows its first word.
struct Command {
  const char* verb;
  const char* form;     // for the manual
  const char* meaning;  // for the manual
  bool is_setup;
  Act (*take)(Words&);
};

// An act that cannot fail.
template <typename Function>
Act Always(Function function) {
  return [function](Stage& stage) -> Outcome {
    function(stage);
    return std::nullopt;
  };
}

// ---- Before the first act.

Act TakeServerCount(Words& words) {
  const std::uint64_t count = words.TakeNumber("how many servers");
  if (count < 1 || count > 9) words.Reject("a story has 1 to 9 servers");
  words.set_server_count(count);
  return Always([count](Stage& stage) { stage.opening().SetServers(count); });
}

Act TakeSeed(Words& words) {
  const std::uint64_t seed = words.TakeNumber("the seed");
  return Always([seed](Stage& stage) { stage.opening().SetSeed(seed); });
}

Act TakeOption(Words& words) {
  const std::string name = words.Take("the name of an option");
  const std::uint64_t value = words.TakeNumber("its value");
  std::uint64_t RaftOptions::*option = nullptr;
  if (name == "append_bytes_max") option = &RaftOptions::append_bytes_max;
  if (name == "inflight_bytes_max") option = &RaftOptions::inflight_bytes_max;
  if (name == "uncommitted_bytes_max") option = &RaftOptions::uncommitted_bytes_max;
  if (name == "log_bytes_max") option = &RaftOptions::log_bytes_max;
  if (name == "compaction_bytes") option = &RaftOptions::compaction_bytes;
  if (name == "compaction_entries") option = &RaftOptions::compaction_entries;
  if (name == "tail_bytes") option = &RaftOptions::tail_bytes;
  if (name == "tail_entries") option = &RaftOptions::tail_entries;
  if (option == nullptr) words.Reject("no option '" + name + "' can be set by a story");
  return Always([option, value](Stage& stage) { stage.opening().options().*option = value; });
}

Act TakeLog(Words& words) {
  const ServerId id = words.TakeServer();
  const std::vector<std::uint64_t> terms = words.TakeNumbers();
  for (std::size_t place = 1; place < terms.size(); ++place) {
    if (terms[place] < terms[place - 1]) words.Reject("terms never fall along a log");
  }
  if (terms.empty()) words.Reject("missing: the terms of the entries, such as '1 1 2'");
  return Always([id, terms](Stage& stage) { stage.opening().SetLog(id, terms); });
}

Act TakeTerm(Words& words) {
  const ServerId id = words.TakeServer();
  const std::uint64_t term = words.TakeNumber("a term");
  return [id, term](Stage& stage) { return stage.opening().SetTerm(id, Term(term)); };
}

Act TakeVote(Words& words) {
  const ServerId voter = words.TakeServer();
  const ServerId candidate = words.TakeServer();
  return Always([voter, candidate](Stage& stage) { stage.opening().SetVote(voter, candidate); });
}

Act TakeApplied(Words& words) {
  const ServerId id = words.TakeServer();
  const std::uint64_t index = words.TakeNumber("an index");
  return [id, index](Stage& stage) { return stage.opening().SetApplied(id, LogIndex(index)); };
}

// ---- Time.

std::uint64_t TakeTicks(Words& words) {
  const std::uint64_t ticks = words.TakeNumber("how many ticks");
  if (ticks > kTicksMax) words.Reject("no command takes more than 10000 ticks");
  return ticks;
}

Act TakeTick(Words& words) {
  if (words.TakeIf("all")) {
    const std::uint64_t ticks = TakeTicks(words);
    return [ticks](Stage& stage) { return stage.TickAll(ticks); };
  }
  const std::vector<ServerId> ids = words.TakeServers();
  const std::uint64_t ticks = TakeTicks(words);
  return [ids, ticks](Stage& stage) { return stage.Tick(ids, ticks); };
}

Act TakeTimeout(Words& words) {
  const ServerId id = words.TakeServer();
  return [id](Stage& stage) { return stage.TimeOut(id); };
}

Act TakeRun(Words& words) {
  const std::uint64_t ticks = TakeTicks(words);
  return [ticks](Stage& stage) { return stage.Run(ticks); };
}

Act TakeElect(Words& words) {
  const ServerId id = words.TakeServer();
  words.TakeExactly("by");
  const std::vector<ServerId> voters = words.TakeServers();
  return [id, voters](Stage& stage) { return stage.Elect(id, voters); };
}

// ---- Messages.

template <Outcome (Stage::*act)(const Selection&)>
Act TakeOfMessages(Words& words) {
  const Selection selection = TakeSelection(words);
  return [selection](Stage& stage) { return (stage.*act)(selection); };
}

Act TakeSettle(Words& words) {
  if (words.empty()) return [](Stage& stage) { return stage.Settle(stage.all()); };
  words.TakeExactly("among");
  const std::vector<ServerId> servers = words.TakeServers();
  const std::set<ServerId> group(servers.begin(), servers.end());
  return [group](Stage& stage) { return stage.Settle(group); };
}

Act TakeCut(Words& words) {
  const std::vector<ServerId> from = words.TakeServers();
  const bool both_ways = words.TakeIf("|");
  if (!both_ways) words.TakeExactly("->");
  const std::vector<ServerId> to = words.TakeServers();
  return [=](Stage& stage) { return stage.Cut(from, to, both_ways); };
}

Act TakeHeal(Words&) {
  return [](Stage& stage) { return stage.Heal(); };
}

// ---- One server.

Act TakePropose(Words& words) {
  const ServerId id = words.TakeServer();
  const std::string command = words.Take("a command, any word");
  std::optional<Term> expected_term;
  if (words.TakeIf("in")) {
    words.TakeExactly("term");
    expected_term = Term(words.TakeNumber("a term"));
  }
  return [=](Stage& stage) { return stage.Propose(id, command, expected_term); };
}

Act TakeRead(Words& words) {
  const ServerId id = words.TakeServer();
  const std::string name = words.Take("a name for the read, any word");
  return [=](Stage& stage) { return stage.Read(id, name); };
}

// "hold disk S1", "release apply S1": which lane, and of which server.
template <bool held>
Act TakeLane(Words& words) {
  const bool is_disk = words.TakeIf("disk");
  const bool is_snapshots = !is_disk && words.TakeIf("snapshots");
  if (!is_disk && !is_snapshots) words.TakeExactly("apply");
  const ServerId id = words.TakeServer();
  return [=](Stage& stage) {
    if (is_snapshots) return stage.HoldSnapshots(id, held);
    return is_disk ? stage.HoldDisk(id, held) : stage.HoldApply(id, held);
  };
}

Act TakePersist(Words& words) {
  const ServerId id = words.TakeServer();
  const std::uint64_t writes = words.empty() ? 1 : words.TakeNumber("how many writes");
  return [=](Stage& stage) { return stage.Persist(id, writes); };
}

template <Outcome (Stage::*act)(ServerId)>
Act TakeOfServer(Words& words) {
  const ServerId id = words.TakeServer();
  return [id](Stage& stage) { return (stage.*act)(id); };
}

// ---- Telling.

Act TakeScene(Words& words) {
  if (words.empty()) words.Reject("missing: what the scene is about");
  const std::string title = words.TakeRest();
  return Always([title](Stage& stage) { stage.chronicle().Scene(title); });
}

constexpr Command kCommands[] = {
    {"servers", "servers 3", "S1 to S3 form the cluster; 1 to 9", true, TakeServerCount},
    {"log", "log S1 1 1 2", "S1 starts with three entries, of terms 1, 1 and 2", true, TakeLog},
    {"term", "term S1 3", "S1 starts in term 3; otherwise in the term of its last entry", true,
     TakeTerm},
    {"vote", "vote S1 S2", "S1 starts having voted for S2 in its term", true, TakeVote},
    {"applied", "applied S1 2", "the state machine of S1 starts with entries 1 and 2 applied", true,
     TakeApplied},
    {"seed", "seed 7", "draws other election timeouts", true, TakeSeed},
    {"option", "option append_bytes_max 200", "sets a limit of `core/raft_options.h`", true,
     TakeOption},
    {"tick", "tick S1 S2 10", "time passes: 10 ticks at each of these servers; `tick all 10`",
     false, TakeTick},
    {"timeout", "timeout S1", "S1 ticks until its election timer runs out", false, TakeTimeout},
    {"run", "run 30", "30 times: a tick at every server, then every message arrives", false,
     TakeRun},
    {"elect", "elect S1 by S2 S3",
     "these voters lose sight of their leader, S1 times out, and their votes arrive until it leads",
     false, TakeElect},
    {"deliver", "deliver MESSAGES", "these messages arrive, oldest first; what follows waits",
     false, TakeOfMessages<&Stage::Deliver>},
    {"settle", "settle", "everything in flight arrives, and all that follows; `settle among S1 S2`",
     false, TakeSettle},
    {"drop", "drop MESSAGES", "they are lost, and nobody is told", false,
     TakeOfMessages<&Stage::Drop>},
    {"fail", "fail MESSAGES", "they are lost, and whoever asked learns that no answer will come",
     false, TakeOfMessages<&Stage::Fail>},
    {"duplicate", "duplicate MESSAGES", "they are in flight once more", false,
     TakeOfMessages<&Stage::Duplicate>},
    {"cut", "cut S1 | S2 S3", "messages between the two sides fail; `cut S1 -> S2`: one way only",
     false, TakeCut},
    {"heal", "heal", "every cut is repaired", false, TakeHeal},
    {"propose", "propose S1 x", "a client proposes command x to S1; `propose S1 x in term 2`",
     false, TakePropose},
    {"read", "read S1 first", "a client wants a linearizable read of S1, called `first`", false,
     TakeRead},
    {"hold", "hold disk S1",
     "writes of S1 wait for `persist`; `hold apply S1`: its state machine waits for `apply`; "
     "`hold snapshots S1`: a snapshot that arrives is not whole yet",
     false, TakeLane<true>},
    {"persist", "persist S1", "the oldest waiting write of S1 is done; `persist S1 2`: two", false,
     TakePersist},
    {"apply", "apply S1",
     "the oldest waiting work of its state machine is done: entries, a checkpoint, a switch to a "
     "snapshot, or its completion",
     false, TakeOfServer<&Stage::Apply>},
    {"release", "release disk S1", "all that waits is done, and nothing waits any more", false,
     TakeLane<false>},
    {"crash", "crash S1", "the plug is pulled: only what S1 has on disk survives", false,
     TakeOfServer<&Stage::Crash>},
    {"restart", "restart S1", "it starts again from its disk", false,
     TakeOfServer<&Stage::Restart>},
    {"scene", "scene the old leader is back", "a heading in the diagram", false, TakeScene},
};

Act TakeCommand(Words& words, ParsedLine& parsed) {
  if (words.TakeIf("expect")) return TakeExpectation(words);
  if (words.TakeIf("quietly")) {
    const Act act = TakeCommand(words, parsed);
    if (parsed.is_setup) words.Reject("what stands before the first act is quiet already");
    return [act](Stage& stage) {
      stage.chronicle().set_quiet(true);
      Outcome outcome = act(stage);
      stage.chronicle().set_quiet(false);
      return outcome;
    };
  }
  for (const Command& command : kCommands) {
    if (!words.TakeIf(command.verb)) continue;
    parsed.is_setup = command.is_setup;
    return command.take(words);
  }
  words.Reject("unknown command '" + std::string(words.peek()) + "'");
  return {};
}

std::string Row(const std::string& form, const std::string& meaning) {
  // A bar would end the cell.
  std::string cell = form;
  if (const std::size_t bar = cell.find('|'); bar != std::string::npos) cell.insert(bar, "\\");
  return "| `" + cell + "` | " + meaning + " |\n";
}

}  // namespace

ParsedLine ParseCommand(std::string_view line, std::size_t server_count) {
  ParsedLine parsed;
  Words words(line, server_count);
  parsed.act = TakeCommand(words, parsed);
  parsed.server_count = words.server_count();
  parsed.mistake = words.TakeMistake();
  return parsed;
}

std::string VocabularyTable() {
  std::string table = "| command | what happens |\n|---|---|\n";
  for (const Command& command : kCommands) table += Row(command.form, command.meaning);
  table += Row("quietly COMMAND", "tells only who leads, commits, crashes and what clients hear");
  return table + ExpectationRows();
}

}  // namespace raft::stories
