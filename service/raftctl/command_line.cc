#include "service/raftctl/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "service/raftctl/backup_command_line.h"
#include "service/raftctl/bench.h"
#include "service/raftctl/cluster_commands.h"
#include "service/raftctl/completion.h"
#include "service/raftctl/config_file.h"
#include "service/raftctl/failure_report.h"
#include "service/raftctl/key_value_commands.h"
#include "service/raftctl/load.h"
#include "service/raftctl/membership_commands.h"
#include "service/raftctl/option_kinds.h"
#include "service/version.h"
#include "service/whole_number.h"

namespace raft::ctl {
namespace {

// Takes one of these words, and only a word: CLI11's own transformer also takes the numbers behind
// them.
template <typename Value>
CLI::Validator OneOf(const std::map<std::string, Value>& words) {
  return CLI::Validator(
      [words](std::string& text) {
        if (const auto found = words.find(text); found != words.end()) {
          text = std::to_string(static_cast<int>(found->second));
          return std::string();
        }
        std::string list;
        for (const auto& [word, value] : words) list += (list.empty() ? "" : ", ") + word;
        return "\"" + text + "\" is not one of " + list;
      },
      "");
}

constexpr int kOutstandingMax = 100'000;
constexpr int kConnectionsMax = 1'024;
constexpr std::uint64_t kKeysMax = 9'999'999'999;
constexpr size_t kBenchValueBytesMax = 16 << 20;
constexpr double kRateMax = 10'000'000;

class CommandLine {
 public:
  CommandLine();
  int Run(int argc, const char* const* argv);

 private:
  using Handler = std::function<int()>;

  void AddGlobalOptions();
  void AddClusterCommands();
  void AddMembershipCommands();
  CLI::Option* AddMembers(CLI::App* command, const std::string& name,
                          const std::string& description);
  void AddKeyValueCommands();
  void AddScan();
  void AddLoad();
  void AddBench();
  void AddCompletion();
  void NameEnvironmentVariables();
  int Dispatch();
  CLI::App* AddCommand(CLI::App* parent, const std::string& name, const std::string& description,
                       Handler handler);

  CLI::App app_{"raftctl: ask and steer a raftd cluster.", "raftctl"};
  std::vector<std::pair<CLI::App*, Handler>> handlers_;
  GlobalOptions global_;
  std::string config_path_;
  StatusOptions status_;
  std::string health_endpoint_;
  std::string health_service_ = "raft.v1.ConsensusService";
  MembershipOptions membership_;
  std::uint64_t transfer_target_ = 0;
  std::string key_;
  std::optional<std::string> value_;
  std::uint64_t expected_revision_ = 0;
  bool stale_ = false;
  ScanOptions scan_;
  LoadOptions load_;
  BenchOptions bench_;
  BackupCommandLine backup_{global_};
  Shell shell_ = Shell::kBash;
};

CommandLine::CommandLine() {
  app_.require_subcommand(0, 1);  // None at all is reported by Dispatch, in better words.
  app_.fallthrough();             // Global options are understood after the command, too.
  app_.set_version_flag("--version", std::string("raftctl ") + kVersion);
  app_.footer(
      "Exit codes: 0 ok; 1 failed; 2 usage; 3 cannot connect; 4 no leader; 5 precondition;\n"
      "6 unknown outcome; 130 interrupted. Put -- in front of a key or value that begins with -.");
  AddGlobalOptions();
  AddClusterCommands();
  AddMembershipCommands();
  AddKeyValueCommands();
  AddScan();
  AddLoad();
  AddBench();
  backup_.AddTo(&app_, [this](CLI::App* parent, const std::string& name,
                              const std::string& description, Handler handler) {
    return AddCommand(parent, name, description, std::move(handler));
  });
  AddCompletion();
  AddCommand(&app_, "version", "Print the version of raftctl.", [] {
    std::printf("raftctl %s (%s, %s)\n", kVersion, kCompiler, kBuildType);
    return static_cast<int>(kExitOk);
  });
  NameEnvironmentVariables();
}

CLI::App* CommandLine::AddCommand(CLI::App* parent, const std::string& name,
                                  const std::string& description, Handler handler) {
  CLI::App* command = parent->add_subcommand(name, description);
  handlers_.emplace_back(command, std::move(handler));
  return command;
}

void CommandLine::AddGlobalOptions() {
  app_.add_option("--endpoints", global_.endpoints, "Client addresses of servers, host:port")
      ->delimiter(',')
      ->allow_extra_args(false)  // What follows a blank is the command's, not another endpoint.
      ->check(CheckEndpoint)
      ->capture_default_str();
  app_.add_option("-o,--output", global_.output, "table or json")
      ->transform(OneOf(std::map<std::string, OutputFormat>{{"table", OutputFormat::kTable},
                                                            {"json", OutputFormat::kJson}}))
      ->option_text("table|json [table]");
  AddDuration(&app_, "--timeout", &global_.timeout, std::chrono::milliseconds(1),
              "How long one call may take, with all its tries");
  app_.add_option("--config", config_path_, "A file with lines: name = value");
}

void CommandLine::AddClusterCommands() {
  CLI::App* status = AddCommand(&app_, "status", "Show every server as it sees itself.",
                                [this] { return RunStatus(global_, status_); });
  status->add_flag("--watch", status_.watch, "Show it again and again until interrupted");
  AddDuration(status, "--interval", &status_.interval, std::chrono::milliseconds(10),
              "Time between two looks of --watch");
  status->add_flag("--verify-digest", status_.verify_digest,
                   "Reproduce each state digest by a full scan");
  CLI::App* health =
      AddCommand(&app_, "health", "Exit 0 if every endpoint serves, else 1.", [this] {
        GlobalOptions asked = global_;
        if (!health_endpoint_.empty()) asked.endpoints = {health_endpoint_};
        return RunHealth(asked, health_service_);
      });
  health->add_option("--endpoint", health_endpoint_, "Ask only this server")->check(CheckEndpoint);
  health
      ->add_option("--service", health_service_, "Health name; empty: alive, raft.leader: it leads")
      ->capture_default_str();
}

void CommandLine::AddMembershipCommands() {
  CLI::App* members = app_.add_subcommand("members", "The members of the cluster.");
  members->require_subcommand(1);
  AddCommand(members, "list", "List them.", [this] { return RunMembersList(global_); });
  using Run = int (*)(const GlobalOptions&, const MembershipOptions&);
  const auto change = [this, members](const char* name, const char* description, Run run) {
    CLI::App* command =
        AddCommand(members, name, description, [this, run] { return run(global_, membership_); });
    command->add_flag("--no-wait", membership_.no_wait,
                      "Return once the change is certain, before it is settled");
    command
        ->add_option("--expect", membership_.expected,
                     "Refuse unless this configuration is in force; members list shows it")
        ->check(CheckWholeNumber);
    return command;
  };
  CLI::App* add = change("add", "Add a server that was started with --join.", RunMembersAdd);
  AddMembers(add, "MEMBER", "id=host:port, its peer address")->expected(1);
  add->add_flag("--learner", membership_.learner, "It holds everything and never votes");
  CLI::App* promote = change("promote", "Make a learner a voter.", RunMembersPromote);
  CLI::App* remove = change("remove", "Remove a server.", RunMembersRemove);
  for (CLI::App* command : {promote, remove}) {
    command->add_option("ID", membership_.server_id, "The server")
        ->required()
        ->check(CheckWholeNumber);
  }
  CLI::App* replace = change("replace", "Make these the voters, at once.", RunMembersReplace);
  AddMembers(replace, "MEMBERS", "id=host:port,id=host:port,... (peer addresses)")->delimiter(',');

  CLI::App* leader = app_.add_subcommand("leader", "The leader of the cluster.");
  leader->require_subcommand(1);
  CLI::App* transfer = AddCommand(leader, "transfer", "Hand leadership to another server.",
                                  [this] { return RunLeaderTransfer(global_, transfer_target_); });
  transfer->add_option("--to", transfer_target_, "To this server; else whoever is furthest")
      ->check(CheckWholeNumber);
}

CLI::Option* CommandLine::AddMembers(CLI::App* command, const std::string& name,
                                     const std::string& description) {
  const auto parse = [this](const std::vector<std::string>& words) {
    for (const std::string& word : words) {
      const std::string problem = ParseMember(word, &membership_.members.emplace_back());
      if (!problem.empty()) throw CLI::ValidationError(problem);
    }
  };
  return command->add_option_function<std::vector<std::string>>(name, parse, description)
      ->required();
}

void CommandLine::AddKeyValueCommands() {
  CLI::App* put = AddCommand(&app_, "put", "Store a value; prints the revision.", [this] {
    std::string value;
    const int code = ResolveValue(value_, &value);
    return code != kExitOk ? code : RunPut(global_, key_, value);
  });
  put->add_option("KEY", key_, "The key")->required();
  put->add_option("VALUE", value_, "The value; without it standard input is read");

  CLI::App* get =
      AddCommand(&app_, "get", "Print a value.", [this] { return RunGet(global_, key_, stale_); });
  get->add_option("KEY", key_, "The key")->required();
  get->add_flag("--stale", stale_, "Take what the first server that answers has applied");

  CLI::App* remove =
      AddCommand(&app_, "delete", "Remove a key.", [this] { return RunDelete(global_, key_); });
  remove->add_option("KEY", key_, "The key")->required();

  CLI::App* cas =
      AddCommand(&app_, "cas", "Store a value if the key is at a revision, else exit 5.", [this] {
        std::string value;
        const int code = ResolveValue(value_, &value);
        if (code != kExitOk) return code;
        return RunCompareAndSet(global_, key_, expected_revision_, value);
      });
  cas->add_option("KEY", key_, "The key")->required();
  cas->add_option("REVISION", expected_revision_, "Its modified revision; 0: it must not exist")
      ->required()
      ->check(CheckWholeNumber);
  cas->add_option("VALUE", value_, "The value; without it standard input is read");
}

void CommandLine::AddScan() {
  CLI::App* scan = AddCommand(&app_, "scan", "Print keys and values in order, a TAB between.",
                              [this] { return RunScan(global_, scan_); });
  CLI::Option* start = scan->add_option("START", scan_.start, "First key wanted");
  CLI::Option* end = scan->add_option("END", scan_.end, "First key not wanted");
  scan->add_option("--prefix", scan_.prefix, "Only keys that begin so")
      ->excludes(start)
      ->excludes(end);
  scan->add_option("--limit", scan_.limit, "At most this many; 0: all")
      ->check(CheckWholeNumber)
      ->capture_default_str();
  scan->add_flag("--keys-only", scan_.keys_only, "Leave the values out");
  scan->add_flag("--revisions", scan_.revisions, "Append a TAB and the revision to each line");
  scan->add_flag("--stale", scan_.stale, "Take what the first server that answers has applied");
}

void CommandLine::AddLoad() {
  CLI::App* load = AddCommand(&app_, "load", "Propose every line, key TAB value, as a put.",
                              [this] { return RunLoad(global_, load_); });
  load->add_option("FILE", load_.path, "The file; - is standard input")->required();
  load->add_option("--outstanding", load_.outstanding, "Puts sent and not yet answered")
      ->check(CLI::Range(1, kOutstandingMax))
      ->capture_default_str();
  AddDuration(load, "--deadline", &load_.deadline, Clock::duration::zero(),
              "How long one line is tried; 0: without end");
  load->add_option("--acks", load_.acks_path,
                   "File for: key TAB revision TAB tries with unknown outcome");
}

void CommandLine::AddBench() {
  CLI::App* bench = AddCommand(&app_, "bench", "Measure; overwrites keys named bench-...",
                               [this] { return RunBench(global_, bench_); });
  bench->add_option("--op", bench_.operation, "put, get or stale-get")
      ->transform(
          OneOf(std::map<std::string, BenchOperation>{{"put", BenchOperation::kPut},
                                                      {"get", BenchOperation::kGet},
                                                      {"stale-get", BenchOperation::kStaleGet}}))
      ->option_text("put|get|stale-get [put]");
  bench->add_option("--outstanding", bench_.shape.outstanding, "Operations at once")
      ->check(CLI::Range(1, kOutstandingMax))
      ->capture_default_str();
  bench->add_option("--connections", bench_.connections, "Connections to each server")
      ->check(CLI::Range(1, kConnectionsMax))
      ->capture_default_str();
  bench
      ->add_option("--rate", bench_.shape.rate_per_second,
                   "Operations started per second (open loop); 0: as fast as answers come")
      ->check(CLI::Range(0.0, kRateMax))
      ->capture_default_str();
  AddDuration(bench, "--duration", &bench_.shape.duration, std::chrono::milliseconds(1),
              "Measured time");
  AddDuration(bench, "--warmup", &bench_.shape.warmup, Clock::duration::zero(),
              "Time before measuring");
  bench->add_option("--keys", bench_.keys, "How many keys")
      ->check(CheckWholeNumber)
      ->check(CLI::Range(std::uint64_t{1}, kKeysMax))
      ->capture_default_str();
  bench->add_option("--value-size", bench_.value_bytes, "Bytes of each value")
      ->check(CheckWholeNumber)
      ->check(CLI::Range(size_t{0}, kBenchValueBytesMax))
      ->capture_default_str();
}

void CommandLine::AddCompletion() {
  CLI::App* completion =
      AddCommand(&app_, "completion", "Print the completion script of a shell.", [this] {
        std::fputs(CompletionScript(app_, shell_).c_str(), stdout);
        return static_cast<int>(kExitOk);
      });
  completion->add_option("SHELL", shell_, "bash, zsh or fish")
      ->required()
      ->transform(OneOf(std::map<std::string, Shell>{
          {"bash", Shell::kBash}, {"zsh", Shell::kZsh}, {"fish", Shell::kFish}}))
      ->option_text("bash|zsh|fish");
}

// Every option has a variable: --endpoints is RAFTCTL_ENDPOINTS, --keys of bench
// RAFTCTL_BENCH_KEYS, --limit of log inspect RAFTCTL_LOG_INSPECT_LIMIT.
void CommandLine::NameEnvironmentVariables() {
  const auto name_all = [](CLI::App* app, const std::string& prefix) {
    for (CLI::Option* option : app->get_options()) {
      const std::vector<std::string>& names = option->get_lnames();
      if (names.empty() || names[0] == "help" || names[0] == "version") continue;
      option->envname(
          absl::StrCat(prefix, absl::AsciiStrToUpper(absl::StrReplaceAll(names[0], {{"-", "_"}}))));
    }
  };
  name_all(&app_, "RAFTCTL_");
  for (const auto& [command, handler] : handlers_) {
    const CLI::App* parent = command->get_parent();
    const std::string path =
        absl::StrCat(parent == &app_ ? "" : parent->get_name() + "_", command->get_name(), "_");
    name_all(command, absl::StrCat("RAFTCTL_", absl::AsciiStrToUpper(path)));
  }
}

int CommandLine::Run(int argc, const char* const* argv) {
  // CLI11 reports by exceptions, also for --help; they end here.
  try {
    app_.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app_.exit(error);
    return Fail({kExitUsage, absl::StrCat(error.what(), ". Try: raftctl --help")});
  }
  if (!config_path_.empty()) {
    const absl::Status applied = ApplyConfigFile(config_path_, &app_);
    if (!applied.ok()) return Fail({kExitUsage, std::string(applied.message())});
  }
  return Dispatch();
}

int CommandLine::Dispatch() {
  for (const auto& [command, handler] : handlers_) {
    if (command->parsed()) return handler();
  }
  return Fail({kExitUsage, "no command given. Try: raftctl --help"});
}

}  // namespace

int RunCommandLine(int argc, const char* const* argv) { return CommandLine().Run(argc, argv); }

}  // namespace raft::ctl
