// Appended proposals in the order of their place in the log, until an entry is applied there.
//
// Who waits at an index learns by the applied entry's term: the same term, and the proposal
// happened; another term, and it certainly did not (dissertation §6.2, trap F12). Knows positions
// and tickets only. Apply thread only.
#pragma once

#include <algorithm>
#include <deque>

#include "core/effects.h"

namespace raft {

class WaitingProposals {
 public:
  // Positions rise within one leadership; after a lost one they may start again further down.
  void Add(const ProposalAppended& proposal) {
    const auto after = [](LogIndex index, const ProposalAppended& other) {
      return index < other.position.index;
    };
    waiting_.insert(
        std::upper_bound(waiting_.begin(), waiting_.end(), proposal.position.index, after),
        proposal);
  }

  bool empty() const { return waiting_.empty(); }

  // Calls `resolve(proposal)` for everybody who waits at an index up to `applied` and forgets them.
  template <typename Resolve>
  void TakeThrough(LogIndex applied, Resolve resolve) {
    while (!waiting_.empty() && waiting_.front().position.index <= applied) {
      const ProposalAppended proposal = waiting_.front();
      waiting_.pop_front();
      resolve(proposal);
    }
  }

 private:
  std::deque<ProposalAppended> waiting_;
};

}  // namespace raft
