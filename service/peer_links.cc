#include "service/peer_links.h"

#include <tuple>
#include <utility>

#include "service/conversion/message_conversion.h"
#include "service/peer_link.h"

namespace raft {

PeerLinks::PeerLinks(const PeerLinkOptions& options, HeaderRules& rules, Inbox& inbox,
                     WaitingPeerCalls& waiting_calls, PeerDirectory& directory,
                     PeerObserver& observer, const SnapshotTransport& snapshots)
    : options_(options),
      rules_(rules),
      inbox_(inbox),
      waiting_calls_(waiting_calls),
      directory_(directory),
      observer_(observer),
      snapshots_(snapshots) {}

PeerLinks::~PeerLinks() { Shutdown(); }

void PeerLinks::Reconfigure(const ConfigurationInForce& in_force) {
  rules_.Follow(in_force.configuration);
  peers_ = in_force.peers;
  std::erase_if(peers_,
                [this](const Member& peer) { return peer.server_id == rules_.local().server_id; });
  address_changes_seen_ = directory_.peer_address_changes();
  OpenAndCloseLinks();
}

// A member came back under another address, and has announced it (Greet).
void PeerLinks::FollowAddresses() {
  const std::uint64_t changes = directory_.peer_address_changes();
  if (changes == address_changes_seen_) return;
  address_changes_seen_ = changes;
  OpenAndCloseLinks();
}

void PeerLinks::OpenAndCloseLinks() {
  std::map<ServerId, Link> links;
  for (const Member& listed : peers_) {
    const Member peer = WithNewestAddress(listed);
    Link& link = links[peer.server_id];
    if (link != nullptr) continue;  // named twice: a member, and departed in an earlier life
    const auto kept = links_.find(peer.server_id);
    if (kept != links_.end() && kept->second->LeadsTo(peer)) {
      link = std::move(kept->second);
    } else {
      link = std::make_unique<PeerLink>(options_, rules_, peer, inbox_, directory_, observer_);
    }
  }
  links_.swap(links);
  for (auto& [server, link] : links) {
    if (link == nullptr) continue;  // kept
    if (!links_.contains(server)) snapshots_.sender.GiveUp(server);
    Retire(std::move(link));
  }
}

Member PeerLinks::WithNewestAddress(Member peer) const {
  std::string announced = directory_.PeerAddressOf({peer.server_id, peer.incarnation});
  if (!announced.empty()) peer.peer_address = std::move(announced);
  return peer;
}

void PeerLinks::Retire(Link link) {
  link->StartShutdown();
  retired_.push_back(std::move(link));
  ForgetIdleRetired();
}

void PeerLinks::ForgetIdleRetired() {
  std::erase_if(retired_, [](const Link& link) { return link->idle(); });
}

void PeerLinks::SendRequest(OutgoingRequest request) {
  FollowAddresses();
  if (!retired_.empty()) ForgetIdleRetired();
  const auto link = links_.find(request.to);
  if (link == links_.end()) {
    std::ignore =
        inbox_.PushPeer(PeerUnreachable{.peer = request.to, .number = NumberOf(request.request)});
    return;
  }
  link->second->Send(std::move(request.request));
}

void PeerLinks::SendResponse(OutgoingResponse response) { waiting_calls_.Answer(response); }

void PeerLinks::SendSnapshot(const SnapshotToSend& snapshot) {
  const auto link = links_.find(snapshot.to);
  if (link != links_.end() && link->second->greeted()) {
    return snapshots_.sender.Send(link->second->peer(), snapshot);
  }
  observer_.OnCallEnded({.peer = snapshot.to,
                         .kind = PeerMessageKind::kSnapshot,
                         .outcome = PeerCallOutcome::kNotConnected});
  std::ignore = inbox_.PushPeer(PeerUnreachable{.peer = snapshot.to, .number = snapshot.number});
}

void PeerLinks::StoreSnapshot(const SnapshotToStore& snapshot) {
  snapshots_.receiver.Store(snapshot);
}

void PeerLinks::DiscardSnapshot() { snapshots_.receiver.Discard(); }

void PeerLinks::Shutdown() {
  snapshots_.sender.Shutdown();
  for (const auto& [server, link] : links_) link->StartShutdown();
  for (const auto& [server, link] : links_) link->FinishShutdown();
  for (const Link& link : retired_) link->FinishShutdown();
}

}  // namespace raft
