// The way out of backups: DownloadSnapshot, and CreateSnapshot beside it.
//
// A download is the state as it was at one index. The apply thread pins it, the bulk thread reads
// it out, and the next piece is read only when gRPC has taken the one before, which it does at the
// pace of the client: a download holds one piece in memory, however large the state is, and nobody
// waits for a slow client. One that takes less than a few pieces in the stall timeout is given up,
// because what it pins keeps old data on disk. Decides nothing of Raft: the trim of the log stays
// the core's.
//
// Threads: Download and CreateSnapshot on gRPC's, Shutdown on any other. Leaf locks, never held
// while gRPC or another thread's queue is called.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "metrics/rpc_metrics.h"
#include "persistence/mutex.h"
#include "raft/v1/cluster_service.pb.h"
#include "service/errors.h"
#include "service/loop/apply_thread.h"
#include "service/loop/bulk_thread.h"
#include "service/loop/fatal.h"
#include "service/snapshot_transfer_options.h"
#include "service/unary_call.h"

namespace raft {

struct FormedServer;

// What backups are given; all references outlive them.
struct BackupParts {
  SnapshotTransferOptions options;
  ApplyThread& apply;
  BulkThread& bulk;
  FatalHandler fatal;
};

// What one call is answered with; all of it outlives the call.
struct BackupDoor {
  const FormedServer& formed;
  const ErrorBook& errors;
};

class Backups {
 public:
  using Stream = grpc::ServerWriteReactor<v1::DownloadSnapshotResponse>;

  // At once; the next client is told to come back.
  static constexpr std::size_t kDownloadsMax = 4;
  // CreateSnapshot calls that wait for the apply thread; one more is told to come back.
  static constexpr std::size_t kCreationsMax = 16;

  explicit Backups(BackupParts parts) : parts_(std::move(parts)) {}
  ~Backups() { Shutdown(); }
  Backups(const Backups&) = delete;
  Backups& operator=(const Backups&) = delete;

  // The reactor of a download that begins; it ends and goes by itself.
  Stream* Download(grpc::CallbackServerContext& context, const RpcMetrics& metrics,
                   const BackupDoor& door);

  // Makes the state durable now, with one synced write on the apply thread, which answers all who
  // wait for it; ends the call.
  void CreateSnapshot(UnaryCall& call, const BackupDoor& door,
                      v1::CreateSnapshotResponse& response);

  // Ends every download, also each that comes later, and returns when none holds the state any
  // more. Requires: apply and bulk thread still run, or never did anything for a download.
  void Shutdown();

 private:
  class Reading;
  // A CreateSnapshot call that waits.
  struct Creation {
    UnaryCall& call;
    BackupDoor door;
    v1::CreateSnapshotResponse& response;
  };

  void Forget(const Reading& reading);
  // Apply thread.
  void CheckpointForAll(KeyValueStore& state);
  std::vector<Creation> TakeCreations();

  const BackupParts parts_;
  Mutex mutex_;
  ConditionVariable readings_ended_;
  bool closed_ = false;
  std::vector<std::shared_ptr<Reading>> readings_;
  std::vector<Creation> creations_;  // while there are any, one task of the apply thread waits
};

}  // namespace raft
