// What peers have proven to hold durably, and how one that was put back from an old copy is
// noticed.
//
// A data directory restored from yesterday's backup has the right identity, and has forgotten votes
// and entries that it promised since (trap H20). Nothing in it says so, but whoever has talked to
// it remembers. Every greeting says what its sender found on its disk when its process started; a
// start with less than an earlier process of the same life had proven is a *regress*.
//
// What makes the judgement certain: one data directory is locked by one process at a time, so its
// processes follow each other, and a promise leaves a server only once it is durable (Figure 2). A
// process therefore starts with at least all that earlier ones proved. Which of two is the earlier
// no message says, so:
//  - who answers a greeting of ours lives after it was sent, and is judged against what was known
//    then: a regress found in this way is certain, and condemns the life for good;
//  - who greets us may have ended long ago while its greeting was on its way, so only that process
//    is refused. It is told why, and for itself that is certain: it is alive when it hears it;
//  - a process that is known already is never judged again: what it proved came after its start.
//
// Forgets everything when this process ends. Knows no gRPC and no protobuf. Any thread; one leaf
// lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/cluster_configuration.h"
#include "core/messages.h"
#include "core/recovered_state.h"
#include "core/types.h"
#include "persistence/mutex.h"
#include "service/conversion/server_life.h"

namespace raft {

// What a server found in its data directory when its process started.
struct StartingPoint {
  Term term;             // promised
  LogPosition last_log;  // of the last entry, or of the base if there is none

  friend bool operator==(const StartingPoint&, const StartingPoint&) = default;
};
StartingPoint StartingPointOf(const RecoveredState& recovered);

// The most that a server has shown to hold durably; zeros: nothing.
struct ProvenProgress {
  Term term;             // the highest it spoke in
  Term match_term;       // the last leader's term in which entries of its log matched
  LogIndex match_index;  // the highest index that matched in that term

  friend bool operator==(const ProvenProgress&, const ProvenProgress&) = default;
};
// What a message proves of its sender. Pre-votes prove nothing: they name terms nobody is in yet.
ProvenProgress ProvenBy(const PeerRequest& request);
ProvenProgress ProvenBy(const PeerResponse& response);

// A start with less than what was proven before.
struct Regress {
  ProvenProgress proven;
  StartingPoint start;

  friend bool operator==(const Regress&, const Regress&) = default;
};
// None: such a start is no contradiction. Requires: `proven` comes from earlier processes of the
// life that started. Pure.
std::optional<Regress> FindRegress(const ProvenProgress& proven, const StartingPoint& start);
// "had promised term 7 and acknowledged index 1000 in term 7, and starts with term 5 and index
// 900", for people.
std::string Describe(const Regress& regress);

class PeerMemory {
 public:
  // Room for a configuration's members and as many that left or are still to come, each in several
  // lives; beyond that a new life is not remembered, and is never refused.
  static constexpr std::size_t kLivesMax = 4 * ClusterConfiguration::kMembersMax;

  // All about one life, as it was known at a moment.
  class Recollection {
   public:
    bool Knows(std::uint64_t process) const;

   private:
    friend class PeerMemory;
    static constexpr std::size_t kKnownProcesses = 8;
    struct Refused {
      std::uint64_t process = 0;
      Regress regress;
    };

    void Meet(std::uint64_t process);

    ProvenProgress proven_;
    std::array<std::uint64_t, kKnownProcesses> known_{};  // a ring of nonces; 0: free
    std::size_t next_slot_ = 0;
    std::optional<Refused> refused_;    // that process alone; the last one found
    std::optional<Regress> condemned_;  // the life, for good
  };

  PeerMemory() = default;
  PeerMemory(const PeerMemory&) = delete;
  PeerMemory& operator=(const PeerMemory&) = delete;

  // This process of that life has proven this much.
  void Note(const ServerLife& life, std::uint64_t process, const ProvenProgress& proven);

  // To be asked for when a greeting leaves, for JudgeAnswerer.
  Recollection Recall(const ServerLife& life) const;
  // The process that answered our greeting. `recalled`: when that greeting left. Some: it must not
  // be talked to. A start of none is not judged: an older version does not say it.
  std::optional<Regress> JudgeAnswerer(const ServerLife& life, std::uint64_t process,
                                       const std::optional<StartingPoint>& start,
                                       const Recollection& recalled);
  // The same of a process that greets us.
  std::optional<Regress> JudgeGreeter(const ServerLife& life, std::uint64_t process,
                                      const std::optional<StartingPoint>& start);

  // Some: what this process says counts for nothing. Cheap enough for every message.
  std::optional<Regress> RegressOf(const ServerLife& life, std::uint64_t process) const;

 private:
  static std::optional<Regress> Verdict(const Recollection& life, std::uint64_t process);
  // Null: there is no room for another one.
  Recollection* FindOrAddLocked(const ServerLife& life);

  mutable Mutex mutex_;
  std::map<ServerLife, Recollection> lives_;
};

}  // namespace raft
