#include "tests/integration/client.h"

#include <grpc/grpc.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <future>
#include <vector>

namespace raft::integration {
namespace {

constexpr char kErrorInfoType[] = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr char kPropose[] = "/raft.v1.ConsensusService/Propose";
constexpr char kRead[] = "/raft.v1.ConsensusService/Read";
constexpr char kGetStatus[] = "/raft.v1.ClusterService/GetStatus";

CallError ErrorOf(const grpc::Status& status) {
  CallError error;
  error.code = status.error_code();
  error.message = status.error_message();
  v1::StatusDetails details;
  if (!details.ParseFromString(status.error_details())) return error;
  for (const google::protobuf::Any& detail : details.details()) {
    v1::ErrorInfo information;
    if (detail.type_url() == kErrorInfoType && information.ParseFromString(detail.value())) {
      error.reason = information.reason();
      error.metadata = {information.metadata().begin(), information.metadata().end()};
    } else if (detail.type_url().ends_with("raft.v1.LeaderHint")) {
      (void)error.leader_hint.ParseFromString(detail.value());
    }
  }
  return error;
}

Outcome OutcomeOf(const CallError& error) {
  if (error.code == grpc::StatusCode::OK) return Outcome::kDone;
  const bool server_knows = !error.reason.empty() && error.reason != "OUTCOME_UNKNOWN";
  return server_knows ? Outcome::kRefused : Outcome::kUnknown;
}

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string BytesOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) {
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return bytes;
}

class GenericCall : public PendingCall {
 public:
  GenericCall(grpc::GenericStub& stub, const std::string& method, const std::string& request,
              Milliseconds deadline)
      : request_(BufferOf(request)) {
    context_.set_deadline(std::chrono::system_clock::now() + deadline);
    stub.UnaryCall(&context_, method, {}, &request_, &response_,
                   [this](grpc::Status status) { ended_.set_value(std::move(status)); });
  }
  ~GenericCall() override {
    context_.TryCancel();
    if (future_.valid()) future_.wait();
  }

  void Cancel() override { context_.TryCancel(); }

  Answer<std::string> Wait() override {
    const grpc::Status status = future_.get();
    const CallError error = ErrorOf(status);
    return {.outcome = OutcomeOf(error), .response = BytesOf(response_), .error = error};
  }

 private:
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  std::promise<grpc::Status> ended_;
  std::future<grpc::Status> future_ = ended_.get_future();
};

template <typename Response>
Answer<Response> Typed(const Answer<std::string>& raw) {
  Answer<Response> answer{.outcome = raw.outcome, .response = {}, .error = raw.error};
  if (raw.ok() && !answer.response.ParseFromString(raw.response)) {
    answer.outcome = Outcome::kUnknown;
    answer.error.message = "the answer does not parse";
  }
  return answer;
}

// Tests see what the server does, not what a library does behind their back: no retries, a pool of
// connections of its own, and a reconnect that does not keep a restarted server waiting.
grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  return arguments;
}

}  // namespace

struct Client::Connection {
  explicit Connection(const std::string& address)
      : stub(grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), Arguments())) {}
  grpc::GenericStub stub;
};

Client::Client(const std::string& address) {
  // The library stays up between tests: its last user to go away waits up to 10 s for what a
  // refused call has left behind in it.
  [[maybe_unused]] static const bool kept_up = (grpc_init(), true);
  connection_ = std::make_unique<Connection>(address);
}
Client::~Client() = default;

std::unique_ptr<PendingCall> Client::Start(const std::string& method, const std::string& request,
                                           Milliseconds deadline) {
  return std::make_unique<GenericCall>(connection_->stub, method, request, deadline);
}

Answer<std::string> Client::Call(const std::string& method, const std::string& request,
                                 Milliseconds deadline) {
  return Start(method, request, deadline)->Wait();
}

Answer<v1::ProposeResponse> Client::Propose(const v1::ProposeRequest& request,
                                            Milliseconds deadline) {
  return Typed<v1::ProposeResponse>(Call(kPropose, request.SerializeAsString(), deadline));
}

Answer<v1::ProposeResponse> Client::Put(const std::string& key, const std::string& value,
                                        Milliseconds deadline) {
  return Propose(PutRequest(key, value), deadline);
}

Answer<v1::ReadResponse> Client::Read(const v1::ReadRequest& request, Milliseconds deadline) {
  return Typed<v1::ReadResponse>(Call(kRead, request.SerializeAsString(), deadline));
}

Answer<v1::ReadResponse> Client::Get(const std::string& key, Milliseconds deadline) {
  return Read(GetRequest(key), deadline);
}

Answer<v1::GetStatusResponse> Client::GetStatus(bool verify_digest, Milliseconds deadline) {
  v1::GetStatusRequest request;
  request.set_verify_digest(verify_digest);
  return Typed<v1::GetStatusResponse>(Call(kGetStatus, request.SerializeAsString(), deadline));
}

v1::ProposeRequest PutRequest(const std::string& key, const std::string& value) {
  v1::ProposeRequest request;
  request.mutable_command()->mutable_put()->set_key(key);
  request.mutable_command()->mutable_put()->set_value(value);
  return request;
}

v1::ReadRequest GetRequest(const std::string& key) {
  v1::ReadRequest request;
  request.mutable_query()->mutable_get()->set_key(key);
  return request;
}

}  // namespace raft::integration
