#include "tests/service/raftctl/fake_server.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <tuple>

#include "raft/v1/cluster_service.grpc.pb.h"
#include "raft/v1/consensus_service.grpc.pb.h"
#include "raft/v1/error_details.pb.h"
#include "service/raftctl/command_line.h"
#include "tests/integration/wait_until.h"

namespace raft::ctl {
namespace {

void Pack(const google::protobuf::Message& message, const std::string& type,
          v1::StatusDetails* details) {
  google::protobuf::Any* any = details->add_details();
  any->set_type_url("type.googleapis.com/" + type);
  message.SerializeToString(any->mutable_value());
}

grpc::Status Refusal(grpc::StatusCode code, const std::string& reason, const std::string& hint) {
  v1::StatusDetails details;
  details.set_code(code);
  v1::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("raft.v1");
  Pack(info, "google.rpc.ErrorInfo", &details);
  if (!hint.empty()) {
    v1::LeaderHint leader;
    leader.set_leader_id(99);
    leader.set_client_address(hint);
    Pack(leader, "raft.v1.LeaderHint", &details);
  }
  return grpc::Status(code, "refused by the test", details.SerializeAsString());
}

}  // namespace

void FakeStore::Propose(const v1::ProposeRequest& request, v1::ProposeResponse* response) {
  const MutexLock lock(mutex_);
  const v1::Command& command = request.command();
  response->set_index(++revision_);
  const auto store = [&](const std::string& key, const std::string& value) {
    v1::KeyValue& item = items_[key];
    item.set_key(key);
    item.set_value(value);
    item.set_modified_revision(revision_);
    puts_.push_back({key, value});
  };
  if (command.has_put()) {
    store(command.put().key(), command.put().value());
    response->mutable_result()->mutable_put()->set_revision(revision_);
  } else if (command.has_delete_()) {
    response->mutable_result()->mutable_delete_()->set_deleted(
        items_.erase(command.delete_().key()));
  } else if (command.has_compare_and_set()) {
    const v1::CompareAndSet& cas = command.compare_and_set();
    v1::CompareAndSetResult* result = response->mutable_result()->mutable_compare_and_set();
    const auto found = items_.find(cas.key());
    const std::uint64_t revision = found == items_.end() ? 0 : found->second.modified_revision();
    result->set_succeeded(revision == cas.expected_revision());
    if (result->succeeded()) {
      store(cas.key(), cas.value());
      result->set_revision(revision_);
    } else if (found != items_.end()) {
      *result->mutable_current() = found->second;
    }
  }
}

void FakeStore::Read(const v1::ReadRequest& request, v1::ReadResponse* response) const {
  const MutexLock lock(mutex_);
  if (request.query().has_get()) {
    const auto found = items_.find(request.query().get().key());
    if (found != items_.end()) *response->add_items() = found->second;
    return;
  }
  const v1::Scan& scan = request.query().scan();
  for (auto item = items_.lower_bound(scan.start()); item != items_.end(); ++item) {
    if (!scan.end().empty() && item->first >= scan.end()) break;
    if (response->items_size() == static_cast<int>(scan.limit())) {
      response->set_more(true);
      break;
    }
    *response->add_items() = item->second;
  }
}

std::vector<FakeStore::Applied> FakeStore::puts() const {
  const MutexLock lock(mutex_);
  return puts_;
}

struct FakeServices {
  class Consensus final : public v1::ConsensusService::Service {
   public:
    explicit Consensus(FakeServer* server) : server_(server) {}

    grpc::Status Propose(grpc::ServerContext* context, const v1::ProposeRequest* request,
                         v1::ProposeResponse* response) override {
      const std::string key = request->command().put().key();
      Enter(key);
      const grpc::Status status =
          Answer(context, [&] { server_->store_->Propose(*request, response); });
      const MutexLock lock(server_->mutex_);
      --server_->keys_inside_[key];
      return status;
    }

    grpc::Status Read(grpc::ServerContext* context, const v1::ReadRequest* request,
                      v1::ReadResponse* response) override {
      if (request->consistency() == v1::READ_CONSISTENCY_STALE) {
        server_->store_->Read(*request, response);
        return grpc::Status::OK;
      }
      return Answer(context, [&] { server_->store_->Read(*request, response); });
    }

   private:
    void Enter(const std::string& key) {
      const MutexLock lock(server_->mutex_);
      const int inside = ++server_->keys_inside_[key];
      server_->same_key_at_once_max_ = std::max(server_->same_key_at_once_max_.load(), inside);
    }

    grpc::Status Answer(grpc::ServerContext* context, const std::function<void()>& serve) {
      ++server_->calls_;
      std::string hint;
      {
        const MutexLock lock(server_->mutex_);
        hint = server_->hint_;
      }
      switch (server_->NextAnswer()) {
        case FakeAnswer::kServes:
          serve();
          return grpc::Status::OK;
        case FakeAnswer::kNotLeader:
          return Refusal(grpc::UNAVAILABLE, "NOT_LEADER", hint);
        case FakeAnswer::kNoLeader:
          return Refusal(grpc::UNAVAILABLE, "NO_LEADER", "");
        case FakeAnswer::kOutcomeUnknown:
          serve();
          return Refusal(grpc::UNKNOWN, "OUTCOME_UNKNOWN", "");
        case FakeAnswer::kBareUnavailable:
          serve();
          return grpc::Status(grpc::UNAVAILABLE, "Socket closed");
        case FakeAnswer::kOverloaded:
          return Refusal(grpc::RESOURCE_EXHAUSTED, "OVERLOADED", "");
        case FakeAnswer::kInvalid:
          return Refusal(grpc::INVALID_ARGUMENT, "COMMAND_TOO_LARGE", "");
        case FakeAnswer::kTermMoved:
          return Refusal(grpc::ABORTED, "TERM_MOVED", "");
        case FakeAnswer::kSilent:
          break;
      }
      // The caller's deadline ends this; there is nothing else to wait for.
      std::ignore = integration::WaitUntil([context] { return context->IsCancelled(); });
      return grpc::Status::CANCELLED;
    }

    FakeServer* const server_;
  };

  class Cluster final : public v1::ClusterService::Service {
   public:
    explicit Cluster(FakeServer* server) : server_(server) {}

    grpc::Status GetStatus(grpc::ServerContext*, const v1::GetStatusRequest* request,
                           v1::GetStatusResponse* response) override {
      const MutexLock lock(server_->mutex_);
      *response = server_->status_;
      response->mutable_header()->set_server_id(server_->server_id_);
      if (!request->verify_digest()) response->clear_verified_state_digest();
      return grpc::Status::OK;
    }
    grpc::Status ListMembers(grpc::ServerContext*, const v1::ListMembersRequest*,
                             v1::ListMembersResponse* response) override {
      const MutexLock lock(server_->mutex_);
      *response->mutable_members() = server_->status_.members();
      *response->mutable_header() = server_->status_.header();
      return grpc::Status::OK;
    }

    grpc::Status DownloadSnapshot(
        grpc::ServerContext* context, const v1::DownloadSnapshotRequest*,
        grpc::ServerWriter<v1::DownloadSnapshotResponse>* stream) override {
      std::vector<std::string> pieces;
      FakeAnswer ending = FakeAnswer::kServes;
      {
        const MutexLock lock(server_->mutex_);
        pieces = server_->pieces_;
        ending = server_->download_ending_;
      }
      v1::DownloadSnapshotResponse response;
      response.mutable_header()->set_server_id(server_->server_id_);
      for (const std::string& piece : pieces) {
        response.set_data(piece);
        stream->Write(response);
      }
      switch (ending) {
        case FakeAnswer::kServes:
          return grpc::Status::OK;
        case FakeAnswer::kNoLeader:
          return Refusal(grpc::UNAVAILABLE, "NO_LEADER", "");
        case FakeAnswer::kOverloaded:
          return Refusal(grpc::RESOURCE_EXHAUSTED, "OVERLOADED", "");
        case FakeAnswer::kSilent:
          std::ignore = integration::WaitUntil([context] { return context->IsCancelled(); });
          return grpc::Status::CANCELLED;
        default:
          return grpc::Status(grpc::UNAVAILABLE, "Socket closed");
      }
    }

   private:
    FakeServer* const server_;
  };
};

struct FakeServer::Running {
  explicit Running(FakeServer* server) : consensus(server), cluster(server) {}
  FakeServices::Consensus consensus;
  FakeServices::Cluster cluster;
  std::unique_ptr<grpc::Server> server;
};

FakeServer::FakeServer(std::uint64_t server_id, FakeStore* store)
    : server_id_(server_id), store_(store), running_(std::make_unique<Running>(this)) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&running_->consensus);
  builder.RegisterService(&running_->cluster);
  running_->server = builder.BuildAndStart();
  address_ = "127.0.0.1:" + std::to_string(port);
}

FakeServer::~FakeServer() {
  running_->server->Shutdown(std::chrono::system_clock::now());
  running_->server->Wait();
}

void FakeServer::AnswerNext(int count, FakeAnswer answer) {
  next_answer_ = answer;
  next_count_ = count;
}

FakeAnswer FakeServer::NextAnswer() { return next_count_-- > 0 ? next_answer_ : answer_; }

void FakeServer::SetDownload(std::vector<std::string> pieces, FakeAnswer ending) {
  const MutexLock lock(mutex_);
  pieces_ = std::move(pieces);
  download_ending_ = ending;
}

void FakeServer::HintAt(const std::string& client_address) {
  const MutexLock lock(mutex_);
  hint_ = client_address;
}

void FakeServer::SetHealthy(bool healthy) {
  running_->server->GetHealthCheckService()->SetServingStatus("raft.v1.ConsensusService", healthy);
}

void FakeServer::SetStatus(const v1::GetStatusResponse& status) {
  const MutexLock lock(mutex_);
  status_ = status;
}

std::string UnusedAddress() {
  // A port that was free a moment ago: its server is gone when this returns.
  FakeStore store;
  return FakeServer(1, &store).address();
}

CommandResult RunCommand(const std::vector<std::string>& arguments) {
  std::vector<const char*> words{"raftctl"};
  for (const std::string& argument : arguments) words.push_back(argument.c_str());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  CommandResult result;
  result.exit_code = RunCommandLine(static_cast<int>(words.size()), words.data());
  std::fflush(stdout);
  result.out = testing::internal::GetCapturedStdout();
  result.err = testing::internal::GetCapturedStderr();
  return result;
}

}  // namespace raft::ctl
