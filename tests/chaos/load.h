// The load of a run: some writers and some strays, each on a thread of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include "tests/chaos/load_client.h"

namespace raft::chaos {

class Load {
 public:
  // Starts calling at once. `strays`: what they are, kStray or kLiar.
  Load(integration::Cluster& cluster, std::uint64_t seed, ClientKind strays = ClientKind::kStray);
  // Stops if that has not happened.
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Who acknowledged a write last. Any thread.
  integration::Id leader() const { return view_.leader; }
  // False unless, in time, each writer has had a write acknowledged that began after this call and
  // each stray has had a read answered.
  [[nodiscard]] bool WaitForProgress() const;

  // Returns when every client has had its last answer.
  void Stop();
  // After Stop: what all clients did, in order of call.
  linearizability::History History() const;
  // After Stop: the terms in which a write was acknowledged.
  std::set<std::uint64_t> LeaderTerms() const;

 private:
  SharedView view_;
  std::atomic<bool> stop_{false};
  std::vector<std::unique_ptr<LoadClient>> clients_;
  std::vector<std::thread> threads_;
};

}  // namespace raft::chaos
