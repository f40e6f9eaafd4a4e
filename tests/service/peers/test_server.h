// One server's peer side for tests: service, links and inbox for real, on loopback; instead of the
// core a recorder that answers what it is told to.
#pragma once

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "service/loop/inbox.h"
#include "service/peer_links.h"
#include "service/peer_service.h"
#include "service/snapshot_receiver.h"
#include "service/snapshot_sender.h"
#include "tests/service/loop/fakes.h"

namespace raft {

// Counts; remembers the last outcome.
class CountingObserver final : public PeerObserver {
 public:
  void OnCallEnded(const PeerCallReport& report) override {
    ++outcomes[static_cast<std::size_t>(report.outcome)];
    if (report.kind == PeerMessageKind::kGreet) ++greetings;
    request_bytes += report.request_bytes;
  }
  void OnRequestReceived(ServerId, PeerMessageKind) override { ++received; }
  void OnSnapshotPieceSent(ServerId, std::uint64_t bytes) override { snapshot_bytes_sent += bytes; }
  void OnSnapshotPieceReceived(ServerId, std::uint64_t bytes) override {
    snapshot_bytes_received += bytes;
  }
  void OnSnapshotResumed(ServerId) override { ++snapshots_resumed; }
  void OnSnapshotReceived(ServerId, SnapshotReceipt receipt, Seconds) override {
    ++receipts[static_cast<std::size_t>(receipt)];
  }
  void OnHeaderRefused(HeaderProblem problem) override {
    ++header_refusals[static_cast<std::size_t>(problem)];
  }
  void OnMessageMalformed(ServerId) override { ++malformed; }
  void OnTwoProcesses(ServerId) override { ++doubles_found; }

  int count(PeerCallOutcome outcome) const {
    return outcomes[static_cast<std::size_t>(outcome)].load();
  }
  int count(SnapshotReceipt receipt) const {
    return receipts[static_cast<std::size_t>(receipt)].load();
  }
  int count(HeaderProblem problem) const {
    return header_refusals[static_cast<std::size_t>(problem)].load();
  }

  std::array<std::atomic<int>, kPeerCallOutcomeCount> outcomes{};
  std::array<std::atomic<int>, kHeaderProblemCount> header_refusals{};
  std::array<std::atomic<int>, kSnapshotReceiptCount> receipts{};
  std::atomic<std::uint64_t> snapshot_bytes_sent{0};
  std::atomic<std::uint64_t> snapshot_bytes_received{0};
  std::atomic<int> snapshots_resumed{0};
  std::atomic<int> greetings{0};
  std::atomic<int> received{0};
  std::atomic<int> malformed{0};
  std::atomic<int> doubles_found{0};
  std::atomic<std::uint64_t> request_bytes{0};
};

// Takes inputs out of an inbox on a thread of its own, as the event loop would.
class InputRecorder {
 public:
  // Answers the request, or leaves it waiting: none.
  using Responder = std::function<std::optional<PeerResponse>(const PeerRequest&)>;

  InputRecorder(Inbox& inbox, WaitingPeerCalls& calls, Responder responder)
      : inbox_(inbox),
        calls_(calls),
        responder_(std::move(responder)),
        thread_([this] { Run(); }) {}
  ~InputRecorder() {
    inbox_.Close();
    thread_.join();
  }

  // Waits until `done` holds for all inputs so far. False: it never did.
  bool WaitUntil(const std::function<bool(const std::vector<Input>&)>& done) {
    MutexLock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return done(inputs_); });
  }
  bool WaitForCount(std::size_t count) {
    return WaitUntil([count](const auto& inputs) { return inputs.size() >= count; });
  }
  std::vector<Input> inputs() const {
    MutexLock lock(mutex_);
    return inputs_;
  }

 private:
  void Run() {
    std::vector<Input> turn;
    while (inbox_.WaitAndTake(turn)) {
      for (Input& input : turn) Take(std::move(input));
    }
  }
  void Take(Input input) {
    if (const auto* received = std::get_if<RequestReceived>(&input)) {
      if (auto response = responder_(received->request)) {
        calls_.Answer({.to = received->sender, .response = *std::move(response)});
      }
    }
    MutexLock lock(mutex_);
    inputs_.push_back(std::move(input));
    changed_.notify_all();
  }

  Inbox& inbox_;
  WaitingPeerCalls& calls_;
  const Responder responder_;
  mutable Mutex mutex_;
  ConditionVariable changed_;
  std::vector<Input> inputs_;
  std::thread thread_;  // last: starts when everything above is there
};

// Grants every vote, matches every entry, needs no snapshot.
inline std::optional<PeerResponse> Agree(const PeerRequest& request) {
  if (const auto* ballot = std::get_if<PreVoteRequest>(&request)) {
    return PreVoteResponse{ballot->number, ballot->term, true};
  }
  if (const auto* ballot = std::get_if<RequestVoteRequest>(&request)) {
    return RequestVoteResponse{ballot->number, ballot->term, true};
  }
  const RequestBounds bounds = BoundsOf(request);
  if (std::holds_alternative<InstallSnapshotRequest>(request)) {
    return InstallSnapshotResponse{
        .number = bounds.number, .term = bounds.term, .success = true, .match_index = bounds.last};
  }
  return AppendEntriesResponse{.number = bounds.number,
                               .term = bounds.term,
                               .success = true,
                               .match_index = bounds.last,
                               .conflict = std::nullopt};
}

inline std::optional<PeerResponse> StaySilent(const PeerRequest&) { return std::nullopt; }

inline PeerRequest Ballot(std::uint64_t number, ServerId candidate) {
  return RequestVoteRequest{
      .number = RequestNumber(number), .term = Term(3), .candidate_id = candidate, .last_log = {}};
}

inline AppendEntriesRequest Heartbeat(std::uint64_t number, ServerId leader) {
  return {.number = RequestNumber(number),
          .term = Term(3),
          .leader_id = leader,
          .previous = {},
          .leader_commit = LogIndex(0),
          .entries = {}};
}

inline AppendEntriesRequest OneEntry(std::uint64_t number, ServerId leader, std::string data) {
  AppendEntriesRequest request = Heartbeat(number, leader);
  request.entries.push_back(std::make_shared<const LogEntry>(LogEntry{.index = LogIndex(1),
                                                                      .term = Term(3),
                                                                      .kind = EntryKind::kCommand,
                                                                      .log_time_ms = 1,
                                                                      .data = std::move(data)}));
  return request;
}

class TestServer {
 public:
  // Starts forming, listening on `port` (0: a free one).
  explicit TestServer(std::uint64_t id, int port = 0, std::uint64_t incarnation = 0)
      : local_(MakeLocal(id, incarnation)),
        directory_(local_),
        service_(local_, ConversionLimits{}, directory_, observer_) {
    grpc::ServerBuilder builder;
    PreparePeerServer(PeerLinkOptions{}, builder);
    builder.AddListeningPort("127.0.0.1:" + std::to_string(port), grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterService(&service_.grpc_service());
    service_.OnToldDoubled(Counting(times_told_doubled));
    server_ = builder.BuildAndStart();
  }

  ~TestServer() {
    links_.reset();
    service_.Close();
    if (server_ != nullptr) server_->Shutdown();
    bulk_.DrainAndStop();
    apply_.reset();
    recorder_.reset();
  }

  FoundingMember member() const {
    return {.server_id = local_.server_id,
            .peer_address = address(),
            .incarnation = local_.incarnation};
  }

  void Found(const FoundingConfiguration& founding) {
    rules_ = std::make_unique<HeaderRules>(local_, founding);
    service_.BecomeFounded(*rules_);
  }

  // Founded -> open, with links to the others.
  void Open(const FoundingConfiguration& founding, InputRecorder::Responder responder,
            const PeerLinkOptions& options = {}, const InboxLimits& limits = {}) {
    if (rules_ == nullptr) Found(founding);
    if (start) rules_->NoteStart(*start);
    inbox_ = std::make_unique<Inbox>(limits);
    OpenSnapshots(options);
    service_.Open(*inbox_, *receiver_, ballot_patience);
    links_ = std::make_unique<PeerLinks>(
        options, *rules_, *inbox_, service_.waiting_calls(), directory_, observer_,
        SnapshotTransport{.sender = *sender_, .receiver = *receiver_},
        ToldByPeers{.regressed = Counting(times_told_regressed),
                    .doubled = Counting(times_told_doubled)});
    Reconfigure(ConfigurationOf(founding).members());
    recorder_ =
        std::make_unique<InputRecorder>(*inbox_, service_.waiting_calls(), std::move(responder));
  }

  // These are the members now. After Open.
  void Reconfigure(const std::vector<Member>& members) {
    links_->Reconfigure({.index = LogIndex(0),
                         .configuration = std::make_shared<const ClusterConfiguration>(members),
                         .peers = members});
  }

  // Before Open.
  SnapshotTransferOptions snapshot_options;
  std::unique_ptr<FakeStateMachine> state = std::make_unique<FakeStateMachine>();
  FakeInstaller installer;
  std::optional<StartingPoint> start;  // what it found on its disk; none: an older version
  std::chrono::milliseconds ballot_patience{0};
  std::atomic<int> times_told_regressed{0};
  std::atomic<int> times_told_doubled{0};
  // Snapshots are stored and read on it.
  BulkThread& bulk() { return bulk_; }
  const SnapshotSender& snapshot_sender() const { return *sender_; }

  bool listens() const { return server_ != nullptr && port_ != 0; }
  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  ServerId id() const { return local_.server_id; }
  const LocalServer& local() const { return local_; }
  const CountingObserver& observer() const { return observer_; }
  PeerDirectory& directory() { return directory_; }
  PeerService& service() { return service_; }
  PeerLinks& links() { return *links_; }
  // A turn that asks for this.
  void Ask(OutgoingRequest request) {
    links_->BeginTurn();
    links_->SendRequest(std::move(request));
  }
  InputRecorder& recorder() { return *recorder_; }
  const HeaderRules& rules() const { return *rules_; }

 private:
  static FatalHandler Counting(std::atomic<int>& times) {
    return [&times](const absl::Status& told) {
      EXPECT_NE(told.message(), "");
      ++times;
    };
  }
  void OpenSnapshots(const PeerLinkOptions& links) {
    const FatalHandler fatal = [](const absl::Status& failure) {
      ADD_FAILURE() << failure.message();
    };
    apply_ = std::make_unique<ApplyThread>(std::move(state), installer, *inbox_, client_calls_,
                                           board_, loop_observer_, fatal, ApplyLimits{});
    apply_->Start();
    bulk_.Start();
    sender_ = std::make_unique<SnapshotSender>(SnapshotSenderParts{.options = snapshot_options,
                                                                   .links = links,
                                                                   .rules = *rules_,
                                                                   .apply = *apply_,
                                                                   .bulk = bulk_,
                                                                   .inbox = *inbox_,
                                                                   .observer = observer_,
                                                                   .fatal = fatal});
    receiver_ =
        std::make_unique<SnapshotReceiver>(SnapshotReceiverParts{.options = snapshot_options,
                                                                 .installer = installer,
                                                                 .bulk = bulk_,
                                                                 .inbox = *inbox_,
                                                                 .observer = observer_,
                                                                 .fatal = fatal});
  }

  static LocalServer MakeLocal(std::uint64_t id, std::uint64_t incarnation) {
    return {.server_id = ServerId(id),
            .incarnation = incarnation == 0 ? 100 + id : incarnation,
            .process_nonce = DrawProcessNonce(),
            .initial_members_hash = 77,
            .client_address = "client-of-" + std::to_string(id) + ":7000",
            .peer_address = "",
            .version = "test"};
  }

  const LocalServer local_;
  PeerDirectory directory_;
  CountingObserver observer_;
  PeerService service_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<HeaderRules> rules_;
  std::unique_ptr<Inbox> inbox_;
  PendingCalls client_calls_{1};
  StatusBoard board_;
  LoopObserver loop_observer_;
  std::unique_ptr<ApplyThread> apply_;
  BulkThread bulk_;
  std::unique_ptr<SnapshotSender> sender_;
  std::unique_ptr<SnapshotReceiver> receiver_;
  std::unique_ptr<PeerLinks> links_;
  std::unique_ptr<InputRecorder> recorder_;
};

inline FoundingConfiguration FoundingOf(const std::vector<FoundingMember>& members,
                                        char cluster = 'c') {
  return {.cluster_id = std::string(16, cluster), .log_time_ms = 1, .members = members};
}

// Counts inputs that end the request with this number.
inline int EndingsOf(const std::vector<Input>& inputs, std::uint64_t number) {
  int endings = 0;
  for (const Input& input : inputs) {
    if (const auto* response = std::get_if<ResponseReceived>(&input)) {
      endings += std::visit([](const auto& kind) { return kind.number; }, response->response) ==
                 RequestNumber(number);
    } else if (const auto* unreachable = std::get_if<PeerUnreachable>(&input)) {
      endings += unreachable->number == RequestNumber(number);
    }
  }
  return endings;
}

// Polls for what no input announces.
inline bool Eventually(const std::function<bool()>& holds) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// Whether `to` answers the ballot with this number that `candidate` sends it.
inline bool IsVotedFor(TestServer& candidate, ServerId to, std::uint64_t number) {
  candidate.Ask({.to = to, .request = Ballot(number, candidate.id())});
  EXPECT_TRUE(candidate.recorder().WaitUntil(
      [number](const auto& inputs) { return EndingsOf(inputs, number) == 1; }));
  for (const Input& input : candidate.recorder().inputs()) {
    const auto* answer = std::get_if<ResponseReceived>(&input);
    if (answer == nullptr) continue;
    const auto* vote = std::get_if<RequestVoteResponse>(&answer->response);
    if (vote != nullptr && vote->number == RequestNumber(number)) return true;
  }
  return false;
}

}  // namespace raft
