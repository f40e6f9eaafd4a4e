#include "service/conversion/process_watch.h"

#include <algorithm>

namespace raft {

MessageMoments ProcessWatch::Leave(const ServerLife& to) {
  MutexLock lock(mutex_);
  const auto found = lives_.find(to);
  return {.moment = next_moment_++, .heard = found == lives_.end() ? 0 : found->second.heard};
}

ProcessWatch::Finding ProcessWatch::Hear(const ServerLife& from, std::uint64_t process,
                                         const MessageMoments& said) {
  MutexLock lock(mutex_);
  Watched* watched = FindOrAddLocked(from);
  if (watched == nullptr) return {};
  NoteMoment(*watched, process, said.moment);
  Process& speaker = MeetLocked(*watched, process);
  const bool is_ours = said.heard >= first_moment_ && said.heard < next_moment_;
  if (is_ours) speaker.alive_after = std::max(speaker.alive_after, said.heard);
  Finding finding;
  for (Process& other : watched->processes) {
    if (!WereAliveAtOnce(speaker, other)) continue;
    finding.is_news = finding.is_news || !speaker.is_doubled || !other.is_doubled;
    speaker.is_doubled = other.is_doubled = true;
  }
  finding.is_doubled = speaker.is_doubled;
  return finding;
}

// The numbers of one process only rise, but its messages may overtake each other.
void ProcessWatch::NoteMoment(Watched& watched, std::uint64_t process, std::uint64_t moment) {
  if (moment == 0) return;
  const bool is_late = watched.heard_process == process && moment < watched.heard;
  if (is_late) return;
  watched.heard_process = process;
  watched.heard = moment;
}

bool ProcessWatch::WereAliveAtOnce(const Process& one, const Process& other) {
  if (one.nonce == other.nonce || other.nonce == 0) return false;
  const std::uint64_t both_known_since = std::max(one.known_since, other.known_since);
  return std::min(one.alive_after, other.alive_after) >= both_known_since;
}

bool ProcessWatch::IsDoubled(const ServerLife& life, std::uint64_t process) const {
  MutexLock lock(mutex_);
  const auto found = lives_.find(life);
  if (found == lives_.end()) return false;
  const auto& processes = found->second.processes;
  return std::any_of(processes.begin(), processes.end(), [process](const Process& known) {
    return known.nonce == process && known.is_doubled;
  });
}

std::vector<std::uint64_t> ProcessWatch::DoubledProcesses(const ServerLife& life) const {
  std::vector<std::uint64_t> doubled;
  MutexLock lock(mutex_);
  const auto found = lives_.find(life);
  if (found == lives_.end()) return doubled;
  for (const Process& known : found->second.processes) {
    if (known.is_doubled) doubled.push_back(known.nonce);
  }
  return doubled;
}

ProcessWatch::Watched* ProcessWatch::FindOrAddLocked(const ServerLife& life) {
  const auto found = lives_.find(life);
  if (found != lives_.end()) return &found->second;
  if (lives_.size() >= kLivesMax) return nullptr;
  return &lives_[life];
}

ProcessWatch::Process& ProcessWatch::MeetLocked(Watched& watched, std::uint64_t nonce) {
  for (Process& known : watched.processes) {
    if (known.nonce == nonce) return known;
  }
  Process& met = watched.processes[watched.next_slot];
  watched.next_slot = (watched.next_slot + 1) % kProcessesMax;
  met = {.nonce = nonce, .known_since = next_moment_};
  return met;
}

}  // namespace raft
