// The core's settings, all counted in ticks, entries and bytes. Whoever fills them in has validated
// them (service/options.cc states the relation that is broken).
#pragma once

#include <cstdint>

namespace raft {

struct RaftOptions {
  // One tick in milliseconds of log time. The core measures everything else in ticks.
  std::int64_t tick_ms = 10;
  // A leader sends heartbeats this often. Below half of election_timeout_ticks_min.
  std::uint32_t heartbeat_ticks = 5;
  // A follower that hears nothing for a random time in [min, max] starts an election (§5.2).
  std::uint32_t election_timeout_ticks_min = 30;
  std::uint32_t election_timeout_ticks_max = 60;
  // An AppendEntries carries at most this many charged bytes, or one entry if that is larger.
  std::uint64_t append_bytes_max = 1 << 20;
  // Entries sent to a peer and not yet known to be durable there stay below this, one batch aside
  // and another one whenever it is asked anew where its log meets the leader's.
  std::uint64_t inflight_bytes_max = 8 << 20;
  // New proposals are refused (OVERLOADED) while this much or more is appended but not committed.
  std::uint64_t uncommitted_bytes_max = 64ull << 20;
  // New proposals are refused (LOG_FULL) while the log in memory is this large or larger.
  std::uint64_t log_bytes_max = 256ull << 20;
  // The log is trimmed when its part before the tail comes to this many charged bytes or entries.
  std::uint64_t compaction_bytes = 16ull << 20;
  std::uint64_t compaction_entries = 100'000;
  // The tail: what is kept for followers that are a little behind, so that they need no snapshot.
  std::uint64_t tail_bytes = 8ull << 20;
  std::uint64_t tail_entries = 100'000;
  // States are compared at the multiples of this index, and where a leader's term begins. Servers
  // that disagree about it compare at the multiples of both.
  std::uint64_t state_check_entries = 256;
};

}  // namespace raft
