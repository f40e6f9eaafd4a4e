#include "service/peer_directory.h"

namespace raft {

PeerDirectory::PeerDirectory(const LocalServer& local) {
  cards_[local.server_id] = {.client_address = local.client_address,
                             .peer_address = local.peer_address,
                             .version = local.version,
                             .process_nonce = local.process_nonce,
                             .state_machine_version = kStateMachineVersion};
}

void PeerDirectory::Note(const Greeting& greeting) {
  PeerCard card{.client_address = greeting.client_address,
                .peer_address = greeting.peer_address,
                .version = greeting.version,
                .process_nonce = greeting.process_nonce,
                .state_machine_version = greeting.state_machine_version};
  MutexLock lock(mutex_);
  cards_[greeting.from] = std::move(card);
}

std::optional<PeerCard> PeerDirectory::CardOf(ServerId server) const {
  MutexLock lock(mutex_);
  const auto card = cards_.find(server);
  if (card == cards_.end()) return std::nullopt;
  return card->second;
}

std::string PeerDirectory::ClientAddressOf(ServerId server) const {
  MutexLock lock(mutex_);
  const auto card = cards_.find(server);
  return card == cards_.end() ? std::string() : card->second.client_address;
}

}  // namespace raft
