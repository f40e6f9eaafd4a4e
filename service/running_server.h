// A server whose cluster is formed: the core, its disk, its threads and its links, wired together.
//
// Members are declared in the order in which they need each other; Start and Stop follow the flow
// of data. Main thread.
#pragma once

#include <chrono>
#include <memory>

#include "core/raft_server.h"
#include "persistence/data_directory.h"
#include "service/backups.h"
#include "service/client_gate.h"
#include "service/hand_over_call.h"
#include "service/loop/apply_thread.h"
#include "service/loop/bulk_thread.h"
#include "service/loop/disk_thread.h"
#include "service/loop/event_loop.h"
#include "service/loop/inbox.h"
#include "service/loop/pending_calls.h"
#include "service/loop/status_board.h"
#include "service/loop/ticker.h"
#include "service/options.h"
#include "service/peer_links.h"
#include "service/peer_service.h"
#include "service/server_observer.h"
#include "service/snapshot_receiver.h"
#include "service/snapshot_sender.h"

namespace raft {

// What a running server is given; all of it outlives the server.
struct RunningServerParts {
  const Options& options;
  HeaderRules& rules;
  const PeerLinkOptions& peer_link_options;
  PeerService& peer_service;
  PeerDirectory& peers;
  ServerObserver& observer;
  FatalHandler fatal;
  ToldByPeers told;
};

class RunningServer {
 public:
  RunningServer(const RunningServerParts& parts, OpenedServer opened);
  ~RunningServer();
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  // Starts the threads and opens the peers' door.
  void Start();
  const FormedServer& formed() const { return formed_; }

  // If this server leads: hands over to whoever is furthest, so that clients need not wait for an
  // election; a successor that has just started may not campaign yet, then another one is asked, or
  // the same again. Gives up after `patience`. Once.
  void HandOver(std::chrono::milliseconds patience);
  // Waits until no client waits any more, for at most `patience`. Requires: the gate drains.
  void Drain(std::chrono::milliseconds patience);
  // Stops ticker, peers, loop, bulk, disk and apply in this order, answers whoever still waits,
  // syncs the state and closes log and state. Once. An error names what could not be synced; the
  // log still has it. formed() stays good for looking at.
  absl::Status Stop();

 private:
  // True: one was under way and came to nothing, so that it can be asked for again.
  bool IsHandOverInVain(std::chrono::steady_clock::time_point until);

  PeerService& peer_service_;
  const std::chrono::milliseconds ballot_patience_;
  OpenedServer opened_;
  StatusBoard board_;
  Inbox inbox_;
  PendingCalls calls_;
  HandOverCall hand_over_;  // here, because it may be answered when HandOver has long given up
  RaftServer raft_;
  DiskThread disk_;
  ApplyThread apply_;
  BulkThread bulk_;
  SnapshotSender snapshot_sender_;
  SnapshotReceiver snapshot_receiver_;
  Backups backups_;
  PeerLinks links_;
  EventLoop loop_;
  Ticker ticker_;
  const FormedServer formed_;
};

}  // namespace raft
