// A random story of one server's real storage on a simulated disk: lives that start, work and end
// badly, and after each end the question whether everything that was acknowledged is still there.
//
// What is allowed after an end. Promise and log: what was acknowledged, or that and the whole of
// the one call that was under way, the log never newer than the promise. State: after one of the
// batches applied since the last checkpoint, with the contents that belong there. One seed, one
// story.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/random_source.h"
#include "persistence/data_directory.h"
#include "tests/simulation/simulated_disk.h"

namespace raft::simulation {

enum class Trouble : std::uint8_t {
  kCrash,        // the disk keeps every promise; only the power and the process go
  kFailingDisk,  // operations fail, the disk is full
};

class StorageStory {
 public:
  StorageStory(std::uint64_t seed, Trouble trouble);

  // One life: start, work, end. Does nothing once there is a problem or a refusal.
  void LiveOnce();

  // The first thing that should not have happened, and where; empty: all is well.
  const std::string& problem() const { return problem_; }
  // The reason of a start that was refused; only a failing disk excuses it.
  const std::string& refusal() const { return refusal_; }
  SimulatedDisk& disk() { return disk_; }
  // What happened, so that a test can tell whether its stories were worth telling.
  std::uint64_t starts() const { return starts_; }
  std::uint64_t entries() const { return log_.size(); }
  std::uint64_t cuts_inside_a_call() const { return cuts_inside_a_call_; }
  std::uint64_t calls_that_came_back() const { return calls_that_came_back_; }

 private:
  // What a server must find again.
  struct Known {
    Promise promise;
    std::vector<LogEntryPointer> log;
  };

  void PlanTrouble();
  bool Start();
  absl::Status OpenEverything();
  void CheckIdentity(const Identity& found);
  void CheckRecovered(const OpenedServer& opened);
  void CheckState(KeyValueStore& state);
  void Work();
  void PersistSomething();
  PersistRequest DrawRequest(Known* after);
  LogEntryPointer DrawEntry(std::uint64_t index, Term term);
  void ApplySomething();
  void Checkpoint();
  void ExpectFailure(bool failed_before, bool succeeded, const char* call);
  void End();
  void Close();

  // Applies entries to a state that no disk disturbs, to know what the real one must hold.
  const std::string& DigestAt(LogIndex index);
  bool OneIn(std::uint32_t count) { return random_.Between(1, count) == 1; }
  void Problem(const std::string& what);

  const std::uint64_t seed_;
  const Trouble trouble_;
  RandomSource random_;
  SimulatedDisk disk_;
  std::uint32_t value_bytes_max_ = 200;

  std::unique_ptr<DataDirectory> directory_;
  std::optional<OpenedServer> server_;
  std::uint64_t lives_ = 0;
  bool persist_failed_ = false;
  bool apply_failed_ = false;

  // What was acknowledged, and what the call under way may have added.
  std::uint64_t incarnation_ = 0;
  bool founded_ = false;
  Promise promise_;
  std::vector<LogEntryPointer> log_;
  std::optional<Known> under_way_;
  LogIndex committed_;                      // never truncated: it was given to the state once
  std::set<LogIndex> states_{LogIndex(0)};  // where the state may be after a power loss
  LogIndex applied_;                        // where it was last
  bool everything_written_stayed_ = true;   // no power loss since the last start that succeeded

  SimulatedDisk reference_disk_{0};
  std::unique_ptr<KeyValueStore> reference_;
  std::map<LogIndex, std::string> digests_;

  std::string problem_;
  std::string refusal_;
  std::uint64_t starts_ = 0;
  std::uint64_t cuts_inside_a_call_ = 0;
  std::uint64_t calls_that_came_back_ = 0;
};

}  // namespace raft::simulation
