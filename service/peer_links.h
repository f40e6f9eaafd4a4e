// This server's way to its peers: one PeerLink each.
//
// Every request given in ends in exactly one input: ResponseReceived or PeerUnreachable, never a
// made-up response (trap A15). Knows addresses and connections; decides nothing of Raft.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "service/conversion/peer_identity.h"
#include "service/loop/inbox.h"
#include "service/loop/peer_outlet.h"
#include "service/peer_channel.h"
#include "service/peer_directory.h"
#include "service/peer_observer.h"
#include "service/snapshot_receiver.h"
#include "service/snapshot_sender.h"
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
  // Peers and addresses are the founding configuration's of `rules`. All references outlive this.
  PeerLinks(const PeerLinkOptions& options, const HeaderRules& rules, Inbox& inbox,
            WaitingPeerCalls& waiting_calls, PeerDirectory& directory, PeerObserver& observer,
            const SnapshotTransport& snapshots);
  // Shuts down if that has not happened.
  ~PeerLinks() override;
  PeerLinks(const PeerLinks&) = delete;
  PeerLinks& operator=(const PeerLinks&) = delete;

  // Event-loop thread. A request to an unknown server ends in PeerUnreachable.
  void SendRequest(OutgoingRequest request) override;
  void SendResponse(OutgoingResponse response) override;
  // A peer that has not been greeted is unreachable: the heartbeats that greet it come anyway.
  void SendSnapshot(const SnapshotToSend& snapshot) override;
  void StoreSnapshot(const SnapshotToStore& snapshot) override;
  void DiscardSnapshot() override;

  // The client address that this peer advertised; empty: not known yet. Any thread.
  std::string ClientAddressOf(ServerId server) const { return directory_.ClientAddressOf(server); }

  // Cancels all calls, answers each with PeerUnreachable, and returns when no callback is left.
  // Requests that come later end in PeerUnreachable at once. Any thread but gRPC's.
  void Shutdown();

 private:
  Inbox& inbox_;
  WaitingPeerCalls& waiting_calls_;
  const PeerDirectory& directory_;
  PeerObserver& observer_;
  const SnapshotTransport snapshots_;
  std::map<ServerId, std::unique_ptr<PeerLink>> links_;
};

}  // namespace raft
