// Every single place at which a start or a write can be cut short or fail, one after the other.
//
// The random stories (crash_consistency_test.cc) go far; this leaves no step out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "persistence/leveldb_key_value_store.h"
#include "tests/simulation/simulated_disk.h"
#include "tests/simulation/stored_server.h"

namespace raft::simulation {
namespace {

using ::testing::AnyOf;
using testing::Append;
using testing::Describe;
using testing::MakeCommandEntry;
using testing::MakeNoOp;
using testing::PromiseTerm;
using testing::PutCommand;
using testing::TestFounding;
using testing::TruncateAndAppend;

constexpr std::uint64_t kEntries = 5;
constexpr std::uint64_t kApplied = 3;
constexpr std::uint64_t kCheckpointed = 2;
constexpr Promise kOldPromise{.current_term = Term(1), .voted_for = kServer};

enum class Ending : std::uint8_t { kPowerLoss, kKill };
constexpr Ending kEndings[] = {Ending::kPowerLoss, Ending::kKill};

void End(SimulatedDisk& disk, Ending ending) {
  if (ending == Ending::kPowerLoss) {
    disk.PowerLoss();
  } else {
    disk.ProcessExit();
  }
}

std::vector<LogEntryPointer> Entries() {
  std::vector<LogEntryPointer> entries;
  for (std::uint64_t index = 1; index <= kEntries; ++index) {
    const std::string key = "key " + std::to_string(index);
    entries.push_back(MakeCommandEntry(index, PutCommand(key, std::string(300, 'v'))));
  }
  return entries;
}

// One life: five entries in the log, three in the state, two of these for certain.
void LiveOnce(SimulatedDisk& disk, Ending ending) {
  const absl::StatusOr<StoredServer> server = StartServer(disk);
  ASSERT_TRUE(server.ok()) << server.status();
  const std::vector<PersistRequest> requests = {PromiseTerm(1, kServer), Append(Entries())};
  ASSERT_TRUE(server->opened.storage->Persist(requests).ok());
  const std::vector<LogEntryPointer> entries = Entries();
  const std::span<const LogEntryPointer> all(entries);
  KeyValueStore& state = *server->opened.state;
  ASSERT_FALSE(state.Apply(all.first(kCheckpointed)).failure.has_value());
  ASSERT_TRUE(state.Checkpoint().ok());
  ASSERT_FALSE(
      state.Apply(all.subspan(kCheckpointed, kApplied - kCheckpointed)).failure.has_value());
  End(disk, ending);
}

void ExpectWhatTheLifeAcknowledged(SimulatedDisk& disk) {
  const absl::StatusOr<StoredServer> server = StartServer(disk);
  ASSERT_TRUE(server.ok()) << server.status();
  const RecoveredState& recovered = server->opened.recovered;
  EXPECT_EQ(recovered.promise, kOldPromise);
  EXPECT_EQ(Describe(recovered.entries), Describe(Entries()));
  EXPECT_THAT(recovered.applied.index.value(), AnyOf(kCheckpointed, kApplied));
}

// One story, told again with the power going at its first operation, at its second, and so on,
// until it comes to its end.
struct Sweep {
  std::uint64_t seeds = 4;
  std::uint64_t operations_min = 0;  // so many at least, or the sweep looked at little
  std::function<void(SimulatedDisk&, Ending)> before;
  std::function<void(SimulatedDisk&)> cut_short;
  std::function<void(SimulatedDisk&)> after;

  void Run() const {
    for (const Ending ending : kEndings) {
      std::uint64_t operation = 0;
      bool was_cut = true;
      while (was_cut && !::testing::Test::HasFailure()) {
        ++operation;
        was_cut = false;
        for (std::uint64_t seed = 0; seed < seeds; ++seed) {
          SCOPED_TRACE("operation " + std::to_string(operation) + ", seed " + std::to_string(seed));
          SimulatedDisk disk(seed);
          before(disk, ending);
          disk.CutPowerAfter(operation);
          cut_short(disk);
          was_cut = was_cut || disk.has_lost_power();
          End(disk, ending);
          after(disk);
        }
      }
      EXPECT_GT(operation, operations_min);
    }
  }
};

void ExpectStartUnlessCut(SimulatedDisk& disk) {
  const bool started = StartServer(disk).ok();
  EXPECT_NE(started, disk.has_lost_power());
}

TEST(DiskSweepTest, AFirstStartThatIsCutShortAnywhereIsCompletedByTheNext) {
  Sweep{.operations_min = 100,
        .before = [](SimulatedDisk&, Ending) {},
        .cut_short = ExpectStartUnlessCut,
        .after =
            [](SimulatedDisk& disk) {
              const absl::StatusOr<StoredServer> server = StartServer(disk);
              ASSERT_TRUE(server.ok()) << server.status();
              EXPECT_TRUE(server->opened.recovered.entries.empty());
            }}
      .Run();
}

TEST(DiskSweepTest, ALaterStartThatIsCutShortAnywhereLosesNothing) {
  Sweep{.operations_min = 40,
        .before = LiveOnce,
        .cut_short = ExpectStartUnlessCut,
        .after = ExpectWhatTheLifeAcknowledged}
      .Run();
}

TEST(DiskSweepTest, AWriteThatIsCutShortAnywhereIsThereWholeOrNotAtAll) {
  // Given a new promise, and a conflicting suffix that replaces the last two entries.
  const Promise new_promise{.current_term = Term(2), .voted_for = std::nullopt};
  std::vector<LogEntryPointer> new_log = Entries();
  new_log.resize(kApplied);
  new_log.push_back(MakeNoOp(kApplied + 1, 2));
  const std::vector<PersistRequest> write = {PromiseTerm(2),
                                             TruncateAndAppend(kApplied + 1, {new_log.back()})};
  bool is_acknowledged = false;
  std::set<std::string> found;
  Sweep{.seeds = 16,
        .operations_min = 6,
        .before = LiveOnce,
        .cut_short =
            [&](SimulatedDisk& disk) {
              const absl::StatusOr<StoredServer> server = StartServer(disk);
              is_acknowledged = server.ok() && server->opened.storage->Persist(write).ok();
              EXPECT_NE(is_acknowledged, disk.has_lost_power());
            },
        .after =
            [&](SimulatedDisk& disk) {
              const absl::StatusOr<StoredServer> server = StartServer(disk);
              ASSERT_TRUE(server.ok()) << server.status();
              const RecoveredState& recovered = server->opened.recovered;
              const std::string log = Describe(recovered.entries) == Describe(new_log) ? "new log"
                                      : Describe(recovered.entries) == Describe(Entries())
                                          ? "old log"
                                          : "another log";
              const std::string promise = recovered.promise == new_promise   ? "new promise"
                                          : recovered.promise == kOldPromise ? "old promise"
                                                                             : "another promise";
              found.insert(promise + ", " + log);
              EXPECT_TRUE(!is_acknowledged || log == "new log") << "an acknowledged write is gone";
            }}
      .Run();
  // Then it comes to one of these, and all of them were seen.
  EXPECT_EQ(found, (std::set<std::string>{"old promise, old log", "new promise, old log",
                                          "new promise, new log"}));
}

TEST(DiskSweepTest, APromiseThatAStartFoundSurvivesTheNextWriteThatIsCutShort) {
  // A promise is two writes and two syncs; each is cut short, and the start between them may read
  // what only memory holds.
  for (std::uint64_t first_cut = 1; first_cut <= 4; ++first_cut) {
    for (std::uint64_t second_cut = 1; second_cut <= 4; ++second_cut) {
      for (std::uint64_t seed = 0; seed < 32; ++seed) {
        SimulatedDisk disk(seed);
        const auto promise_and_stop = [&](std::uint64_t term, std::uint64_t cut) {
          const absl::StatusOr<StoredServer> server = StartServer(disk);
          ASSERT_TRUE(server.ok()) << server.status();
          disk.CutPowerAfter(cut);
          const std::vector<PersistRequest> requests = {PromiseTerm(term)};
          EXPECT_FALSE(server->opened.storage->Persist(requests).ok());
          End(disk, kEndings[(seed + term) % 2]);
        };
        promise_and_stop(1, first_cut);
        const Term found = StartServer(disk)->opened.recovered.promise.current_term;
        promise_and_stop(2, second_cut);
        const absl::StatusOr<StoredServer> server = StartServer(disk);
        ASSERT_TRUE(server.ok()) << server.status();
        EXPECT_GE(server->opened.recovered.promise.current_term, found)
            << "cuts " << first_cut << " and " << second_cut << ", seed " << seed;
      }
    }
  }
}

TEST(DiskSweepTest, ACheckpointCoversWhatAnEarlierWriteAheadFileHeld) {
  // Given batches that fill a memory table, so that one of them begins another write-ahead file
  // while the table of the one before is perhaps not written yet (trap E8).
  constexpr std::uint64_t kBatchesMax = 32;
  const std::string value(300'000, 'v');
  for (std::uint64_t batches = kBatchesMax - 4; batches < kBatchesMax; ++batches) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      SimulatedDisk disk(seed);
      const auto create_and_open = [&] {
        EXPECT_TRUE(LevelDbKeyValueStore::Create(disk, "/state", TestFounding()).ok());
        return LevelDbKeyValueStore::Open(disk, "/state", TestFounding().cluster_id);
      };
      auto state = create_and_open();
      ASSERT_TRUE(state.ok()) << state.status();
      for (std::uint64_t index = 1; index <= batches; ++index) {
        const std::vector<LogEntryPointer> batch = {
            MakeCommandEntry(index, PutCommand(std::to_string(index), value))};
        ASSERT_FALSE((*state)->Apply(batch).failure.has_value());
      }
      // When a checkpoint is acknowledged and the power goes, then all of it is there.
      ASSERT_TRUE((*state)->Checkpoint().ok());
      const std::string digest = (*state)->digest();
      disk.PowerLoss();
      state = create_and_open();
      ASSERT_TRUE(state.ok()) << state.status();
      EXPECT_EQ((*state)->ScanDigest().value_or("(none)"), digest) << "seed " << seed;
    }
  }
}

TEST(DiskSweepTest, AStartOutlivesAnyFailingOperationOnceTheDiskIsRepaired) {
  for (std::uint32_t kind = 0; kind < kDiskOperations; ++kind) {
    for (const FaultLasts lasts : {FaultLasts::kOnce, FaultLasts::kForEver}) {
      bool has_failed = true;
      for (std::uint64_t successes = 0; has_failed; ++successes) {
        has_failed = false;
        for (const Ending ending : kEndings) {
          SCOPED_TRACE("kind " + std::to_string(kind) + " after " + std::to_string(successes));
          SimulatedDisk disk(successes);
          LiveOnce(disk, ending);
          disk.Fail(static_cast<DiskOperation>(kind), successes, lasts);
          const bool started = StartServer(disk).ok();
          has_failed = has_failed || disk.failures() > 0;
          EXPECT_TRUE(started || disk.failures() > 0);
          End(disk, ending);
          disk.Heal();
          ExpectWhatTheLifeAcknowledged(disk);
        }
      }
    }
  }
}

}  // namespace
}  // namespace raft::simulation
