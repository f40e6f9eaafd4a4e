// The one thread that writes promise and log: group commit on disk.
//
// Takes every write that waits, hands all of them to Storage::Persist as one synced batch, reports
// the highest sequence to the inbox. Whatever arrives during a sync becomes the next batch. Does
// not know why something is written. A failed write is final (rule S-3): the fatal handler ends the
// process, and nothing of the batch is ever reported.
#pragma once

#include <cstdint>
#include <thread>
#include <vector>

#include "core/effects.h"
#include "persistence/storage.h"
#include "service/loop/fatal.h"
#include "service/loop/inbox.h"
#include "service/loop/loop_observer.h"
#include "service/loop/mailbox.h"

namespace raft {

class DiskThread {
 public:
  // Everything outlives this object.
  DiskThread(Storage& storage, Inbox& inbox, LoopObserver& observer, FatalHandler fatal);
  ~DiskThread();
  DiskThread(const DiskThread&) = delete;
  DiskThread& operator=(const DiskThread&) = delete;

  void Start();
  // Event-loop thread. Requests become durable in the order of these calls.
  void Push(PersistRequest request);
  // Writes what waits, then ends the thread. Once; after the event loop has ended.
  void DrainAndStop();

 private:
  void Run();
  bool PersistAll(const std::vector<PersistRequest>& requests);

  Storage& storage_;
  Inbox& inbox_;
  LoopObserver& observer_;
  const FatalHandler fatal_;
  Mailbox<std::vector<PersistRequest>> waiting_;
  std::thread thread_;
};

}  // namespace raft
