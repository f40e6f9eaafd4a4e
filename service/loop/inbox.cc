#include "service/loop/inbox.h"

#include <algorithm>
#include <utility>

namespace raft {

bool Inbox::IdleLocked() const {
  return !tick_ && !persisted_ && !apply_answer_awaited_ && stored_.empty() && peers_.empty() &&
         clients_.empty();
}

void Inbox::Wake(MutexLock& lock) {
  const bool notify = loop_sleeps_;
  loop_sleeps_ = false;
  lock.unlock();
  if (notify) filled_.notify_one();
}

void Inbox::PushTick() {
  MutexLock lock(mutex_);
  tick_ = true;
  Wake(lock);
}

void Inbox::PushPersisted(PersistSequence sequence) {
  MutexLock lock(mutex_);
  if (!persisted_ || *persisted_ < sequence) persisted_ = sequence;
  Wake(lock);
}

void Inbox::PushApplied(LogIndex last_applied) {
  MutexLock lock(mutex_);
  if (!apply_answers_.empty()) {
    if (auto* newest = std::get_if<EntriesApplied>(&apply_answers_.back())) {
      newest->last_applied = std::max(newest->last_applied, last_applied);
      return;
    }
  }
  apply_answers_.push_back(EntriesApplied{.last_applied = last_applied});
}

void Inbox::PushDigested(StateCheck check) {
  MutexLock lock(mutex_);
  apply_answers_.push_back(StateDigested{.check = std::move(check)});
}

void Inbox::PushCheckpointed(LogIndex through) {
  AddApplyAnswer(StateCheckpointed{.through = through});
}

void Inbox::PushSwitched(LogPosition last_included) {
  AddApplyAnswer(StateSwitched{.last_included = last_included});
}

void Inbox::PushInstallCompleted() { AddApplyAnswer(InstallCompleted{}); }

void Inbox::AddApplyAnswer(Input answer) {
  MutexLock lock(mutex_);
  apply_answers_.push_back(std::move(answer));
  apply_answer_awaited_ = true;
  Wake(lock);
}

void Inbox::PushSnapshotStored(const SnapshotStored& stored) {
  MutexLock lock(mutex_);
  stored_.push_back(stored);
  Wake(lock);
}

bool Inbox::PushPeer(Input input) {
  MutexLock lock(mutex_);
  if (closed_) return false;
  const bool refusable = std::holds_alternative<RequestReceived>(input);
  if (refusable && peers_.size() >= limits_.peer_inputs_max) return false;
  peers_.push_back(std::move(input));
  Wake(lock);
  return true;
}

bool Inbox::PushClient(Input input, std::uint64_t bytes) {
  MutexLock lock(mutex_);
  if (closed_ || clients_.size() >= limits_.client_inputs_max) return false;
  // One input alone is always let in: a limit below the largest command must not refuse it for
  // ever.
  if (!clients_.empty() && client_bytes_ + bytes > limits_.client_bytes_max) return false;
  client_bytes_ += bytes;
  clients_.push_back({.input = std::move(input), .bytes = bytes});
  Wake(lock);
  return true;
}

bool Inbox::WaitAndTake(std::vector<Input>& turn) {
  turn.clear();
  MutexLock lock(mutex_);
  while (IdleLocked()) {
    if (closed_) return false;
    loop_sleeps_ = true;
    filled_.wait(lock);
  }
  loop_sleeps_ = false;
  TakeInternalLocked(turn);
  for (Input& input : peers_) turn.push_back(std::move(input));
  peers_.clear();
  TakeClientsLocked(turn);
  return true;
}

void Inbox::TakeInternalLocked(std::vector<Input>& turn) {
  // What the disk and the state machine finished comes before the tick: a timer must not act on a
  // server that has already moved on.
  if (persisted_) turn.push_back(WritePersisted{.sequence = *persisted_});
  for (Input& answer : apply_answers_) turn.push_back(std::move(answer));
  for (const SnapshotStored& stored : stored_) turn.push_back(stored);
  if (tick_) turn.push_back(Tick{});
  persisted_.reset();
  apply_answers_.clear();
  apply_answer_awaited_ = false;
  stored_.clear();
  tick_ = false;
}

void Inbox::TakeClientsLocked(std::vector<Input>& turn) {
  std::size_t count = 0;
  std::uint64_t bytes = 0;
  while (!clients_.empty() && count < limits_.turn_client_inputs_max) {
    ClientInput& next = clients_.front();
    if (count > 0 && bytes + next.bytes > limits_.turn_client_bytes_max) break;
    bytes += next.bytes;
    ++count;
    turn.push_back(std::move(next.input));
    clients_.pop_front();
  }
  client_bytes_ -= bytes;
}

void Inbox::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
  Wake(lock);
}

InboxDepth Inbox::depth() const {
  MutexLock lock(mutex_);
  return {.peers = peers_.size(), .clients = clients_.size(), .client_bytes = client_bytes_};
}

}  // namespace raft
