// raftd, from the command line to the last line of its log. Read it top-down: what is constructed,
// in which order, and how it ends.
//
// Order of start: options, log, signals, ports (a second server on them fails here), data directory
// (3 when it cannot be used), doors for peers and clients, birth of the cluster if it has none yet,
// the running server. Order of stop is in Serve. Exit codes: 0 stopped on request, 1 failed while
// running, 2 configuration, 3 data directory.
#include <absl/synchronization/mutex.h>
#include <grpcpp/health_check_service_interface.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "metrics/http_page.h"
#include "metrics/raft_metrics.h"
#include "service/address.h"
#include "service/cluster_birth.h"
#include "service/cluster_service.h"
#include "service/command_line.h"
#include "service/consensus_service.h"
#include "service/grpc_server.h"
#include "service/housekeeping.h"
#include "service/listener.h"
#include "service/logging.h"
#include "service/options.h"
#include "service/running_server.h"
#include "service/server_observer.h"
#include "service/server_report.h"
#include "service/stop_signals.h"
#include "service/version.h"

namespace raft {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr int kExitConfiguration = 2;
constexpr int kExitDataDirectory = 3;

// How long a stopping server waits for clients, and then for what is under way in gRPC.
constexpr std::chrono::milliseconds kDrainPatience{1500};
constexpr std::chrono::milliseconds kShutdownPatience{500};

struct ProcessFailure {
  int exit_code;
  absl::Status status;
};

// --- Settings ----------------------------------------------------------------------------------

PeerLinkOptions PeerLinkOptionsOf(const Options& options) {
  PeerLinkOptions links;
  links.control_deadline = std::chrono::milliseconds(options.election_timeout_max_ms);
  links.message_bytes_max = MessageBytesMax(options);
  return links;
}

ClientLimits ClientLimitsOf(const Options& options) {
  return {.key_values = KeyValueLimitsOf(options),
          .default_deadline = std::chrono::milliseconds(options.default_deadline_ms),
          .deadline_max = std::chrono::milliseconds(options.deadline_max_ms)};
}

ConversionLimits ConversionLimitsOf(const Options& options) {
  return {.entry_data_bytes_max =
              std::max(options.command_bytes_max, ConversionLimits{}.entry_data_bytes_max)};
}

// Requires: validated.
std::vector<InitialMember> InitialMembersOf(const Options& options) {
  if (options.initial_members.empty()) return {};
  return *ParseInitialMembers(options.initial_members);
}

// --- One server, from its doors to its end -----------------------------------------------------

class ServerProcess {
 public:
  explicit ServerProcess(const Options& options) : options_(options) {}

  // Runs until `stop` is requested. None: stopped as asked.
  std::optional<ProcessFailure> Run(const std::stop_token& stop);

 private:
  std::optional<ProcessFailure> OpenPorts();
  std::optional<ProcessFailure> OpenDirectory();
  std::optional<ProcessFailure> OpenDoors();
  std::optional<ProcessFailure> Form(const std::stop_token& stop);
  std::optional<ProcessFailure> Serve(const std::stop_token& stop);

  const Options& options_;
  const PeerLinkOptions peer_link_options_ = PeerLinkOptionsOf(options_);
  std::unique_ptr<Listener> client_listener_;
  std::unique_ptr<Listener> peer_listener_;
  std::unique_ptr<DataDirectory> directory_;
  LocalServer local_;
  std::unique_ptr<PeerDirectory> peers_;
  std::unique_ptr<ClusterBirth> birth_;  // null: the cluster is formed
  std::unique_ptr<ClientGate> gate_;
  std::unique_ptr<ServerReport> report_;
  std::unique_ptr<RaftMetrics> metrics_;
  std::unique_ptr<ServerObserver> observer_;
  std::unique_ptr<ErrorBook> errors_;
  std::unique_ptr<HttpPage> page_;
  std::unique_ptr<HeaderRules> rules_;
  std::unique_ptr<PeerService> peer_service_;
  std::unique_ptr<RunningServer> running_;
  std::unique_ptr<ConsensusService> consensus_service_;
  std::unique_ptr<ClusterService> cluster_service_;
  std::unique_ptr<GrpcServer> peer_server_;
  std::unique_ptr<GrpcServer> client_server_;
  std::unique_ptr<Housekeeping> housekeeping_;
};

std::optional<ProcessFailure> ServerProcess::Run(const std::stop_token& stop) {
  if (auto failure = OpenPorts()) return failure;
  if (auto failure = OpenDirectory()) return failure;
  if (auto failure = OpenDoors()) return failure;
  if (auto failure = Form(stop)) return failure;
  if (stop.stop_requested()) return std::nullopt;
  return Serve(stop);
}

std::optional<ProcessFailure> ServerProcess::OpenPorts() {
  auto clients = Listener::Open(*ParseAddress(options_.client_address), "clients");
  if (!clients.ok()) return ProcessFailure{kExitFailed, clients.status()};
  client_listener_ = *std::move(clients);
  auto peers = Listener::Open(*ParseAddress(options_.peer_address), "peers");
  if (!peers.ok()) return ProcessFailure{kExitFailed, peers.status()};
  peer_listener_ = *std::move(peers);
  return std::nullopt;
}

std::optional<ProcessFailure> ServerProcess::OpenDirectory() {
  const std::vector<InitialMember> members = InitialMembersOf(options_);
  const std::uint64_t members_hash = members.empty() ? 0 : HashOfInitialMembers(members);
  // Without a list nothing can be born here; a directory that would stay empty is not created.
  std::error_code unreadable;
  const bool nothing_there = std::filesystem::is_empty(options_.data_dir, unreadable) ||
                             !std::filesystem::exists(options_.data_dir, unreadable);
  if (members.empty() && nothing_there) {
    return ProcessFailure{
        kExitConfiguration,
        absl::InvalidArgumentError(absl::StrCat(
            "--initial-members is missing, and ", options_.data_dir,
            " holds no server yet: name the servers of the new cluster, as in 1=host:7001"))};
  }
  auto opened = DataDirectory::Open(options_.data_dir, ServerId(options_.server_id), members_hash);
  if (!opened.ok()) return ProcessFailure{kExitDataDirectory, opened.status()};
  directory_ = *std::move(opened);
  local_ = {.server_id = ServerId(options_.server_id),
            .incarnation = directory_->identity().incarnation,
            .process_nonce = DrawProcessNonce(),
            .initial_members_hash = members_hash,
            .client_address = options_.advertised_client_address(),
            .peer_address = options_.advertised_peer_address(),
            .version = kVersion};
  peers_ = std::make_unique<PeerDirectory>(local_);
  if (directory_->identity().is_forming()) {
    birth_ = std::make_unique<ClusterBirth>(peer_link_options_, local_, members, *directory_);
  }
  return std::nullopt;
}

std::optional<ProcessFailure> ServerProcess::OpenDoors() {
  gate_ = std::make_unique<ClientGate>(
      [birth = birth_.get()] { return birth == nullptr ? std::string() : birth->WaitingFor(); });
  report_ = std::make_unique<ServerReport>(options_, *gate_, *peers_);
  metrics_ = std::make_unique<RaftMetrics>(
      BuildFacts{.version = kVersion, .revision = "", .compiler = kCompiler},
      [report = report_.get()] { return report->Snapshot(); });
  observer_ = std::make_unique<ServerObserver>(*metrics_);
  errors_ = std::make_unique<ErrorBook>(
      [peers = peers_.get()](ServerId server) { return peers->ClientAddressOf(server); },
      std::chrono::milliseconds(options_.election_timeout_min_ms));
  std::string page_error;
  page_ = HttpPage::Open({.address = options_.http_address, .version = kVersion},
                         {.metrics_text = [this] { return metrics_->Scrape(); },
                          .snapshot = [this] { return report_->Snapshot(); },
                          .status_json = [this] { return report_->StatusJson(); }},
                         &page_error);
  if (page_ == nullptr) return ProcessFailure{kExitFailed, absl::UnavailableError(page_error)};

  peer_service_ =
      std::make_unique<PeerService>(local_, ConversionLimitsOf(options_), *peers_, *observer_);
  consensus_service_ =
      std::make_unique<ConsensusService>(ClientLimitsOf(options_), *gate_, *errors_, *metrics_);
  cluster_service_ = std::make_unique<ClusterService>(*gate_, *errors_, *report_, *metrics_);
  auto peer_server = GrpcServer::StartForPeers(std::move(peer_listener_), peer_link_options_,
                                               peer_service_->grpc_service());
  if (!peer_server.ok()) return ProcessFailure{kExitFailed, peer_server.status()};
  peer_server_ = *std::move(peer_server);
  auto client_server = GrpcServer::StartForClients(
      std::move(client_listener_), MessageBytesMax(options_),
      {&consensus_service_->grpc_service(), &cluster_service_->grpc_service()});
  if (!client_server.ok()) return ProcessFailure{kExitFailed, client_server.status()};
  client_server_ = *std::move(client_server);
  housekeeping_ =
      std::make_unique<Housekeeping>(*gate_, *directory_, *report_, *client_server_->health());
  housekeeping_->Start();
  spdlog::info("raftd {}: clients {}, peers {}, http {}, data {}", kVersion,
               options_.client_address, options_.peer_address, options_.http_address,
               options_.data_dir);
  return std::nullopt;
}

std::optional<ProcessFailure> ServerProcess::Form(const std::stop_token& stop) {
  if (birth_ == nullptr) {
    rules_ = std::make_unique<HeaderRules>(local_, directory_->identity().founding);
    return std::nullopt;
  }
  spdlog::info("forming a new cluster of {}", options_.initial_members);
  const absl::StatusOr<FoundingConfiguration> founding = birth_->Run(stop);
  if (stop.stop_requested()) return std::nullopt;
  if (!founding.ok()) {
    const bool misconfigured = founding.status().code() == absl::StatusCode::kInvalidArgument;
    return ProcessFailure{misconfigured ? kExitConfiguration : kExitDataDirectory,
                          founding.status()};
  }
  spdlog::info("the cluster is formed: {}", FormatClusterId(founding->cluster_id));
  rules_ = std::make_unique<HeaderRules>(local_, *founding);
  return std::nullopt;
}

std::optional<ProcessFailure> ServerProcess::Serve(const std::stop_token& stop) {
  peer_service_->BecomeFounded(*rules_);
  absl::StatusOr<OpenedServer> opened = directory_->OpenServer();
  if (!opened.ok()) return ProcessFailure{kExitDataDirectory, opened.status()};
  running_ = std::make_unique<RunningServer>(
      RunningServerParts{
          .options = options_,
          .rules = *rules_,
          .peer_link_options = peer_link_options_,
          .peer_service = *peer_service_,
          .peers = *peers_,
          .observer = *observer_,
          .fatal = [](const absl::Status& failure) { EndProcess(failure, kExitFailed); }},
      *std::move(opened));
  running_->Start();
  gate_->Open(running_->formed());
  spdlog::info("serving");

  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait(lock, stop, [] { return false; });

  // The reverse of the flow of data: health first, so that clients leave by themselves; then no new
  // work; then whoever waits gets an answer; storage once nobody writes; the page last, so that an
  // operator can watch.
  client_server_->health()->Shutdown();
  gate_->Drain();
  running_->Drain(kDrainPatience);
  housekeeping_->Stop();
  const absl::Status stopped = running_->Stop();
  client_server_->Shutdown(kShutdownPatience);
  peer_server_->Shutdown(kShutdownPatience);
  if (!stopped.ok()) return ProcessFailure{kExitFailed, stopped};
  spdlog::info("stopped; everything applied is durable");
  return std::nullopt;
}

// --- The command line --------------------------------------------------------------------------

int Fail(int exit_code, const absl::Status& status) {
  std::fprintf(stderr, "raftd: %s\n", std::string(status.message()).c_str());
  return exit_code;
}

void PrintSettings(const std::vector<Setting>& settings) {
  for (const Setting& setting : settings) {
    std::printf("%-26s = %-32s # %s\n", setting.name.c_str(), setting.value.c_str(),
                setting.origin.c_str());
  }
}

int RunServer(const CommandLine& command_line) {
  const Options& options = command_line.options;
  std::stop_source stop;
  StopOnSignals(stop);
  StartLogging(
      {.format = options.log_format, .level = options.log_level, .server_id = options.server_id});
  for (const std::string& warning : command_line.warnings) spdlog::warn("{}", warning);
  RaiseDescriptorLimit();
  // The packaged Abseil looks for deadlocks at every lock of gRPC's; it costs up to a tenth.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  std::optional<ProcessFailure> failure;
  {
    ServerProcess process(options);
    failure = process.Run(stop.get_token());
  }
  StopLogging();
  return failure ? Fail(failure->exit_code, failure->status) : kExitOk;
}

int Main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const absl::StatusOr<CommandLine> command_line = ParseCommandLine(arguments, ReadEnvironment());
  if (!command_line.ok()) return Fail(kExitConfiguration, command_line.status());
  if (command_line->action == CommandLine::Action::kPrintText) {
    std::fputs(command_line->text.c_str(), stdout);
    return kExitOk;
  }
  if (command_line->action == CommandLine::Action::kPrintConfig) {
    PrintSettings(command_line->settings);
    return kExitOk;
  }
  const absl::Status valid = Validate(command_line->options);
  if (!valid.ok()) return Fail(kExitConfiguration, valid);
  if (command_line->action == CommandLine::Action::kCheckConfig) {
    std::puts("the configuration is valid");
    return kExitOk;
  }
  return RunServer(*command_line);
}

}  // namespace
}  // namespace raft

int main(int argc, char** argv) { return raft::Main(argc, argv); }
