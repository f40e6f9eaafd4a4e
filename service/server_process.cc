#include "service/server_process.h"

#include <grpcpp/health_check_service_interface.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "persistence/double_mark.h"
#include "persistence/mutex.h"
#include "service/address.h"
#include "service/logging.h"
#include "service/version.h"

namespace raft {
namespace {

// How long a stopping server waits for clients, and then for what is under way in gRPC.
constexpr std::chrono::milliseconds kDrainPatience{1500};
constexpr std::chrono::milliseconds kShutdownPatience{500};

PeerLinkOptions PeerLinkOptionsOf(const Options& options) {
  PeerLinkOptions links;
  links.greet_at_once = true;
  links.control_deadline = std::chrono::milliseconds(options.election_timeout_max_ms);
  links.message_bytes_max = kPeerMessageBytesMax;
  return links;
}

ClientLimits ClientLimitsOf(const Options& options) {
  return {.key_values = KeyValueLimitsOf(options),
          .default_deadline = std::chrono::milliseconds(options.default_deadline_ms),
          .deadline_max = std::chrono::milliseconds(options.deadline_max_ms)};
}

// Requires: validated.
std::vector<InitialMember> InitialMembersOf(const Options& options) {
  if (options.initial_members.empty()) return {};
  return *ParseInitialMembers(options.initial_members);
}

}  // namespace

ServerProcess::ServerProcess(const Options& options)
    : options_(options), peer_link_options_(PeerLinkOptionsOf(options)) {}

ServerProcess::~ServerProcess() = default;

std::optional<ProcessFailure> ServerProcess::Run(const std::stop_token& stop) {
  if (auto failure = OpenPorts()) return failure;
  if (auto failure = OpenDirectory()) return failure;
  if (auto failure = OpenPage()) return failure;
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
  if (auto failure = CheckWayIn()) return failure;
  const std::vector<InitialMember> members = InitialMembersOf(options_);
  const std::uint64_t members_hash = members.empty() ? 0 : HashOfInitialMembers(members);
  auto opened = DataDirectory::Open(options_.data_dir, ServerId(options_.server_id), members_hash);
  if (!opened.ok()) return ProcessFailure{kExitDataDirectory, opened.status()};
  directory_ = *std::move(opened);
  if (absl::Status doubled = CheckNotDoubled(LocalDisk(), options_.data_dir); !doubled.ok()) {
    return ProcessFailure{kExitDataDirectory, doubled};
  }
  local_ = {.server_id = ServerId(options_.server_id),
            .incarnation = directory_->identity().incarnation,
            .process_nonce = DrawProcessNonce(),
            .initial_members_hash = members_hash,
            .client_address = options_.advertised_client_address(),
            .peer_address = options_.advertised_peer_address(),
            .version = kVersion};
  peers_ = std::make_unique<PeerDirectory>(local_);
  if (!directory_->identity().is_forming()) return std::nullopt;
  if (options_.join) {
    join_ = std::make_unique<ClusterJoin>(local_, *directory_);
  } else {
    birth_ = std::make_unique<ClusterBirth>(peer_link_options_, local_, members, *directory_);
  }
  return std::nullopt;
}

// Without a list nothing can be born here, and nobody is waited for; a directory that would stay
// empty is not created.
std::optional<ProcessFailure> ServerProcess::CheckWayIn() const {
  if (options_.join || !options_.initial_members.empty()) return std::nullopt;
  std::error_code unreadable;
  const bool nothing_there = std::filesystem::is_empty(options_.data_dir, unreadable) ||
                             !std::filesystem::exists(options_.data_dir, unreadable);
  if (!nothing_there) return std::nullopt;
  return ProcessFailure{
      kExitConfiguration,
      absl::InvalidArgumentError(absl::StrCat(
          "--initial-members is missing, and ", options_.data_dir,
          " holds no server yet: name the servers of the new cluster, as in 1=host:7001, or wait "
          "to be added to one that exists with --join"))};
}

std::optional<ProcessFailure> ServerProcess::OpenPage() {
  gate_ = std::make_unique<ClientGate>([this] { return WaitingFor(); });
  report_ = std::make_unique<ServerReport>(options_, *gate_, *peers_);
  metrics_ = std::make_unique<RaftMetrics>(
      BuildFacts{.version = kVersion, .revision = "", .compiler = kCompiler},
      [report = report_.get()] { return report->Snapshot(); });
  observer_ = std::make_unique<ServerObserver>(*metrics_);
  errors_ = std::make_unique<ErrorBook>(
      [peers = peers_.get()](ServerId server) { return peers->ClientAddressOf(server); },
      std::chrono::milliseconds(options_.election_timeout_min_ms));
  std::string error;
  page_ = HttpPage::Open({.address = options_.http_address, .version = kVersion},
                         {.metrics_text = [this] { return metrics_->Scrape(); },
                          .snapshot = [this] { return report_->Snapshot(); },
                          .status_json = [this] { return report_->StatusJson(); }},
                         &error);
  if (page_ == nullptr) return ProcessFailure{kExitFailed, absl::UnavailableError(error)};
  return std::nullopt;
}

std::optional<ProcessFailure> ServerProcess::OpenDoors() {
  peer_service_ = std::make_unique<PeerService>(
      local_, ConversionLimits{.entry_data_bytes_max = kCommandBytesCeiling}, *peers_, *observer_);
  peer_service_->OnToldDoubled([this](const absl::Status& told) { EndDoubled(told); });
  if (join_ != nullptr) {
    peer_service_->OnGreetedByFormed(
        [this](const Greeting& greeting) { join_->Consider(greeting); });
  }
  consensus_service_ =
      std::make_unique<ConsensusService>(ClientLimitsOf(options_), *gate_, *errors_, *metrics_);
  cluster_service_ = std::make_unique<ClusterService>(ClientLimitsOf(options_), peer_link_options_,
                                                      *gate_, *errors_, *report_, *metrics_);
  auto peer_server = GrpcServer::StartForPeers(std::move(peer_listener_), peer_link_options_,
                                               peer_service_->grpc_service());
  if (!peer_server.ok()) return ProcessFailure{kExitFailed, peer_server.status()};
  peer_server_ = *std::move(peer_server);
  auto client_server = GrpcServer::StartForClients(
      std::move(client_listener_), MessageBytesMax(options_),
      {&consensus_service_->grpc_service(), &cluster_service_->grpc_service()});
  if (!client_server.ok()) return ProcessFailure{kExitFailed, client_server.status()};
  client_server_ = *std::move(client_server);
  housekeeping_ = std::make_unique<Housekeeping>(*gate_, *directory_, *peers_, *report_,
                                                 *client_server_->health());
  housekeeping_->Start();
  spdlog::info("raftd {}: clients {}, peers {}, http {}, data {}", kVersion,
               options_.client_address, options_.peer_address, options_.http_address,
               options_.data_dir);
  return std::nullopt;
}

std::optional<ProcessFailure> ServerProcess::Form(const std::stop_token& stop) {
  const absl::StatusOr<FoundingConfiguration> founding = BecomePartOfACluster(stop);
  if (stop.stop_requested()) return std::nullopt;
  if (!founding.ok()) {
    const bool misconfigured = founding.status().code() == absl::StatusCode::kInvalidArgument;
    return ProcessFailure{misconfigured ? kExitConfiguration : kExitDataDirectory,
                          founding.status()};
  }
  spdlog::info("this server belongs to cluster {}", FormatClusterId(founding->cluster_id));
  rules_ = std::make_unique<HeaderRules>(local_, *founding);
  return std::nullopt;
}

absl::StatusOr<FoundingConfiguration> ServerProcess::BecomePartOfACluster(
    const std::stop_token& stop) {
  if (join_ != nullptr) return join_->Run(stop);
  if (birth_ == nullptr) return directory_->identity().founding;
  spdlog::info("forming a new cluster of {}", options_.initial_members);
  return birth_->Run(stop);
}

std::string ServerProcess::WaitingFor() const {
  if (join_ != nullptr) return join_->WaitingFor();
  return birth_ == nullptr ? std::string() : birth_->WaitingFor();
}

std::optional<ProcessFailure> ServerProcess::Serve(const std::stop_token& stop) {
  peer_service_->BecomeFounded(*rules_);
  absl::StatusOr<OpenedServer> opened = directory_->OpenServer();
  if (!opened.ok()) return ProcessFailure{kExitDataDirectory, opened.status()};
  rules_->NoteStart(StartingPointOf(opened->recovered));
  running_ = std::make_unique<RunningServer>(
      RunningServerParts{
          .options = options_,
          .rules = *rules_,
          .peer_link_options = peer_link_options_,
          .peer_service = *peer_service_,
          .peers = *peers_,
          .observer = *observer_,
          .fatal = [](const absl::Status& failure) { EndProcess(failure, kExitFailed); },
          .told = {.regressed = [this](const absl::Status& told) { EndRegressed(told); },
                   .doubled = [this](const absl::Status& told) { EndDoubled(told); }}},
      *std::move(opened));
  running_->Start();
  gate_->Open(running_->formed());
  spdlog::info("serving");

  Mutex mutex;
  MutexLock lock(mutex);
  std::condition_variable_any().wait(lock, stop, [] { return false; });
  const absl::Status stopped = StopServing();
  if (!stopped.ok()) return ProcessFailure{kExitFailed, stopped};
  spdlog::info("stopped; everything applied is durable");
  return std::nullopt;
}

// At once: every further vote could be the second of its term. Whatever is under way is in the log,
// or was promised to nobody.
void ServerProcess::EndRegressed(const absl::Status& told) const {
  peer_service_->Close();
  EndProcess(absl::FailedPreconditionError(absl::StrCat(
                 "cannot go on with the data directory ", options_.data_dir, ": ", told.message(),
                 ". It was put back from an old copy, or its disk lost what it had confirmed; a "
                 "server that has forgotten votes and entries must not vote again. The way back: "
                 "move ",
                 options_.data_dir, " away, remove the server (raftctl members remove ",
                 options_.server_id,
                 "), start it with an empty directory and --join, and add it "
                 "(raftctl members add ",
                 options_.server_id, "=", options_.advertised_peer_address(), ")")),
             kExitDataDirectory);
}

// Both processes end, and neither is started again before somebody has decided: which of them has
// promised what nobody can say any more.
void ServerProcess::EndDoubled(const absl::Status& told) const {
  peer_service_->Close();
  const std::string reason(told.message());
  if (const absl::Status marked = MarkDoubled(LocalDisk(), options_.data_dir, reason);
      !marked.ok()) {
    spdlog::error("a restart will not know it: {}", std::string(marked.message()));
  }
  EndProcess(absl::FailedPreconditionError(absl::StrCat(
                 "cannot go on with the data directory ", options_.data_dir, ": ", reason,
                 ". There is a copy of it, and a process runs on each; both end, for what one "
                 "promises the other does not know",
                 WayBackFromDouble(options_.data_dir))),
             kExitDataDirectory);
}

// The reverse of the flow of data: health first, so that clients leave by themselves; then somebody
// else leads, and there is no new work; then whoever waits gets an answer; storage once nobody
// writes. The page ends with this object, last, so that an operator can watch.
absl::Status ServerProcess::StopServing() {
  client_server_->health()->Shutdown();
  running_->HandOver(std::chrono::milliseconds(options_.election_timeout_max_ms));
  gate_->Drain();
  running_->Drain(kDrainPatience);
  housekeeping_->Stop();
  absl::Status stopped = running_->Stop();
  client_server_->Shutdown(kShutdownPatience);
  peer_server_->Shutdown(kShutdownPatience);
  return stopped;
}

}  // namespace raft
