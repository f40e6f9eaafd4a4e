// One real server behind an in-process channel: services, loop, LevelDB; no peers.
//
// A cluster of one leads by itself. A cluster of three whose other two do not exist never finds a
// leader, which is what a client of a minority sees.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "raft/v1/cluster_service.grpc.pb.h"
#include "raft/v1/consensus_service.grpc.pb.h"
#include "service/callback_queue.h"
#include "service/cluster_service.h"
#include "service/consensus_service.h"
#include "service/running_server.h"
#include "service/server_report.h"

namespace raft {

class ServedServer {
 public:
  explicit ServedServer(std::uint64_t members)
      : directory_path_(testing::TempDir() + "served_server_" +
                        testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(directory_path_);
    options_.server_id = 1;
    options_.data_dir = directory_path_;
    options_.tick_ms = 1;
    options_.heartbeat_ms = 5;
    options_.election_timeout_min_ms = 30;
    options_.election_timeout_max_ms = 60;
    directory_ =
        DataDirectory::Open(directory_path_, ServerId(1), /*initial_members_hash=*/1).value();
    local_.server_id = ServerId(1);
    local_.incarnation = directory_->identity().incarnation;
    local_.process_nonce = DrawProcessNonce();
    local_.client_address = "127.0.0.1:7000";
    founding_.cluster_id = std::string(16, 'c');
    founding_.log_time_ms = 1;
    for (std::uint64_t id = 1; id <= members; ++id) {
      founding_.members.push_back({.server_id = ServerId(id),
                                   .peer_address = "127.0.0.1:" + std::to_string(id),
                                   .incarnation = id == 1 ? local_.incarnation : id});
    }
    peers_ = std::make_unique<PeerDirectory>(local_);
    report_ = std::make_unique<ServerReport>(options_, gate_, *peers_);
    peer_service_ = std::make_unique<PeerService>(local_, ConversionLimits{}, *peers_, observer_);
    consensus_ = std::make_unique<ConsensusService>(
        ClientLimits{.key_values = KeyValueLimitsOf(options_)}, gate_, errors_, metrics_);
    cluster_ = std::make_unique<ClusterService>(ClientLimits{}, PeerLinkOptions{}, gate_, errors_,
                                                *report_, metrics_);
    KeepCallbackQueue();
    grpc::ServerBuilder builder;
    builder.SetMaxReceiveMessageSize(16 << 20);
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&consensus_->grpc_service());
    builder.RegisterService(&cluster_->grpc_service());
    grpc_server_ = builder.BuildAndStart();
    const auto channel = grpc_server_->InProcessChannel(grpc::ChannelArguments());
    consensus_stub = v1::ConsensusService::NewStub(channel);
    cluster_stub = v1::ClusterService::NewStub(channel);
  }

  ~ServedServer() {
    gate_.Drain();
    if (running_ && !stopped_) {
      EXPECT_TRUE(running_->Stop().ok());
    }
    peer_service_->Close();
    grpc_server_->Shutdown(std::chrono::system_clock::now());
    std::filesystem::remove_all(directory_path_);
  }

  // A life in which the state was found to be another than the cluster's. Before Form.
  void MarkStateBeforeStart() {
    ASSERT_TRUE(directory_->AdoptFounding(founding_).ok());
    const OpenedServer opened = directory_->OpenServer().value();
    ASSERT_TRUE(opened.state->MarkDiverged().ok());
  }
  // Founds the cluster and starts the server.
  void Form() {
    ASSERT_TRUE(directory_->AdoptFounding(founding_).ok());
    rules_ = std::make_unique<HeaderRules>(local_, founding_);
    running_ = std::make_unique<RunningServer>(
        RunningServerParts{
            .options = options_,
            .rules = *rules_,
            .peer_link_options = peer_link_options_,
            .peer_service = *peer_service_,
            .peers = *peers_,
            .observer = observer_,
            .fatal = [](const absl::Status& failure) { ADD_FAILURE() << failure.message(); },
            .told = {.regressed = [](const absl::Status& told) { ADD_FAILURE() << told.message(); },
                     .doubled = [](const absl::Status& told) { ADD_FAILURE() << told.message(); }}},
        directory_->OpenServer().value());
    peer_service_->BecomeFounded(*rules_);
    running_->Start();
    gate_.Open(running_->formed());
  }
  // Form, and wait until this server leads. Requires: a cluster of one.
  void Lead() {
    Form();
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!report_->IsLeader()) {
      ASSERT_LT(std::chrono::steady_clock::now(), until) << "no leader in time";
      std::this_thread::yield();
    }
  }
  void Drain() { gate_.Drain(); }
  // Stops what runs, as a process that was told to; the services go on refusing.
  void Stop() {
    gate_.Drain();
    EXPECT_TRUE(running_->Stop().ok());
    stopped_ = true;
  }
  // To be changed before Form.
  Options& options() { return options_; }
  const FormedServer& formed() const { return running_->formed(); }
  RunningServer& running() { return *running_; }
  const ServerReport& report() const { return *report_; }
  // For clients that take an address instead of a stub.
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  std::unique_ptr<v1::ConsensusService::Stub> consensus_stub;
  std::unique_ptr<v1::ClusterService::Stub> cluster_stub;

 private:
  const std::string directory_path_;
  int port_ = 0;
  Options options_;
  const PeerLinkOptions peer_link_options_;
  std::unique_ptr<DataDirectory> directory_;
  LocalServer local_;
  FoundingConfiguration founding_;
  std::unique_ptr<PeerDirectory> peers_;
  ClientGate gate_{[] { return std::string("server 2 at h2:7001"); }};
  ErrorBook errors_{[this](ServerId server) { return peers_->ClientAddressOf(server); },
                    std::chrono::milliseconds(30)};
  std::unique_ptr<ServerReport> report_;
  RaftMetrics metrics_{{.version = "test", .revision = "", .compiler = ""},
                       [] { return MetricsSnapshot(); }};
  ServerObserver observer_{metrics_};
  std::unique_ptr<HeaderRules> rules_;
  std::unique_ptr<PeerService> peer_service_;
  std::unique_ptr<RunningServer> running_;
  bool stopped_ = false;
  std::unique_ptr<ConsensusService> consensus_;
  std::unique_ptr<ClusterService> cluster_;
  std::unique_ptr<grpc::Server> grpc_server_;
};

// ErrorInfo.reason of a failed call; empty when there is none.
inline std::string ReasonOf(const grpc::Status& status) {
  v1::StatusDetails details;
  if (!details.ParseFromString(status.error_details())) return "";
  for (const auto& detail : details.details()) {
    v1::ErrorInfo info;
    if (detail.type_url() == "type.googleapis.com/google.rpc.ErrorInfo" &&
        info.ParseFromString(detail.value())) {
      return info.reason();
    }
  }
  return "";
}

}  // namespace raft
