// Writers that never rest: each puts one key after the other through whoever leads.
//
// A refusal that says "try again" is, following the hint of who leads; nothing else ever is, so
// that a test can claim that nothing else happens. A refusal for any other reason fails the test,
// whatever it does to its servers, and ends the writer. Remembers what was acknowledged and how
// long a writer had to wait between two acknowledgements.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/integration/client.h"

namespace raft::integration {

class SteadyLoad {
 public:
  // `addresses`: of the clients' ports of all servers that may ever lead.
  SteadyLoad(std::vector<std::string> addresses, int writers);
  ~SteadyLoad() { Stop(); }
  SteadyLoad(const SteadyLoad&) = delete;
  SteadyLoad& operator=(const SteadyLoad&) = delete;

  void Stop();

  std::size_t acknowledged() const;
  std::vector<std::string> acknowledged_keys() const;
  // Every call whose outcome is unknown: only a server that was killed may leave one.
  std::vector<std::string> surprises() const;
  // The longest time that any writer waited for an acknowledgement since the last call of this.
  Milliseconds TakeLongestPause();

 private:
  using Clock = std::chrono::steady_clock;

  void Write(int writer);
  // Waits a moment. False: the load is stopped.
  bool Pause(Milliseconds duration);
  void NoteAcknowledged(const std::string& key, Clock::duration waited);

  const std::vector<std::string> addresses_;
  mutable std::mutex mutex_;
  std::condition_variable stopped_changed_;
  bool stopped_ = false;
  std::vector<std::string> acknowledged_keys_;
  std::vector<std::string> surprises_;
  Clock::duration longest_pause_{0};
  std::vector<std::thread> threads_;
};

}  // namespace raft::integration
