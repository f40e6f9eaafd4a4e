// One server of a simulated cluster: the real core, its lanes, its clock and its machine.
//
// Does what raftd's event loop does: drain the inbox, step everything, take effects once, carry
// them out. Lives end by kill, power loss or disk error and begin again on the same machine. Every
// turn is followed by the laws.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/raft_server.h"
#include "service/conversion/peer_memory.h"
#include "tests/simulation/apply_lane.h"
#include "tests/simulation/client_request.h"
#include "tests/simulation/cluster_laws.h"
#include "tests/simulation/disk_lane.h"
#include "tests/simulation/machine.h"
#include "tests/simulation/majority.h"
#include "tests/simulation/network.h"
#include "tests/simulation/server_laws.h"
#include "tests/simulation/snapshot_lane.h"

namespace raft::simulation {

class SimulatedServer;

// What a server needs of the world; all of it outlives the server.
struct Surroundings {
  const FaultPlan& plan;
  VirtualTime& time;
  Network& network;
  ClusterLaws& laws;
  Story& story;
  std::function<SimulatedServer&(ServerId)> peer;
  std::function<void(SimulatedServer&)> went_down;  // by itself: the disk failed or lost power
};

class SimulatedServer {
 public:
  SimulatedServer(ServerId self, std::uint64_t seed, std::unique_ptr<Machine> machine,
                  const Surroundings& surroundings);
  SimulatedServer(const SimulatedServer&) = delete;
  SimulatedServer& operator=(const SimulatedServer&) = delete;

  ServerId id() const { return self_; }
  bool is_up() const { return raft_ != nullptr; }
  // Something came in that it has not looked at yet: it may be paused.
  bool has_inputs_waiting() const { return !inbox_.empty(); }
  RaftStatus status() const { return raft_->status(); }
  LogIndex applied() const { return opened_.state->applied().index; }
  std::string digest() const { return opened_.state->digest(); }
  // Reads that were neither answered nor refused yet. A proposal may wait for good: for whatever
  // will be applied at its index.
  std::ptrdiff_t reads_waiting() const {
    return std::count_if(clients_.begin(), clients_.end(),
                         [](const auto& client) { return client.second.request.is_read; });
  }
  // Whether the state here is what its log leads to, and nobody thinks otherwise.
  bool is_state_right() const {
    return !machine_->is_state_distorted() && !status().diverged_index &&
           !opened_.state->diverged();
  }
  const ServerLaws& laws() const { return laws_; }
  Machine& machine() { return *machine_; }

  // A life begins, unless the server is up. False: the machine does not let it; `refusal` says why.
  bool Start();
  const std::string& refusal() const { return refusal_; }
  void Kill() { EndLife(/*power_lost=*/false); }
  void LosePower() { EndLife(/*power_lost=*/true); }

  // Killed, and its disk emptied.
  void Wipe();
  // Killed, and started on an old copy of its disk. False: there is none.
  bool StartOnOldCopy();
  // The others noticed it, and it ended for good.
  bool was_told_of_old_copy() const { return was_told_of_old_copy_; }
  // Whether this configuration lists the server, but not in the life that its disk has now.
  bool IsLostIn(const ClusterConfiguration& configuration) const {
    const Member* listed = configuration.Find(self_);
    return listed != nullptr && !configuration.Lists(self_, machine_->incarnation());
  }

  // SIGSTOP and SIGCONT; pauses may overlap.
  void Pause();
  void Resume();
  // The clock runs at this many thousandths of true time.
  void SetClockRate(std::uint32_t per_thousand) { clock_per_thousand_ = per_thousand; }
  void FreezeClock(bool frozen) { clock_frozen_ = frozen; }
  void JumpClock(std::uint32_t ticks);
  DiskLane& disk() { return disk_; }
  void CheckpointState();

  // A client's request arrives.
  void Submit(ClientRequest request);
  // The operator's. What comes of them shows in the configuration and in who leads.
  void ChangeMembers(std::vector<Member> members, std::optional<LogIndex> expected_index);
  void Transfer(std::optional<ServerId> target);
  std::size_t transfers_waiting() const { return transfers_.size(); }
  // A majority of the configuration in force, or of the one before the last turn: what commits or
  // confirms may change the configuration in the same turn.
  bool IsMajorityHere(const std::set<ServerId>& servers) const {
    return IsMajority(*configuration_, servers) || IsMajority(*configuration_before_, servers);
  }

 private:
  // Who sends, and whom it takes the receiver for (raft.peer.v1.PeerHeader).
  struct Letterhead {
    ServerId from;
    std::uint64_t process = 0;         // life_ of the sender
    std::uint64_t incarnation = 0;     // of the sender
    std::uint64_t to_incarnation = 0;  // as the sender's configuration lists it
    StartingPoint start;               // of the sender's process
  };
  struct OpenRequest {
    ServerId peer;
    Moment deadline;
    std::uint64_t left_at;              // order_ when it left
    PeerMemory::Recollection recalled;  // of the peer, when it left
  };
  struct WaitingClient {
    ClientRequest request;
    std::uint64_t came_at;  // order_ when it came
  };
  struct OpenCall {
    ServerId caller;
    std::uint64_t caller_life;
    RequestNumber number;
    LogPosition verified;  // by the AppendEntries it carries
  };

  void EndLife(bool power_lost);
  void EndOnMachine(bool power_lost);
  void FailedToWrite();
  void ScheduleTick();

  // The inbox and one turn.
  void Put(Input input);
  void Turn();
  void CarryOut(Effects effects);
  void BeginApplyLane();
  void CarryOutSnapshotWork(const Effects& effects);
  void DemandQuarantine(const Effects& effects, const RaftStatus& status);
  void NoteConfiguration(const Effects& effects, const RaftStatus& status);
  void AnswerRefusals(const std::vector<Refusal>& refusals);
  bool AimsPowerCutAt(const PersistRequest& request);
  void NoteEvents(const std::vector<RaftEvent>& events);
  void ObserveCommit(const RaftStatus& status);

  // The wire.
  void SendRequest(OutgoingRequest outgoing);
  void SendResponse(OutgoingResponse outgoing);
  void RequestArrives(const Letterhead& head, PeerRequest request, SnapshotPieces pieces = nullptr);
  Letterhead HeadFor(ServerId to) const;
  bool MaySpeak(const Letterhead& head, const PeerRequest& request) const;
  void NoteOpenRequest(ServerId to, RequestNumber number);
  void SendSnapshot(const SnapshotToSend& wanted);
  void EndCall(CallId call);
  Moment Patience() const;
  void ResponseArrives(const Letterhead& head, std::uint64_t life, PeerResponse response);
  // H20: what peers remember of each other (service/conversion/peer_memory.h). Real greetings are
  // one a connection; here every message is as good as one.
  bool IsRefusedAsker(const Letterhead& head, const PeerRequest& request);
  bool IsUnansweredBallot(const PeerRequest& request) const;
  bool IsRefusedAnswerer(const Letterhead& head, const OpenRequest* request,
                         const PeerResponse& response);
  void Refuse(const Letterhead& head) const;
  void ToldOfOldCopy(std::uint64_t process);
  void NobodyAnswers(std::uint64_t life, RequestNumber number);
  void GiveUpLateRequests();

  // Clients. W10: a majority answered requests that left after the read came.
  void DemandConfirmed(const ReadReady& ready) const;
  void Answer(Ticket ticket, ClientAnswer answer);

  const ServerId self_;
  const Surroundings world_;
  Dice dice_;
  const RaftOptions options_;
  std::unique_ptr<Machine> machine_;
  ServerLaws laws_;
  DiskLane disk_;
  ApplyLane apply_;
  SnapshotLane snapshots_;
  Lane turns_;

  // One life.
  std::uint64_t life_ = 0;
  StartingPoint start_;
  std::optional<PeerMemory> memory_;
  OpenedServer opened_;
  std::unique_ptr<RaftServer> raft_;  // null while down
  std::vector<Input> inbox_;
  bool turn_due_ = false;
  bool tick_waits_ = false;
  LogIndex commit_observed_;
  std::map<RequestNumber, OpenRequest> requests_;  // ours, not answered yet
  std::map<CallId, OpenCall> calls_;               // theirs, not answered yet
  std::map<Ticket, WaitingClient> clients_;
  std::set<Ticket> transfers_;  // the operator's, not ended yet
  // Whom the transport was told of, in which life of its disk.
  std::map<ServerId, std::uint64_t> reachable_;
  std::shared_ptr<const ClusterConfiguration> configuration_;         // shown by the last turn
  std::shared_ptr<const ClusterConfiguration> configuration_before_;  // and by the one before
  bool is_put_aside_ = false;           // the state, shown by the last turn
  bool begins_on_old_copy_ = false;     // the next life does
  bool is_old_copy_ = false;            // what this one runs on
  bool was_told_of_old_copy_ = false;   // and does not start any more
  bool was_wiped_ = false;              // and is no voter again yet
  bool told_distorted_digest_ = false;  // of a state that was not replaced since
  std::uint64_t order_ = 0;  // rises with every client that comes and every request that leaves
  std::map<ServerId, std::uint64_t> answered_;  // by each peer: left_at of its newest request
  std::uint64_t last_call_ = 0;
  std::uint64_t last_ticket_ = 0;

  // The clock outlives the life.
  std::uint32_t clock_per_thousand_ = 1000;
  bool clock_frozen_ = false;
  std::string refusal_;
};

}  // namespace raft::simulation
