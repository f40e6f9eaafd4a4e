#include "tests/stories/opening.h"

#include "tests/core_harness/builders.h"

namespace raft::stories {

Opening::Opening() : options_(harness::SmallOptions()) {}

void Opening::SetLog(ServerId id, const std::vector<std::uint64_t>& terms) {
  RecoveredState& recovered = recovered_[id];
  recovered.entries.clear();
  for (const std::uint64_t term : terms) {
    recovered.entries.push_back(harness::Entry(recovered.entries.size() + 1, term, /*data=*/""));
  }
  if (!terms.empty()) recovered.promise.current_term = Term(terms.back());
}

std::optional<Mistake> Opening::SetTerm(ServerId id, Term term) {
  RecoveredState& recovered = recovered_[id];
  if (term < recovered.promise.current_term) return "the log has an entry of a later term";
  recovered.promise.current_term = term;
  return std::nullopt;
}

void Opening::SetVote(ServerId voter, ServerId candidate) {
  recovered_[voter].promise.voted_for = candidate;
}

std::optional<Mistake> Opening::SetApplied(ServerId id, LogIndex index) {
  RecoveredState& recovered = recovered_[id];
  if (index == LogIndex(0) || index.value() > recovered.entries.size()) {
    return "the log does not reach there";
  }
  recovered.applied = recovered.entries[index.value() - 1]->position();
  return std::nullopt;
}

std::vector<ServerStart> Opening::Servers() const {
  const std::vector<ServerId> voters = harness::FirstServers(server_count_);
  std::vector<ServerStart> servers;
  for (const ServerId id : voters) {
    const auto found = recovered_.find(id);
    servers.push_back({.self = id,
                       .voters = voters,
                       .options = options_,
                       .seed = seed_ * 100 + id.value(),
                       .recovered = found == recovered_.end() ? RecoveredState{} : found->second});
  }
  return servers;
}

}  // namespace raft::stories
