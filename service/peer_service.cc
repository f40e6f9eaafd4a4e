#include "service/peer_service.h"

#include <grpcpp/server_context.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "raft/peer/v1/peer_service.grpc.pb.h"
#include "service/ballot_gate.h"
#include "service/conversion/founding_conversion.h"
#include "service/conversion/greeting.h"
#include "service/conversion/snapshot_conversion.h"
#include "service/peer_status.h"
#include "service/rare_line.h"
#include "service/snapshot_call.h"
#include "service/two_processes.h"

namespace raft {
namespace {

constexpr char kStopping[] = "STOPPING: this server is shutting down";

grpc::Status ToGrpc(const HeaderRefusal& refusal) {
  return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION,
                      absl::StrCat(absl::AsciiStrToUpper(ToString(refusal.problem)), ": message ",
                                   refusal.message));
}

// One open RPC that waits for the core. Deletes itself when gRPC is done with it.
template <typename Response, typename ProtoResponse>
class PeerCall final : public grpc::ServerUnaryReactor, public WaitingPeerCall {
 public:
  PeerCall(WaitingPeerCalls& calls, const HeaderRules& rules, const ServerLife& asker,
           ProtoResponse& message)
      : calls_(calls), rules_(rules), asker_(asker), message_(message) {}

  // From now on the call may be finished, but not deleted before gRPC has got it.
  CallId Wait() {
    call_id_ = calls_.Add(*this);
    return call_id_;
  }

  void Answer(const PeerResponse& response) override {
    const Response* answer = std::get_if<Response>(&response);
    RAFT_CHECK(answer != nullptr, "a request is answered in kind");
    rules_.Stamp(asker_, *message_.mutable_header());
    ToProto(*answer, message_);
    Finish(grpc::Status::OK);
  }

  void Abandon(const std::string& reason) override {
    Finish(grpc::Status(grpc::StatusCode::UNAVAILABLE, reason));
  }

  // The caller is gone: its deadline passed or its connection broke.
  void OnCancel() override {
    if (calls_.Take(call_id_) != nullptr) Finish(grpc::Status::CANCELLED);
  }

  void OnDone() override { delete this; }
  bool InternalInlineable() override { return true; }  // as in service/unary_call.h

 private:
  WaitingPeerCalls& calls_;
  const HeaderRules& rules_;
  const ServerLife asker_;
  ProtoResponse& message_;
  CallId call_id_;
};

// A stream that is refused before anything is read of it.
class RefusedStream final : public grpc::ServerReadReactor<peer::v1::InstallSnapshotRequest> {
 public:
  explicit RefusedStream(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

class PeerService::Rpcs final : public peer::v1::PeerService::CallbackService,
                                private SnapshotDoor {
 public:
  Rpcs(LocalServer local, const ConversionLimits& limits, PeerDirectory& directory,
       PeerObserver& observer)
      : local_(std::move(local)), limits_(limits), directory_(directory), observer_(observer) {}

  void OnGreetedByFormed(std::function<void(const Greeting&)> listener) {
    on_greeted_by_formed_ = std::move(listener);
  }

  void OnToldDoubled(FatalHandler told) { told_doubled_ = std::move(told); }

  void BecomeFounded(const HeaderRules& rules) { rules_.store(&rules, std::memory_order_release); }

  void Open(Inbox& inbox, SnapshotReceiver& snapshots, std::chrono::milliseconds ballot_patience) {
    snapshots_ = &snapshots;
    ballots_ = std::make_unique<BallotGate>(*rules_.load(std::memory_order_acquire), directory_,
                                            ballot_patience);
    inbox_.store(&inbox, std::memory_order_release);
  }
  WaitingPeerCalls& calls() { return calls_; }

  grpc::ServerUnaryReactor* Greet(grpc::CallbackServerContext* context,
                                  const peer::v1::GreetRequest* request,
                                  peer::v1::GreetResponse* response) override {
    return Finished(*context, AnswerGreeting(*request, *response));
  }

  grpc::ServerUnaryReactor* PreVote(grpc::CallbackServerContext* context,
                                    const peer::v1::PreVoteRequest* request,
                                    peer::v1::PreVoteResponse* response) override {
    return Accept<PreVoteRequest, PreVoteResponse>(*context, request->header(), *response,
                                                   [request] { return FromProto(*request); });
  }

  grpc::ServerUnaryReactor* RequestVote(grpc::CallbackServerContext* context,
                                        const peer::v1::RequestVoteRequest* request,
                                        peer::v1::RequestVoteResponse* response) override {
    return Accept<RequestVoteRequest, RequestVoteResponse>(
        *context, request->header(), *response, [request] { return FromProto(*request); });
  }

  grpc::ServerUnaryReactor* AppendEntries(grpc::CallbackServerContext* context,
                                          const peer::v1::AppendEntriesRequest* request,
                                          peer::v1::AppendEntriesResponse* response) override {
    // gRPC made this message for this call alone and does not read it again, so its entries may be
    // moved out instead of copied.
    auto& message = const_cast<peer::v1::AppendEntriesRequest&>(*request);
    return Accept<AppendEntriesRequest, AppendEntriesResponse>(
        *context, request->header(), *response,
        [this, &message] { return FromProto(std::move(message), limits_); });
  }

  grpc::ServerReadReactor<peer::v1::InstallSnapshotRequest>* InstallSnapshot(
      grpc::CallbackServerContext*, peer::v1::InstallSnapshotResponse* response) override {
    if (inbox_.load(std::memory_order_acquire) == nullptr) return new RefusedStream(NotOpen());
    const HeaderRules& rules = *rules_.load(std::memory_order_acquire);
    return SnapshotCall::Open(
        {.door = *this, .calls = calls_, .rules = rules, .receiver = *snapshots_}, *response);
  }

  grpc::ServerUnaryReactor* TimeoutNow(grpc::CallbackServerContext* context,
                                       const peer::v1::TimeoutNowRequest* request,
                                       peer::v1::TimeoutNowResponse* response) override {
    return Accept<TimeoutNowRequest, TimeoutNowResponse>(*context, request->header(), *response,
                                                         [request] { return FromProto(*request); });
  }

 private:
  static grpc::ServerUnaryReactor* Finished(grpc::CallbackServerContext& context,
                                            const grpc::Status& status) {
    grpc::ServerUnaryReactor* reactor = context.DefaultReactor();
    reactor->Finish(status);
    return reactor;
  }

  grpc::Status JudgeOffer(const peer::v1::InstallSnapshotRequest& message,
                          InstallSnapshotRequest& offer) override {
    if (auto refused = JudgeHeader<InstallSnapshotRequest>(message.header())) return *refused;
    const auto request = FromProto(message);
    if (!request.ok()) {
      CountMalformed(ServerId(message.header().from()), request.status());
      return ToGrpc(request.status());
    }
    Remember(message.header(), *request);
    offer = *request;
    return grpc::Status::OK;
  }

  grpc::Status JudgePiece(const peer::v1::InstallSnapshotRequest& message,
                          const InstallSnapshotRequest& offer, std::uint64_t offset) override {
    if (auto refused = JudgeHeader<InstallSnapshotRequest>(message.header())) return *refused;
    const absl::Status checked = CheckPiece(offer, offset, message);
    if (!checked.ok()) CountMalformed(offer.leader_id, checked);
    return ToGrpc(checked);
  }

  bool HandOver(RequestReceived received) override {
    observer_.OnRequestReceived(received.sender.peer, KindOf(received.request));
    return inbox_.load(std::memory_order_acquire)->PushPeer(std::move(received));
  }

  // None: the message comes from this cluster and is for this server.
  template <typename Request>
  std::optional<grpc::Status> JudgeHeader(const peer::v1::PeerHeader& header) {
    const HeaderRules& rules = *rules_.load(std::memory_order_acquire);
    if (auto refusal = kIsBallot<Request> ? rules.Refuse(header) : rules.RefuseFromLeader(header)) {
      Count(*refusal);
      return ToGrpc(*refusal);
    }
    if (!IsOneOfTwo(header, rules, observer_)) return std::nullopt;
    return ToGrpc(HeaderRules::DoubledRefusal(header));
  }

  // The road of every request that the core answers: is this server up, may the sender speak, is
  // the message sane, is there room.
  template <typename Request, typename Response, typename ProtoResponse, typename Convert>
  grpc::ServerUnaryReactor* Accept(grpc::CallbackServerContext& context,
                                   const peer::v1::PeerHeader& header, ProtoResponse& answer,
                                   Convert convert) {
    Inbox* inbox = inbox_.load(std::memory_order_acquire);
    if (inbox == nullptr) return Finished(context, NotOpen());
    const HeaderRules& rules = *rules_.load(std::memory_order_acquire);
    if (auto refused = JudgeHeader<Request>(header)) return Finished(context, *refused);
    if (kMayEndInAVote<Request> && !ballots_->IsOpen()) return Finished(context, NotVotingYet());
    const ServerLife asker{.server_id = ServerId(header.from()),
                           .incarnation = header.incarnation()};
    auto request = convert();
    if (!request.ok()) {
      CountMalformed(asker.server_id, request.status());
      return Finished(context, ToGrpc(request.status()));
    }
    PeerRequest accepted(*std::move(request));
    Remember(header, accepted);
    return Wait<Response>(*inbox, rules, asker, std::move(accepted), answer);
  }

  void Remember(const peer::v1::PeerHeader& header, const PeerRequest& request) {
    const ServerLife asker{.server_id = ServerId(header.from()),
                           .incarnation = header.incarnation()};
    rules_.load(std::memory_order_acquire)
        ->memory()
        .Note(asker, header.process_nonce(), ProvenBy(request));
  }

  template <typename Response, typename ProtoResponse>
  grpc::ServerUnaryReactor* Wait(Inbox& inbox, const HeaderRules& rules, const ServerLife& asker,
                                 PeerRequest request, ProtoResponse& answer) {
    observer_.OnRequestReceived(asker.server_id, KindOf(request));
    auto* call = new PeerCall<Response, ProtoResponse>(calls_, rules, asker, answer);
    const CallId call_id = call->Wait();
    const bool accepted = inbox.PushPeer(RequestReceived{
        .sender = {.peer = asker.server_id, .call_id = call_id}, .request = std::move(request)});
    if (!accepted && calls_.Take(call_id) != nullptr) {
      call->Finish(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                                "OVERLOADED: the inbox for peers is full; try again"));
    }
    return call;
  }

  grpc::Status NotOpen() const {
    const char* reason = rules_.load(std::memory_order_acquire) == nullptr
                             ? "FORMING: this server has no cluster yet; it only greets"
                             : "STARTING: this server is opening its log";
    return grpc::Status(grpc::StatusCode::UNAVAILABLE, reason);
  }

  // Not UNAVAILABLE: the connection is good, and there is no reason to greet again.
  static grpc::Status NotVotingYet() {
    return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION,
                        "STARTING: this server asks the others what they remember of it");
  }

  grpc::Status AnswerGreeting(const peer::v1::GreetRequest& request,
                              peer::v1::GreetResponse& response) {
    const absl::StatusOr<Greeting> greeting = ReadGreeting(request, local_.server_id);
    if (!greeting.ok()) {
      CountGreeting(request.header(), greeting.status());
      return ToGrpc(greeting.status());
    }
    const HeaderRules* rules = rules_.load(std::memory_order_acquire);
    const grpc::Status answered =
        rules == nullptr ? AnswerWhileForming(*greeting, response)
                         : AnswerFounded(*greeting, request.header(), *rules, response);
    response.mutable_header()->set_request_number(request.header().request_number());
    return answered;
  }

  grpc::Status AnswerWhileForming(const Greeting& greeting, peer::v1::GreetResponse& response) {
    if (!greeting.is_forming() && on_greeted_by_formed_) on_greeted_by_formed_(greeting);
    WriteGreeting(local_, nullptr, LifeOf(greeting), response);
    return grpc::Status::OK;
  }

  // While the log is being opened nobody knows yet what this process starts with. A forming server
  // asks for the founding alone; to all others it would be a process that nobody can judge.
  grpc::Status AnswerFounded(const Greeting& greeting, const peer::v1::PeerHeader& header,
                             const HeaderRules& rules, peer::v1::GreetResponse& response) {
    const bool is_open = inbox_.load(std::memory_order_acquire) != nullptr;
    if (!is_open && !greeting.is_forming()) return NotOpen();
    if (auto refusal = Meet(greeting, rules)) return ToGrpc(*refusal);
    // Said in an answer, not in an error: an error has no header that shows who says it.
    std::optional<Regress> regress;
    if (!greeting.is_forming()) regress = Judge(greeting, header, rules);
    WriteGreeting(rules, LifeOf(greeting), response);
    if (regress) ToProto(*regress, response);
    return grpc::Status::OK;
  }

  static ServerLife LifeOf(const Greeting& greeting) {
    return {.server_id = greeting.from, .incarnation = greeting.incarnation};
  }

  // What this server and the greeter hold against each other. Of what is held against us only that
  // of a member is believed.
  std::optional<Regress> Judge(const Greeting& greeting, const peer::v1::PeerHeader& header,
                               const HeaderRules& rules) {
    const bool is_told = NamesAsDoubled(greeting, local_.process_nonce) &&
                         rules.Lists(LifeOf(greeting)) && !rules.Refuse(header);
    if (is_told && told_doubled_) {
      told_doubled_(absl::FailedPreconditionError(
          absl::StrCat("server ", greeting.from.value(), " at ", greeting.peer_address,
                       " hears two processes that are alive as this server")));
    }
    std::ignore = IsOneOfTwo(header, rules, observer_);  // It is told so in the answer.
    return JudgeStart(greeting, rules);
  }

  // Some: its data directory has forgotten what it had promised (peer_memory.h).
  std::optional<Regress> JudgeStart(const Greeting& greeting, const HeaderRules& rules) {
    auto regress =
        rules.memory().JudgeGreeter(LifeOf(greeting), greeting.process_nonce, greeting.start);
    if (regress) {
      Count({HeaderProblem::kRegressed,
             absl::StrCat("greets as server ", greeting.from.value(),
                          " with a data directory that was put back from an old copy: it ",
                          Describe(*regress))});
    } else {
      Note(greeting, rules);
    }
    return regress;
  }

  // A server of another cluster is refused, and another life of a member. A forming one is answered
  // all the same: the founding tells it whether it belongs here, and it draws the conclusion itself
  // (cluster_birth.h).
  std::optional<HeaderRefusal> Meet(const Greeting& greeting, const HeaderRules& rules) {
    const FoundingConfiguration& founding = rules.founding();
    if (greeting.founding && greeting.founding->cluster_id != founding.cluster_id) {
      return Counted(
          {HeaderProblem::kOtherCluster,
           absl::StrCat("greets from cluster ", FormatClusterId(greeting.founding->cluster_id),
                        ", this server belongs to ", FormatClusterId(founding.cluster_id),
                        "; check the addresses")});
    }
    if (const auto listed = OtherLifeListed(greeting, rules)) {
      Count({HeaderProblem::kSenderIncarnation,
             absl::StrCat("greets as server ", greeting.from.value(),
                          " in another life of its data directory: incarnation ",
                          greeting.incarnation, ", not ", *listed)});
    }
    return std::nullopt;
  }

  // The incarnation of the greeter that the configuration in force lists; none: this one, or none.
  static std::optional<std::uint64_t> OtherLifeListed(const Greeting& greeting,
                                                      const HeaderRules& rules) {
    const std::shared_ptr<const ClusterConfiguration> configuration = rules.configuration();
    const Member* listed = configuration->Find(greeting.from);
    if (listed == nullptr || listed->incarnation == greeting.incarnation) return std::nullopt;
    return listed->incarnation;
  }

  // A life that this server does not know may be newer than its configuration; it does not push out
  // the card of the one that it knows.
  void Note(const Greeting& greeting, const HeaderRules& rules) {
    if (OtherLifeListed(greeting, rules) && directory_.CardOf(greeting.from)) return;
    if (rules.processes().IsDoubled(LifeOf(greeting), greeting.process_nonce)) return;
    directory_.Note(greeting);
  }

  HeaderRefusal Counted(HeaderRefusal refusal) {
    Count(refusal);
    return refusal;
  }

  void Count(const HeaderRefusal& refusal) {
    observer_.OnHeaderRefused(refusal.problem);
    if (header_lines_[static_cast<std::size_t>(refusal.problem)].IsDue()) {
      spdlog::warn("refused a message at the peer port: it {}", refusal.message);
    }
  }

  void CountGreeting(const peer::v1::PeerHeader& header, const absl::Status& status) {
    HeaderProblem problem = HeaderProblem::kProtocolVersion;
    if (absl::IsInvalidArgument(status)) {
      problem = HeaderProblem::kMalformed;
    } else if (header.to() != local_.server_id.value()) {
      problem = HeaderProblem::kNotAddressee;
    } else if (header.from() == header.to()) {
      problem = HeaderProblem::kUnknownMember;
    }
    observer_.OnHeaderRefused(problem);
    if (header_lines_[static_cast<std::size_t>(problem)].IsDue()) {
      spdlog::warn("refused a greeting: {}", std::string(status.message()));
    }
  }

  void CountMalformed(ServerId from, const absl::Status& status) {
    observer_.OnMessageMalformed(from);
    if (malformed_lines_.IsDue()) {
      spdlog::warn("refused a message of server {}: {}", from.value(),
                   std::string(status.message()));
    }
  }

  const LocalServer local_;
  const ConversionLimits limits_;
  PeerDirectory& directory_;
  PeerObserver& observer_;
  WaitingPeerCalls calls_;
  std::function<void(const Greeting&)> on_greeted_by_formed_;  // constant once calls come
  FatalHandler told_doubled_;                                  // likewise
  std::atomic<const HeaderRules*> rules_{nullptr};
  SnapshotReceiver* snapshots_ = nullptr;  // these two are written before `inbox_`
  std::unique_ptr<BallotGate> ballots_;
  std::atomic<Inbox*> inbox_{nullptr};
  std::array<RareLine, kHeaderProblemCount> header_lines_;
  RareLine malformed_lines_;
};

PeerService::PeerService(LocalServer local, const ConversionLimits& limits,
                         PeerDirectory& directory, PeerObserver& observer)
    : rpcs_(std::make_unique<Rpcs>(std::move(local), limits, directory, observer)) {}

PeerService::~PeerService() = default;

grpc::Service& PeerService::grpc_service() { return *rpcs_; }

void PeerService::OnGreetedByFormed(std::function<void(const Greeting&)> listener) {
  rpcs_->OnGreetedByFormed(std::move(listener));
}

void PeerService::OnToldDoubled(FatalHandler told) { rpcs_->OnToldDoubled(std::move(told)); }

void PeerService::BecomeFounded(const HeaderRules& rules) { rpcs_->BecomeFounded(rules); }

void PeerService::Open(Inbox& inbox, SnapshotReceiver& snapshots,
                       std::chrono::milliseconds ballot_patience) {
  rpcs_->Open(inbox, snapshots, ballot_patience);
}

void PeerService::Close() { rpcs_->calls().Close(kStopping); }

WaitingPeerCalls& PeerService::waiting_calls() { return rpcs_->calls(); }

}  // namespace raft
