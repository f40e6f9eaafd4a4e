// Notices two processes that live at once with one identity: a cloned disk, a copied volume (trap
// D12).
//
// A restart replaces a process by one with another nonce, and what the old one had sent may arrive
// after the new one has spoken: two nonces that take turns prove nothing. So all messages are
// numbered, and each says which number its sender had heard last: its sender was alive after that
// message had left here. One data directory is locked by one process at a time, so of two processes
// of one life the earlier one has ended when the later one starts. If both were alive after this
// server knew both, there are two directories. That is certain, whatever the network delays.
//
// What two such processes promise is promised twice, so both are refused, and told (Greet). Knows
// numbers only. Any thread; one leaf lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "core/cluster_configuration.h"
#include "core/types.h"
#include "persistence/mutex.h"
#include "service/conversion/server_life.h"

namespace raft {

// What a message says of its moment.
struct MessageMoments {
  std::uint64_t moment = 0;  // the sender's number of this message; 0: an older version
  std::uint64_t heard = 0;   // the last number it heard from the addressee's life; 0: none

  friend bool operator==(const MessageMoments&, const MessageMoments&) = default;
};

class ProcessWatch {
 public:
  // Room for a configuration's members and as many that left or are still to come, each in several
  // lives; beyond that a new life is not watched, and is never taken for two.
  static constexpr std::size_t kLivesMax = 4 * ClusterConfiguration::kMembersMax;
  // Of one life; a process that more others have followed is forgotten.
  static constexpr std::size_t kProcessesMax = 8;

  // Messages are numbered from `first_moment` on. What an earlier process of this server had
  // numbered is still on its way back, so each begins somewhere else.
  explicit ProcessWatch(std::uint64_t first_moment)
      : first_moment_(first_moment), next_moment_(first_moment) {}
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;

  // A message to this life leaves now.
  MessageMoments Leave(const ServerLife& to);
  struct Finding {
    bool is_doubled = false;  // this process was alive at once with another one of its life
    bool is_news = false;     // that was not known before; once of each pair
  };
  // A message of this process came.
  [[nodiscard]] Finding Hear(const ServerLife& from, std::uint64_t process,
                             const MessageMoments& said);

  // Whether this process was alive at once with another one of its life. Cheap enough for every
  // message.
  bool IsDoubled(const ServerLife& life, std::uint64_t process) const;
  // The nonces of all such processes of this life; at most kProcessesMax.
  std::vector<std::uint64_t> DoubledProcesses(const ServerLife& life) const;

 private:
  struct Process {
    std::uint64_t nonce = 0;        // 0: free
    std::uint64_t known_since = 0;  // our messages from this number on left when it was known
    std::uint64_t alive_after = 0;  // it has heard this message of ours; 0: none
    bool is_doubled = false;
  };
  struct Watched {
    std::uint64_t heard = 0;          // the last of the numbers of the process that spoke last
    std::uint64_t heard_process = 0;  // that process
    std::array<Process, kProcessesMax> processes{};  // a ring
    std::size_t next_slot = 0;
  };

  // Null: there is no room for another life.
  Watched* FindOrAddLocked(const ServerLife& life);
  Process& MeetLocked(Watched& watched, std::uint64_t nonce);
  static void NoteMoment(Watched& watched, std::uint64_t process, std::uint64_t moment);
  static bool WereAliveAtOnce(const Process& one, const Process& other);

  const std::uint64_t first_moment_;
  mutable Mutex mutex_;
  std::uint64_t next_moment_;
  std::map<ServerLife, Watched> lives_;
};

}  // namespace raft
