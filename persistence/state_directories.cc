#include "persistence/state_directories.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "persistence/database.h"
#include "persistence/state_pointer.h"

namespace raft {

StateDirectories::StateDirectories(Disk& disk, std::string data_directory)
    : disk_(disk),
      env_(disk.env()),
      data_directory_(std::move(data_directory)),
      live_(kFirstStateName) {}

std::string StateDirectories::live_name() const {
  const MutexLock lock(mutex_);
  return live_;
}

void StateDirectories::SetLive(const std::string& name) {
  const MutexLock lock(mutex_);
  live_ = name;
}

void StateDirectories::Watch(const std::string& name, std::weak_ptr<const void> open) {
  const MutexLock lock(mutex_);
  open_[name] = std::move(open);
}

std::string StateDirectories::NewName() {
  std::uint64_t last = 0;
  for (const DirectoryMember& member : disk_.List(data_directory_)) {
    last = std::max(last, NumberOfState(member.name).value_or(0));
  }
  const MutexLock lock(mutex_);
  last_number_ = std::max(last_number_, last) + 1;
  return StateName(last_number_);
}

void StateDirectories::SetWaiting(const std::string& name) {
  const MutexLock lock(mutex_);
  waiting_ = name;
}

void StateDirectories::DropWaiting() {
  const MutexLock lock(mutex_);
  waiting_.clear();
}

std::string StateDirectories::BeginSwitch() {
  const MutexLock lock(mutex_);
  switching_to_ = std::exchange(waiting_, {});
  return switching_to_;
}

void StateDirectories::EndSwitch() {
  const MutexLock lock(mutex_);
  live_ = std::exchange(switching_to_, {});
}

absl::Status StateDirectories::RemoveUnused() {
  for (const DirectoryMember& member : disk_.List(data_directory_)) {
    if (!NumberOfState(member.name) || IsNeeded(member.name)) continue;
    absl::Status removed = RemoveDatabase(env_, PathOf(member.name));
    if (!removed.ok()) return removed;
  }
  return absl::OkStatus();
}

bool StateDirectories::IsNeeded(const std::string& name) const {
  const MutexLock lock(mutex_);
  if (name == live_ || name == waiting_ || name == switching_to_) return true;
  const auto open = open_.find(name);
  return open != open_.end() && !open->second.expired();
}

}  // namespace raft
