// This server's way to its peers: one PeerLink each, as the configuration in force says.
//
// Every request given in ends in exactly one input: ResponseReceived or PeerUnreachable, never a
// made-up response (trap A15). The configuration's address of a peer is a hint; a peer that moves
// announces where it is. So does a copy of its data directory that runs by mistake, and must not
// vote beside it: an announcement is followed only once whoever is at the present address has not
// answered for an election timeout. A link that is not wanted any more is closed without waiting
// and goes when its last call has ended. Knows addresses and connections; decides nothing of Raft.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "service/conversion/peer_identity.h"
#include "service/loop/fatal.h"
#include "service/loop/inbox.h"
#include "service/loop/peer_outlet.h"
#include "service/peer_channel.h"
#include "service/peer_directory.h"
#include "service/peer_observer.h"
#include "service/snapshot_receiver.h"
#include "service/snapshot_sender.h"
#include "service/told_by_peers.h"
#include "service/waiting_peer_calls.h"

namespace raft {

class PeerLink;

// Both ways of snapshots; they have connections and files of their own.
struct SnapshotTransport {
  SnapshotSender& sender;
  SnapshotReceiver& receiver;
};

class PeerLinks final : public PeerOutlet {
 public:
  // Without peers until the first Reconfigure. All references outlive this. `told`: by members
  // that were greeted.
  PeerLinks(const PeerLinkOptions& options, HeaderRules& rules, Inbox& inbox,
            WaitingPeerCalls& waiting_calls, PeerDirectory& directory, PeerObserver& observer,
            const SnapshotTransport& snapshots, ToldByPeers told);
  // Shuts down if that has not happened.
  ~PeerLinks() override;
  PeerLinks(const PeerLinks&) = delete;
  PeerLinks& operator=(const PeerLinks&) = delete;

  // Event-loop thread. Follows whoever came back, perhaps under another address.
  void BeginTurn() override;
  // Event-loop thread. The rules follow too.
  void Reconfigure(const ConfigurationInForce& in_force) override;
  // Event-loop thread. A request to an unknown server ends in PeerUnreachable.
  void SendRequest(OutgoingRequest request) override;
  void SendResponse(OutgoingResponse response) override;
  // A peer that has not been greeted is unreachable: the heartbeats that greet it come anyway.
  void SendSnapshot(const SnapshotToSend& snapshot) override;
  void StoreSnapshot(const SnapshotToStore& snapshot) override;
  void AbandonSnapshots() override;
  void DiscardSnapshot() override;

  // The client address that this peer advertised; empty: not known yet. Any thread.
  std::string ClientAddressOf(ServerId server) const { return directory_.ClientAddressOf(server); }

  // Cancels all calls, answers each with PeerUnreachable, and returns when no callback is left.
  // Requests that come later end in PeerUnreachable at once. Any thread but gRPC's, after the event
  // loop's.
  void Shutdown();

 private:
  using Link = std::unique_ptr<PeerLink>;

  // What those announced that are no peers any more counts for nothing.
  void ForgetWhoLeft(const std::vector<Member>& peers);
  // Closes links whose life or address is not the wanted one, and opens those that are missing.
  void OpenAndCloseLinks();
  // The present link to this life of the peer; null: none.
  PeerLink* PresentLink(const Member& peer) const;
  // Where the peer is reached from now on.
  Member AtItsPlace(Member peer);
  void Retire(Link link);
  void ForgetIdleRetired();

  const PeerLinkOptions options_;
  HeaderRules& rules_;
  Inbox& inbox_;
  WaitingPeerCalls& waiting_calls_;
  PeerDirectory& directory_;
  PeerObserver& observer_;
  const SnapshotTransport snapshots_;
  const ToldByPeers told_;
  std::vector<Member> peers_;  // wanted
  std::uint64_t changes_seen_ = 0;
  bool address_pending_ = false;  // an announcement is not followed yet
  std::chrono::steady_clock::time_point look_again_at_;
  std::map<ServerId, Link> links_;
  std::vector<Link> retired_;  // closed, with calls that have not ended yet
};

}  // namespace raft
