#include "service/raftctl/call_engine.h"

#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <algorithm>
#include <utility>

#include "service/raftctl/interrupt.h"

namespace raft::ctl {
namespace {

using google::protobuf::MessageLite;
using UntypedStub = grpc::TemplatedGenericStub<MessageLite, MessageLite>;

constexpr std::chrono::milliseconds kInterruptCheckInterval{50};
constexpr std::chrono::hours kCallDurationMax{24};
constexpr int kMessageBytesMax = 64 << 20;

grpc::ChannelArguments ChannelArguments() {
  grpc::ChannelArguments arguments;
  // Trap I13: the library would resend a proposal by itself.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // Trap E18: without the last of these a returned server is not seen for seconds.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 500);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 200);
  // Several connections to one server are really several.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetMaxSendMessageSize(kMessageBytesMax);
  return arguments;
}

std::string LeaderTrailer(const grpc::ClientContext& context) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find("raft-leader-address");
  if (found == trailers.end()) return "";
  return std::string(found->second.data(), found->second.size());
}

}  // namespace

struct Connection::Transport {
  std::shared_ptr<grpc::Channel> channel;
  UntypedStub stub;
};

Connection::Connection(std::string address) : address_(std::move(address)) {
  auto channel =
      grpc::CreateCustomChannel(address_, grpc::InsecureChannelCredentials(), ChannelArguments());
  transport_ = std::make_unique<Transport>(Transport{channel, UntypedStub(channel)});
}

Connection::~Connection() = default;

bool Connection::IsReady() const {
  return transport_->channel->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
}

struct CallEngine::ActiveCall {
  grpc::ClientContext context;
  grpc::Status status;
  std::unique_ptr<grpc::ClientAsyncResponseReader<MessageLite>> reader;
  Done done;
};

CallEngine::CallEngine() : queue_(std::make_unique<grpc::CompletionQueue>()) {}

CallEngine::~CallEngine() {
  CancelAll();
  queue_->Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue_->Next(&tag, &ok)) {
  }
}

void CallEngine::CancelAll() {
  for (ActiveCall* call : active_calls_) call->context.TryCancel();
  void* tag = nullptr;
  bool ok = false;
  while (!active_calls_.empty() && queue_->Next(&tag, &ok)) {
    const std::unique_ptr<ActiveCall> owned(static_cast<ActiveCall*>(tag));
    active_calls_.erase(owned.get());
  }
  timers_.clear();
}

void CallEngine::Start(Connection* connection, const char* method, const MessageLite& request,
                       MessageLite* response, Clock::time_point deadline, Done done) {
  auto call = std::make_unique<ActiveCall>();
  call->done = std::move(done);
  // Bounded, so that "no deadline" does not overflow the library's clock.
  const auto left = std::min<Clock::duration>(deadline - Clock::now(), kCallDurationMax);
  call->context.set_deadline(std::chrono::system_clock::now() + left);
  call->reader =
      connection->transport_->stub.PrepareUnaryCall(&call->context, method, request, queue_.get());
  call->reader->StartCall();
  ActiveCall* tag = call.release();  // Owned by the queue until it comes back as a tag.
  active_calls_.insert(tag);
  tag->reader->Finish(response, &tag->status, tag);
}

void CallEngine::At(Clock::time_point when, std::function<void()> callback) {
  timers_.emplace(when, std::move(callback));
}

void CallEngine::After(Clock::duration delay, std::function<void()> callback) {
  At(Clock::now() + delay, std::move(callback));
}

bool CallEngine::Run(const std::function<bool()>& finished) {
  while (!finished()) {
    if (Interrupted()) return false;
    RunDueTimers();
    if (finished()) break;
    Clock::time_point wake = Clock::now() + kInterruptCheckInterval;
    if (!timers_.empty()) wake = std::min(wake, timers_.begin()->first);
    const auto wait = std::max(wake - Clock::now(), Clock::duration::zero());
    void* tag = nullptr;
    bool ok = false;
    const auto event = queue_->AsyncNext(&tag, &ok, std::chrono::system_clock::now() + wait);
    if (event == grpc::CompletionQueue::GOT_EVENT) FinishCall(static_cast<ActiveCall*>(tag));
  }
  return true;
}

void CallEngine::RunDueTimers() {
  // Timers that a timer sets for now wait for the next round, so that calls get their turn.
  const Clock::time_point now = Clock::now();
  while (!timers_.empty() && timers_.begin()->first <= now) {
    auto timer = timers_.extract(timers_.begin());
    timer.mapped()();
  }
}

void CallEngine::FinishCall(ActiveCall* call) {
  const std::unique_ptr<ActiveCall> owned(call);
  active_calls_.erase(call);
  CallOutcome outcome;
  if (call->status.ok()) {
    outcome.outcome = Outcome::kSucceeded;
    outcome.code = absl::StatusCode::kOk;
  } else {
    outcome = ClassifyCall(static_cast<absl::StatusCode>(call->status.error_code()),
                           call->status.error_message(), call->status.error_details());
    if (outcome.leader_address.empty()) outcome.leader_address = LeaderTrailer(call->context);
  }
  call->done(outcome);
}

}  // namespace raft::ctl
