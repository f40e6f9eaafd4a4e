// The way in of snapshots: stores the one stream that the core accepted, beside the live state.
//
// A stream waits after its offer until the core says what becomes of it. Accepted, it is read piece
// by piece, the next one only when the last is written down (trap C17); whole and verified, it
// becomes the input SnapshotStored, and the stream stays open for the core's answer. Whatever goes
// wrong before that ends the stream with an error and is no input: its sender tries again. At most
// one stream is stored; a newer accepted one takes its place (trap C6).
//
// A stream that breaks leaves its *half*: what came of the snapshot, each piece of it verified.
// When the same snapshot is offered again, by whomever, it is asked for from there; the digest of
// the whole decides in the end, as always. A half goes when another snapshot is accepted, when
// nothing came for SnapshotTransferOptions::keep_time, when a piece turns out to be a bad one, and
// with the process. So at most one is there, and an offset that does not fit it is refused, never
// guessed at (trap C7). Knows no gRPC and decides nothing of Raft.
//
// Threads: streams call from gRPC's, Store and Discard come from the event loop's, files are
// touched on the bulk thread. One leaf lock, never held while a stream, the inbox or a queue is
// called.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "core/effects.h"
#include "persistence/mutex.h"
#include "persistence/snapshot.h"
#include "service/conversion/snapshot_conversion.h"
#include "service/loop/bulk_thread.h"
#include "service/loop/fatal.h"
#include "service/loop/inbox.h"
#include "service/peer_observer.h"
#include "service/snapshot_transfer_options.h"

namespace raft {

// One open stream of a peer. Any thread.
class SnapshotStream {
 public:
  virtual ~SnapshotStream() = default;
  // What it is a stream of. Requires: the core has seen the offer.
  virtual const SnapshotOffer& offer() const = 0;
  // Asks for the next piece. False: the stream is finished, or will be.
  virtual bool ReadNext() = 0;
  // Finishes the stream: its snapshot is to be offered again, from here; unless somebody else has
  // finished it.
  virtual void AskToContinueAt(const SnapshotPlace& place) = 0;
  // Finishes the stream with this error, unless somebody else has finished it.
  virtual void Break(const absl::Status& why) = 0;
  // How long the peer has kept this server waiting for its next message; zero: it does not.
  virtual std::chrono::steady_clock::duration waiting_for() const = 0;
};

// What a receiver is given; all references outlive it.
struct SnapshotReceiverParts {
  SnapshotTransferOptions options;
  SnapshotInstaller& installer;
  BulkThread& bulk;
  Inbox& inbox;
  PeerObserver& observer;
  FatalHandler fatal;
};

class SnapshotReceiver {
 public:
  explicit SnapshotReceiver(SnapshotReceiverParts parts) : parts_(std::move(parts)) {}
  SnapshotReceiver(const SnapshotReceiver&) = delete;
  SnapshotReceiver& operator=(const SnapshotReceiver&) = delete;

  // A stream was opened; from now on it is watched for stalls.
  void OnOpened(CallId call_id, const std::shared_ptr<SnapshotStream>& stream);
  // Its next piece came, in its place; `done`: it was the last.
  void OnPiece(CallId call_id, std::string piece, bool done);
  // What came instead broke a rule: the sender is not trusted to go on with this snapshot.
  void OnBadPiece(CallId call_id);
  // The stream is gone, for whatever reason.
  void OnEnded(CallId call_id);

  // PeerOutlet::StoreSnapshot and DiscardSnapshot.
  void Store(const SnapshotToStore& snapshot);
  void Discard();

 private:
  using SteadyClock = std::chrono::steady_clock;

  // What has come of a snapshot.
  struct Half {
    LogPosition last_included;
    std::string digest;
    std::unique_ptr<IncomingSnapshot> incoming;
    SteadyClock::time_point moved_at;  // its last piece came

    bool IsOf(LogPosition position, const SnapshotOffer& offer) const {
      return last_included == position && digest == offer.digest;
    }
  };
  // The stream that is being stored.
  struct Storing {
    SnapshotToStore snapshot;
    std::shared_ptr<SnapshotStream> stream;
    Half half;
    std::uint64_t bytes = 0;  // of this stream
    SteadyClock::time_point began;
  };

  std::shared_ptr<SnapshotStream> Find(CallId call_id) const;
  void Watch(const std::weak_ptr<SnapshotStream>& stream) const;
  // Bulk thread.
  void Begin(const SnapshotToStore& snapshot, const std::shared_ptr<SnapshotStream>& stream);
  void BeginAnew(Storing storing);
  void GoOn(Storing storing);
  void AddPiece(CallId call_id, const std::string& piece, bool done);
  void Finish();
  void Fail(const absl::Status& failure);
  void EndStoring(SnapshotReceipt receipt);
  void Keep(Half half);
  bool IsStoring(CallId call_id) const;

  const SnapshotReceiverParts parts_;
  mutable Mutex mutex_;
  std::map<CallId, std::weak_ptr<SnapshotStream>> streams_;
  std::weak_ptr<SnapshotStream> accepted_;  // newest one
  // Bulk thread only.
  std::optional<Storing> storing_;
  std::optional<Half> kept_;      // none while one is stored
  std::uint64_t times_kept_ = 0;  // so that a late job drops only what it was meant for
};

}  // namespace raft
