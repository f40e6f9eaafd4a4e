#include "service/conversion/peer_memory.h"

#include <algorithm>
#include <variant>

#include "absl/strings/str_cat.h"

namespace raft {
namespace {

void KeepTheMost(ProvenProgress& most, const ProvenProgress& proven) {
  most.term = std::max(most.term, proven.term);
  const bool is_later_leader = proven.match_term > most.match_term;
  const bool is_further =
      proven.match_term == most.match_term && proven.match_index > most.match_index;
  if (!is_later_leader && !is_further) return;
  most.match_term = proven.match_term;
  most.match_index = proven.match_index;
}

}  // namespace

StartingPoint StartingPointOf(const RecoveredState& recovered) {
  return {.term = recovered.promise.current_term,
          .last_log =
              recovered.entries.empty() ? recovered.base : recovered.entries.back()->position()};
}

// A candidate asks once its term and vote are durable, and a leader was elected by such requests.
ProvenProgress ProvenBy(const PeerRequest& request) {
  if (std::holds_alternative<PreVoteRequest>(request)) return {};
  return {.term = std::visit([](const auto& message) { return message.term; }, request),
          .match_term = {},
          .match_index = {}};
}

ProvenProgress ProvenBy(const PeerResponse& response) {
  if (std::holds_alternative<PreVoteResponse>(response)) return {};
  ProvenProgress proven{
      .term = std::visit([](const auto& message) { return message.term; }, response),
      .match_term = {},
      .match_index = {}};
  const auto note_match = [&proven](const auto& answer) {
    if (!answer.success) return;
    proven.match_term = answer.term;
    proven.match_index = answer.match_index;
  };
  if (const auto* appended = std::get_if<AppendEntriesResponse>(&response)) note_match(*appended);
  if (const auto* installed = std::get_if<InstallSnapshotResponse>(&response)) {
    note_match(*installed);
  }
  return proven;
}

// A term never falls. A log may shrink, but only when another leader takes back what was not
// committed, and that leader's term was promised first: while a server stays in the term of the
// match, what matched in it stays (Leader Append-Only, Log Matching).
std::optional<Regress> FindRegress(const ProvenProgress& proven, const StartingPoint& start) {
  const bool has_forgotten_term = start.term < proven.term;
  const bool has_forgotten_entries =
      start.term == proven.match_term && start.last_log.index < proven.match_index;
  if (!has_forgotten_term && !has_forgotten_entries) return std::nullopt;
  return Regress{.proven = proven, .start = start};
}

std::string Describe(const Regress& regress) {
  std::string match;
  if (regress.proven.match_term != Term(0)) {
    match = absl::StrCat(" and acknowledged index ", regress.proven.match_index.value(),
                         " in term ", regress.proven.match_term.value());
  }
  return absl::StrCat("had promised term ", regress.proven.term.value(), match,
                      ", and starts with term ", regress.start.term.value(), " and index ",
                      regress.start.last_log.index.value());
}

bool PeerMemory::Recollection::Knows(std::uint64_t process) const {
  return std::find(known_.begin(), known_.end(), process) != known_.end();
}

void PeerMemory::Recollection::Meet(std::uint64_t process) {
  if (Knows(process)) return;
  known_[next_slot_] = process;
  next_slot_ = (next_slot_ + 1) % kKnownProcesses;
}

void PeerMemory::Note(const ServerLife& life, std::uint64_t process, const ProvenProgress& proven) {
  MutexLock lock(mutex_);
  Recollection* noted = FindOrAddLocked(life);
  if (noted == nullptr) return;
  noted->Meet(process);
  KeepTheMost(noted->proven_, proven);
}

PeerMemory::Recollection PeerMemory::Recall(const ServerLife& life) const {
  MutexLock lock(mutex_);
  const auto found = lives_.find(life);
  return found == lives_.end() ? Recollection() : found->second;
}

std::optional<Regress> PeerMemory::JudgeAnswerer(const ServerLife& life, std::uint64_t process,
                                                 const std::optional<StartingPoint>& start,
                                                 const Recollection& recalled) {
  MutexLock lock(mutex_);
  Recollection* judged = FindOrAddLocked(life);
  if (judged == nullptr) return std::nullopt;
  if (start && !judged->condemned_ && !recalled.Knows(process)) {
    judged->condemned_ = FindRegress(recalled.proven_, *start);
  }
  if (auto verdict = Verdict(*judged, process)) return verdict;
  if (start) judged->Meet(process);
  return std::nullopt;
}

std::optional<Regress> PeerMemory::JudgeGreeter(const ServerLife& life, std::uint64_t process,
                                                const std::optional<StartingPoint>& start) {
  MutexLock lock(mutex_);
  Recollection* judged = FindOrAddLocked(life);
  if (judged == nullptr) return std::nullopt;
  if (auto verdict = Verdict(*judged, process)) return verdict;
  if (!start || judged->Knows(process)) return std::nullopt;
  if (auto regress = FindRegress(judged->proven_, *start)) {
    judged->refused_ = {.process = process, .regress = *regress};
    return regress;
  }
  judged->Meet(process);
  return std::nullopt;
}

std::optional<Regress> PeerMemory::RegressOf(const ServerLife& life, std::uint64_t process) const {
  MutexLock lock(mutex_);
  const auto found = lives_.find(life);
  return found == lives_.end() ? std::nullopt : Verdict(found->second, process);
}

std::optional<Regress> PeerMemory::Verdict(const Recollection& life, std::uint64_t process) {
  if (life.condemned_) return life.condemned_;
  if (life.refused_ && life.refused_->process == process) return life.refused_->regress;
  return std::nullopt;
}

PeerMemory::Recollection* PeerMemory::FindOrAddLocked(const ServerLife& life) {
  const auto found = lives_.find(life);
  if (found != lives_.end()) return &found->second;
  if (lives_.size() >= kLivesMax) return nullptr;
  return &lives_[life];
}

}  // namespace raft
