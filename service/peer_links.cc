#include "service/peer_links.h"

#include <tuple>
#include <utility>

#include "service/conversion/message_conversion.h"
#include "service/peer_link.h"

namespace raft {

PeerLinks::PeerLinks(const PeerLinkOptions& options, const HeaderRules& rules, Inbox& inbox,
                     WaitingPeerCalls& waiting_calls, PeerDirectory& directory,
                     PeerObserver& observer)
    : inbox_(inbox), waiting_calls_(waiting_calls), directory_(directory) {
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

void PeerLinks::Shutdown() {
  for (const auto& [server, link] : links_) link->StartShutdown();
  for (const auto& [server, link] : links_) link->FinishShutdown();
}

}  // namespace raft
