// One raftd process from its ports to its end: what is constructed, in which order, and how it
// stops.
//
// Order of start: gRPC ports (a second server on them fails here, before it touches data), data
// directory, page, doors for peers and clients, birth of the cluster or joining one if it has none
// yet, the running server. The order of stop is in Serve. Knows how to wire the parts and nothing
// of what they do. Main thread.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>

#include "absl/status/status.h"
#include "metrics/http_page.h"
#include "metrics/raft_metrics.h"
#include "service/cluster_birth.h"
#include "service/cluster_join.h"
#include "service/cluster_service.h"
#include "service/consensus_service.h"
#include "service/grpc_server.h"
#include "service/housekeeping.h"
#include "service/listener.h"
#include "service/options.h"
#include "service/running_server.h"
#include "service/server_observer.h"
#include "service/server_report.h"

namespace raft {

// How a process ends; the same for every start of raftd.
inline constexpr int kExitOk = 0;             // stopped on request
inline constexpr int kExitFailed = 1;         // failed while running
inline constexpr int kExitConfiguration = 2;  // flags, environment, file
inline constexpr int kExitDataDirectory = 3;  // data directory unusable or of another cluster

struct ProcessFailure {
  int exit_code;
  absl::Status status;  // what was tried, on what, why it failed, what to do
};

class ServerProcess {
 public:
  // `options` are validated and outlive this object.
  explicit ServerProcess(const Options& options);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Runs until `stop` is requested. None: stopped as asked. Once.
  std::optional<ProcessFailure> Run(const std::stop_token& stop);

 private:
  std::optional<ProcessFailure> OpenPorts();
  std::optional<ProcessFailure> OpenDirectory();
  std::optional<ProcessFailure> CheckWayIn() const;
  std::optional<ProcessFailure> OpenPage();
  std::optional<ProcessFailure> OpenDoors();
  std::optional<ProcessFailure> Form(const std::stop_token& stop);
  absl::StatusOr<FoundingConfiguration> BecomePartOfACluster(const std::stop_token& stop);
  std::string WaitingFor() const;
  std::optional<ProcessFailure> Serve(const std::stop_token& stop);
  [[noreturn]] void EndRegressed(const absl::Status& told) const;
  [[noreturn]] void EndDoubled(const absl::Status& told) const;
  absl::Status StopServing();

  const Options& options_;
  const PeerLinkOptions peer_link_options_;
  std::unique_ptr<Listener> client_listener_;
  std::unique_ptr<Listener> peer_listener_;
  std::unique_ptr<DataDirectory> directory_;
  LocalServer local_;
  std::unique_ptr<PeerDirectory> peers_;
  // At most one of them, and none once this server is part of a cluster.
  std::unique_ptr<ClusterBirth> birth_;
  std::unique_ptr<ClusterJoin> join_;
  std::unique_ptr<ClientGate> gate_;
  std::unique_ptr<ServerReport> report_;
  std::unique_ptr<RaftMetrics> metrics_;
  std::unique_ptr<ServerObserver> observer_;
  std::unique_ptr<ErrorBook> errors_;
  std::unique_ptr<HeaderRules> rules_;
  std::unique_ptr<PeerService> peer_service_;
  std::unique_ptr<RunningServer> running_;
  // Ends before the running server, which it looks at, and after that has closed its storage.
  std::unique_ptr<HttpPage> page_;
  std::unique_ptr<ConsensusService> consensus_service_;
  std::unique_ptr<ClusterService> cluster_service_;
  std::unique_ptr<GrpcServer> peer_server_;
  std::unique_ptr<GrpcServer> client_server_;
  std::unique_ptr<Housekeeping> housekeeping_;
};

}  // namespace raft
