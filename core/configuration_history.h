// Which configuration is in force, and to which one a truncation of the log would return (§6).
//
// A server uses the newest configuration in its log, committed or not. Behind it the earlier ones
// wait, down to the newest that can never be truncated: what is committed, or what the state
// machine holds (trap D3). Knows entries of configurations; nothing of the rest of the log.
#pragma once

#include <deque>
#include <memory>

#include "core/cluster_configuration.h"
#include "core/types.h"

namespace raft {

class ConfigurationHistory {
 public:
  struct Item {
    LogIndex index;  // of the entry; 0: the founding configuration
    std::shared_ptr<const ClusterConfiguration> configuration;
  };

  explicit ConfigurationHistory(const IndexedConfiguration& oldest) { ResetTo(oldest); }

  // In force.
  const Item& newest() const { return items_.back(); }
  // In force once everything up to `index` was all there is. Requires: not older than what is kept.
  const Item& At(LogIndex index) const;

  // Whether this life of it votes in what is in force, or in anything that a truncation might
  // return to.
  bool MayVote(ServerId server, std::uint64_t incarnation) const;

  // A configuration entry was appended. Requires: after the newest.
  void Append(LogIndex index, ClusterConfiguration configuration);
  // The log lost its entries from `first` on. Requires: the oldest one kept stays.
  void TruncateFrom(LogIndex first);
  // Everything up to `index` is committed: what was replaced by then will never be returned to.
  void Commit(LogIndex index);
  // A snapshot took the log's place.
  void ResetTo(const IndexedConfiguration& only);

 private:
  std::deque<Item> items_;  // rising indexes, never empty
};

}  // namespace raft
