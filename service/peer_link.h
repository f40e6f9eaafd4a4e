// The way to one peer: two connections, the greeting, and the calls that are under way.
//
// A link is *not greeted*, *greeting* or *greeted*. A request that finds no greeted peer starts the
// greeting and waits for it; of each kind only the newest waits, so that nothing piles up. A broken
// connection or another process behind the address, or one that announces itself, makes the link
// not greeted again; what another process answered is no answer, because nobody knows yet who it
// is. Entries have a connection of their own, so that heartbeats and votes never queue behind
// megabytes (trap I7). Used by PeerLinks alone; it decides nothing of Raft.
//
// Threads: Send on the event loop's thread; answers arrive on gRPC's. One leaf lock, never held
// while gRPC, the inbox or the observer is called.
#pragma once

#include <grpcpp/client_context.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/cluster_configuration.h"
#include "core/messages.h"
#include "persistence/mutex.h"
#include "raft/peer/v1/peer_service.grpc.pb.h"
#include "service/conversion/greeting.h"
#include "service/conversion/message_conversion.h"
#include "service/conversion/peer_identity.h"
#include "service/loop/inbox.h"
#include "service/peer_channel.h"
#include "service/peer_directory.h"
#include "service/peer_observer.h"
#include "service/told_by_peers.h"

namespace raft {

class PeerLink {
 public:
  // All references outlive the link. Connects when first used.
  PeerLink(const PeerLinkOptions& options, const HeaderRules& rules, const Member& peer,
           Inbox& inbox, PeerDirectory& directory, PeerObserver& observer, ToldByPeers told);
  // Requires: idle after StartShutdown.
  ~PeerLink();
  PeerLink(const PeerLink&) = delete;
  PeerLink& operator=(const PeerLink&) = delete;

  // Asks who is there, unless that is known or under way.
  void Greet();
  // The peer has announced itself as this process. If another one was greeted here, this one must
  // be before it is asked anything: its answers would not be believed. Event loop's thread.
  void MeetProcess(std::uint64_t process_nonce) {
    MutexLock lock(mutex_);
    if (state_ == State::kGreeted && greeted_nonce_ != process_nonce) state_ = State::kNotGreeted;
  }
  // Ends in exactly one input: ResponseReceived or PeerUnreachable.
  void Send(PeerRequest request);

  const Member& peer() const { return peer_; }
  // Whether this is the way to that life of the peer at that address.
  bool LeadsTo(const Member& peer) const {
    return peer.server_id == peer_.server_id && peer.incarnation == peer_.incarnation &&
           peer.peer_address == peer_.peer_address;
  }
  // Whether the peer is known to be there, and who we take it for. Any thread.
  bool greeted() const;
  // Somebody announces another address for this peer. Asks whoever is here, unless that was heard
  // within an election timeout; earlier silence counts for nothing. Event loop's thread.
  void Doubt();
  // Nobody does so any more. Event loop's thread.
  void Trust();
  // Whether the process that announces another address may be believed: it is the one that answers
  // here, or whoever is here was doubted and asked, and has not answered for an election timeout.
  // Any thread.
  bool MayMoveTo(std::uint64_t process_nonce) const;

  // Refuses what comes later, cancels what is under way. Does not wait.
  void StartShutdown();
  // Whether no callback is left. Requires: StartShutdown was called.
  bool idle() const;
  // Waits until idle. Requires: StartShutdown was called.
  void FinishShutdown();

 private:
  // One RPC with everything it owns; used again and again, so that its messages keep their memory.
  template <typename Request>
  struct Call;
  template <typename Request>
  using IdleCalls = std::vector<std::unique_ptr<Call<Request>>>;
  struct GreetingCall;
  using Context = std::shared_ptr<grpc::ClientContext>;
  using WaitingRequests = std::vector<PeerRequest>;

  void Start(PeerRequest request);
  template <typename Request>
  void StartCall(Request request, PeerMessageKind kind, const RequestBounds& bounds);
  template <typename Request>
  std::unique_ptr<Call<Request>> PrepareCall(PeerMessageKind kind);
  template <typename Request>
  void EndCall(std::unique_ptr<Call<Request>> call, const grpc::Status& status);
  template <typename Request>
  std::optional<PeerResponse> ReadAnswer(const Call<Request>& call);
  // False: another process answers than the one that was greeted.
  bool NoteAnswerOf(std::uint64_t process_nonce);
  template <typename Request>
  IdleCalls<Request>& IdleCallsOf(PeerMessageKind kind);

  // `waits_for_peer`: while nobody listens there, until the deadline.
  void StartGreeting(bool waits_for_peer = false);
  void EndGreeting(std::unique_ptr<GreetingCall> call, const grpc::Status& status);
  std::optional<std::string> ProblemWith(const GreetingCall& call, const grpc::Status& status);
  std::optional<std::string> Judge(const Greeting& answer, const GreetingCall& call);
  bool HoldsNothingAgainstUs(const Greeting& answer);
  void BecomeGreeted(const GreetingCall& call);
  void FailGreeting(std::string problem);

  void GiveUp(const PeerRequest& request, PeerCallOutcome outcome);
  void GiveUpAll(const WaitingRequests& requests, PeerCallOutcome outcome);
  void PushUnreachable(RequestNumber number);
  void LoseGreeting(const std::string& reason);
  WaitingRequests TakeWaitingLocked();
  Context NewContext(std::chrono::milliseconds deadline) const;
  void NoteAskedLocked();
  void NoteHeardLocked();
  bool IsLongAgo(std::chrono::steady_clock::time_point moment) const;
  void ForgetContextLocked(const Context& context);
  std::chrono::milliseconds DeadlineOf(PeerMessageKind kind) const;

  const PeerLinkOptions options_;
  const HeaderRules& rules_;
  const Member peer_;
  const ServerLife peer_life_;
  Inbox& inbox_;
  PeerDirectory& directory_;
  PeerObserver& observer_;
  const ToldByPeers told_;
  const std::unique_ptr<peer::v1::PeerService::Stub> control_stub_;
  const std::unique_ptr<peer::v1::PeerService::Stub> entries_stub_;

  enum class State : std::uint8_t { kNotGreeted, kGreeting, kGreeted, kClosed };
  mutable Mutex mutex_;
  ConditionVariable calls_ended_;
  State state_ = State::kNotGreeted;
  std::uint64_t greeted_nonce_ = 0;
  std::uint64_t greetings_ = 0;  // their request numbers
  std::string last_problem_;     // logged once, not with every attempt
  bool is_doubted_ = false;
  std::optional<std::chrono::steady_clock::time_point> heard_at_;
  std::optional<std::chrono::steady_clock::time_point> asked_at_;  // first since heard or doubted
  std::array<std::optional<PeerRequest>, kPeerMessageKindCount> waiting_;
  std::vector<Context> contexts_;  // of the calls under way
  IdleCalls<PreVoteRequest> idle_pre_votes_;
  IdleCalls<RequestVoteRequest> idle_votes_;
  IdleCalls<TimeoutNowRequest> idle_transfers_;
  IdleCalls<AppendEntriesRequest> idle_heartbeats_;
  IdleCalls<AppendEntriesRequest> idle_entries_;  // apart: these hold megabytes
};

}  // namespace raft
