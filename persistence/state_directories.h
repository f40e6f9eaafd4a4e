// Which of the directories state-<n> lives, which one waits to live, and which ones nobody needs.
//
// A number is never used twice in one life, and nothing is removed that is live, waiting or open:
// a snapshot may still be read from a state that was replaced. Knows names, not states.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "persistence/disk.h"
#include "persistence/mutex.h"

namespace raft {

// Any thread; creating, removing and waiting on one at a time.
class StateDirectories {
 public:
  // `disk` must outlive this.
  StateDirectories(Disk& disk, std::string data_directory);

  std::string live_name() const;
  std::string PathOf(const std::string& name) const { return data_directory_ + "/" + name; }

  // The state pointer names it, durably. At a start.
  void SetLive(const std::string& name);
  // It is open until `open` expires (Database::UntilClosed).
  void Watch(const std::string& name, std::weak_ptr<const void> open);

  // A name that no directory has.
  std::string NewName();
  // The state in it is whole and durable, and waits to be switched to.
  void SetWaiting(const std::string& name);
  void DropWaiting();
  // The name that waits, or an empty one; from now on it is kept, whatever happens.
  std::string BeginSwitch();
  // The pointer names it, durably.
  void EndSwitch();

  // Removes what is not live, waiting, or open. Not durable: a power loss may bring it back.
  absl::Status RemoveUnused();

 private:
  bool IsNeeded(const std::string& name) const;

  Disk& disk_;
  leveldb::Env& env_;
  const std::string data_directory_;
  mutable Mutex mutex_;  // a leaf; all below is under it
  std::string live_;
  std::string waiting_;
  std::string switching_to_;
  std::map<std::string, std::weak_ptr<const void>> open_;
  std::uint64_t last_number_ = 0;
};

}  // namespace raft
