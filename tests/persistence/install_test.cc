// What a start makes of an installed snapshot: the log follows it, or nothing is touched.
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "builders.h"
#include "persistence/data_directory.h"
#include "persistence/leveldb_key_value_store.h"
#include "persistence/start_rules.h"
#include "scratch_directory.h"

namespace raft {
namespace {

using testing::Append;
using testing::Describe;
using testing::kFoundingTimeMs;
using testing::MakeEntry;
using testing::PromiseTerm;
using testing::PutCommand;
using testing::ResetTo;
using testing::ScratchDirectory;
using testing::TrimTo;

LogPosition At(std::uint64_t index, std::uint64_t term) {
  return {.index = LogIndex(index), .term = Term(term)};
}

std::vector<LogEntryPointer> PutEntries(std::uint64_t first, std::uint64_t last,
                                        std::uint64_t term = 1) {
  std::vector<LogEntryPointer> entries;
  for (std::uint64_t index = first; index <= last; ++index) {
    const std::string key = "key " + std::to_string(index);
    entries.push_back(MakeEntry(index, term, PutCommand(key, "value").SerializeAsString()));
  }
  return entries;
}

// Directories of servers of one cluster; each start is one process's use.
class InstallTest : public ::testing::Test {
 protected:
  struct Running {
    std::unique_ptr<DataDirectory> directory;
    OpenedServer server;
  };

  void SetUp() override {
    std::unique_ptr<DataDirectory> directory = OpenDirectory(path_);
    const FoundingConfiguration founding{
        .cluster_id = "sixteen bytes id",
        .log_time_ms = kFoundingTimeMs,
        .members = {{.server_id = ServerId(1),
                     .peer_address = "127.0.0.1:7001",
                     .incarnation = directory->identity().incarnation}}};
    ASSERT_TRUE(directory->AdoptFounding(founding).ok());
    directory.reset();
    // Given a log with entries 1 to 5, of which the state holds 3.
    Running running = MustStart();
    Persist(running, {PromiseTerm(9), Append(PutEntries(1, 5))});
    Apply(running, PutEntries(1, 3));
  }

  static std::unique_ptr<DataDirectory> OpenDirectory(const std::string& path) {
    absl::StatusOr<std::unique_ptr<DataDirectory>> directory =
        DataDirectory::Open(path, ServerId(1), 5);
    EXPECT_TRUE(directory.ok()) << directory.status();
    return *std::move(directory);
  }
  absl::StatusOr<Running> Start() {
    std::unique_ptr<DataDirectory> directory = OpenDirectory(path_);
    absl::StatusOr<OpenedServer> server = directory->OpenServer();
    if (!server.ok()) return server.status();
    return Running{.directory = std::move(directory), .server = *std::move(server)};
  }
  Running MustStart() {
    absl::StatusOr<Running> running = Start();
    EXPECT_TRUE(running.ok()) << running.status();
    return *std::move(running);
  }
  static void Persist(Running& running, const std::vector<PersistRequest>& requests) {
    const absl::Status status = running.server.storage->Persist(requests);
    ASSERT_TRUE(status.ok()) << status;
  }
  static void Apply(Running& running, const std::vector<LogEntryPointer>& entries) {
    ASSERT_FALSE(running.server.state->Apply(entries).failure.has_value());
  }

  // The pieces of a state of this cluster after entries 1..last, all of this term.
  std::vector<std::string> SnapshotOf(std::uint64_t last, std::uint64_t term) {
    const std::string path = scratch_.Path("leader");
    std::filesystem::remove_all(path);
    const FoundingConfiguration founding = OpenDirectory(path_)->identity().founding;
    EXPECT_TRUE(LevelDbKeyValueStore::Create(LocalDisk(), path, founding).ok());
    const auto state = LevelDbKeyValueStore::Open(LocalDisk(), path, founding.cluster_id);
    EXPECT_FALSE((*state)->Apply(PutEntries(1, last, term)).failure.has_value());
    leader_digest_ = (*state)->digest();
    const std::unique_ptr<SnapshotSource> source = *(*state)->OpenSnapshot();
    std::vector<std::string> pieces;
    for (std::string piece = *source->NextPiece(200); !piece.empty();
         piece = *source->NextPiece(200)) {
      pieces.push_back(piece);
    }
    return pieces;
  }
  // A life that installs the snapshot as far as the switch.
  void SwitchTo(Running& running, const std::vector<std::string>& pieces) {
    {
      absl::StatusOr<std::unique_ptr<IncomingSnapshot>> incoming =
          running.server.installer->Begin();
      ASSERT_TRUE(incoming.ok()) << incoming.status();
      for (const std::string& piece : pieces) ASSERT_TRUE((*incoming)->Add(piece).ok());
      ASSERT_TRUE((*incoming)->Finish().ok());
    }
    absl::StatusOr<std::unique_ptr<KeyValueStore>> state = running.server.installer->Switch();
    ASSERT_TRUE(state.ok()) << state.status();
    running.server.state = *std::move(state);
  }
  // Lives of a server whose state was found to be another than the cluster's: it holds the entries
  // and is waiting for a snapshot, which may end at any place of the log that the state may begin
  // at.
  void MarkAsDiverged() {
    const Running running = MustStart();
    EXPECT_FALSE(running.server.recovered.state_is_diverged);
    ASSERT_TRUE(running.server.state->MarkDiverged().ok());
  }
  void CrashAfterSwitchTo(std::uint64_t last, std::uint64_t term) {
    const std::vector<std::string> pieces = SnapshotOf(last, term);
    Running running = MustStart();
    SwitchTo(running, pieces);
  }
  void ExpectStart(LogPosition base, const std::vector<LogEntryPointer>& entries) {
    for (const char* which : {"the first start", "another one"}) {
      SCOPED_TRACE(which);
      const Running running = MustStart();
      const RecoveredState& recovered = running.server.recovered;
      EXPECT_EQ(recovered.base, base);
      EXPECT_EQ(recovered.log_time_ms,
                kFoundingTimeMs + static_cast<LogTimeMs>(base.index.value()));
      EXPECT_EQ(Describe(recovered.entries), Describe(entries));
      EXPECT_EQ(recovered.applied, base);
      EXPECT_EQ(running.server.state->digest(), leader_digest_);
      EXPECT_FALSE(std::filesystem::exists(path_ + "/state-1")) << "the old state is still there";
    }
    const auto state = LevelDbKeyValueStore::Open(
        LocalDisk(), path_ + "/state-2", OpenDirectory(path_)->identity().founding.cluster_id);
    EXPECT_FALSE((*state)->log_reset_pending()) << "the mark is still there";
  }

  ScratchDirectory scratch_;
  const std::string path_ = scratch_.Path("data");
  std::string leader_digest_;
};

TEST_F(InstallTest, AStateAheadOfTheLogIsFollowed) {
  CrashAfterSwitchTo(20, 1);
  ExpectStart(At(20, 1), {});
}

TEST_F(InstallTest, AStateWithinTheLogIsFollowedAndTheSuffixStays) {
  CrashAfterSwitchTo(4, 1);
  ExpectStart(At(4, 1), PutEntries(5, 5));
}

// Trap C2: the suffix after a snapshot belongs to it only if the terms meet.
TEST_F(InstallTest, AStateOfAnotherTermWithinTheLogDropsTheSuffix) {
  CrashAfterSwitchTo(4, 2);
  ExpectStart(At(4, 2), {});
}

TEST_F(InstallTest, ADivergedStateStaysMarkedUntilAnotherIsSwitchedTo) {
  MarkAsDiverged();
  EXPECT_TRUE(MustStart().server.recovered.state_is_diverged);
  CrashAfterSwitchTo(4, 1);
  ExpectStart(At(4, 1), PutEntries(5, 5));
  EXPECT_FALSE(MustStart().server.recovered.state_is_diverged);
}

TEST_F(InstallTest, ADivergedStateIsReplacedByOneOfTheSameIndex) {
  MarkAsDiverged();
  CrashAfterSwitchTo(3, 1);
  ExpectStart(At(3, 1), PutEntries(4, 5));
}

TEST_F(InstallTest, ADivergedStateIsReplacedByOneOfTheLastEntry) {
  MarkAsDiverged();
  CrashAfterSwitchTo(5, 1);
  ExpectStart(At(5, 1), {});
}

TEST_F(InstallTest, ADivergedStateIsReplacedByOneOfTheBaseOfTheLog) {
  {
    Running running = MustStart();
    ASSERT_TRUE(running.server.state->Checkpoint().ok());
    Persist(running, {TrimTo(3, 1)});
  }
  MarkAsDiverged();
  CrashAfterSwitchTo(3, 1);
  ExpectStart(At(3, 1), PutEntries(4, 5));
}

// Without a crash, and with a log that follows although it is there already.
TEST_F(InstallTest, ARunningServersDivergedStateIsReplacedByOneOfTheBaseOfTheLog) {
  const std::vector<std::string> pieces = SnapshotOf(3, 1);
  {
    Running running = MustStart();
    ASSERT_TRUE(running.server.state->Checkpoint().ok());
    Persist(running, {TrimTo(3, 1)});
    ASSERT_TRUE(running.server.state->MarkDiverged().ok());
    SwitchTo(running, pieces);
    EXPECT_FALSE(running.server.state->diverged());
    Persist(running, {TrimTo(3, 1)});
    ASSERT_TRUE(running.server.state->CompleteInstall().ok());
    Apply(running, PutEntries(4, 4));
    Persist(running, {Append(PutEntries(6, 7))});
  }
  const Running running = MustStart();
  EXPECT_EQ(running.server.recovered.base, At(3, 1));
  EXPECT_EQ(running.server.recovered.applied, At(4, 1));
  EXPECT_EQ(Describe(running.server.recovered.entries), Describe(PutEntries(4, 7)));
  EXPECT_FALSE(running.server.recovered.state_is_diverged);
}

TEST_F(InstallTest, ALogThatHasFollowedIsLeftAlone) {
  const std::vector<std::string> pieces = SnapshotOf(20, 2);
  {
    Running running = MustStart();
    SwitchTo(running, pieces);
    Persist(running, {ResetTo(20, 2)});
    Persist(running, {Append(PutEntries(21, 23, 2))});
  }
  ExpectStart(At(20, 2), PutEntries(21, 23, 2));
}

TEST_F(InstallTest, ACompleteInstallIsAStateLikeAnyOther) {
  const std::vector<std::string> pieces = SnapshotOf(20, 2);
  {
    Running running = MustStart();
    SwitchTo(running, pieces);
    Persist(running, {ResetTo(20, 2)});
    ASSERT_TRUE(running.server.state->CompleteInstall().ok());
    Persist(running, {Append(PutEntries(21, 23, 2))});
    Apply(running, PutEntries(21, 22, 2));
    ASSERT_TRUE(running.server.state->Checkpoint().ok());
    Persist(running, {TrimTo(21, 2)});
  }
  const Running running = MustStart();
  EXPECT_EQ(running.server.recovered.base, At(21, 2));
  EXPECT_EQ(running.server.recovered.applied, At(22, 2));
  EXPECT_EQ(Describe(running.server.recovered.entries), Describe(PutEntries(22, 23, 2)));
}

TEST_F(InstallTest, ASnapshotThatOnlyArrivedIsRemovedAtTheNextStart) {
  const std::vector<std::string> pieces = SnapshotOf(20, 2);
  {
    Running running = MustStart();
    const std::unique_ptr<IncomingSnapshot> incoming = *running.server.installer->Begin();
    for (const std::string& piece : pieces) ASSERT_TRUE(incoming->Add(piece).ok());
    ASSERT_TRUE(incoming->Finish().ok());
  }
  ASSERT_TRUE(std::filesystem::exists(path_ + "/state-2"));
  const Running running = MustStart();
  EXPECT_EQ(running.server.recovered.applied, At(3, 1));
  EXPECT_FALSE(std::filesystem::exists(path_ + "/state-2"));
}

// Trap C21: never delete on doubt.
TEST_F(InstallTest, ARefusedStartRemovesNothing) {
  CrashAfterSwitchTo(20, 1);
  testing::WriteBytes(path_ + "/promise-a", "");
  testing::WriteBytes(path_ + "/promise-b", "");
  EXPECT_FALSE(Start().ok());
  EXPECT_TRUE(std::filesystem::exists(path_ + "/state-1"));
  EXPECT_TRUE(std::filesystem::exists(path_ + "/state-2"));
}

TEST_F(InstallTest, OtherNamesAreNotTakenForStates) {
  for (const char* name : {"state-", "state-01", "state-x", "state-2.copy", "states-2"}) {
    std::filesystem::create_directory(path_ + "/" + name);
  }
  { const Running running = MustStart(); }
  for (const char* name : {"state-", "state-01", "state-x", "state-2.copy", "states-2"}) {
    EXPECT_TRUE(std::filesystem::exists(path_ + "/" + name)) << name;
  }
}

TEST_F(InstallTest, SizesMayBeAskedForDuringASwitch) {
  const std::vector<std::string> pieces = SnapshotOf(20, 2);
  Running running = MustStart();
  std::atomic<bool> stop = false;
  std::thread asker([&] {
    while (!stop) EXPECT_GT(running.directory->Sizes().log_bytes, 0u);
  });
  SwitchTo(running, pieces);
  stop = true;
  asker.join();
  EXPECT_GT(running.directory->Sizes().state_bytes, 0u);
}

// The rules alone.
class InstallRulesTest : public ::testing::Test {
 protected:
  const std::vector<LogEntryPointer> entries_ = PutEntries(8, 10, 2);
  FoundOnDisk found_{.promise = {.current_term = Term(3), .voted_for = {}},
                     .floor_index = LogIndex(0),
                     .base = At(7, 2),
                     .base_log_time_ms = kFoundingTimeMs + 7,
                     .entries = entries_,
                     .applied = At(7, 2),
                     .applied_log_time_ms = kFoundingTimeMs + 7,
                     .configuration = {},
                     .log_reset_pending = true};

  void StateAt(std::uint64_t index, std::uint64_t term) {
    found_.applied = At(index, term);
    found_.applied_log_time_ms = kFoundingTimeMs + static_cast<LogTimeMs>(index);
  }
  void ExpectRefused() {
    EXPECT_TRUE(absl::IsFailedPrecondition(CheckStart(found_))) << CheckStart(found_);
  }
  std::optional<LogRebase> Rebase() {
    EXPECT_TRUE(CheckStart(found_).ok()) << CheckStart(found_);
    return RebaseToFinish(found_);
  }
};

TEST_F(InstallRulesTest, TheLogFollowsAheadWithinAndOfAnotherTerm) {
  EXPECT_EQ(Rebase(), std::nullopt);
  StateAt(20, 3);
  EXPECT_EQ(Rebase(), (LogRebase{At(20, 3), kFoundingTimeMs + 20, /*keeps_suffix=*/false}));
  StateAt(9, 2);
  EXPECT_EQ(Rebase(), (LogRebase{At(9, 2), kFoundingTimeMs + 9, /*keeps_suffix=*/true}));
  StateAt(9, 3);
  EXPECT_EQ(Rebase(), (LogRebase{At(9, 3), kFoundingTimeMs + 9, /*keeps_suffix=*/false}));
}

TEST_F(InstallRulesTest, WithoutTheMarkNothingFollows) {
  found_.log_reset_pending = false;
  EXPECT_EQ(Rebase(), std::nullopt);
  StateAt(9, 2);
  EXPECT_EQ(Rebase(), std::nullopt);
  StateAt(20, 3);
  ExpectRefused();
  StateAt(9, 3);
  ExpectRefused();
}

TEST_F(InstallRulesTest, AMarkedStateThatCannotHaveBeenInstalledIsRefused) {
  StateAt(6, 2);  // behind the base, where all is committed
  ExpectRefused();
  StateAt(7, 1);  // at the base, of another term
  ExpectRefused();
  StateAt(20, 4);  // of a term that this server never promised
  ExpectRefused();
  StateAt(20, 1);  // of a term below that of a committed entry before it
  ExpectRefused();
  StateAt(9, 2);
  found_.applied_log_time_ms += 1;
  ExpectRefused();
}

TEST_F(InstallRulesTest, AShortenedLogIsRefusedAlsoUnderAnInstalledState) {
  StateAt(20, 3);
  found_.floor_index = LogIndex(11);
  ExpectRefused();
}

}  // namespace
}  // namespace raft
