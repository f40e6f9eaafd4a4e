// How the servers of a story stand before its first act: what their disks would return at a start.
//
// Refuses what no disk could return, so that a story cannot begin with a broken law of Raft.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "tests/stories/story_server.h"
#include "tests/stories/words.h"

namespace raft::stories {

class Opening {
 public:
  // Short timeouts, so that a story counts few ticks.
  Opening();

  void SetServers(std::size_t count) { server_count_ = count; }
  void SetSeed(std::uint64_t seed) { seed_ = seed; }
  RaftOptions& options() { return options_; }
  // Entries of these terms, from index 1 on; the server is in the last of them.
  void SetLog(ServerId id, const std::vector<std::uint64_t>& terms);
  std::optional<Mistake> SetTerm(ServerId id, Term term);
  void SetVote(ServerId voter, ServerId candidate);
  std::optional<Mistake> SetApplied(ServerId id, LogIndex index);

  std::size_t server_count() const { return server_count_; }
  // One for each server, in rising order.
  std::vector<ServerStart> Servers() const;

 private:
  std::size_t server_count_ = 0;
  std::uint64_t seed_ = 1;
  RaftOptions options_;
  std::map<ServerId, RecoveredState> recovered_;
};

}  // namespace raft::stories
