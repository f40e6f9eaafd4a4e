// What happened in a run, counted always, told in words only when somebody will read them.
//
// Counters: faults by kind, and the interesting states that a set of seeds must reach to prove
// anything. The words are the replay's: the last lines before a law was broken. Knows no rules.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "tests/simulation/fault_plan.h"
#include "tests/simulation/virtual_time.h"

namespace raft::simulation {

// States worth reaching: a set of seeds that never reaches one has not tested what it seems to.
enum class Sometimes : std::uint8_t {
  kLeaderElected,
  kElectionLost,
  kElectionTimedOut,
  kLeaderLostItsQuorum,
  kLeaderMetNewerTerm,
  kLeaderWhoseDiskHung,
  kVoteDisregarded,
  kConflictTruncated,
  kTruncatedWhileAWriteWasInFlight,
  kFollowerBackedUpByTerms,
  kCommittedEntriesOfAnEarlierTerm,
  kStaleResponseDropped,
  kProposalOverloaded,
  kReadRefusedAtStepDown,
  kReadAnswered,
  kUnknownWriteTookEffect,
  kUnknownWriteNeverHappened,
  kProposalReplaced,
  kCrashTookAWriteInFlight,
  kCrashLeftAWriteInFlight,
  kStateFellBehindTheLog,
  kPromiseSurvivedWithoutItsLog,
  kDiskErrorEndedAProcess,
  kStartRefused,
  kLogTrimmed,
  kSnapshotSent,
  kSnapshotInstalled,
  kSnapshotNotNeeded,
  kSnapshotReplaced,
  kSnapshotBroken,
  kSnapshotBegunAnew,
  kInstallFinishedAtStart,
  kCrashDuringInstall,
  kMembersChanged,
  kJointConfiguration,
  kConfigurationTruncated,
  kLeaderRemoved,
  kServerToldRemoved,
  kChangeRefused,
  kTransferDone,
  kTransferFailed,
  kStatePutAside,
  kLeaderPutItsStateAside,
  kOtherLifeRefused,
  kWipedServerIsAVoterAgain,
  kOldCopyNoticed,
};
inline constexpr std::size_t kSometimes = 46;
std::string_view NameOf(Sometimes state);

// Plain numbers, so that they can be added up across runs and processes.
struct Counters {
  std::array<std::uint64_t, kFaults> faults{};
  std::array<std::uint64_t, kSometimes> sometimes{};
  std::uint64_t seeds = 0;
  std::uint64_t simulated_us = 0;
  std::uint64_t happenings = 0;
  std::uint64_t leader_changes = 0;
  std::uint64_t operations_checked = 0;
  std::uint64_t operations_unknown = 0;
  std::uint64_t entries_committed = 0;
  std::uint64_t laws_checked = 0;
};
void Add(Counters& sum, const Counters& more);

class Story {
 public:
  Story(const VirtualTime& time, bool is_told) : time_(time), is_told_(is_told) {}

  void Count(Fault fault) { ++counters.faults[static_cast<std::size_t>(fault)]; }
  void Count(Sometimes state) { ++counters.sometimes[static_cast<std::size_t>(state)]; }

  // `words()` is only called when the story is told.
  template <typename Words>
  void Tell(Words words) {
    if (is_told_) Keep(words());
  }
  const std::deque<std::string>& lines() const { return lines_; }

  Counters counters;

 private:
  static constexpr std::size_t kLinesMax = 20'000;

  void Keep(std::string line);

  const VirtualTime& time_;
  const bool is_told_;
  std::deque<std::string> lines_;
};

}  // namespace raft::simulation
