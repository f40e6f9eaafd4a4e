// Reads that wait until it is certain that this server still led after they arrived (ReadIndex,
// dissertation §6.4).
//
// A read is confirmed by a majority answering requests that were issued after it arrived: every
// request has a fresh number, so "issued after" is a comparison of numbers, and no answer to an
// older request can confirm a newer read (trap F3). No clock is trusted (trap F6).
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "core/effects.h"
#include "core/types.h"

namespace raft {

class ReadQueue {
 public:
  // A read arrived. Requests numbered `first_number` or later were issued after it.
  void Add(Ticket ticket, RequestNumber first_number) {
    waiting_.push_back({.ticket = ticket, .first_number = first_number});
  }

  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }

  // The number from which on an answered request confirms the oldest waiting read; none if no read
  // waits.
  std::optional<RequestNumber> oldest_needed() const {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.front().first_number;
  }

  // The same for the newest.
  std::optional<RequestNumber> newest_needed() const {
    if (waiting_.empty()) return std::nullopt;
    return waiting_.back().first_number;
  }

  // A majority, this server included, has answered requests up to `confirmed`: the reads this
  // settles, to be answered at `read_index`. Requires: an entry of this term is committed, and
  // read_index is the present commit index, which covers all that was acknowledged before they
  // came.
  std::vector<ReadReady> TakeConfirmed(RequestNumber confirmed, LogIndex read_index) {
    std::vector<ReadReady> ready;
    while (!waiting_.empty() && waiting_.front().first_number <= confirmed) {
      ready.push_back({.ticket = waiting_.front().ticket, .read_index = read_index});
      waiting_.pop_front();
    }
    return ready;
  }

  // Leadership ends: the tickets of all reads that were never answered.
  std::vector<Ticket> TakeAll() {
    std::vector<Ticket> tickets;
    for (const Waiting& read : waiting_) tickets.push_back(read.ticket);
    waiting_.clear();
    return tickets;
  }

 private:
  struct Waiting {
    Ticket ticket;
    RequestNumber first_number;  // rises along the queue
  };
  std::deque<Waiting> waiting_;
};

}  // namespace raft
