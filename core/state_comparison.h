// A leader asks around whether all hold the same state (silent divergence; beyond the paper).
//
// One index at a time: the newest at which the leader knows its own digest. Heartbeats ask for the
// peers' digests there, until everybody has answered or a newer index takes its place. A digest
// that a majority of the voters holds is the cluster's; heartbeats tell it to all, and whoever
// holds another one judges itself. The leader is one voice among the voters. Without a majority for
// any digest nobody is told anything (never on doubt). Knows digests and voters; no states.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/cluster_configuration.h"
#include "core/messages.h"
#include "core/types.h"

namespace raft {

class StateComparison {
 public:
  // What came of an answer, or of waiting for one.
  enum class Finding : std::uint8_t { kNothing, kMajority, kDoubt };

  // A heartbeat is due: goes on to `own_newest`, the leader's newest digest (null: it has none), if
  // the present comparison is over or has taken `patience_ticks`. Returns as Add; kDoubt also when
  // those voters that have answered in that time differ.
  Finding Advance(ServerId self, const StateCheck* own_newest, const ClusterConfiguration& members,
                  std::uint64_t now_ticks, std::uint64_t patience_ticks);
  // A digest arrived, or was the leader's own; a server's first one stands. kMajority:
  // majority_state() is new. kDoubt, once an index: every voter has answered, and no digest has a
  // majority.
  Finding Add(ServerId server, const StateCheck& check, const ClusterConfiguration& members);

  // The server is no member any more; whoever comes back under its id has another state.
  void Forget(ServerId server) { digests_.erase(server); }

  // Where states are compared, or were last; 0: nowhere yet.
  LogIndex index() const { return index_; }
  // Where peers are to be asked for their digests; 0: nowhere, everybody has answered.
  LogIndex asked_index() const { return is_over_ ? LogIndex(0) : index_; }
  // What a majority of the voters was found to hold, most lately.
  const std::optional<StateCheck>& majority_state() const { return majority_; }

 private:
  bool HaveAnswered(const std::vector<ServerId>& servers) const;
  bool DoVotersDiffer(const ClusterConfiguration& members) const;
  bool IsMajoritys(const std::string& digest, const ClusterConfiguration& members) const;

  LogIndex index_;
  std::map<ServerId, std::string> digests_;  // at index_
  bool is_over_ = true;
  bool has_doubted_ = false;
  std::uint64_t began_at_ticks_ = 0;
  std::optional<StateCheck> majority_;
};

}  // namespace raft
