#include "service/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <type_traits>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "service/version.h"
#include "service/whole_number.h"

extern char** environ;

namespace raft {
namespace {

constexpr char kPrefix[] = "RAFTD_";

// The options that are about this run only and come from the command line alone.
const std::vector<std::string> kActions = {"help", "version", "print-config", "check-config"};

template <typename T>
void Add(CLI::App& app, const std::string& name, T& value, const std::string& description) {
  CLI::Option* option = app.add_option("--" + name, value, description)->capture_default_str();
  if constexpr (std::is_unsigned_v<T>) option->check(CheckWholeNumber);
}

void AddIdentityOptions(CLI::App& app, Options& options) {
  Add(app, "server-id", options.server_id, "This server's number in the cluster, above 0");
  Add(app, "data-dir", options.data_dir, "Where this server keeps its data");
  Add(app, "client-address", options.client_address, "Bound for clients, host:port");
  Add(app, "peer-address", options.peer_address, "Bound for the other servers");
  Add(app, "http-address", options.http_address, "Bound for metrics, health and status pages");
  Add(app, "advertise-client-address", options.advertise_client_address,
      "What clients are told; default: the bound address");
  Add(app, "advertise-peer-address", options.advertise_peer_address,
      "What the other servers are told; default: the bound address");
  Add(app, "initial-members", options.initial_members,
      "1=host:port,2=host:port,... (peer addresses); used only to form a new cluster");
  app.add_flag("--join", options.join,
               "With an empty data directory: wait to be added (raftctl members add)")
      ->default_str("false");
}

void AddTimeOptions(CLI::App& app, Options& options) {
  Add(app, "tick-ms", options.tick_ms, "One step of the core's time");
  Add(app, "heartbeat-ms", options.heartbeat_ms, "A leader speaks at least this often");
  Add(app, "election-timeout-min-ms", options.election_timeout_min_ms,
      "A silent leader is replaced after a random time from this ...");
  Add(app, "election-timeout-max-ms", options.election_timeout_max_ms, "... to this");
  Add(app, "default-deadline-ms", options.default_deadline_ms,
      "The deadline of a call that sets none");
  Add(app, "deadline-max-ms", options.deadline_max_ms, "The longest deadline of any call");
}

void AddLimitOptions(CLI::App& app, Options& options) {
  Add(app, "key-bytes-max", options.key_bytes_max, "The longest key");
  Add(app, "value-bytes-max", options.value_bytes_max, "The longest value");
  Add(app, "command-bytes-max", options.command_bytes_max, "The largest command");
  Add(app, "append-bytes-max", options.append_bytes_max, "The most entries of one AppendEntries");
  Add(app, "inflight-bytes-max", options.inflight_bytes_max,
      "Sent to a peer and not yet durable there");
  Add(app, "uncommitted-bytes-max", options.uncommitted_bytes_max,
      "Beyond this, proposals are refused: OVERLOADED");
  Add(app, "log-bytes-max", options.log_bytes_max, "Beyond this, proposals are refused: LOG_FULL");
  Add(app, "pending-calls-max", options.pending_calls_max, "Clients that may wait at once");
  Add(app, "pending-bytes-max", options.pending_bytes_max, "Bytes of proposals that may queue");
}

void AddSnapshotOptions(CLI::App& app, Options& options) {
  Add(app, "compaction-log-bytes", options.compaction_log_bytes,
      "The log is trimmed once this much of it is applied ...");
  Add(app, "compaction-log-entries", options.compaction_log_entries, "... or this many entries");
  Add(app, "compaction-tail-bytes", options.compaction_tail_bytes,
      "Kept for slow servers: at most this much of the log ...");
  Add(app, "compaction-tail-entries", options.compaction_tail_entries, "... and this many entries");
  Add(app, "snapshot-bytes-per-second", options.snapshot_bytes_per_second,
      "The limit of each snapshot that is sent; 0: none");
  Add(app, "snapshot-stall-timeout-ms", options.snapshot_stall_timeout_ms,
      "A snapshot of which no piece moves for this long is given up");
}

void AddLogOptions(CLI::App& app, Options& options) {
  Add(app, "log-format", options.log_format, "text, json, or auto (text on a terminal)");
  Add(app, "log-level", options.log_level, "trace, debug, info, warn or error");
}

// CLI11 says which option failed only in some of its messages, and never where the value was.
absl::Status Explain(const CLI::Error& error, const std::string& where) {
  return absl::InvalidArgumentError(
      absl::StrCat(where, where.empty() ? "" : ": ", error.what(), ". See raftd --help"));
}

// One layer under the flags: sets what nobody above has set.
class Layers {
 public:
  explicit Layers(CLI::App& app) : app_(app) {
    for (const CLI::Option* option : app_.get_options()) {
      const std::string name = option->get_single_name();
      if (option->count() > 0) origins_[name] = "flag";
    }
  }

  // False: there is no such setting.
  absl::StatusOr<bool> Set(const std::string& name, const std::vector<std::string>& values,
                           const std::string& origin) {
    CLI::Option* option = app_.get_option_no_throw("--" + name);
    if (option == nullptr || IsAction(name)) return false;
    if (origins_.contains(name)) return true;
    try {
      // A list in TOML style is the same as the text with commas.
      option->add_result(CLI::detail::join(values, ","));
      option->run_callback();
    } catch (const CLI::Error& error) {
      return Explain(error, origin);
    }
    origins_[name] = origin;
    return true;
  }

  std::vector<Setting> Settings() const {
    std::vector<Setting> settings;
    for (const CLI::Option* option : app_.get_options()) {
      const std::string name = option->get_single_name();
      if (IsAction(name)) continue;
      const auto origin = origins_.find(name);
      const bool set = origin != origins_.end();
      settings.push_back(
          {.name = name,
           .value = set ? CLI::detail::join(option->results(), ",") : option->get_default_str(),
           .origin = set ? origin->second : "default"});
    }
    return settings;
  }

 private:
  static bool IsAction(const std::string& name) {
    return std::find(kActions.begin(), kActions.end(), name) != kActions.end();
  }

  CLI::App& app_;
  std::map<std::string, std::string> origins_;
};

absl::Status LayEnvironment(const Environment& environment, Layers& layers,
                            std::vector<std::string>& warnings) {
  for (const auto& [variable, value] : environment) {
    const std::string name = absl::AsciiStrToLower(
        absl::StrReplaceAll(variable.substr(sizeof(kPrefix) - 1), {{"_", "-"}}));
    const absl::StatusOr<bool> known = layers.Set(name, {value}, "environment " + variable);
    if (!known.ok()) return known.status();
    if (!*known) warnings.push_back(absl::StrCat(variable, " is set, but raftd has no --", name));
  }
  return absl::OkStatus();
}

absl::Status LayFile(const std::string& path, Layers& layers) {
  try {
    for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_file(path)) {
      const std::string origin = "file " + path;
      // The parser marks the ends of a section with items of its own; a section is no setting.
      const bool has_section = !item.parents.empty();
      const absl::StatusOr<bool> known =
          has_section ? false : layers.Set(item.name, item.inputs, origin);
      if (!known.ok()) return known.status();
      if (!*known) {
        return absl::InvalidArgumentError(absl::StrCat(
            origin, ": unknown key \"", item.fullname(),
            "\". Keys are the long flags without dashes in front, such as heartbeat-ms = 50"));
      }
    }
  } catch (const CLI::Error& error) {
    return Explain(error, "--config " + path);
  }
  return absl::OkStatus();
}

CommandLine PrintText(std::string text) {
  CommandLine command_line;
  command_line.action = CommandLine::Action::kPrintText;
  command_line.text = std::move(text);
  return command_line;
}

}  // namespace

Environment ReadEnvironment() {
  Environment environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || !absl::StartsWith(text, kPrefix)) continue;
    environment[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return environment;
}

absl::StatusOr<CommandLine> ParseCommandLine(const std::vector<std::string>& arguments,
                                             const Environment& environment) {
  CommandLine parsed;
  CLI::App app("raftd: one server of a Raft cluster that speaks gRPC", "raftd");
  std::string config_path;
  bool print_config = false;
  bool check_config = false;
  bool print_version = false;
  AddIdentityOptions(app, parsed.options);
  AddTimeOptions(app, parsed.options);
  AddLimitOptions(app, parsed.options);
  AddSnapshotOptions(app, parsed.options);
  AddLogOptions(app, parsed.options);
  Add(app, "config", config_path, "A file of settings, one key = value a line");
  app.add_flag("--print-config", print_config, "Print every setting and where it came from");
  app.add_flag("--check-config", check_config, "Judge the settings: exit 0 or 2");
  app.add_flag("--version", print_version, "Print the version");
  app.footer(
      "Every flag also as an environment variable (--heartbeat-ms: RAFTD_HEARTBEAT_MS) and as a\n"
      "key of the file (heartbeat-ms = 50). Flags win over variables, variables over the file.");
  try {
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    return PrintText(app.help());
  } catch (const CLI::Error& error) {
    return Explain(error, "");
  }
  if (print_version) {
    return PrintText(absl::StrCat("raftd ", kVersion, "\n"));
  }
  Layers layers(app);
  absl::Status laid = LayEnvironment(environment, layers, parsed.warnings);
  if (laid.ok() && !config_path.empty()) laid = LayFile(config_path, layers);
  if (!laid.ok()) return laid;
  parsed.settings = layers.Settings();
  if (print_config) parsed.action = CommandLine::Action::kPrintConfig;
  if (check_config) parsed.action = CommandLine::Action::kCheckConfig;
  return parsed;
}

}  // namespace raft
