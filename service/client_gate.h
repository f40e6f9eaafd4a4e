// The state of a server as its client services see it: forming, serving, or draining.
//
// The services exist before the cluster does and outlive its last request, so they hold this
// instead of the parts of a formed server.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <utility>

#include "service/conversion/peer_identity.h"
#include "service/loop/apply_thread.h"
#include "service/loop/inbox.h"
#include "service/loop/pending_calls.h"
#include "service/loop/status_board.h"

namespace raft {

class Backups;
class SnapshotSender;

// What client services need of a formed server. The referred-to parts outlive all calls.
struct FormedServer {
  ServerId self;
  std::string cluster_id;  // 32 hexadecimal digits
  const HeaderRules& rules;
  Inbox& inbox;
  PendingCalls& calls;
  ApplyThread& apply;
  const StatusBoard& board;
  Backups& backups;
  const SnapshotSender& snapshots;
};

class ClientGate {
 public:
  // `waiting_for` says what a forming server waits for; any thread.
  explicit ClientGate(std::function<std::string()> waiting_for)
      : waiting_for_(std::move(waiting_for)) {}
  ClientGate(const ClientGate&) = delete;
  ClientGate& operator=(const ClientGate&) = delete;

  // forming -> serving. `formed` outlives the services. Main thread, once.
  void Open(const FormedServer& formed) { formed_.store(&formed, std::memory_order_release); }
  // From now on new calls are refused. Main thread.
  void Drain() { draining_.store(true, std::memory_order_release); }

  // Null: still forming. Any thread.
  const FormedServer* formed() const { return formed_.load(std::memory_order_acquire); }
  bool draining() const { return draining_.load(std::memory_order_acquire); }
  std::string WaitingFor() const { return waiting_for_(); }

 private:
  const std::function<std::string()> waiting_for_;
  std::atomic<const FormedServer*> formed_{nullptr};
  std::atomic<bool> draining_{false};
};

}  // namespace raft
