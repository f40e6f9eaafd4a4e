#include "service/cluster_service.h"

#include <grpcpp/grpcpp.h>

#include <optional>
#include <string>

#include "raft/v1/cluster_service.grpc.pb.h"
#include "service/backups.h"
#include "service/client_requests.h"
#include "service/cluster_requests.h"
#include "service/member_changes.h"
#include "service/newcomer_greeter.h"
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
  call.Fail(Corrupt(scanned.status()));
}

}  // namespace

class ClusterService::Rpcs final : public v1::ClusterService::CallbackService {
 public:
  Rpcs(const ClientLimits& limits, const PeerLinkOptions& links, const ClientGate& gate,
       const ErrorBook& errors, const ServerReport& report, RaftMetrics& metrics)
      : door_{.limits = limits, .gate = gate, .errors = errors, .metrics = metrics},
        greeter_(links),
        gate_(gate),
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
                                      const v1::AddMemberRequest* request,
                                      v1::AddMemberResponse* response) override {
    return Change(*context, add_member_, *request, *response,
                  [request](const auto& now) { return PlanAddition(now, request->member()); });
  }
  grpc::ServerUnaryReactor* PromoteMember(grpc::CallbackServerContext* context,
                                          const v1::PromoteMemberRequest* request,
                                          v1::PromoteMemberResponse* response) override {
    return Change(*context, promote_member_, *request, *response, [request](const auto& now) {
      return PlanPromotion(now, ServerId(request->server_id()));
    });
  }
  grpc::ServerUnaryReactor* RemoveMember(grpc::CallbackServerContext* context,
                                         const v1::RemoveMemberRequest* request,
                                         v1::RemoveMemberResponse* response) override {
    return Change(*context, remove_member_, *request, *response, [request](const auto& now) {
      return PlanRemoval(now, ServerId(request->server_id()));
    });
  }
  grpc::ServerUnaryReactor* ReplaceMembers(grpc::CallbackServerContext* context,
                                           const v1::ReplaceMembersRequest* request,
                                           v1::ReplaceMembersResponse* response) override {
    return Change(*context, replace_members_, *request, *response,
                  [request](const auto& now) { return PlanReplacement(now, request->members()); });
  }
  grpc::ServerUnaryReactor* TransferLeadership(grpc::CallbackServerContext* context,
                                               const v1::TransferLeadershipRequest* request,
                                               v1::TransferLeadershipResponse* response) override {
    auto* call = new TransferCall(*context, transfer_leadership_, door_, *request, *response);
    call->Start();
    return call;
  }
  grpc::ServerUnaryReactor* CreateSnapshot(grpc::CallbackServerContext* context,
                                           const v1::CreateSnapshotRequest* request,
                                           v1::CreateSnapshotResponse* response) override {
    auto* call = new UnaryCall(*context, create_snapshot_);
    if (const auto refusal = WhyNot(*request)) {
      call->Fail(*refusal);
    } else {
      gate_.formed()->backups.CreateSnapshot(*call, {*gate_.formed(), errors_}, *response);
    }
    return call;
  }
  grpc::ServerWriteReactor<v1::DownloadSnapshotResponse>* DownloadSnapshot(
      grpc::CallbackServerContext* context, const v1::DownloadSnapshotRequest* request) override {
    if (const auto refusal = WhyNot(*request)) {
      return new RefusingStream<Backups::Stream>(*context, download_snapshot_, *refusal);
    }
    return gate_.formed()->backups.Download(*context, download_snapshot_,
                                            {*gate_.formed(), errors_});
  }

 private:
  static RpcMetrics Unary(RaftMetrics& metrics, const char* method) {
    return metrics.ForRpc(RpcType::kUnary, kService, method);
  }
  // None: this server serves, with or without a leader, and understands the request.
  std::optional<ServiceError> WhyNot(const google::protobuf::Message& request) const {
    if (gate_.draining()) return errors_.ShuttingDown(std::nullopt, std::nullopt);
    if (gate_.formed() == nullptr) return errors_.Forming(gate_.WaitingFor());
    return RefuseUnknownFields(request);
  }

  // What all changes of members have in common.
  template <typename Request, typename Response>
  grpc::ServerUnaryReactor* Change(grpc::CallbackServerContext& context, const RpcMetrics& metrics,
                                   const Request& request, Response& response,
                                   const MembershipCall::Plan& plan) {
    std::optional<LogIndex> expected;
    if (request.has_expected_config_index()) expected = LogIndex(request.expected_config_index());
    auto* call = new MembershipCall(
        context, metrics, door_, greeter_, expected,
        {.header = *response.mutable_header(),
         .set_config_index = [&response](auto index) { response.set_config_index(index); }});
    if (const auto refusal = RefuseUnknownFieldsWithin(request)) {
      call->Fail(*refusal);
    } else {
      call->Start(plan);
    }
    return call;
  }

  const ClientDoor door_;
  NewcomerGreeter greeter_;
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

ClusterService::ClusterService(const ClientLimits& limits, const PeerLinkOptions& links,
                               const ClientGate& gate, const ErrorBook& errors,
                               const ServerReport& report, RaftMetrics& metrics)
    : rpcs_(std::make_unique<Rpcs>(limits, links, gate, errors, report, metrics)) {}

ClusterService::~ClusterService() = default;

grpc::Service& ClusterService::grpc_service() { return *rpcs_; }

}  // namespace raft
