#include "service/peer_links.h"

#include <tuple>
#include <utility>

#include "service/conversion/message_conversion.h"
#include "service/peer_link.h"

namespace raft {

PeerLinks::PeerLinks(const PeerLinkOptions& options, const HeaderRules& rules, Inbox& inbox,
                     WaitingPeerCalls& waiting_calls, PeerDirectory& directory,
                     PeerObserver& observer, const SnapshotTransport& snapshots)
    : inbox_(inbox),
      waiting_calls_(waiting_calls),
      directory_(directory),
      observer_(observer),
      snapshots_(snapshots) {
  for (const FoundingMember& member : rules.founding().members) {
    if (member.server_id == rules.local().server_id) continue;
    links_.emplace(member.server_id,
                   std::make_unique<PeerLink>(options, rules, member, inbox, directory, observer));
  }
}

PeerLinks::~PeerLinks() { Shutdown(); }

void PeerLinks::SendRequest(OutgoingRequest request) {
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
}

}  // namespace raft
