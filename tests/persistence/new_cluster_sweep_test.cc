// The making of a new cluster, cut short or failing anywhere: no server starts on half of one.
#include <gtest/gtest.h>

#include <map>

#include "persistence/data_directory.h"
#include "persistence/leveldb_key_value_store.h"
#include "persistence/restore.h"
#include "persistence/snapshot_file.h"
#include "tests/persistence/builders.h"
#include "tests/simulation/simulated_disk.h"

namespace raft::simulation {
namespace {

using testing::MakeConfigurationEntry;
using testing::PutCommand;
using testing::TestFounding;

constexpr char kFile[] = "/backup";
constexpr char kDirectory[] = "/new";
constexpr std::uint64_t kLast = 6;

enum class Ending : std::uint8_t { kPowerLoss, kKill };

void WriteBackup(SimulatedDisk& disk) {
  ASSERT_TRUE(LevelDbKeyValueStore::Create(disk, "/state", TestFounding()).ok());
  const auto state = *LevelDbKeyValueStore::Open(disk, "/state", TestFounding().cluster_id);
  std::vector<LogEntryPointer> entries;
  for (std::uint64_t index = 1; index < kLast; ++index) {
    const std::string key = "key " + std::to_string(index);
    entries.push_back(testing::MakeCommandEntry(index, PutCommand(key, std::string(300, 'v'))));
  }
  entries.push_back(MakeConfigurationEntry(kLast, 1, 9));
  ASSERT_FALSE(state->Apply(entries).failure.has_value());
  const auto source = *state->OpenSnapshot();
  const auto writer = *SnapshotFileWriter::Create(kFile, disk);
  for (std::string piece = *source->NextPiece(700); !piece.empty();
       piece = *source->NextPiece(700)) {
    ASSERT_TRUE(writer->Add(piece).ok());
  }
  ASSERT_TRUE(writer->Finish().ok());
}

NewServer Server() {
  return {.directory = kDirectory, .server_id = ServerId(5), .peer_address = "server-5:7001"};
}

bool Restore(SimulatedDisk& disk) { return RestoreSnapshot(kFile, Server(), disk).ok(); }

bool IsWholeRestore(const OpenedServer& server) {
  const RecoveredState& recovered = server.recovered;
  return recovered.applied.index == LogIndex(kLast) && recovered.base == recovered.applied &&
         recovered.entries.size() == 1 && recovered.promise.current_term == Term(2) &&
         recovered.configuration_index == LogIndex(kLast) && server.state->key_count() == kLast - 1;
}

// As a survivor that has applied nothing is recovered: a log and no state.
bool Recover(SimulatedDisk& disk) {
  const std::vector<LogEntryPointer> entries = testing::MakeEntries(1, kLast, 1);
  const OldCluster old{.founding = TestFounding(),
                       .next_piece = nullptr,
                       .base = {},
                       .base_log_time_ms = testing::kFoundingTimeMs,
                       .entries = entries,
                       .highest_term = Term(1)};
  return BeginNewCluster(old, Server(), disk).ok();
}

bool IsWholeRecovery(const OpenedServer& server) {
  const RecoveredState& recovered = server.recovered;
  return recovered.applied == LogPosition{} && recovered.base == LogPosition{} &&
         recovered.entries.size() == kLast + 1 && recovered.promise.current_term == Term(2) &&
         recovered.configuration_index == LogIndex(0);
}

struct Story {
  const char* name;
  bool (*tell)(SimulatedDisk&);  // true: it came to its end
  bool (*is_whole)(const OpenedServer&);
};

constexpr Story kStories[] = {{"restore", Restore, IsWholeRestore},
                              {"recovery", Recover, IsWholeRecovery}};

// What a start finds, in words: a whole server, one that is only born, or a refusal.
std::string FoundAtAStart(SimulatedDisk& disk, const Story& story) {
  const auto directory = DataDirectory::Open(kDirectory, ServerId(5), 0, disk);
  if (!directory.ok()) {
    return absl::IsFailedPrecondition(directory.status()) ? "refused"
                                                          : directory.status().ToString();
  }
  if ((*directory)->identity().is_forming()) return "born";
  const absl::StatusOr<OpenedServer> server = (*directory)->OpenServer();
  if (!server.ok()) return server.status().ToString();
  const bool adds_up = server->state->ScanDigest().value_or("") == server->state->digest();
  return story.is_whole(*server) && adds_up ? "whole" : "half";
}

void End(SimulatedDisk& disk, Ending ending) {
  if (ending == Ending::kPowerLoss) {
    disk.PowerLoss();
  } else {
    disk.ProcessExit();
  }
}

// How many operations it has; it must be worth the sweep.
std::uint64_t OperationsOf(const Story& story) {
  SimulatedDisk disk(0);
  WriteBackup(disk);
  const std::uint64_t before = disk.operations();
  EXPECT_TRUE(story.tell(disk));
  const std::uint64_t operations = disk.operations() - before;
  EXPECT_GT(operations, 50u);
  return operations;
}

void ExpectWholeOrNoServer(const std::string& words, bool is_done) {
  EXPECT_TRUE(words == "born" || words == "refused" || words == "whole") << words;
  EXPECT_TRUE(words == "whole" || !is_done) << words;
}

TEST(NewClusterSweepTest, NoServerStartsOnOneWhoseMakingWasCutShort) {
  for (const Story& story : kStories) {
    const std::uint64_t operations = OperationsOf(story);
    std::map<std::string, int> found;
    for (std::uint64_t operation = 1; operation <= operations; ++operation) {
      for (std::uint64_t seed = 0; seed < 3; ++seed) {
        SCOPED_TRACE(std::string(story.name) + ", operation " + std::to_string(operation) +
                     ", seed " + std::to_string(seed));
        SimulatedDisk disk(seed);
        WriteBackup(disk);
        disk.CutPowerAfter(operation);
        const bool is_done = story.tell(disk);
        EXPECT_TRUE(disk.has_lost_power());
        disk.PowerLoss();
        const std::string words = FoundAtAStart(disk, story);
        ExpectWholeOrNoServer(words, is_done);
        ++found[words];
      }
    }
    EXPECT_GT(found["refused"], 0);
    EXPECT_GT(found["whole"], 0);
  }
}

TEST(NewClusterSweepTest, NoServerStartsOnOneWhoseDiskFailed) {
  for (const Story& story : kStories) {
    const std::uint64_t operations = OperationsOf(story);
    for (const Ending ending : {Ending::kPowerLoss, Ending::kKill}) {
      for (const DiskOperation kind : {DiskOperation::kWrite, DiskOperation::kSync}) {
        for (std::uint64_t after = 0; after < operations; ++after) {
          SCOPED_TRACE(std::string(story.name) + ", failure after " + std::to_string(after));
          SimulatedDisk disk(after);
          WriteBackup(disk);
          disk.Fail(kind, after, FaultLasts::kOnce);
          const bool is_done = story.tell(disk);
          disk.Heal();
          End(disk, ending);
          ExpectWholeOrNoServer(FoundAtAStart(disk, story), is_done);
        }
      }
    }
  }
}

TEST(NewClusterSweepTest, WhatEndedWellSurvivesAPowerLoss) {
  for (const Story& story : kStories) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      SimulatedDisk disk(seed);
      WriteBackup(disk);
      ASSERT_TRUE(story.tell(disk));
      disk.PowerLoss();
      EXPECT_EQ(FoundAtAStart(disk, story), "whole") << story.name;
    }
  }
}

}  // namespace
}  // namespace raft::simulation
