// A backup becomes a new cluster of one server, or nothing that a server starts on.
#include "persistence/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/raft_server.h"
#include "persistence/directory_lock.h"
#include "persistence/snapshot_file.h"
#include "stopped_server.h"

namespace raft {
namespace {

using ::testing::HasSubstr;
using testing::kFoundingTimeMs;
using testing::MakeStopped;
using testing::PutEntries;
using testing::ReadBytes;
using testing::RunningServer;
using testing::StartIn;
using testing::TestFounding;
using testing::TreeOf;
using testing::WithBitFlipped;
using testing::WriteBytes;

class RestoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    MakeStopped(scratch_.Path("old"),
                {.id = 1, .term = 7, .entries = PutEntries(1, 9, 3), .applied = 8});
    const RunningServer old = StartIn(scratch_.Path("old"), 1);
    digest_ = old.server.state->digest();
    const auto writer = *SnapshotFileWriter::Create(file_);
    const auto source = *old.server.state->OpenSnapshot();
    for (std::string piece = *source->NextPiece(500); !piece.empty();
         piece = *source->NextPiece(500)) {
      ASSERT_TRUE(writer->Add(piece).ok());
    }
    ASSERT_TRUE(writer->Finish().ok());
  }

  NewServer Server() const {
    return {.directory = new_, .server_id = ServerId(5), .peer_address = "server-5:7001"};
  }
  void ExpectRefused(const NewServer& server, absl::StatusCode code, const std::string& words) {
    const absl::Status status = RestoreSnapshot(file_, server).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
  }

  testing::ScratchDirectory scratch_;
  const std::string file_ = scratch_.Path("backup");
  const std::string new_ = scratch_.Path("new");
  std::string digest_;
};

TEST_F(RestoreTest, TheNewClusterHasTheStateAndOneMember) {
  const absl::StatusOr<NewClusterReport> report = RestoreSnapshot(file_, Server());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->applied, (LogPosition{LogIndex(8), Term(3)}));
  EXPECT_EQ(report->configuration, (LogPosition{LogIndex(9), Term(4)}));
  EXPECT_EQ(report->digest, digest_);
  const RunningServer server = StartIn(new_, 5);
  const Identity& identity = server.directory->identity();
  EXPECT_EQ(identity.founding.cluster_id, report->cluster_id);
  EXPECT_NE(identity.founding.cluster_id, TestFounding().cluster_id);
  EXPECT_EQ(identity.incarnation, report->incarnation);
  EXPECT_EQ(identity.founding.members,
            (std::vector<FoundingMember>{{.server_id = ServerId(5),
                                          .peer_address = "server-5:7001",
                                          .incarnation = report->incarnation}}));
  const RecoveredState& recovered = server.server.recovered;
  EXPECT_EQ(recovered.promise, (Promise{.current_term = Term(4), .voted_for = ServerId(5)}));
  EXPECT_EQ(recovered.base, report->applied);
  EXPECT_EQ(recovered.applied, report->applied);
  EXPECT_EQ(recovered.log_time_ms, kFoundingTimeMs + 8);
  ASSERT_EQ(recovered.entries.size(), 1u);
  EXPECT_EQ(recovered.entries[0]->position(), report->configuration);
  EXPECT_EQ(recovered.entries[0]->kind, EntryKind::kConfiguration);
  EXPECT_EQ(recovered.entries[0]->data, ConfigurationOf(identity.founding).Encode());
  EXPECT_EQ(server.server.state->digest(), digest_);
  EXPECT_EQ(server.server.state->key_count(), 8u);
}

// One restart more: nothing of the making is left to be finished.
TEST_F(RestoreTest, TheDirectoryIsOneLikeAnyOther) {
  ASSERT_TRUE(RestoreSnapshot(file_, Server()).ok());
  { const RunningServer first = StartIn(new_, 5); }
  const RunningServer second = StartIn(new_, 5);
  EXPECT_EQ(second.server.recovered.entries.size(), 1u);
  EXPECT_EQ(second.server.state->digest(), digest_);
}

TEST_F(RestoreTest, TheServerLeadsItsNewClusterAlone) {
  ASSERT_TRUE(RestoreSnapshot(file_, Server()).ok());
  const RunningServer opened = StartIn(new_, 5);
  RaftServer server(ServerId(5), opened.server.configuration, RaftOptions{}, /*random_seed=*/1,
                    opened.server.recovered);
  for (int tick = 0; tick < 1000 && server.status().commit_index < LogIndex(10); ++tick) {
    server.Step(Tick{});
    const Effects effects = server.TakeEffects();
    if (effects.persist) server.Step(WritePersisted{effects.persist->sequence});
  }
  EXPECT_EQ(server.status().commit_index, LogIndex(10)) << "its entry and its first no-op";
  EXPECT_EQ(server.status().current_term, Term(5));
}

TEST_F(RestoreTest, TwoRestoresAreTwoClusters) {
  const absl::StatusOr<NewClusterReport> one = RestoreSnapshot(file_, Server());
  NewServer server = Server();
  server.directory = scratch_.Path("other");
  const absl::StatusOr<NewClusterReport> other = RestoreSnapshot(file_, server);
  ASSERT_TRUE(one.ok() && other.ok());
  EXPECT_NE(one->cluster_id, other->cluster_id);
  EXPECT_NE(one->incarnation, other->incarnation);
}

TEST_F(RestoreTest, OnlyAnEmptyDirectoryIsTaken) {
  std::filesystem::create_directory(new_);
  WriteBytes(new_ + "/notes", "mine");
  ExpectRefused(Server(), absl::StatusCode::kFailedPrecondition, "it is not empty: it holds notes");
  NewServer server = Server();
  server.directory = scratch_.Path("old");
  const auto before = TreeOf(server.directory);
  ExpectRefused(server, absl::StatusCode::kFailedPrecondition, "it is not empty");
  std::filesystem::remove(new_ + "/notes");
  EXPECT_TRUE(RestoreSnapshot(file_, Server()).ok()) << "an empty one is fine";
}

TEST_F(RestoreTest, ADirectoryInUseIsRefused) {
  std::filesystem::create_directory(new_);
  const auto lock = *AcquireDirectoryLock(new_);
  ExpectRefused(Server(), absl::StatusCode::kFailedPrecondition, "uses it");
}

TEST_F(RestoreTest, AServerThatCannotBeOneIsRefused) {
  NewServer server = Server();
  server.server_id = ServerId(0);
  ExpectRefused(server, absl::StatusCode::kInvalidArgument, "an id above 0");
  server = Server();
  for (const char* address : {"", "two words"}) {
    server.peer_address = address;
    ExpectRefused(server, absl::StatusCode::kInvalidArgument, "an address without spaces");
  }
  EXPECT_FALSE(std::filesystem::exists(new_));
}

TEST_F(RestoreTest, ADamagedFileLeavesTheDirectoryAsItWas) {
  const std::string good = ReadBytes(file_);
  WriteBytes(file_, WithBitFlipped(good, good.size() / 2, 2));
  ExpectRefused(Server(), absl::StatusCode::kDataLoss, file_);
  WriteBytes(file_, good.substr(0, good.size() - 1));
  ExpectRefused(Server(), absl::StatusCode::kDataLoss, "cut short");
  WriteBytes(file_, "something else");
  ExpectRefused(Server(), absl::StatusCode::kInvalidArgument, "no snapshot file");
  std::filesystem::remove(file_);
  ExpectRefused(Server(), absl::StatusCode::kNotFound, file_);
  EXPECT_FALSE(std::filesystem::exists(new_));
}

// A sound file by its checksums, of a position that would make the next term or index wrap around.
TEST_F(RestoreTest, APositionBeyondAllReasonIsRefused) {
  const OldCluster old{
      .founding = TestFounding(),
      .next_piece = nullptr,
      .base = {LogIndex(1), Term(1)},
      .base_log_time_ms = kFoundingTimeMs,
      .entries = {},
      .highest_term = Term(~std::uint64_t{0}),
  };
  EXPECT_TRUE(absl::IsDataLoss(BeginNewCluster(old, Server(), LocalDisk()).status()));
  EXPECT_FALSE(std::filesystem::exists(new_));
}

}  // namespace
}  // namespace raft
