// What a start accepts: promise, log and state against each other (design section 5, rule S-6).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "builders.h"
#include "persistence/data_directory.h"
#include "persistence/identity_file.h"
#include "persistence/start_rules.h"
#include "scratch_directory.h"

namespace raft {
namespace {

using testing::Append;
using testing::CopyTree;
using testing::Describe;
using testing::FilesWithExtension;
using ::testing::HasSubstr;
using testing::kFoundingTimeMs;
using testing::MakeCommandEntry;
using testing::MakeConfigurationEntry;
using testing::MakeEntry;
using testing::PromiseTerm;
using testing::PutCommand;
using testing::ReadBytes;
using testing::ScratchDirectory;
using testing::TestFounding;
using testing::TruncateAndAppend;
using testing::WriteBytes;

LogEntryPointer PutEntry(std::uint64_t index) {
  return MakeCommandEntry(index, PutCommand("key " + std::to_string(index), "value"));
}

std::vector<LogEntryPointer> PutEntries(std::uint64_t first, std::uint64_t last) {
  std::vector<LogEntryPointer> entries;
  for (std::uint64_t index = first; index <= last; ++index) entries.push_back(PutEntry(index));
  return entries;
}

// One process's use of the directory: opened, and closed when it goes.
struct Running {
  std::unique_ptr<DataDirectory> directory;
  OpenedServer server;
};

class StartTest : public ::testing::Test {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<DataDirectory>> directory =
        DataDirectory::Open(path_, ServerId(1), 5);
    ASSERT_TRUE(directory.ok());
    const FoundingConfiguration founding{
        .cluster_id = "sixteen bytes id",
        .log_time_ms = kFoundingTimeMs,
        .members = {{.server_id = ServerId(1),
                     .peer_address = "127.0.0.1:7001",
                     .incarnation = (*directory)->identity().incarnation}}};
    ASSERT_TRUE((*directory)->AdoptFounding(founding).ok());
  }

  absl::StatusOr<Running> Start() {
    absl::StatusOr<std::unique_ptr<DataDirectory>> directory =
        DataDirectory::Open(path_, ServerId(1), 5);
    if (!directory.ok()) return directory.status();
    absl::StatusOr<OpenedServer> server = (*directory)->OpenServer();
    if (!server.ok()) return server.status();
    return Running{.directory = *std::move(directory), .server = *std::move(server)};
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
  // Entries 1..last of term 1 in the log, the first `applied` of them in the state.
  void RunOnce(std::uint64_t last, std::uint64_t applied) {
    Running running = MustStart();
    Persist(running, {PromiseTerm(1, ServerId(1)), Append(PutEntries(1, last))});
    if (applied == 0) return;
    ASSERT_FALSE(running.server.state->Apply(PutEntries(1, applied)).failure.has_value());
  }
  void ExpectRefused(const std::string& words) {
    const absl::Status status = Start().status();
    EXPECT_TRUE(absl::IsFailedPrecondition(status) || absl::IsDataLoss(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
    EXPECT_THAT(std::string(status.message()), HasSubstr("empty"));  // the way back
  }
  std::string Path(const std::string& name) const { return path_ + "/" + name; }

  ScratchDirectory scratch_;
  const std::string path_ = scratch_.Path("data");
};

TEST_F(StartTest, TheFirstStartIsEmpty) {
  const Running running = MustStart();
  const RecoveredState& recovered = running.server.recovered;
  EXPECT_EQ(recovered.promise, Promise{});
  EXPECT_EQ(recovered.base, LogPosition{});
  EXPECT_TRUE(recovered.entries.empty());
  EXPECT_EQ(recovered.applied, LogPosition{});
  EXPECT_EQ(recovered.log_time_ms, kFoundingTimeMs);
  EXPECT_EQ(recovered.configuration_index, LogIndex(0));
  EXPECT_EQ(running.server.configuration, ConfigurationOf(running.directory->identity().founding));
  EXPECT_EQ(running.server.state->log_time_ms(), kFoundingTimeMs);
}

TEST_F(StartTest, ReturnsEverythingThatWasPersistedAndAppliesNothing) {
  RunOnce(/*last=*/5, /*applied=*/3);
  const Running running = MustStart();
  const RecoveredState& recovered = running.server.recovered;
  EXPECT_EQ(recovered.promise, (Promise{.current_term = Term(1), .voted_for = ServerId(1)}));
  EXPECT_EQ(Describe(recovered.entries), Describe(PutEntries(1, 5)));
  EXPECT_EQ(recovered.applied, (LogPosition{.index = LogIndex(3), .term = Term(1)}));
  EXPECT_EQ(running.server.state->key_count(), 3u);
}

TEST_F(StartTest, TheNewestPromiseOfOneWriteWins) {
  {
    Running running = MustStart();
    Persist(running, {PromiseTerm(3, ServerId(2)), Append(PutEntries(1, 1)), PromiseTerm(4)});
  }
  EXPECT_EQ(MustStart().server.recovered.promise,
            (Promise{.current_term = Term(4), .voted_for = std::nullopt}));
}

TEST_F(StartTest, ReturnsTheConfigurationThatWasAppliedAndItsIndex) {
  {
    Running running = MustStart();
    const std::vector<LogEntryPointer> entries = {PutEntry(1), MakeConfigurationEntry(2, 1, 4),
                                                  PutEntry(3), MakeConfigurationEntry(4, 1, 5)};
    Persist(running, {PromiseTerm(1), Append(entries)});
    ASSERT_FALSE(running.server.state->Apply(std::span(entries).first(3)).failure.has_value());
  }
  const Running running = MustStart();
  EXPECT_EQ(running.server.configuration, ClusterConfiguration({ServerId(4)}));
  EXPECT_EQ(running.server.recovered.configuration_index, LogIndex(2));
  EXPECT_EQ(running.server.state->configuration(),
            (IndexedConfiguration{LogIndex(2), ClusterConfiguration({ServerId(4)})}));
}

TEST_F(StartTest, RefusesAConfigurationInTheLogThatCannotBeOne) {
  {
    Running running = MustStart();
    Persist(running, {PromiseTerm(1), Append({PutEntry(1)}),
                      Append({MakeEntry(2, 1, "nonsense", EntryKind::kConfiguration)})});
  }
  ExpectRefused("at the entry at index 2: it brings a configuration that no server writes");
  EXPECT_TRUE(absl::IsDataLoss(Start().status()));
}

TEST_F(StartTest, RefusesALogThatIsGone) {
  RunOnce(5, 3);
  std::filesystem::remove_all(Path("log"));
  ExpectRefused("log");
  EXPECT_FALSE(std::filesystem::exists(Path("log"))) << "a lost log was created anew";
}

TEST_F(StartTest, RefusesALogWhoseCurrentFileIsGone) {
  RunOnce(5, 3);
  std::filesystem::remove(Path("log/CURRENT"));
  ExpectRefused("it is not there");
}

TEST_F(StartTest, RefusesAWriteAheadFileThatIsGone) {
  RunOnce(5, 3);
  for (const std::string& file : FilesWithExtension(Path("log"), ".log")) {
    std::filesystem::remove(file);
  }
  ExpectRefused("write-ahead file is missing");
}

TEST_F(StartTest, RefusesADamagedWriteAheadFile) {
  RunOnce(5, 0);
  {
    Running running = MustStart();
    for (std::uint64_t index = 6; index < 12; ++index) {
      Persist(running, {Append(PutEntries(index, index))});
    }
  }
  const std::string file = FilesWithExtension(Path("log"), ".log").back();
  WriteBytes(file, testing::WithBitFlipped(ReadBytes(file), 5, 6));
  ExpectRefused("is damaged at byte 0");
}

TEST_F(StartTest, RefusesPromisesThatAreGone) {
  RunOnce(5, 3);
  std::filesystem::remove(Path("promise-a"));
  std::filesystem::remove(Path("promise-b"));
  ExpectRefused("promise-a");
  EXPECT_FALSE(std::filesystem::exists(Path("promise-a"))) << "a lost promise was created anew";
}

TEST_F(StartTest, RefusesAStateThatIsGone) {
  RunOnce(5, 3);
  std::filesystem::remove_all(Path("state-1"));
  ExpectRefused("state-1");
  EXPECT_FALSE(std::filesystem::exists(Path("state-1"))) << "a lost state was created anew";
}

TEST_F(StartTest, RefusesAStatePointerThatIsGoneOrDamaged) {
  RunOnce(5, 3);
  const std::string good = ReadBytes(Path("state"));
  WriteBytes(Path("state"), testing::WithBitFlipped(good, 10, 1));
  EXPECT_TRUE(absl::IsDataLoss(Start().status()));
  std::filesystem::remove(Path("state"));
  ExpectRefused("state");
}

TEST_F(StartTest, RefusesAStateAheadOfTheLog) {
  RunOnce(5, 3);
  {
    // The log loses its end, as a disk that lied about a sync would lose it.
    Running running = MustStart();
    Persist(running, {TruncateAndAppend(3, {})});
  }
  ExpectRefused("the log was shortened");
}

TEST_F(StartTest, RefusesAStateOfAnotherTerm) {
  RunOnce(5, 3);
  {
    Running running = MustStart();
    Persist(running, {PromiseTerm(2), TruncateAndAppend(3, {MakeEntry(3, 2), MakeEntry(4, 2)})});
  }
  ExpectRefused("the state holds index 3 of term 1, but the log has index 3 of term 2");
}

TEST_F(StartTest, RefusesAPromiseOlderThanTheLog) {
  RunOnce(1, 0);
  CopyTree(path_, scratch_.Path("old"));
  {
    Running running = MustStart();
    Persist(running, {PromiseTerm(2), Append({MakeEntry(2, 2)})});
  }
  for (const char* slot : {"promise-a", "promise-b"}) {
    WriteBytes(Path(slot), ReadBytes(scratch_.Path("old/") + slot));
  }
  ExpectRefused("know terms only up to 1");
}

TEST_F(StartTest, RefusesALogThatWasPutBack) {
  RunOnce(3, 0);
  CopyTree(path_, scratch_.Path("old"));
  {
    Running running = MustStart();
    Persist(running, {Append(PutEntries(4, 9))});
  }
  { const Running restarted = MustStart(); }  // the floor is raised to 9
  CopyTree(scratch_.Path("old/log"), Path("log"));
  ExpectRefused("it once durably reached index 9");
}

TEST_F(StartTest, ATruncationLowersTheFloorFirst) {
  RunOnce(5, 0);
  { const Running restarted = MustStart(); }  // the floor is raised to 5
  {
    Running running = MustStart();
    Persist(running, {TruncateAndAppend(3, {})});
  }
  EXPECT_EQ(MustStart().server.recovered.entries.size(), 2u);
}

TEST_F(StartTest, TakesATornTailBack) {
  RunOnce(3, 0);
  {
    Running running = MustStart();
    Persist(running, {Append(PutEntries(4, 4))});
    Persist(running, {Append(PutEntries(5, 5))});
  }
  const std::string file = FilesWithExtension(Path("log"), ".log").back();
  const std::string whole = ReadBytes(file);
  WriteBytes(file, whole.substr(0, whole.size() - 1));
  EXPECT_EQ(MustStart().server.recovered.entries.size(), 4u);
}

TEST_F(StartTest, RefusesATornTailThatTheStateAlreadyHolds) {
  RunOnce(3, 0);
  {
    Running running = MustStart();
    Persist(running, {Append(PutEntries(4, 5))});
    ASSERT_FALSE(running.server.state->Apply(PutEntries(1, 5)).failure.has_value());
  }
  const std::string file = FilesWithExtension(Path("log"), ".log").back();
  const std::string whole = ReadBytes(file);
  WriteBytes(file, whole.substr(0, whole.size() - 1));
  ExpectRefused("the log was shortened");
}

TEST_F(StartTest, RefusesAnOldIdentityBesideARunningPast) {
  { const Running first = MustStart(); }
  // Given an identity from before the first start, put back beside what came after.
  absl::StatusOr<std::unique_ptr<DataDirectory>> directory =
      DataDirectory::Open(path_, ServerId(1), 5);
  ASSERT_TRUE(directory.ok());
  Identity old = (*directory)->identity();
  directory->reset();
  RunOnce(2, 0);
  old.storage_created = false;
  ASSERT_TRUE(WriteIdentityFile(LocalDisk(), path_, old).ok());
  ExpectRefused("never started");
}

TEST_F(StartTest, CompletesACreationThatWasCutShort) {
  { const Running first = MustStart(); }
  absl::StatusOr<std::unique_ptr<DataDirectory>> directory =
      DataDirectory::Open(path_, ServerId(1), 5);
  Identity identity = (*directory)->identity();
  directory->reset();
  identity.storage_created = false;
  const std::vector<std::vector<std::string>> cuts = {
      {"promise-b"},
      {"promise-a", "promise-b"},
      {"promise-a", "promise-b", "log"},
      {"promise-a", "promise-b", "log", "state"},
      {"promise-a", "promise-b", "log", "state", "state-1"}};
  for (const std::vector<std::string>& missing : cuts) {
    for (const std::string& name : missing) std::filesystem::remove_all(Path(name));
    ASSERT_TRUE(WriteIdentityFile(LocalDisk(), path_, identity).ok());
    EXPECT_TRUE(Start().ok()) << missing.size();
  }
}

// The rules alone, where no disk can be brought to break them yet.
FoundOnDisk FoundWith(std::span<const LogEntryPointer> entries) {
  return {
      .promise = {.current_term = Term(1), .voted_for = {}},
      .floor_index = LogIndex(0),
      .base = {},
      .base_log_time_ms = kFoundingTimeMs,
      .entries = entries,
      .applied = {},
      .applied_log_time_ms = kFoundingTimeMs,
      .configuration = {.index = LogIndex(0), .configuration = ConfigurationOf(TestFounding())}};
}

TEST(StartRulesTest, RefuseAStateBehindTheBaseOfTheLog) {
  const std::vector<LogEntryPointer> entries = {PutEntry(8)};
  FoundOnDisk found = FoundWith(entries);
  found.base = {.index = LogIndex(7), .term = Term(1)};
  found.applied = {.index = LogIndex(6), .term = Term(1)};
  EXPECT_THAT(std::string(CheckStart(found).message()), HasSubstr("begins only after index 7"));
  found.applied = found.base;
  EXPECT_TRUE(CheckStart(found).ok()) << CheckStart(found);
}

TEST(StartRulesTest, RefuseAConfigurationThatTheStateCannotHold) {
  const std::vector<LogEntryPointer> entries = {PutEntry(1), PutEntry(2)};
  FoundOnDisk found = FoundWith(entries);
  found.configuration.index = LogIndex(1);
  EXPECT_THAT(std::string(CheckStart(found).message()),
              HasSubstr("its configuration is of index 1"));
}

// Entry 2 brings a configuration; the log begins after entry 1 or after none.
TEST(StartRulesTest, RefuseAConfigurationThatTheLogKnowsBetter) {
  const std::vector<LogEntryPointer> entries = {PutEntry(1), MakeConfigurationEntry(2, 1, 4),
                                                PutEntry(3), MakeConfigurationEntry(4, 1, 5)};
  FoundOnDisk found = FoundWith(entries);
  found.applied = entries[2]->position();
  found.applied_log_time_ms = entries[2]->log_time_ms;
  const IndexedConfiguration good{LogIndex(2), ClusterConfiguration({ServerId(4)})};
  found.configuration = good;
  EXPECT_TRUE(CheckStart(found).ok()) << CheckStart(found);
  for (const IndexedConfiguration& bad :
       {IndexedConfiguration{LogIndex(0), good.configuration},
        IndexedConfiguration{LogIndex(3), good.configuration},
        IndexedConfiguration{LogIndex(2), ClusterConfiguration({ServerId(5)})}}) {
    found.configuration = bad;
    EXPECT_THAT(std::string(CheckStart(found).message()),
                HasSubstr("disagree about the configuration"));
  }
  // Where the log begins after it, the state alone knows it.
  found.base = entries[1]->position();
  found.base_log_time_ms = entries[1]->log_time_ms;
  found.entries = std::span(entries).subspan(2);
  found.configuration = good;
  EXPECT_TRUE(CheckStart(found).ok()) << CheckStart(found);
  found.configuration.index = LogIndex(3);
  EXPECT_FALSE(CheckStart(found).ok()) << "entry 3 is there and brings none";
}

TEST(StartRulesTest, RefuseAStateThatDisagreesAboutTheTime) {
  const std::vector<LogEntryPointer> entries = {PutEntry(1)};
  FoundOnDisk found = FoundWith(entries);
  EXPECT_TRUE(CheckStart(found).ok());
  found.applied_log_time_ms += 1;
  EXPECT_THAT(std::string(CheckStart(found).message()), HasSubstr("disagree about the log time"));
}

}  // namespace
}  // namespace raft
