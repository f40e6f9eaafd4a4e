// A stopped server's directory is looked at, and not a byte of it changes.
#include "persistence/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "persistence/directory_lock.h"
#include "stopped_server.h"

namespace raft {
namespace {

using testing::Describe;
using testing::FilesWithExtension;
using ::testing::HasSubstr;
using testing::kFoundingTimeMs;
using testing::MakeConfigurationEntry;
using testing::MakeNoOp;
using testing::MakeStopped;
using testing::PutEntries;
using testing::ReadBytes;
using testing::StartIn;
using testing::StoppedServer;
using testing::TestFounding;
using testing::Together;
using testing::TreeOf;
using testing::WithBitFlipped;
using testing::WriteBytes;

// Entries 1 to 9: configurations at 3 and 8, the rest commands and a no-op; trimmed to 2, the state
// holds 5.
std::vector<LogEntryPointer> Entries() {
  return Together(PutEntries(1, 2, 1),
                  Together({MakeConfigurationEntry(3, 1, 4), MakeNoOp(4, 2)},
                           Together(PutEntries(5, 7, 2), Together({MakeConfigurationEntry(8, 2, 6)},
                                                                  PutEntries(9, 9, 3)))));
}

class InspectTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(parent_);
    MakeStopped(path_, {.id = 4, .term = 5, .entries = Entries(), .applied = 5, .base = 2});
  }

  void ExpectRefused(absl::StatusCode code, const std::string& words) {
    const auto before = TreeOf(parent_);
    const absl::Status status = InspectDirectory(path_).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
    EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
    EXPECT_EQ(TreeOf(parent_), before) << "something was changed or left over";
  }

  testing::ScratchDirectory scratch_;
  const std::string parent_ = scratch_.Path("parent");
  const std::string path_ = parent_ + "/data";
};

TEST_F(InspectTest, SaysWhatIsThere) {
  const auto inspected = InspectDirectory(path_);
  ASSERT_TRUE(inspected.ok()) << inspected.status();
  const DirectoryReport& report = (*inspected)->report();
  EXPECT_EQ(report.path, path_);
  EXPECT_EQ(report.identity.server_id, ServerId(4));
  EXPECT_EQ(report.identity.founding, TestFounding());
  EXPECT_EQ(report.promise.current_term, Term(5));
  EXPECT_EQ(report.base, (LogPosition{LogIndex(2), Term(1)}));
  EXPECT_EQ(report.base_log_time_ms, kFoundingTimeMs + 2);
  EXPECT_EQ(report.last, (LogPosition{LogIndex(9), Term(3)}));
  EXPECT_EQ(report.applied, (LogPosition{LogIndex(5), Term(2)}));
  EXPECT_EQ(report.applied_log_time_ms, kFoundingTimeMs + 5);
  EXPECT_EQ(report.key_count, 3u);
  EXPECT_EQ(report.applied_configuration,
            (IndexedConfiguration{LogIndex(3), ClusterConfiguration({ServerId(4)})}));
  EXPECT_EQ(report.configuration,
            (IndexedConfiguration{LogIndex(8), ClusterConfiguration({ServerId(6)})}));
  const std::vector<LogEntryPointer> entries((*inspected)->entries().begin(),
                                             (*inspected)->entries().end());
  const std::vector<LogEntryPointer> all = Entries();
  EXPECT_EQ(Describe(entries), Describe({all.begin() + 2, all.end()}));
}

// When the contents of each file below a directory were written last.
std::map<std::string, std::filesystem::file_time_type> TimesOf(const std::string& path) {
  std::map<std::string, std::filesystem::file_time_type> times;
  for (const auto& file : std::filesystem::recursive_directory_iterator(path)) {
    times[file.path().string()] = file.last_write_time();
  }
  return times;
}

TEST_F(InspectTest, ChangesNoByteAndLeavesNothing) {
  const auto before = TreeOf(path_);
  const auto times_before = TimesOf(path_);
  std::string digest;
  {
    const auto inspected = *InspectDirectory(path_);
    digest = inspected->report().digest;
    EXPECT_EQ(TreeOf(path_), before);
  }
  EXPECT_EQ(TreeOf(path_), before);
  EXPECT_EQ(TimesOf(path_), times_before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(parent_), {}), 1) << "a copy stayed";
  // And the server starts as if nobody had looked.
  EXPECT_EQ(StartIn(path_, 4).server.state->digest(), digest);
}

TEST_F(InspectTest, TheStateCanBeReadOut) {
  const auto inspected = *InspectDirectory(path_);
  const auto source = *inspected->OpenSnapshot();
  EXPECT_EQ(source->header().digest, inspected->report().digest);
  EXPECT_EQ(source->header().last_included, inspected->report().applied);
}

TEST_F(InspectTest, ACopyIsMadeWhereItIsTold) {
  const std::string elsewhere = scratch_.Path("elsewhere");
  std::filesystem::create_directory(elsewhere);
  {
    const auto inspected = *InspectDirectory(path_, elsewhere);
    EXPECT_FALSE(std::filesystem::is_empty(elsewhere));
  }
  EXPECT_TRUE(std::filesystem::is_empty(elsewhere));
  const absl::Status status = InspectDirectory(path_, scratch_.Path("absent")).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("absent"));
}

TEST_F(InspectTest, ADirectoryInUseIsRefusedAndItsUserNamed) {
  const auto running = StartIn(path_, 4);
  const absl::Status status = InspectDirectory(path_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("process " + std::to_string(::getpid()) + " uses it"));
}

TEST_F(InspectTest, NoServerStartsOnADirectoryThatIsLookedAt) {
  const auto inspected = *InspectDirectory(path_);
  EXPECT_TRUE(absl::IsFailedPrecondition(DataDirectory::Open(path_, ServerId(4), 0).status()));
}

TEST_F(InspectTest, AFormingDirectoryIsAnIdentityAndNothingElse) {
  const std::string forming = scratch_.Path("forming");
  { const auto born = *DataDirectory::Open(forming, ServerId(3), 0); }
  const auto inspected = InspectDirectory(forming);
  ASSERT_TRUE(inspected.ok()) << inspected.status();
  EXPECT_TRUE((*inspected)->report().identity.is_forming());
  EXPECT_EQ((*inspected)->report().identity.server_id, ServerId(3));
  EXPECT_TRUE((*inspected)->entries().empty());
  EXPECT_TRUE(absl::IsFailedPrecondition((*inspected)->OpenSnapshot().status()));
}

TEST_F(InspectTest, AServerThatWasNeverStartedHoldsWhatItWouldStartWith) {
  const std::string fresh = scratch_.Path("fresh");
  {
    const auto directory = *DataDirectory::Open(fresh, ServerId(3), 0);
    ASSERT_TRUE(directory->AdoptFoundingAsJoiner(TestFounding()).ok());
  }
  const auto before = TreeOf(fresh);
  const auto inspected = InspectDirectory(fresh);
  ASSERT_TRUE(inspected.ok()) << inspected.status();
  const DirectoryReport& report = (*inspected)->report();
  EXPECT_FALSE(report.identity.storage_created);
  EXPECT_EQ(report.last, LogPosition{});
  EXPECT_EQ(report.configuration,
            (IndexedConfiguration{LogIndex(0), ConfigurationOf(TestFounding())}));
  EXPECT_EQ(TreeOf(fresh), before);
}

TEST_F(InspectTest, WhatIsNoServersDirectoryIsRefused) {
  EXPECT_TRUE(absl::IsNotFound(InspectDirectory(scratch_.Path("absent")).status()));
  WriteBytes(scratch_.Path("file"), "x");
  EXPECT_TRUE(absl::IsFailedPrecondition(InspectDirectory(scratch_.Path("file")).status()));
  std::filesystem::remove(path_ + "/identity");
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "no server lives there");
}

// With what raftd says of it, about the directory and not about the copy.
TEST_F(InspectTest, WhatNoServerStartsOnIsRefusedWithTheReason) {
  const std::string identity = ReadBytes(path_ + "/identity");
  WriteBytes(path_ + "/identity", WithBitFlipped(identity, 20, 1));
  ExpectRefused(absl::StatusCode::kDataLoss, path_ + "/identity");
  WriteBytes(path_ + "/identity", identity);
  const std::string promises[] = {path_ + "/promise-a", path_ + "/promise-b"};
  for (const std::string& promise : promises) WriteBytes(promise, "");
  ExpectRefused(absl::StatusCode::kDataLoss, promises[0]);
}

TEST_F(InspectTest, ARottenStateIsRefused) {
  { const auto compacted = StartIn(path_, 4); }  // so that what was written lies in tables
  const std::string table = FilesWithExtension(path_ + "/state-1", ".ldb").front();
  WriteBytes(table, WithBitFlipped(ReadBytes(table), 30, 2));
  ExpectRefused(absl::StatusCode::kDataLoss, path_ + "/state-1");
}

}  // namespace
}  // namespace raft
