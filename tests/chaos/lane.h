// One direction of a relayed connection: bytes come in at one socket and leave at another when the
// rule of the link allows it.
//
// The end of the stream is treated as one more byte: a cut holds it as well. Used by one thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>

#include "core/random_source.h"
#include "tests/chaos/link_rule.h"

namespace raft::chaos {

using SteadyTime = std::chrono::steady_clock::time_point;

class Lane {
 public:
  // Two descriptors that do not block and outlive the lane.
  Lane(int source, int sink) : source_(source), sink_(sink) {}

  // Whether there is room for more: behind a cut the sender's own buffers fill up in the end, as
  // they would without anybody in between.
  bool WantsToRead() const { return !has_ended_ && queued_bytes_ < kQueuedBytesMax; }
  // Takes in what has arrived and decides when each piece may leave.
  void Read(const LinkRule& rule, RandomSource& random, SteadyTime now);

  // When the next piece may leave; none: nothing waits, or it is held.
  std::optional<SteadyTime> NextDue(const LinkRule& rule) const;
  // Sends what is due and not held, as far as the other side takes it.
  void Write(const LinkRule& rule, SteadyTime now);

  // The end was passed on, or there is nobody left to pass anything on to.
  bool IsFinished() const { return has_ended_ && queue_.empty(); }

 private:
  static constexpr std::size_t kQueuedBytesMax = 4 << 20;

  // Bytes that arrived together; no bytes: the end of the stream.
  struct Piece {
    std::string bytes;
    SteadyTime due;
  };

  void Enqueue(std::string bytes, const LinkRule& rule, RandomSource& random, SteadyTime now);
  // False when the sink takes no more for now.
  bool SendFront();
  void LoseSink();

  int source_;
  int sink_;
  bool has_ended_ = false;      // the source says no more
  bool has_lost_sink_ = false;  // what still comes is thrown away
  std::deque<Piece> queue_;
  std::size_t queued_bytes_ = 0;
};

}  // namespace raft::chaos
