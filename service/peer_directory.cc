#include "service/peer_directory.h"

namespace raft {

PeerDirectory::PeerDirectory(const LocalServer& local) {
  cards_[local.server_id] = {.incarnation = local.incarnation,
                             .client_address = local.client_address,
                             .peer_address = local.peer_address,
                             .reached_at = local.peer_address,
                             .version = local.version,
                             .process_nonce = local.process_nonce,
                             .state_machine_version = kStateMachineVersion};
}

void PeerDirectory::Note(const Greeting& greeting) {
  PeerCard card{.incarnation = greeting.incarnation,
                .client_address = greeting.client_address,
                .peer_address = greeting.peer_address,
                .reached_at = "",
                .version = greeting.version,
                .process_nonce = greeting.process_nonce,
                .state_machine_version = greeting.state_machine_version};
  MutexLock lock(mutex_);
  if (cards_.size() >= kCardsMax && !cards_.contains(greeting.from)) return;
  PeerCard& noted = cards_[greeting.from];
  if (noted.incarnation == card.incarnation) card.reached_at = noted.reached_at;
  const bool is_news = noted.incarnation != card.incarnation ||
                       noted.peer_address != card.peer_address ||
                       noted.process_nonce != card.process_nonce;
  noted = std::move(card);
  if (is_news) changes_.fetch_add(1, std::memory_order_release);
}

void PeerDirectory::NoteReached(const ServerLife& server, const std::string& address) {
  MutexLock lock(mutex_);
  const auto card = cards_.find(server.server_id);
  const bool known = card != cards_.end() && card->second.incarnation == server.incarnation;
  if (known) card->second.reached_at = address;
}

void PeerDirectory::Forget(const ServerLife& server) {
  MutexLock lock(mutex_);
  const auto card = cards_.find(server.server_id);
  const bool known = card != cards_.end() && card->second.incarnation == server.incarnation;
  if (known) cards_.erase(card);
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

std::string PeerDirectory::ConfirmedAddressOf(const ServerLife& server) const {
  MutexLock lock(mutex_);
  const auto card = cards_.find(server.server_id);
  const bool confirmed = card != cards_.end() && card->second.incarnation == server.incarnation &&
                         card->second.reached_at == card->second.peer_address;
  return confirmed ? card->second.peer_address : std::string();
}

}  // namespace raft
