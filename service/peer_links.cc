#include "service/peer_links.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "service/conversion/message_conversion.h"
#include "service/peer_link.h"

namespace raft {
namespace {

using SteadyClock = std::chrono::steady_clock;

// An announcement that cannot be followed yet is looked at this often.
constexpr int kLooksPerDeadline = 10;

}  // namespace

PeerLinks::PeerLinks(const PeerLinkOptions& options, HeaderRules& rules, Inbox& inbox,
                     WaitingPeerCalls& waiting_calls, PeerDirectory& directory,
                     PeerObserver& observer, const SnapshotTransport& snapshots, ToldByPeers told)
    : options_(options),
      rules_(rules),
      inbox_(inbox),
      waiting_calls_(waiting_calls),
      directory_(directory),
      observer_(observer),
      snapshots_(snapshots),
      told_(std::move(told)) {}

PeerLinks::~PeerLinks() { Shutdown(); }

void PeerLinks::Reconfigure(const ConfigurationInForce& in_force) {
  rules_.Follow(in_force.configuration);
  ForgetWhoLeft(in_force.peers);
  peers_ = in_force.peers;
  std::erase_if(peers_,
                [this](const Member& peer) { return peer.server_id == rules_.local().server_id; });
  changes_seen_ = directory_.changes();
  OpenAndCloseLinks();
}

// Only whom the last configuration knew: whoever it did not know may be newer than this one.
void PeerLinks::ForgetWhoLeft(const std::vector<Member>& peers) {
  for (const Member& peer : peers_) {
    const bool stays = std::any_of(peers.begin(), peers.end(), [&](const Member& other) {
      return other.server_id == peer.server_id && other.incarnation == peer.incarnation;
    });
    if (!stays) directory_.Forget({.server_id = peer.server_id, .incarnation = peer.incarnation});
  }
}

// A member came back, perhaps under another address, and has announced itself (Greet).
void PeerLinks::BeginTurn() {
  const std::uint64_t changes = directory_.changes();
  const bool is_due = address_pending_ && SteadyClock::now() >= look_again_at_;
  if (changes == changes_seen_ && !is_due) return;
  changes_seen_ = changes;
  OpenAndCloseLinks();
}

void PeerLinks::OpenAndCloseLinks() {
  address_pending_ = false;
  look_again_at_ = SteadyClock::now() + options_.control_deadline / kLooksPerDeadline;
  std::map<ServerId, Link> links;
  for (const Member& listed : peers_) {
    Link& link = links[listed.server_id];
    if (link != nullptr) continue;  // named twice: a member, and departed in an earlier life
    const Member peer = AtItsPlace(listed);
    const auto kept = links_.find(peer.server_id);
    if (kept != links_.end() && kept->second->LeadsTo(peer)) {
      link = std::move(kept->second);
    } else {
      link =
          std::make_unique<PeerLink>(options_, rules_, peer, inbox_, directory_, observer_, told_);
      if (options_.greet_at_once) link->Greet();
    }
  }
  links_.swap(links);
  for (auto& [server, link] : links) {
    if (link == nullptr) continue;  // kept
    snapshots_.sender.GiveUp(server);
    Retire(std::move(link));
  }
}

PeerLink* PeerLinks::PresentLink(const Member& peer) const {
  const auto link = links_.find(peer.server_id);
  const bool is_there =
      link != links_.end() && link->second->peer().incarnation == peer.incarnation;
  return is_there ? link->second.get() : nullptr;
}

Member PeerLinks::AtItsPlace(Member peer) {
  const std::optional<PeerCard> card = directory_.CardOf(peer.server_id);
  const bool has_announced =
      card && card->incarnation == peer.incarnation && !card->peer_address.empty();
  const std::string wanted = has_announced ? card->peer_address : peer.peer_address;
  PeerLink* present = PresentLink(peer);
  if (present == nullptr) {
    address_pending_ |= wanted != peer.peer_address;
    return peer;
  }
  const bool is_there = wanted == present->peer().peer_address;
  if (is_there) {
    present->Trust();
    if (card && card->incarnation == peer.incarnation) present->MeetProcess(card->process_nonce);
    if (options_.greet_at_once) present->Greet();
  }
  if (is_there || present->MayMoveTo(has_announced ? card->process_nonce : 0)) {
    peer.peer_address = wanted;
    return peer;
  }
  address_pending_ = true;
  present->Doubt();
  return present->peer();
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

void PeerLinks::AbandonSnapshots() {
  for (const auto& [server, link] : links_) snapshots_.sender.GiveUp(server);
}

void PeerLinks::Shutdown() {
  snapshots_.sender.Shutdown();
  for (const auto& [server, link] : links_) link->StartShutdown();
  for (const auto& [server, link] : links_) link->FinishShutdown();
  for (const Link& link : retired_) link->FinishShutdown();
}

}  // namespace raft
