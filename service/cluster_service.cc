#include "service/cluster_service.h"

#include <grpcpp/grpcpp.h>

#include <string>

#include "raft/v1/cluster_service.grpc.pb.h"
#include "service/refusing_calls.h"
#include "service/unary_call.h"

namespace raft {
namespace {

constexpr char kService[] = "raft.v1.ClusterService";

// The state is looked at on the apply thread, so that digest and applied index belong together.
void AnswerFromState(UnaryCall& call, const ServerReport& report, bool verify, KeyValueStore& state,
                     v1::GetStatusResponse& response) {
  response = report.Status(LookAt(state));
  if (!verify) return call.Succeed();
  absl::StatusOr<std::string> scanned = state.ScanDigest();
  if (scanned.ok()) {
    response.set_verified_state_digest(*std::move(scanned));
    return call.Succeed();
  }
  call.Fail({.code = grpc::StatusCode::DATA_LOSS,
             .reason = "CORRUPT",
             .message = std::string(scanned.status().message())});
}

}  // namespace

class ClusterService::Rpcs final : public v1::ClusterService::CallbackService {
 public:
  Rpcs(const ClientGate& gate, const ErrorBook& errors, const ServerReport& report,
       RaftMetrics& metrics)
      : gate_(gate),
        errors_(errors),
        report_(report),
        get_status_(Unary(metrics, "GetStatus")),
        list_members_(Unary(metrics, "ListMembers")),
        add_member_(Unary(metrics, "AddMember")),
        promote_member_(Unary(metrics, "PromoteMember")),
        remove_member_(Unary(metrics, "RemoveMember")),
        replace_members_(Unary(metrics, "ReplaceMembers")),
        transfer_leadership_(Unary(metrics, "TransferLeadership")),
        create_snapshot_(Unary(metrics, "CreateSnapshot")),
        download_snapshot_(metrics.ForRpc(RpcType::kServerStream, kService, "DownloadSnapshot")) {}

  grpc::ServerUnaryReactor* GetStatus(grpc::CallbackServerContext* context,
                                      const v1::GetStatusRequest* request,
                                      v1::GetStatusResponse* response) override {
    auto* call = new UnaryCall(*context, get_status_);
    const FormedServer* formed = gate_.formed();
    if (formed == nullptr) {
      *response = report_.Status();
      call->Succeed();
      return call;
    }
    const bool verify = request->verify_digest();
    const bool pushed =
        formed->apply.PushTask([this, call, verify, response](KeyValueStore& state) {
          AnswerFromState(*call, report_, verify, state, *response);
        });
    if (!pushed) call->Fail(errors_.ShuttingDown(std::nullopt, formed->board.leadership()));
    return call;
  }

  grpc::ServerUnaryReactor* ListMembers(grpc::CallbackServerContext* context,
                                        const v1::ListMembersRequest*,
                                        v1::ListMembersResponse* response) override {
    auto* call = new UnaryCall(*context, list_members_);
    if (gate_.formed() == nullptr) {
      call->Fail(errors_.Forming(gate_.WaitingFor()));
      return call;
    }
    *response = report_.Members();
    call->Succeed();
    return call;
  }

  grpc::ServerUnaryReactor* AddMember(grpc::CallbackServerContext* context,
                                      const v1::AddMemberRequest*,
                                      v1::AddMemberResponse*) override {
    return RefuseUnary(*context, add_member_, "AddMember");
  }
  grpc::ServerUnaryReactor* PromoteMember(grpc::CallbackServerContext* context,
                                          const v1::PromoteMemberRequest*,
                                          v1::PromoteMemberResponse*) override {
    return RefuseUnary(*context, promote_member_, "PromoteMember");
  }
  grpc::ServerUnaryReactor* RemoveMember(grpc::CallbackServerContext* context,
                                         const v1::RemoveMemberRequest*,
                                         v1::RemoveMemberResponse*) override {
    return RefuseUnary(*context, remove_member_, "RemoveMember");
  }
  grpc::ServerUnaryReactor* ReplaceMembers(grpc::CallbackServerContext* context,
                                           const v1::ReplaceMembersRequest*,
                                           v1::ReplaceMembersResponse*) override {
    return RefuseUnary(*context, replace_members_, "ReplaceMembers");
  }
  grpc::ServerUnaryReactor* TransferLeadership(grpc::CallbackServerContext* context,
                                               const v1::TransferLeadershipRequest*,
                                               v1::TransferLeadershipResponse*) override {
    return RefuseUnary(*context, transfer_leadership_, "TransferLeadership");
  }
  grpc::ServerUnaryReactor* CreateSnapshot(grpc::CallbackServerContext* context,
                                           const v1::CreateSnapshotRequest*,
                                           v1::CreateSnapshotResponse*) override {
    return RefuseUnary(*context, create_snapshot_, "CreateSnapshot");
  }
  grpc::ServerWriteReactor<v1::DownloadSnapshotResponse>* DownloadSnapshot(
      grpc::CallbackServerContext* context, const v1::DownloadSnapshotRequest*) override {
    return new RefusingStream<grpc::ServerWriteReactor<v1::DownloadSnapshotResponse>>(
        *context, download_snapshot_, "DownloadSnapshot");
  }

 private:
  static RpcMetrics Unary(RaftMetrics& metrics, const char* method) {
    return metrics.ForRpc(RpcType::kUnary, kService, method);
  }

  const ClientGate& gate_;
  const ErrorBook& errors_;
  const ServerReport& report_;
  const RpcMetrics get_status_;
  const RpcMetrics list_members_;
  const RpcMetrics add_member_;
  const RpcMetrics promote_member_;
  const RpcMetrics remove_member_;
  const RpcMetrics replace_members_;
  const RpcMetrics transfer_leadership_;
  const RpcMetrics create_snapshot_;
  const RpcMetrics download_snapshot_;
};

ClusterService::ClusterService(const ClientGate& gate, const ErrorBook& errors,
                               const ServerReport& report, RaftMetrics& metrics)
    : rpcs_(std::make_unique<Rpcs>(gate, errors, report, metrics)) {}

ClusterService::~ClusterService() = default;

grpc::Service& ClusterService::grpc_service() { return *rpcs_; }

}  // namespace raft
