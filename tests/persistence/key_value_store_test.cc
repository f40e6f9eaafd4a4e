// The key-value state machine: what commands do, what reads return, what a restart keeps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "leveldb/db.h"
#include "persistence/sealed_record.h"
#include "state_fixture.h"

namespace raft {
namespace {

using testing::CompareAndSetCommand;
using testing::DeleteCommand;
using testing::DeleteRangeCommand;
using ::testing::ElementsAre;
using testing::FilesWithExtension;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kFoundingTimeMs;
using testing::MakeCommandEntry;
using testing::MakeConfigurationEntry;
using testing::MakeEntry;
using testing::MakeNoOp;
using testing::PutCommand;
using testing::ReadBytes;
using testing::TestFounding;
using testing::WithBitFlipped;
using testing::WriteBytes;

class KeyValueStoreTest : public testing::StateFixture {};

TEST_F(KeyValueStoreTest, BeginsEmptyAtTheFounding) {
  EXPECT_EQ(state_->applied(), LogPosition{});
  EXPECT_EQ(state_->log_time_ms(), kFoundingTimeMs);
  EXPECT_EQ(state_->key_count(), 0u);
  EXPECT_EQ(state_->digest(), *state_->ScanDigest());
  EXPECT_EQ(state_->digest().size(), 32u);
}

TEST_F(KeyValueStoreTest, PutStoresAValueWithItsHistory) {
  EXPECT_EQ(Apply(PutCommand("k", "one")).put().revision(), 1u);
  EXPECT_EQ(Apply(PutCommand("other", "")).put().revision(), 2u);
  EXPECT_EQ(Apply(PutCommand("k", "two")).put().revision(), 3u);
  const raft::v1::ReadResponse response = Get("k");
  ASSERT_EQ(response.items_size(), 1);
  EXPECT_EQ(response.items(0).key(), "k");
  EXPECT_EQ(response.items(0).value(), "two");
  EXPECT_EQ(response.items(0).created_revision(), 1u);
  EXPECT_EQ(response.items(0).modified_revision(), 3u);
  EXPECT_EQ(response.items(0).version(), 2u);
  EXPECT_EQ(state_->key_count(), 2u);
}

TEST_F(KeyValueStoreTest, AnAbsentKeyReadsAsNothing) { EXPECT_EQ(Get("k").items_size(), 0); }

TEST_F(KeyValueStoreTest, DeleteRemovesAndSaysWhetherItDid) {
  Apply(PutCommand("k", "v"));
  EXPECT_EQ(Apply(DeleteCommand("k")).delete_().deleted(), 1u);
  EXPECT_EQ(Apply(DeleteCommand("k")).delete_().deleted(), 0u);
  EXPECT_EQ(ValueOf("k"), "(none)");
  EXPECT_EQ(state_->key_count(), 0u);
}

TEST_F(KeyValueStoreTest, AKeyThatComesBackBeginsANewHistory) {
  Apply(PutCommand("k", "v"));
  Apply(PutCommand("k", "v"));
  Apply(DeleteCommand("k"));
  Apply(PutCommand("k", "v"));
  EXPECT_EQ(Get("k").items(0).created_revision(), 4u);
  EXPECT_EQ(Get("k").items(0).version(), 1u);
}

TEST_F(KeyValueStoreTest, CompareAndSetStoresOnlyAtTheExpectedRevision) {
  // Given an absent key: 0 is what it is expected to be at.
  EXPECT_FALSE(Apply(CompareAndSetCommand("k", 7, "x")).compare_and_set().succeeded());
  EXPECT_EQ(ValueOf("k"), "(none)");
  const auto created = Apply(CompareAndSetCommand("k", 0, "one")).compare_and_set();
  EXPECT_TRUE(created.succeeded());
  EXPECT_EQ(created.revision(), 2u);
  // When another revision is expected, then the answer is the item as it stands.
  const auto refused = Apply(CompareAndSetCommand("k", 0, "two")).compare_and_set();
  EXPECT_FALSE(refused.succeeded());
  EXPECT_EQ(refused.current().value(), "one");
  EXPECT_EQ(refused.current().modified_revision(), 2u);
  EXPECT_TRUE(Apply(CompareAndSetCommand("k", 2, "two")).compare_and_set().succeeded());
  EXPECT_EQ(ValueOf("k"), "two");
}

TEST_F(KeyValueStoreTest, DeleteRangeRemovesFromStartUpToEnd) {
  for (const char* key : {"a", "b", "c", "d"}) Apply(PutCommand(key, "v"));
  const auto result = Apply(DeleteRangeCommand("b", "d")).delete_range();
  EXPECT_EQ(result.deleted(), 2u);
  EXPECT_FALSE(result.more());
  EXPECT_THAT(KeysOf(Scan("", "")), ElementsAre("a", "d"));
  EXPECT_EQ(Apply(DeleteRangeCommand("", "")).delete_range().deleted(), 2u);
  EXPECT_EQ(state_->key_count(), 0u);
}

TEST_F(KeyValueStoreTest, DeleteRangeStopsAtItsLimitAndSaysSo) {
  std::vector<LogEntryPointer> entries;
  for (std::uint64_t index = 1; index <= kDeletedKeysMax + 1; ++index) {
    entries.push_back(MakeCommandEntry(index, PutCommand("key " + std::to_string(index), "")));
  }
  ASSERT_FALSE(state_->Apply(entries).failure.has_value());
  const auto first = Apply(DeleteRangeCommand("", "")).delete_range();
  EXPECT_EQ(first.deleted(), kDeletedKeysMax);
  EXPECT_TRUE(first.more());
  const auto second = Apply(DeleteRangeCommand("", "")).delete_range();
  EXPECT_EQ(second.deleted(), 1u);
  EXPECT_FALSE(second.more());
}

TEST_F(KeyValueStoreTest, KeysAreAnyBytesInBytewiseOrder) {
  const std::string zero("\0", 1);
  const std::string high("\xff\xff");
  for (const std::string& key : {high, zero, std::string("m"), zero + zero}) {
    Apply(PutCommand(key, "v"));
  }
  EXPECT_THAT(KeysOf(Scan("", "")), ElementsAre(zero, zero + zero, "m", high));
}

TEST_F(KeyValueStoreTest, ScanReturnsTheRangeInOrder) {
  for (const char* key : {"c", "a", "d", "b"}) Apply(PutCommand(key, key));
  EXPECT_THAT(KeysOf(Scan("", "")), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(KeysOf(Scan("b", "d")), ElementsAre("b", "c"));
  EXPECT_THAT(KeysOf(Scan("bb", "")), ElementsAre("c", "d"));
  EXPECT_THAT(KeysOf(Scan("b", "b")), IsEmpty());
  EXPECT_FALSE(Scan("", "").more());
}

TEST_F(KeyValueStoreTest, ScanPagesByCount) {
  for (int number = 0; number < 5; ++number) Apply(PutCommand(std::to_string(number), "v"));
  const raft::v1::ReadResponse first = Scan("", "", 2);
  EXPECT_THAT(KeysOf(first), ElementsAre("0", "1"));
  EXPECT_TRUE(first.more());
  const raft::v1::ReadResponse last = Scan("4", "", 2);
  EXPECT_THAT(KeysOf(last), ElementsAre("4"));
  EXPECT_FALSE(last.more());
  EXPECT_FALSE(Scan("", "", 5).more());
}

TEST_F(KeyValueStoreTest, ScanWithoutALimitReturnsAThousand) {
  std::vector<LogEntryPointer> entries;
  for (std::uint64_t index = 1; index <= 1001; ++index) {
    entries.push_back(MakeCommandEntry(index, PutCommand("key " + std::to_string(index), "")));
  }
  ASSERT_FALSE(state_->Apply(entries).failure.has_value());
  EXPECT_EQ(Scan("", "").items_size(), 1000);
  EXPECT_TRUE(Scan("", "").more());
}

TEST_F(KeyValueStoreTest, ScanPagesByBytesButAlwaysReturnsOneItem) {
  Apply(PutCommand("a", std::string(700'000, 'v')));
  Apply(PutCommand("b", std::string(700'000, 'v')));
  Apply(PutCommand("c", std::string(1 << 20, 'v')));
  EXPECT_THAT(KeysOf(Scan("", "")), ElementsAre("a"));
  EXPECT_TRUE(Scan("", "").more());
  EXPECT_THAT(KeysOf(Scan("c", "")), ElementsAre("c"));
  EXPECT_FALSE(Scan("c", "").more());
}

TEST_F(KeyValueStoreTest, ScanOfKeysLeavesTheValuesOut) {
  Apply(PutCommand("a", std::string(700'000, 'v')));
  Apply(PutCommand("b", std::string(700'000, 'v')));
  const raft::v1::ReadResponse response = Scan("", "", 0, /*keys_only=*/true);
  EXPECT_THAT(KeysOf(response), ElementsAre("a", "b"));
  EXPECT_EQ(response.items(0).value(), "");
  EXPECT_EQ(response.items(0).modified_revision(), 1u);
}

TEST_F(KeyValueStoreTest, NoOpsMovePositionAndTimeOnly) {
  Apply(PutCommand("k", "v"));
  const std::vector<LogEntryPointer> no_op = {MakeNoOp(2, 5)};
  const ApplyOutcome outcome = state_->Apply(no_op);
  EXPECT_THAT(outcome.results, ElementsAre(""));
  EXPECT_EQ(state_->applied(), (LogPosition{.index = LogIndex(2), .term = Term(5)}));
  EXPECT_EQ(state_->log_time_ms(), kFoundingTimeMs + 2);
  EXPECT_EQ(ValueOf("k"), "v");
}

TEST_F(KeyValueStoreTest, CommandsOfOneBatchSeeEachOther) {
  const std::vector<LogEntryPointer> entries = {
      MakeCommandEntry(1, PutCommand("k", "one")),
      MakeCommandEntry(2, CompareAndSetCommand("k", 1, "two")),
      MakeCommandEntry(3, DeleteRangeCommand("a", "z")),
      MakeCommandEntry(4, CompareAndSetCommand("k", 0, "four"))};
  const ApplyOutcome outcome = state_->Apply(entries);
  ASSERT_EQ(outcome.results.size(), 4u);
  raft::v1::CommandResult third;
  ASSERT_TRUE(third.ParseFromString(outcome.results[2]));
  EXPECT_EQ(third.delete_range().deleted(), 1u);
  EXPECT_EQ(ValueOf("k"), "four");
  EXPECT_EQ(Get("k").items(0).created_revision(), 4u);
}

TEST_F(KeyValueStoreTest, ARestartKeepsEverythingThatWasApplied) {
  Apply(PutCommand("k", "v"));
  Apply(PutCommand("l", "w"));
  const std::string digest = state_->digest();
  Reopen();
  EXPECT_EQ(state_->applied(), (LogPosition{.index = LogIndex(2), .term = Term(1)}));
  EXPECT_EQ(state_->log_time_ms(), kFoundingTimeMs + 2);
  EXPECT_EQ(state_->key_count(), 2u);
  EXPECT_EQ(state_->digest(), digest);
  EXPECT_EQ(*state_->ScanDigest(), digest);
  EXPECT_EQ(ValueOf("l"), "w");
}

TEST_F(KeyValueStoreTest, BeginsWithTheFoundersAsVoters) {
  EXPECT_EQ(state_->configuration(),
            (IndexedConfiguration{LogIndex(0), ConfigurationOf(TestFounding())}));
}

TEST_F(KeyValueStoreTest, AConfigurationThatIsAppliedReplacesTheOneBefore) {
  std::string digest = state_->digest();
  for (const std::uint64_t voter : {4, 5, 4}) {
    const std::uint64_t index = revision() + 2;
    const std::vector<LogEntryPointer> batch = {MakeNoOp(index - 1, 1),
                                                MakeConfigurationEntry(index, 1, voter)};
    const ApplyOutcome outcome = state_->Apply(batch);
    ASSERT_FALSE(outcome.failure.has_value()) << *outcome.failure;
    EXPECT_THAT(outcome.results, ElementsAre("", ""));
    EXPECT_EQ(state_->configuration(),
              (IndexedConfiguration{LogIndex(index), ClusterConfiguration({ServerId(voter)})}));
    Reopen();
    EXPECT_EQ(state_->configuration().index, LogIndex(index));
    EXPECT_EQ(*state_->ScanDigest(), state_->digest());
  }
}

// Two servers that hold another configuration, or the same from another entry, are not alike.
TEST_F(KeyValueStoreTest, TheDigestCoversTheConfigurationAndItsIndex) {
  const StateSummary summary{.applied = {}, .records_digest = {}};
  const ClusterConfiguration one({ServerId(1)});
  const Digest128 digest = StateDigest(summary, {LogIndex(3), one});
  EXPECT_EQ(StateDigest(summary, {LogIndex(3), one}), digest);
  EXPECT_NE(StateDigest(summary, {LogIndex(4), one}), digest);
  EXPECT_NE(StateDigest(summary, {LogIndex(3), ClusterConfiguration({ServerId(2)})}), digest);
}

TEST_F(KeyValueStoreTest, ABatchThatFailsLeavesTheConfigurationAsItWas) {
  const std::vector<LogEntryPointer> batch = {MakeConfigurationEntry(1, 1, 4),
                                              MakeEntry(2, 1, "\xff\xff")};
  ASSERT_TRUE(state_->Apply(batch).failure.has_value());
  EXPECT_EQ(state_->configuration().index, LogIndex(0));
  Reopen();
  EXPECT_EQ(state_->configuration().index, LogIndex(0));
}

TEST_F(KeyValueStoreTest, TheDigestTellsStatesApart) {
  const std::string empty = state_->digest();
  Apply(PutCommand("k", "v"));
  const std::string with_v = state_->digest();
  Apply(PutCommand("k", "w"));
  EXPECT_NE(empty, with_v);
  EXPECT_NE(with_v, state_->digest());
}

TEST_F(KeyValueStoreTest, WhatItDoesNotUnderstandStopsItBeforeAnythingIsApplied) {
  raft::v1::Command opaque;
  opaque.set_opaque("mine");
  raft::v1::Command no_relation;
  no_relation.mutable_transaction()->add_compares()->set_key("k");
  const std::string unknown_kind("\x32\x00", 2);  // field 6, a kind of tomorrow
  const std::string unknown_field = PutCommand("k", "v").SerializeAsString() + "\x38\x01";
  const std::vector<LogEntryPointer> poison = {MakeEntry(2, 1, "\xff\xff\xff"),
                                               MakeEntry(2, 1, ""),
                                               MakeEntry(2, 1, opaque.SerializeAsString()),
                                               MakeEntry(2, 1, no_relation.SerializeAsString()),
                                               MakeEntry(2, 1, unknown_kind),
                                               MakeEntry(2, 1, unknown_field),
                                               MakeEntry(2, 1, "", EntryKind::kConfiguration)};
  for (const LogEntryPointer& entry : poison) {
    Reopen();
    const std::vector<LogEntryPointer> batch = {MakeCommandEntry(1, PutCommand("k", "v")), entry};
    const ApplyOutcome outcome = state_->Apply(batch);
    ASSERT_TRUE(outcome.failure.has_value());
    EXPECT_THAT(*outcome.failure, HasSubstr("cannot apply the entry at index 2"));
    EXPECT_THAT(outcome.results, IsEmpty());
    EXPECT_EQ(state_->applied(), LogPosition{});
    EXPECT_EQ(ValueOf("k"), "(none)");
  }
}

TEST(StateRecordTest, NoBitFlipIsTakenForARecord) {
  std::string good;
  AppendRecord(
      "k",
      {.value = "value", .created_revision = 1, .modified_revision = 2, .version = 2, .hash = {}},
      &good);
  ASSERT_TRUE(DecodeRecord("k", good).ok());
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    const std::string bad = WithBitFlipped(good, bit / 8, static_cast<unsigned>(bit));
    EXPECT_FALSE(DecodeRecord("k", bad).ok());
  }
  EXPECT_FALSE(DecodeRecord("l", good).ok()) << "a record of another key was taken";
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(DecodeRecord("k", good.substr(0, size)).ok());
  }
}

TEST(StateRecordTest, NoBitFlipIsTakenForASummary) {
  std::string good;
  EncodeSummary({.applied = {.index = LogIndex(7), .term = Term(2)},
                 .log_time_ms = 5,
                 .key_count = 1,
                 .records_digest = {}},
                &good);
  ASSERT_TRUE(DecodeSummary(good).ok());
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    EXPECT_FALSE(DecodeSummary(WithBitFlipped(good, bit / 8, static_cast<unsigned>(bit))).ok());
  }
}

// Through a whole database every flip costs two openings, so they take every n-th bit.
constexpr std::size_t kSweepStep = 21;

// The database below, as rot would change it and a compaction would seal it.
class RottenStateTest : public testing::StateFixture {
 protected:
  std::unique_ptr<leveldb::DB> OpenRaw() {
    state_.reset();
    leveldb::DB* db = nullptr;
    EXPECT_TRUE(leveldb::DB::Open({}, path_, &db).ok());
    return std::unique_ptr<leveldb::DB>(db);
  }
  // Runs `claim` for the record with one of its bits flipped, for bits all over it.
  template <typename Claim>
  void WithBitsFlippedIn(const std::string& key, const Claim& claim) {
    std::string good;
    ASSERT_TRUE(OpenRaw()->Get({}, key, &good).ok());
    for (std::size_t bit = 0; bit < good.size() * 8; bit += kSweepStep) {
      const std::string bad = WithBitFlipped(good, bit / 8, static_cast<unsigned>(bit));
      ASSERT_TRUE(OpenRaw()->Put({}, key, bad).ok());
      claim();
      if (HasFatalFailure()) FAIL() << "bit " << bit << " of " << key;
    }
    ASSERT_TRUE(OpenRaw()->Put({}, key, good).ok());
  }
};

TEST_F(RottenStateTest, ARottenRecordIsNeverReturned) {
  Apply(PutCommand("k", "value"));
  WithBitsFlippedIn("dk", [this] {
    Reopen();
    raft::v1::Query get;
    get.mutable_get()->set_key("k");
    raft::v1::Query scan;
    scan.mutable_scan();
    for (const raft::v1::Query& query : {get, scan}) {
      raft::v1::ReadResponse response;
      const absl::Status status = state_->Read(query, &response);
      ASSERT_FALSE(status.ok());
      ASSERT_THAT(std::string(status.message()), HasSubstr("at key \"k\""));
    }
    ASSERT_FALSE(state_->ScanDigest().ok());
  });
}

// LevelDB steps over a block that it cannot read. A walk that is ended by its limit must notice, or
// a page lacks keys without a word, and a deletion removes other keys here than elsewhere (trap
// H6).
TEST_F(RottenStateTest, AWalkThatStopsAtItsLimitNoticesARottenBlockBeforeIt) {
  constexpr int kKeys = 12'000;  // more than one DeleteRange removes
  std::vector<LogEntryPointer> entries;
  for (int number = 0; number < kKeys; ++number) {
    const std::string key = std::to_string(100'000 + number);
    entries.push_back(MakeCommandEntry(revision() + 1 + entries.size(), PutCommand(key, "v")));
  }
  ASSERT_FALSE(state_->Apply(entries).failure.has_value());
  Reopen();  // writes everything into a table
  state_.reset();
  const std::string table = FilesWithExtension(path_, ".ldb").back();
  const std::string good = ReadBytes(table);
  WriteBytes(table, WithBitFlipped(good, good.size() / 4, 3));
  Reopen();

  raft::v1::Query scan;
  scan.mutable_scan()->set_limit(kKeys / 2);
  raft::v1::ReadResponse response;
  EXPECT_FALSE(state_->Read(scan, &response).ok()) << response.items_size() << " items";
  const std::vector<LogEntryPointer> deletion = {
      MakeCommandEntry(revision() + 1, DeleteRangeCommand("", ""))};
  EXPECT_TRUE(state_->Apply(deletion).failure.has_value());
}

TEST_F(RottenStateTest, ARottenSummaryOrConfigurationIsRefused) {
  Apply(PutCommand("k", "value"));
  for (const char* key : {"m", "c"}) {
    WithBitsFlippedIn(key, [this] {
      ASSERT_TRUE(absl::IsDataLoss(
          LevelDbKeyValueStore::Open(LocalDisk(), path_, TestFounding().cluster_id).status()));
    });
  }
}

// The record as the format before had it: the founding configuration, serialised.
TEST_F(RottenStateTest, AConfigurationInAnOlderFormatIsRefusedByName) {
  std::string old("\1founding configuration");
  Seal(&old);
  ASSERT_TRUE(OpenRaw()->Put({}, "c", old).ok());
  const absl::Status status =
      LevelDbKeyValueStore::Open(LocalDisk(), path_, TestFounding().cluster_id).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("the format version is 1"));
}

TEST_F(RottenStateTest, AConfigurationThatCannotBeOneIsRefused) {
  const std::string record =
      EncodeMembership({.cluster_id = TestFounding().cluster_id, .configuration = {}});
  ASSERT_TRUE(OpenRaw()->Put({}, "c", record).ok());
  EXPECT_TRUE(absl::IsDataLoss(
      LevelDbKeyValueStore::Open(LocalDisk(), path_, TestFounding().cluster_id).status()));
}

TEST_F(RottenStateTest, AnotherClustersStateIsRefused) {
  state_.reset();
  const absl::Status status =
      LevelDbKeyValueStore::Open(LocalDisk(), path_, "another cluster!").status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("belongs to another cluster"));
}

// LevelDB opens such a state with a hole in the middle and says nothing (traps E13, H4).
TEST_F(RottenStateTest, AStateWhoseManifestLostItsEndIsRefused) {
  for (int number = 0; number < 260; ++number) {
    Apply(PutCommand("k" + std::to_string(number), std::string(100'000, 'v')));
  }
  state_.reset();
  for (const std::filesystem::path& file : std::filesystem::directory_iterator(path_)) {
    if (!file.filename().string().starts_with("MANIFEST")) continue;
    const std::string bytes = ReadBytes(file.string());
    WriteBytes(file.string(), bytes.substr(0, bytes.size() - 1));
  }
  Reopen();
  const absl::Status verified = state_->VerifyRecords();
  EXPECT_TRUE(absl::IsDataLoss(verified)) << verified;
}

}  // namespace
}  // namespace raft
