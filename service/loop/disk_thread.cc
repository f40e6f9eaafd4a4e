#include "service/loop/disk_thread.h"

#include <chrono>
#include <utility>

#include "service/loop/thread_name.h"

namespace raft {

DiskThread::DiskThread(Storage& storage, Inbox& inbox, LoopObserver& observer, FatalHandler fatal)
    : storage_(storage), inbox_(inbox), observer_(observer), fatal_(std::move(fatal)) {}

DiskThread::~DiskThread() { DrainAndStop(); }

void DiskThread::Start() {
  thread_ = std::thread([this] { Run(); });
}

void DiskThread::Push(PersistRequest request) {
  waiting_.Put(
      [&request](std::vector<PersistRequest>& waiting) { waiting.push_back(std::move(request)); });
}

void DiskThread::DrainAndStop() {
  waiting_.Close();
  if (thread_.joinable()) thread_.join();
}

void DiskThread::Run() {
  SetThreadName("raft-disk");
  std::vector<PersistRequest> batch;
  while (waiting_.WaitAndTake(batch)) {
    if (!PersistAll(batch)) return;
  }
}

bool DiskThread::PersistAll(const std::vector<PersistRequest>& requests) {
  std::size_t entries = 0;
  std::uint64_t bytes = 0;
  for (const PersistRequest& request : requests) {
    entries += request.entries.size();
    for (const LogEntryPointer& entry : request.entries) bytes += ChargedBytes(*entry);
  }
  const auto began = std::chrono::steady_clock::now();
  const absl::Status written = storage_.Persist(requests);
  if (!written.ok()) {
    fatal_(written);
    return false;
  }
  inbox_.PushPersisted(requests.back().sequence);
  observer_.OnPersisted(std::chrono::steady_clock::now() - began, entries, bytes);
  return true;
}

}  // namespace raft
