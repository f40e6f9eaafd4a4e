// The way out of snapshots: reads the state piece by piece and streams it to a peer.
//
// The apply thread pins the state, the bulk thread reads it out, and the next piece is read only
// when the one before it has left: a transfer never holds more than two pieces in memory, however
// large the state is (trap C17). Each transfer has a connection of its own, so that it delays
// neither heartbeats nor entries (trap I7). A peer may answer at any moment, most of all before the
// first byte: it refuses the offer, or holds as much already, or it has kept what came of this very
// snapshot before and says where to go on. Only the peer knows that (trap C7).
//
// What a transfer that breaks had pinned is kept, one per peer: if it still serves, the next
// request of the core sends the same snapshot, so that the peer can go on (kept_snapshots.h). News
// of transfers that fail again and again without progress reach the core later and later, which
// slows its requests down. Decides nothing of Raft.
//
// Threads: Send and GiveUp on the event loop's, Shutdown on any but gRPC's, Progress on any. Leaf
// locks, never held while gRPC, the inbox or another thread's queue is called.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "core/effects.h"
#include "persistence/mutex.h"
#include "service/conversion/peer_identity.h"
#include "service/kept_snapshots.h"
#include "service/loop/apply_thread.h"
#include "service/loop/bulk_thread.h"
#include "service/loop/fatal.h"
#include "service/loop/inbox.h"
#include "service/peer_channel.h"
#include "service/peer_observer.h"
#include "service/snapshot_progress.h"
#include "service/snapshot_transfer_options.h"

namespace raft {

// What a sender is given; all references outlive it.
struct SnapshotSenderParts {
  SnapshotTransferOptions options;
  PeerLinkOptions links;
  const HeaderRules& rules;
  ApplyThread& apply;
  BulkThread& bulk;
  Inbox& inbox;
  PeerObserver& observer;
  FatalHandler fatal;
};

class SnapshotSender {
 public:
  explicit SnapshotSender(SnapshotSenderParts parts)
      : parts_(std::move(parts)), kept_(parts_.bulk, parts_.options.keep_time()) {}
  ~SnapshotSender() { Shutdown(); }
  SnapshotSender(const SnapshotSender&) = delete;
  SnapshotSender& operator=(const SnapshotSender&) = delete;

  // Ends in exactly one input: ResponseReceived or PeerUnreachable. An earlier transfer to the same
  // peer is given up.
  void Send(const Member& peer, const SnapshotToSend& snapshot);
  // Ends the transfers to a server that is no peer any more, soon, and keeps nothing for it.
  void GiveUp(ServerId peer);

  // Of each peer to which a snapshot is under way, how far the newest is.
  std::map<ServerId, SnapshotProgress> Progress() const;

  // Gives up every transfer, also each that comes later; returns when none is left and nothing is
  // pinned. Requires: apply and bulk thread still run.
  void Shutdown();

 private:
  class Transfer;

  std::vector<std::shared_ptr<Transfer>> TransfersTo(ServerId peer);
  // How long the core is left waiting for the news that a transfer ended like this.
  std::chrono::milliseconds PauseAfter(ServerId peer, bool failed_without_progress);
  void Forget(const Transfer& transfer);

  const SnapshotSenderParts parts_;
  KeptSnapshots kept_;
  mutable Mutex mutex_;
  ConditionVariable transfers_ended_;
  bool closed_ = false;
  std::vector<std::shared_ptr<Transfer>> transfers_;
  std::map<ServerId, int> failures_in_row_;  // without progress
};

}  // namespace raft
