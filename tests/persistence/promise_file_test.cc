// The two promise slots: torn, rotten, missing, foreign (rules S-3 and S-5, trap H2).
#include "persistence/promise_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "builders.h"
#include "scratch_directory.h"

namespace raft {
namespace {

using ::testing::HasSubstr;
using testing::ReadBytes;
using testing::ScratchDirectory;
using testing::TestOwner;
using testing::WithBitFlipped;
using testing::WriteBytes;

class PromiseFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(PromiseFile::Create(LocalDisk(), directory_.path(), TestOwner()).ok());
  }

  absl::StatusOr<PromiseFile> Open(const Owner& owner = TestOwner()) {
    return PromiseFile::Open(LocalDisk(), directory_.path(), owner);
  }
  void Write(std::uint64_t term, std::optional<ServerId> vote, std::uint64_t floor = 0) {
    absl::StatusOr<PromiseFile> file = Open();
    ASSERT_TRUE(file.ok()) << file.status();
    const Promise promise{.current_term = Term(term), .voted_for = vote};
    ASSERT_TRUE(file->Write(promise, LogIndex(floor)).ok());
  }
  std::string SlotA() const { return directory_.Path("promise-a"); }
  std::string SlotB() const { return directory_.Path("promise-b"); }

  ScratchDirectory directory_;
};

TEST_F(PromiseFileTest, StartsWithTermZeroAndNoVote) {
  const absl::StatusOr<PromiseFile> file = Open();
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->promise(), Promise{});
  EXPECT_EQ(file->floor_index(), LogIndex(0));
}

TEST_F(PromiseFileTest, RemembersTermVoteAndFloorAcrossARestart) {
  Write(7, ServerId(3), 41);
  const absl::StatusOr<PromiseFile> file = Open();
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->promise().current_term, Term(7));
  EXPECT_EQ(file->promise().voted_for, ServerId(3));
  EXPECT_EQ(file->floor_index(), LogIndex(41));
}

TEST_F(PromiseFileTest, ForgetsTheVoteOfAnOlderTerm) {
  Write(7, ServerId(3));
  Write(8, std::nullopt);
  EXPECT_EQ(Open()->promise(), (Promise{.current_term = Term(8), .voted_for = std::nullopt}));
}

TEST_F(PromiseFileTest, SurvivesEveryBitFlipInOneSlotAndRepairsIt) {
  Write(7, ServerId(3), 41);
  for (const std::string& slot : {SlotA(), SlotB()}) {
    const std::string good = ReadBytes(slot);
    for (std::size_t byte = 0; byte < good.size(); ++byte) {
      WriteBytes(slot, WithBitFlipped(good, byte, static_cast<unsigned>(byte)));
      const absl::StatusOr<PromiseFile> file = Open();
      ASSERT_TRUE(file.ok()) << slot << " byte " << byte << ": " << file.status();
      EXPECT_EQ(file->promise().voted_for, ServerId(3));
      EXPECT_EQ(ReadBytes(slot), good) << "not repaired at byte " << byte;
    }
  }
}

TEST_F(PromiseFileTest, SurvivesATornWriteOfTheFirstSlotAtEveryOffset) {
  Write(7, ServerId(3));
  const std::string before = ReadBytes(SlotA());
  Write(8, ServerId(2));
  const std::string after = ReadBytes(SlotA());
  for (std::size_t torn_at = 0; torn_at < after.size(); ++torn_at) {
    // Given a crash while slot A was overwritten: part new, part old, and slot B not yet touched.
    WriteBytes(SlotA(), after.substr(0, torn_at) + before.substr(torn_at));
    WriteBytes(SlotB(), before);
    // When the server starts, then it holds the old promise or the new one, never a third.
    const absl::StatusOr<PromiseFile> file = Open();
    ASSERT_TRUE(file.ok()) << "torn at " << torn_at << ": " << file.status();
    EXPECT_THAT(file->promise().current_term.value(), ::testing::AnyOf(7, 8));
    EXPECT_EQ(file->promise().voted_for,
              file->promise().current_term == Term(8) ? ServerId(2) : ServerId(3));
  }
}

TEST_F(PromiseFileTest, RepairsASlotThatIsMissingShortOrTooLong) {
  Write(7, ServerId(3));
  const std::string good = ReadBytes(SlotB());
  for (const std::string& damaged : {std::string(), good.substr(0, 40), good + "tail"}) {
    WriteBytes(SlotB(), damaged);
    ASSERT_TRUE(Open().ok());
    EXPECT_EQ(ReadBytes(SlotB()), good);
  }
  std::filesystem::remove(SlotB());
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(ReadBytes(SlotB()), good);
}

TEST_F(PromiseFileTest, TheHigherGenerationWins) {
  Write(7, ServerId(3));
  const std::string old = ReadBytes(SlotB());
  Write(8, ServerId(2));
  WriteBytes(SlotB(), old);
  EXPECT_EQ(Open()->promise().current_term, Term(8));
  EXPECT_EQ(ReadBytes(SlotB()), ReadBytes(SlotA()));
}

TEST_F(PromiseFileTest, RefusesTwoBadSlotsAndSaysWhy) {
  Write(7, ServerId(3));
  WriteBytes(SlotA(), WithBitFlipped(ReadBytes(SlotA()), 60, 1));
  WriteBytes(SlotB(), "");
  const absl::Status status = Open().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("promise-a"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("promise-b"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("vote twice"));
}

TEST_F(PromiseFileTest, RefusesAnotherServersPromise) {
  for (const Owner& other :
       {Owner{.cluster_id = "another cluster.", .server_id = ServerId(1), .incarnation = 77},
        Owner{.cluster_id = "sixteen bytes id", .server_id = ServerId(2), .incarnation = 77},
        Owner{.cluster_id = "sixteen bytes id", .server_id = ServerId(1), .incarnation = 78}}) {
    EXPECT_EQ(Open(other).status().code(), absl::StatusCode::kFailedPrecondition);
  }
}

TEST_F(PromiseFileTest, RefusesANewerFormat) {
  PromiseRecord record{.owner = TestOwner(), .promise = {}, .floor_index = {}};
  std::string bytes = EncodePromiseRecord(record);
  ASSERT_EQ(bytes.size(), kPromiseSlotBytes);
  EXPECT_TRUE(DecodePromiseRecord("slot", bytes).ok());
  EXPECT_EQ(DecodePromiseRecord("slot", WithBitFlipped(bytes, 15, 1)).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(PromiseFileTest, OnlyTheOwnerMayReadItsFiles) {
  const auto permissions = std::filesystem::status(SlotA()).permissions();
  EXPECT_EQ(permissions & std::filesystem::perms::mask,
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

}  // namespace
}  // namespace raft
