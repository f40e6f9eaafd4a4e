// Every single place at which a trim, an install or the start after it can be cut short or fail:
// what a start finds afterwards is the old state and log or the new ones, never a mix.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "persistence/identity_file.h"
#include "persistence/leveldb_key_value_store.h"
#include "tests/simulation/simulated_disk.h"
#include "tests/simulation/stored_server.h"

namespace raft::simulation {
namespace {

using testing::Append;
using testing::Describe;
using testing::kFoundingTimeMs;
using testing::MakeConfigurationEntry;
using testing::MakeEntry;
using testing::PromiseTerm;
using testing::PutCommand;
using testing::ResetTo;
using testing::TrimTo;

constexpr std::uint64_t kEntries = 5;
constexpr std::uint64_t kApplied = 3;

enum class Ending : std::uint8_t { kPowerLoss, kKill };
constexpr Ending kEndings[] = {Ending::kPowerLoss, Ending::kKill};

void End(SimulatedDisk& disk, Ending ending) {
  if (ending == Ending::kPowerLoss) {
    disk.PowerLoss();
  } else {
    disk.ProcessExit();
  }
}

// Entries 2, 6, 10 and so on bring a configuration, whose one voter has the number of the entry.
bool BringsConfiguration(std::uint64_t index) { return index % 4 == 2; }

std::vector<LogEntryPointer> Entries(std::uint64_t first, std::uint64_t last,
                                     std::uint64_t term = 1) {
  std::vector<LogEntryPointer> entries;
  for (std::uint64_t index = first; index <= last; ++index) {
    const std::string key = "key " + std::to_string(index);
    const std::string command = PutCommand(key, std::string(300, 'v')).SerializeAsString();
    entries.push_back(BringsConfiguration(index) ? MakeConfigurationEntry(index, term, index)
                                                 : MakeEntry(index, term, command));
  }
  return entries;
}

// A life whose end does not matter: five entries in the log, three in the state, durably.
void LiveOnce(SimulatedDisk& disk, Ending ending) {
  const absl::StatusOr<StoredServer> server = StartServer(disk);
  ASSERT_TRUE(server.ok()) << server.status();
  const std::vector<PersistRequest> requests = {PromiseTerm(9, kServer),
                                                Append(Entries(1, kEntries))};
  ASSERT_TRUE(server->opened.storage->Persist(requests).ok());
  ASSERT_FALSE(server->opened.state->Apply(Entries(1, kApplied)).failure.has_value());
  ASSERT_TRUE(server->opened.state->Checkpoint().ok());
  End(disk, ending);
}

std::uint64_t KeysAfter(std::uint64_t last) { return last - (last + 2) / 4; }

// The configuration is that of the newest entry that the state holds and that brings one.
bool HasRightConfiguration(const StoredServer& server) {
  std::uint64_t index = server.opened.recovered.applied.index.value();
  while (index > 0 && !BringsConfiguration(index)) --index;
  return server.opened.recovered.configuration_index == LogIndex(index) && index > 0 &&
         server.opened.configuration == ClusterConfiguration({ServerId(index)});
}

// What a start found, in words, so that a test can say which of them it accepts.
std::string Found(const StoredServer& server) {
  const RecoveredState& recovered = server.opened.recovered;
  std::string words = "base " + std::to_string(recovered.base.index.value()) + " of term " +
                      std::to_string(recovered.base.term.value()) + ", log to " +
                      std::to_string(recovered.base.index.value() + recovered.entries.size()) +
                      ", state " + std::to_string(recovered.applied.index.value()) + " of term " +
                      std::to_string(recovered.applied.term.value());
  if (recovered.log_time_ms !=
      kFoundingTimeMs + static_cast<LogTimeMs>(recovered.base.index.value())) {
    words += ", wrong time";
  }
  if (!HasRightConfiguration(server)) words += ", wrong configuration";
  if (server.opened.state->ScanDigest().value_or("") != server.opened.state->digest()) {
    words += ", wrong digest";
  }
  if (server.opened.state->key_count() != KeysAfter(recovered.applied.index.value())) {
    words += ", wrong keys";
  }
  return words;
}

std::string FoundAtAStart(SimulatedDisk& disk) {
  const absl::StatusOr<StoredServer> server = StartServer(disk);
  return server.ok() ? Found(*server) : std::string(server.status().message());
}

constexpr char kOld[] = "base 0 of term 0, log to 5, state 3 of term 1";

// One story, told again with the power going at its first operation, at its second, and so on.
struct Sweep {
  std::function<void(SimulatedDisk&, Ending)> before;
  std::function<bool(SimulatedDisk&)> story;  // true: it came to its end
  std::set<std::string> may_be_found;         // and each is, sooner or later
  std::string at_the_end;
  std::uint64_t operations_min = 0;  // so many at least, or the sweep looked at little

  void Run() const {
    std::set<std::string> found;
    for (const Ending ending : kEndings) {
      std::uint64_t operation = 0;
      bool was_cut = true;
      while (was_cut && !::testing::Test::HasFailure()) {
        ++operation;
        was_cut = false;
        for (std::uint64_t seed = 0; seed < 4; ++seed) {
          SCOPED_TRACE("operation " + std::to_string(operation) + ", seed " + std::to_string(seed));
          SimulatedDisk disk(seed);
          before(disk, ending);
          disk.CutPowerAfter(operation);
          const bool came_to_its_end = story(disk);
          EXPECT_NE(came_to_its_end, disk.has_lost_power());
          was_cut = was_cut || disk.has_lost_power();
          End(disk, ending);
          found.insert(CheckFound(disk, came_to_its_end));
        }
      }
      EXPECT_GT(operation, operations_min);
    }
    EXPECT_EQ(found, may_be_found);
  }

  // Fails every kind of operation, the first of it, the second and so on.
  void RunWithFailures() const {
    for (std::uint32_t kind = 0; kind < kDiskOperations; ++kind) {
      bool has_failed = true;
      for (std::uint64_t successes = 0; has_failed && !::testing::Test::HasFailure(); ++successes) {
        has_failed = false;
        for (const FaultLasts lasts : {FaultLasts::kOnce, FaultLasts::kForEver}) {
          SCOPED_TRACE("kind " + std::to_string(kind) + " after " + std::to_string(successes));
          SimulatedDisk disk(successes);
          before(disk, Ending::kKill);
          disk.Fail(static_cast<DiskOperation>(kind), successes, lasts);
          const bool came_to_its_end = story(disk);
          EXPECT_TRUE(came_to_its_end || disk.failures() > 0);
          has_failed = has_failed || disk.failures() > 0;
          End(disk, kEndings[successes % 2]);
          disk.Heal();
          CheckFound(disk, came_to_its_end);
        }
      }
    }
  }

 private:
  std::string CheckFound(SimulatedDisk& disk, bool came_to_its_end) const {
    std::string found = FoundAtAStart(disk);
    EXPECT_EQ(may_be_found.count(found), 1u) << found;
    if (came_to_its_end) {
      EXPECT_EQ(found, at_the_end);
    }
    EXPECT_EQ(FoundAtAStart(disk), found) << "a second start finds something else";
    return found;
  }
};

TEST(SnapshotSweepTest, ATrimThatIsCutShortAnywhereIsThereWholeOrNotAtAll) {
  const Sweep sweep{
      .before = LiveOnce,
      .story =
          [](SimulatedDisk& disk) {
            const absl::StatusOr<StoredServer> server = StartServer(disk);
            if (!server.ok()) return false;
            Storage& storage = *server->opened.storage;
            const std::vector<PersistRequest> trim = {TrimTo(2, 1)};
            const std::vector<PersistRequest> both = {Append(Entries(6, 7)), TrimTo(3, 1)};
            return storage.Persist(trim).ok() && storage.Persist(both).ok();
          },
      .may_be_found = {kOld, "base 2 of term 1, log to 5, state 3 of term 1",
                       "base 3 of term 1, log to 7, state 3 of term 1"},
      .at_the_end = "base 3 of term 1, log to 7, state 3 of term 1",
      .operations_min = 50};
  sweep.Run();
  sweep.RunWithFailures();
}

// The pieces of a state after entries 1..last, of a server of the same cluster.
std::vector<std::string> PiecesOf(SimulatedDisk& disk, std::uint64_t last, std::uint64_t term) {
  const FoundingConfiguration founding = (*OpenServerDirectory(disk))->identity().founding;
  SimulatedDisk other(0);
  EXPECT_TRUE(LevelDbKeyValueStore::Create(other, "/state", founding).ok());
  const auto state = LevelDbKeyValueStore::Open(other, "/state", founding.cluster_id);
  EXPECT_FALSE((*state)->Apply(Entries(1, last, term)).failure.has_value());
  const std::unique_ptr<SnapshotSource> source = *(*state)->OpenSnapshot();
  std::vector<std::string> pieces;
  for (std::string piece = *source->NextPiece(700); !piece.empty();
       piece = *source->NextPiece(700)) {
    pieces.push_back(piece);
  }
  return pieces;
}

bool Receive(SnapshotInstaller& installer, const std::vector<std::string>& pieces) {
  const absl::StatusOr<std::unique_ptr<IncomingSnapshot>> incoming = installer.Begin();
  if (!incoming.ok()) return false;
  for (const std::string& piece : pieces) {
    if (!(*incoming)->Add(piece).ok()) return false;
  }
  return (*incoming)->Finish().ok();
}

bool Switch(OpenedServer& server) {
  absl::StatusOr<std::unique_ptr<KeyValueStore>> state = server.installer->Switch();
  if (!state.ok()) return false;
  server.state = *std::move(state);
  return true;
}

// A snapshot up to `last`, and what an install of it must come to.
struct Install {
  std::uint64_t last = 0;
  std::uint64_t term = 0;
  bool keeps_suffix = false;
  std::string comes_to;
};

const Install kInstalls[] = {
    {8, 2, false, "base 8 of term 2, log to 8, state 8 of term 2"},  // ahead of the log
    {4, 2, false, "base 4 of term 2, log to 4, state 4 of term 2"},  // conflicts with it
    {4, 1, true, "base 4 of term 1, log to 5, state 4 of term 1"},   // within it
};

PersistRequest RebaseOf(const Install& install) {
  return install.keeps_suffix ? TrimTo(install.last, install.term)
                              : ResetTo(install.last, install.term);
}

TEST(SnapshotSweepTest, AnInstallThatIsCutShortAnywhereLeavesTheOldOrTheNew) {
  for (const Install& install : kInstalls) {
    SCOPED_TRACE(install.comes_to);
    std::vector<std::string> pieces;
    const Sweep sweep{.before =
                          [&](SimulatedDisk& disk, Ending ending) {
                            LiveOnce(disk, ending);
                            pieces = PiecesOf(disk, install.last, install.term);
                          },
                      .story =
                          [&](SimulatedDisk& disk) {
                            absl::StatusOr<StoredServer> server = StartServer(disk);
                            if (!server.ok()) return false;
                            OpenedServer& opened = server->opened;
                            const std::vector<PersistRequest> follow = {RebaseOf(install)};
                            return Receive(*opened.installer, pieces) && Switch(opened) &&
                                   opened.storage->Persist(follow).ok() &&
                                   opened.state->CompleteInstall().ok();
                          },
                      .may_be_found = {kOld, install.comes_to},
                      .at_the_end = install.comes_to,
                      .operations_min = 100};
    sweep.Run();
    sweep.RunWithFailures();
  }
}

TEST(SnapshotSweepTest, AStartThatFinishesAnInstallAndIsCutShortIsFinishedByTheNext) {
  for (const Install& install : kInstalls) {
    SCOPED_TRACE(install.comes_to);
    const Sweep sweep{.before =
                          [&](SimulatedDisk& disk, Ending ending) {
                            LiveOnce(disk, ending);
                            const auto pieces = PiecesOf(disk, install.last, install.term);
                            absl::StatusOr<StoredServer> server = StartServer(disk);
                            ASSERT_TRUE(Receive(*server->opened.installer, pieces));
                            ASSERT_TRUE(Switch(server->opened));
                            End(disk, ending);
                          },
                      .story = [](SimulatedDisk& disk) { return StartServer(disk).ok(); },
                      .may_be_found = {install.comes_to},
                      .at_the_end = install.comes_to,
                      .operations_min = 50};
    sweep.Run();
    sweep.RunWithFailures();
  }
}

}  // namespace
}  // namespace raft::simulation
