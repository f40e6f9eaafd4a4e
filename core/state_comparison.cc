#include "core/state_comparison.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "core/check.h"

namespace raft {

StateComparison::Finding StateComparison::Advance(ServerId self, const StateCheck* own_newest,
                                                  const ClusterConfiguration& members,
                                                  std::uint64_t now_ticks,
                                                  std::uint64_t patience_ticks) {
  RAFT_CHECK(now_ticks >= began_at_ticks_, "ticks never fall");
  const bool is_late = now_ticks - began_at_ticks_ >= patience_ticks;
  if (!is_over_ && !is_late) return Finding::kNothing;
  // Whoever is silent may be silent for long; that the others differ is to be known.
  if (is_late && DoVotersDiffer(members) && !std::exchange(has_doubted_, true)) {
    return Finding::kDoubt;
  }
  if (own_newest == nullptr || own_newest->index <= index_) return Finding::kNothing;
  index_ = own_newest->index;
  digests_.clear();
  is_over_ = has_doubted_ = false;
  began_at_ticks_ = now_ticks;
  return Add(self, *own_newest, members);
}

StateComparison::Finding StateComparison::Add(ServerId server, const StateCheck& check,
                                              const ClusterConfiguration& members) {
  if (is_over_ || check.index != index_) return Finding::kNothing;
  if (!digests_.emplace(server, check.digest).second) return Finding::kNothing;
  const bool all_voters_answered = HaveAnswered(members.voters());
  is_over_ = all_voters_answered && HaveAnswered(members.PeersOf(ServerId(0)));
  if (majority_ && majority_->index == index_) return Finding::kNothing;
  if (IsMajoritys(check.digest, members)) {
    majority_ = check;
    return Finding::kMajority;
  }
  if (!all_voters_answered || has_doubted_) return Finding::kNothing;
  has_doubted_ = true;
  return Finding::kDoubt;
}

bool StateComparison::HaveAnswered(const std::vector<ServerId>& servers) const {
  return std::all_of(servers.begin(), servers.end(),
                     [this](ServerId server) { return digests_.contains(server); });
}

// Without a majority for any of their states.
bool StateComparison::DoVotersDiffer(const ClusterConfiguration& members) const {
  if (majority_ && majority_->index == index_) return false;
  std::set<std::string> states;
  for (const ServerId voter : members.voters()) {
    const auto found = digests_.find(voter);
    if (found != digests_.end()) states.insert(found->second);
  }
  return states.size() > 1;
}

bool StateComparison::IsMajoritys(const std::string& digest,
                                  const ClusterConfiguration& members) const {
  return members.ReachedByMajority([&](ServerId voter) {
    const auto found = digests_.find(voter);
    return found != digests_.end() && found->second == digest ? 1 : 0;
  }) == 1;
}

}  // namespace raft
