#include "service/peer_link.h"

#include <grpcpp/channel.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <tuple>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "service/peer_rpc.h"
#include "service/peer_status.h"
#include "service/two_processes.h"

namespace raft {

using SteadyClock = std::chrono::steady_clock;

template <typename Request>
struct PeerLink::Call {
  Context context;
  typename RpcOf<Request>::ProtoRequest request;
  typename RpcOf<Request>::ProtoResponse response;
  RequestBounds bounds;
  PeerMessageKind kind = PeerMessageKind::kGreet;
  SteadyClock::time_point started;
};

struct PeerLink::GreetingCall {
  Context context;
  peer::v1::GreetRequest request;
  peer::v1::GreetResponse response;
  PeerMemory::Recollection recalled;  // of the peer, when the greeting left
  SteadyClock::time_point started;
};

PeerLink::PeerLink(const PeerLinkOptions& options, const HeaderRules& rules, const Member& peer,
                   Inbox& inbox, PeerDirectory& directory, PeerObserver& observer, ToldByPeers told)
    : options_(options),
      rules_(rules),
      peer_(peer),
      peer_life_{.server_id = peer.server_id, .incarnation = peer.incarnation},
      inbox_(inbox),
      directory_(directory),
      observer_(observer),
      told_(std::move(told)),
      control_stub_(peer::v1::PeerService::NewStub(OpenPeerChannel(peer.peer_address, options))),
      entries_stub_(peer::v1::PeerService::NewStub(OpenPeerChannel(peer.peer_address, options))) {}

PeerLink::~PeerLink() = default;

void PeerLink::Greet() {
  {
    MutexLock lock(mutex_);
    if (state_ != State::kNotGreeted) return;
    state_ = State::kGreeting;
  }
  StartGreeting(/*waits_for_peer=*/true);
}

void PeerLink::Send(PeerRequest request) {
  const auto kind = static_cast<std::size_t>(KindOf(request));
  std::optional<PeerRequest> displaced;
  State state;
  {
    MutexLock lock(mutex_);
    state = state_;
    if (state == State::kNotGreeted || state == State::kGreeting) {
      displaced = std::exchange(waiting_[kind], std::move(request));
      state_ = State::kGreeting;
    }
  }
  if (state == State::kClosed) return GiveUp(request, PeerCallOutcome::kCancelled);
  if (state == State::kGreeted) return Start(std::move(request));
  if (displaced) GiveUp(*displaced, PeerCallOutcome::kNotConnected);
  if (state == State::kNotGreeted) StartGreeting();
}

bool PeerLink::greeted() const {
  MutexLock lock(mutex_);
  return state_ == State::kGreeted;
}

void PeerLink::Doubt() {
  {
    MutexLock lock(mutex_);
    if (!is_doubted_) asked_at_.reset();
    is_doubted_ = true;
    const bool is_quiet = !asked_at_ && (!heard_at_ || IsLongAgo(*heard_at_));
    if (!is_quiet || state_ == State::kGreeting || state_ == State::kClosed) return;
    state_ = State::kGreeting;
  }
  StartGreeting();
}

void PeerLink::Trust() {
  MutexLock lock(mutex_);
  is_doubted_ = false;
}

bool PeerLink::MayMoveTo(std::uint64_t process_nonce) const {
  MutexLock lock(mutex_);
  const bool is_same_process = process_nonce != 0 && process_nonce == greeted_nonce_;
  return is_same_process || (is_doubted_ && asked_at_ && IsLongAgo(*asked_at_));
}

// By about an election timeout.
bool PeerLink::IsLongAgo(SteadyClock::time_point moment) const {
  return SteadyClock::now() - moment >= options_.control_deadline;
}

void PeerLink::NoteAskedLocked() {
  if (!asked_at_) asked_at_ = SteadyClock::now();
}

void PeerLink::NoteHeardLocked() {
  heard_at_ = SteadyClock::now();
  asked_at_.reset();
  is_doubted_ = false;
}

void PeerLink::Start(PeerRequest request) {
  const PeerMessageKind kind = KindOf(request);
  const RequestBounds bounds = BoundsOf(request);
  std::visit(
      [&](auto& message) {
        if constexpr (std::is_same_v<std::decay_t<decltype(message)>, InstallSnapshotRequest>) {
          RAFT_CHECK(false, "a snapshot is streamed (SnapshotSender)");
        } else {
          StartCall(std::move(message), kind, bounds);
        }
      },
      request);
}

template <typename Request>
void PeerLink::StartCall(Request request, PeerMessageKind kind, const RequestBounds& bounds) {
  std::unique_ptr<Call<Request>> call = PrepareCall<Request>(kind);
  if (call == nullptr) return GiveUp(PeerRequest(std::move(request)), PeerCallOutcome::kCancelled);
  call->kind = kind;
  call->bounds = bounds;
  rules_.Stamp(peer_life_, *call->request.mutable_header());
  ToProto(request, call->request);
  call->started = SteadyClock::now();
  auto& stub = kind == PeerMessageKind::kEntries ? *entries_stub_ : *control_stub_;
  Call<Request>* started = call.release();  // its callback takes it back
  RpcOf<Request>::Start(stub, started->context.get(), &started->request, &started->response,
                        [this, started](const grpc::Status& status) {
                          EndCall(std::unique_ptr<Call<Request>>(started), status);
                        });
}

// Null: the link is closed. A context serves one call; the rest is used again.
template <typename Request>
std::unique_ptr<PeerLink::Call<Request>> PeerLink::PrepareCall(PeerMessageKind kind) {
  Context context = NewContext(DeadlineOf(kind));
  std::unique_ptr<Call<Request>> call;
  {
    MutexLock lock(mutex_);
    if (state_ == State::kClosed) return nullptr;
    IdleCalls<Request>& idle = IdleCallsOf<Request>(kind);
    if (!idle.empty()) {
      call = std::move(idle.back());
      idle.pop_back();
    }
    contexts_.push_back(context);
    NoteAskedLocked();
  }
  if (call == nullptr) call = std::make_unique<Call<Request>>();
  call->context = std::move(context);
  return call;
}

template <typename Request>
void PeerLink::EndCall(std::unique_ptr<Call<Request>> call, const grpc::Status& status) {
  std::optional<PeerResponse> answer;
  if (status.ok()) answer = ReadAnswer(*call);
  // Of an answer; what an earlier one had left in the call counts for nothing.
  const std::uint64_t nonce = status.ok() ? call->response.header().process_nonce() : 0;
  PeerCallOutcome outcome =
      status.ok() && !answer ? PeerCallOutcome::kBadAnswer : OutcomeOf(status);
  if (answer && !NoteAnswerOf(nonce)) {
    answer.reset();
    outcome = PeerCallOutcome::kBadAnswer;
    LoseGreeting("another process answers there");  // it may have moved or changed
  }
  if (IsRefusedAsDoubled(status) || rules_.processes().IsDoubled(peer_life_, nonce)) {
    LoseGreeting("two processes are alive as one server");  // the next greeting tells whose
  }
  if (answer) rules_.memory().Note(peer_life_, nonce, ProvenBy(*answer));
  observer_.OnCallEnded({.peer = peer_.server_id,
                         .kind = call->kind,
                         .outcome = outcome,
                         .request_bytes = static_cast<std::uint64_t>(call->request.GetCachedSize()),
                         .round_trip = SteadyClock::now() - call->started});
  if (answer) {
    // Never refused while the inbox is open; once it is closed nobody waits for an answer.
    std::ignore = inbox_.PushPeer(ResponseReceived{peer_.server_id, *std::move(answer)});
  } else {
    PushUnreachable(call->bounds.number);
  }
  // Only the control connection tells whether the peer must be greeted again: the other one may
  // still be waiting for its next attempt to connect.
  if (outcome == PeerCallOutcome::kUnreachable && call->kind != PeerMessageKind::kEntries) {
    LoseGreeting(status.error_message());
  }
  const Context context = std::move(call->context);  // gRPC's part goes after the lock is free
  MutexLock lock(mutex_);
  ForgetContextLocked(context);
  IdleCallsOf<Request>(call->kind).push_back(std::move(call));
}

// None: the answer cannot be honest, or is not for us.
template <typename Request>
std::optional<PeerResponse> PeerLink::ReadAnswer(const Call<Request>& call) {
  if (auto refusal = rules_.RefuseAnswer(call.response.header(), peer_life_)) {
    observer_.OnHeaderRefused(refusal->problem);
    return std::nullopt;
  }
  if (IsOneOfTwo(call.response.header(), rules_, observer_)) return std::nullopt;
  auto response = FromProto(call.response);
  if (!response.ok() || !CheckAnswer(call.bounds, *response).ok()) return std::nullopt;
  return PeerResponse(*std::move(response));
}

bool PeerLink::NoteAnswerOf(std::uint64_t process_nonce) {
  MutexLock lock(mutex_);
  if (process_nonce != greeted_nonce_) return false;
  NoteHeardLocked();
  return true;
}

template <typename Request>
PeerLink::IdleCalls<Request>& PeerLink::IdleCallsOf(PeerMessageKind kind) {
  if constexpr (std::is_same_v<Request, PreVoteRequest>) {
    return idle_pre_votes_;
  } else if constexpr (std::is_same_v<Request, RequestVoteRequest>) {
    return idle_votes_;
  } else if constexpr (std::is_same_v<Request, TimeoutNowRequest>) {
    return idle_transfers_;
  } else {
    return kind == PeerMessageKind::kEntries ? idle_entries_ : idle_heartbeats_;
  }
}

void PeerLink::StartGreeting(bool waits_for_peer) {
  auto call = std::make_unique<GreetingCall>();
  call->context = NewContext(options_.greet_deadline);
  call->context->set_wait_for_ready(waits_for_peer);
  WriteGreeting(rules_, peer_life_, call->request);
  call->recalled = rules_.memory().Recall(peer_life_);
  {
    MutexLock lock(mutex_);
    if (state_ == State::kClosed) return;  // Shutdown has taken care of what waited.
    contexts_.push_back(call->context);
    NoteAskedLocked();
    call->request.mutable_header()->set_request_number(++greetings_);
  }
  call->started = SteadyClock::now();
  GreetingCall* started = call.release();  // its callback takes it back
  control_stub_->async()->Greet(started->context.get(), &started->request, &started->response,
                                [this, started](const grpc::Status& status) {
                                  EndGreeting(std::unique_ptr<GreetingCall>(started), status);
                                });
}

void PeerLink::EndGreeting(std::unique_ptr<GreetingCall> call, const grpc::Status& status) {
  std::optional<std::string> problem = ProblemWith(*call, status);
  const PeerCallOutcome outcome =
      status.ok() && problem ? PeerCallOutcome::kBadAnswer : OutcomeOf(status);
  observer_.OnCallEnded({.peer = peer_.server_id,
                         .kind = PeerMessageKind::kGreet,
                         .outcome = outcome,
                         .request_bytes = static_cast<std::uint64_t>(call->request.GetCachedSize()),
                         .round_trip = SteadyClock::now() - call->started});
  if (problem) {
    FailGreeting(*std::move(problem));
  } else {
    BecomeGreeted(*call);
  }
  MutexLock lock(mutex_);
  ForgetContextLocked(call->context);
}

// None: the peer is who we take it for; the directory knows its card then.
std::optional<std::string> PeerLink::ProblemWith(const GreetingCall& call,
                                                 const grpc::Status& status) {
  if (!status.ok()) return status.error_message();
  const absl::StatusOr<Greeting> greeting = ReadGreeting(call.response, rules_.local().server_id);
  if (!greeting.ok()) return std::string(greeting.status().message());
  if (greeting->is_forming()) {
    return "it has not adopted this cluster: it is just starting, or its data directory was "
           "emptied";
  }
  if (auto problem = Judge(*greeting, call)) return problem;
  directory_.Note(*greeting);
  directory_.NoteReached(peer_life_, peer_.peer_address);
  return std::nullopt;
}

// Who answered, with what data directory, and what it holds against ours.
std::optional<std::string> PeerLink::Judge(const Greeting& answer, const GreetingCall& call) {
  const auto refusal = rules_.RefuseAnswer(call.response.header(), peer_life_);
  if (refusal && refusal->problem != HeaderProblem::kRegressed) {
    observer_.OnHeaderRefused(refusal->problem);
    // Each may have a double; then it is told so as it tells us.
    if (refusal->problem == HeaderProblem::kDoubled) std::ignore = HoldsNothingAgainstUs(answer);
    return absl::StrCat("its greeting ", refusal->message);
  }
  if (auto regress = rules_.memory().JudgeAnswerer(peer_life_, answer.process_nonce, answer.start,
                                                   call.recalled)) {
    observer_.OnHeaderRefused(HeaderProblem::kRegressed);
    return absl::StrCat("its data directory was put back from an old copy: it ", Describe(*regress),
                        "; it may not vote, its own log says the way back");
  }
  if (IsOneOfTwo(call.response.header(), rules_, observer_)) {
    return "another process is alive as the same server; neither is believed";
  }
  if (HoldsNothingAgainstUs(answer)) return std::nullopt;
  return "it holds something against this server";
}

// What is held against us is believed of a member of this cluster, asked by us at its address and
// answering in its life. It is certain then: see peer_memory.h and process_watch.h.
bool PeerLink::HoldsNothingAgainstUs(const Greeting& answer) {
  const bool is_doubled = NamesAsDoubled(answer, rules_.local().process_nonce);
  if (!answer.regress && !is_doubled) return true;
  if (!rules_.Lists(peer_life_)) return false;
  const std::string teller =
      absl::StrCat("server ", peer_.server_id.value(), " at ", peer_.peer_address);
  if (answer.regress) {
    told_.regressed(absl::FailedPreconditionError(
        absl::StrCat(teller, " remembers more of this server than its data directory: it ",
                     Describe(*answer.regress))));
  } else {
    told_.doubled(absl::FailedPreconditionError(
        absl::StrCat(teller, " hears two processes that are alive as this server")));
  }
  return false;
}

void PeerLink::BecomeGreeted(const GreetingCall& call) {
  WaitingRequests waiting;
  {
    MutexLock lock(mutex_);
    if (state_ == State::kClosed) return;
    state_ = State::kGreeted;
    NoteHeardLocked();
    greeted_nonce_ = call.response.header().process_nonce();
    last_problem_.clear();
    waiting = TakeWaitingLocked();
  }
  spdlog::info("greeted server {} at {}, version {}", peer_.server_id.value(), peer_.peer_address,
               call.response.version());
  for (PeerRequest& request : waiting) Start(std::move(request));
}

void PeerLink::FailGreeting(std::string problem) {
  WaitingRequests waiting;
  bool is_news = false;
  {
    MutexLock lock(mutex_);
    if (state_ == State::kClosed) return;
    state_ = State::kNotGreeted;
    waiting = TakeWaitingLocked();
    is_news = last_problem_ != problem;
    last_problem_ = problem;
  }
  if (is_news) {
    spdlog::warn("cannot greet server {} at {}: {}; trying again", peer_.server_id.value(),
                 peer_.peer_address, problem);
  }
  GiveUpAll(waiting, PeerCallOutcome::kNotConnected);
}

void PeerLink::LoseGreeting(const std::string& reason) {
  {
    MutexLock lock(mutex_);
    if (state_ != State::kGreeted) return;
    state_ = State::kNotGreeted;
  }
  spdlog::info("lost server {} at {}: {}", peer_.server_id.value(), peer_.peer_address, reason);
}

void PeerLink::StartShutdown() {
  WaitingRequests waiting;
  std::vector<Context> contexts;
  {
    MutexLock lock(mutex_);
    state_ = State::kClosed;
    waiting = TakeWaitingLocked();
    contexts = contexts_;
  }
  GiveUpAll(waiting, PeerCallOutcome::kCancelled);
  for (const Context& context : contexts) context->TryCancel();
}

bool PeerLink::idle() const {
  MutexLock lock(mutex_);
  return contexts_.empty();
}

void PeerLink::FinishShutdown() {
  MutexLock lock(mutex_);
  calls_ended_.wait(lock, [this] { return contexts_.empty(); });
}

void PeerLink::GiveUp(const PeerRequest& request, PeerCallOutcome outcome) {
  observer_.OnCallEnded({.peer = peer_.server_id, .kind = KindOf(request), .outcome = outcome});
  PushUnreachable(NumberOf(request));
}

void PeerLink::GiveUpAll(const WaitingRequests& requests, PeerCallOutcome outcome) {
  for (const PeerRequest& request : requests) GiveUp(request, outcome);
}

void PeerLink::PushUnreachable(RequestNumber number) {
  std::ignore = inbox_.PushPeer(PeerUnreachable{.peer = peer_.server_id, .number = number});
}

PeerLink::WaitingRequests PeerLink::TakeWaitingLocked() {
  WaitingRequests requests;
  for (std::optional<PeerRequest>& waiting : waiting_) {
    if (waiting) requests.push_back(*std::exchange(waiting, std::nullopt));
  }
  return requests;
}

PeerLink::Context PeerLink::NewContext(std::chrono::milliseconds deadline) const {
  auto context = std::make_shared<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + deadline);
  return context;
}

void PeerLink::ForgetContextLocked(const Context& context) {
  const auto found = std::find(contexts_.begin(), contexts_.end(), context);
  std::swap(*found, contexts_.back());
  contexts_.pop_back();
  if (contexts_.empty()) calls_ended_.notify_all();
}

std::chrono::milliseconds PeerLink::DeadlineOf(PeerMessageKind kind) const {
  return kind == PeerMessageKind::kEntries ? options_.entries_deadline : options_.control_deadline;
}

}  // namespace raft
