#include "service/loop/pending_calls.h"

namespace raft {

std::optional<Ticket> PendingCalls::Add(ClientCall* call, SteadyTime deadline) {
  MutexLock lock(mutex_);
  if (closed_ || waiting_.size() >= calls_max_) return std::nullopt;
  last_ticket_ = last_ticket_.Next();
  waiting_.emplace(last_ticket_.value(),
                   Waiting{.call = call, .deadline = deadline, .appended = std::nullopt});
  return last_ticket_;
}

ClientCall* PendingCalls::Take(Ticket ticket) {
  MutexLock lock(mutex_);
  const auto found = waiting_.find(ticket.value());
  if (found == waiting_.end()) return nullptr;
  ClientCall* call = found->second.call;
  waiting_.erase(found);
  return call;
}

TakenRead PendingCalls::TakeRead(Ticket ticket, LogIndex applied) {
  MutexLock lock(mutex_);
  const auto found = waiting_.find(ticket.value());
  if (found == waiting_.end()) return {};
  ClientCall* call = found->second.call;
  if (call->min_applied_index() > applied) return {.wait_until = call->min_applied_index()};
  waiting_.erase(found);
  return {.call = call, .wait_until = std::nullopt};
}

bool PendingCalls::MayStart(Ticket ticket, SteadyTime now) {
  MutexLock lock(mutex_);
  const auto found = waiting_.find(ticket.value());
  return found != waiting_.end() && now < found->second.deadline;
}

void PendingCalls::RecordAppended(std::span<const ProposalAppended> appended) {
  if (appended.empty()) return;
  MutexLock lock(mutex_);
  for (const ProposalAppended& proposal : appended) {
    const auto found = waiting_.find(proposal.ticket.value());
    if (found != waiting_.end()) found->second.appended = proposal.position;
  }
}

std::vector<UnansweredCall> PendingCalls::TakeOverdue(SteadyTime now, std::size_t calls_max) {
  std::vector<UnansweredCall> overdue;
  MutexLock lock(mutex_);
  for (auto next = waiting_.begin(); next != waiting_.end() && overdue.size() < calls_max;) {
    const auto current = next++;
    if (now < current->second.deadline) continue;
    overdue.push_back({.call = current->second.call, .appended = current->second.appended});
    waiting_.erase(current);
  }
  return overdue;
}

void PendingCalls::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
}

std::vector<UnansweredCall> PendingCalls::TakeAll() {
  std::vector<UnansweredCall> rest;
  MutexLock lock(mutex_);
  rest.reserve(waiting_.size());
  for (const auto& [ticket, waiting] : waiting_) {
    rest.push_back({.call = waiting.call, .appended = waiting.appended});
  }
  waiting_.clear();
  return rest;
}

bool PendingCalls::Waits(Ticket ticket) const {
  MutexLock lock(mutex_);
  return waiting_.contains(ticket.value());
}

std::size_t PendingCalls::size() const {
  MutexLock lock(mutex_);
  return waiting_.size();
}

}  // namespace raft
