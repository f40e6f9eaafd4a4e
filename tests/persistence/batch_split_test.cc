// Any split of the same entries into batches gives the same bytes, results and digest (trap F14).
//
// Randomised; prints its seed and repeats it with RAFT_TEST_SEED.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "builders.h"
#include "leveldb/db.h"
#include "persistence/key_value_store.h"
#include "persistence/leveldb_key_value_store.h"
#include "scratch_directory.h"

namespace raft {
namespace {

using raft::v1::Command;
using raft::v1::Compare;
using raft::v1::Operation;
using testing::CompareAndSetCommand;
using testing::DeleteCommand;
using testing::DeleteRangeCommand;
using testing::MakeCommandEntry;
using testing::MakeConfigurationEntry;
using testing::MakeNoOp;
using testing::PutCommand;
using testing::ScratchDirectory;
using testing::TestFounding;
using testing::TestSeed;

// Commands over few keys, so that they meet each other often.
class RandomCommands {
 public:
  explicit RandomCommands(std::uint64_t seed) : random_(seed) {}

  std::uint64_t Below(std::uint64_t bound) { return random_() % bound; }

  std::vector<LogEntryPointer> Entries(std::uint64_t count) {
    std::vector<LogEntryPointer> entries;
    for (std::uint64_t index = 1; index <= count; ++index) {
      entries.push_back(NextEntry(index));
    }
    return entries;
  }

 private:
  LogEntryPointer NextEntry(std::uint64_t index) {
    switch (Below(20)) {
      case 0:
        return MakeNoOp(index, 1);
      case 1:
        return MakeConfigurationEntry(index, 1, 1 + Below(5));
      default:
        return MakeCommandEntry(index, Next(index));
    }
  }
  Command Next(std::uint64_t revision) {
    switch (Below(6)) {
      case 0:
        return DeleteCommand(Key());
      case 1:
        return CompareAndSetCommand(Key(), Below(revision), Value());
      case 2:
        return Range();
      case 3:
        return Transaction(revision);
      default:
        return PutCommand(Key(), Value());
    }
  }
  std::string Key() { return std::string(1 + Below(3), static_cast<char>('a' + Below(6))); }
  std::string Value() { return std::string(Below(40), static_cast<char>(Below(256))); }

  Command Range() {
    std::string start = Key();
    std::string end = Below(8) == 0 ? "" : Key();
    if (!end.empty() && end < start) std::swap(start, end);
    return DeleteRangeCommand(start, end);
  }

  Command Transaction(std::uint64_t revision) {
    Command command;
    raft::v1::Transaction* transaction = command.mutable_transaction();
    for (std::uint64_t left = Below(3); left > 0; --left) {
      Compare* compare = transaction->add_compares();
      compare->set_key(Key());
      compare->set_target(static_cast<Compare::Target>(1 + Below(4)));
      compare->set_relation(static_cast<Compare::Relation>(1 + Below(4)));
      compare->set_number(Below(revision + 1));
      compare->set_value(Value());
    }
    for (auto* branch : {transaction->mutable_then(), transaction->mutable_otherwise()}) {
      for (std::uint64_t left = Below(5); left > 0; --left) FillOperation(branch->Add());
    }
    return command;
  }

  void FillOperation(Operation* operation) {
    switch (Below(5)) {
      case 0:
        *operation->mutable_delete_() = DeleteCommand(Key()).delete_();
        return;
      case 1:
        *operation->mutable_delete_range() = Range().delete_range();
        return;
      case 2:
        operation->mutable_get()->set_key(Key());
        return;
      case 3:
        operation->mutable_scan()->set_start(Key());
        operation->mutable_scan()->set_limit(static_cast<std::uint32_t>(Below(4)));
        return;
      default:
        *operation->mutable_put() = PutCommand(Key(), Value()).put();
        return;
    }
  }

  std::mt19937_64 random_;
};

// Everything that must not depend on the split.
struct Outcome {
  std::vector<std::string> results;
  std::string digest;
  std::uint64_t key_count = 0;
  IndexedConfiguration configuration;
  std::map<std::string, std::string> database;
};

class BatchSplitTest : public ::testing::Test {
 protected:
  // Applies the entries in batches of the sizes that `next_size` gives, restarting between some.
  template <typename NextSize>
  Outcome Run(const std::vector<LogEntryPointer>& entries, NextSize next_size) {
    ScratchDirectory directory;
    const std::string path = directory.Path("state-1");
    EXPECT_TRUE(LevelDbKeyValueStore::Create(LocalDisk(), path, TestFounding()).ok());
    Outcome outcome;
    {
      auto state = *LevelDbKeyValueStore::Open(LocalDisk(), path, TestFounding().cluster_id);
      for (std::size_t done = 0; done < entries.size();) {
        const std::size_t size = std::min<std::size_t>(next_size(), entries.size() - done);
        ApplyOutcome applied = state->Apply(std::span(entries).subspan(done, size));
        EXPECT_FALSE(applied.failure.has_value()) << *applied.failure;
        if (applied.results.empty()) return outcome;
        done += applied.results.size();
        for (std::string& result : applied.results) outcome.results.push_back(std::move(result));
      }
      outcome.digest = state->digest();
      outcome.key_count = state->key_count();
      outcome.configuration = state->configuration();
      EXPECT_EQ(*state->ScanDigest(), outcome.digest);
    }
    outcome.database = Dump(path);
    return outcome;
  }

  static std::map<std::string, std::string> Dump(const std::string& path) {
    leveldb::DB* opened = nullptr;
    EXPECT_TRUE(leveldb::DB::Open({}, path, &opened).ok());
    const std::unique_ptr<leveldb::DB> db(opened);
    const std::unique_ptr<leveldb::Iterator> record(db->NewIterator({}));
    std::map<std::string, std::string> records;
    for (record->SeekToFirst(); record->Valid(); record->Next()) {
      records[record->key().ToString()] = record->value().ToString();
    }
    return records;
  }
};

TEST_F(BatchSplitTest, MakesNoDifference) {
  const std::uint64_t seed = TestSeed();
  for (std::uint64_t round = 0; round < 20; ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + " round " + std::to_string(round));
    RandomCommands commands(seed + round);
    const std::vector<LogEntryPointer> entries = commands.Entries(400);
    const Outcome one_by_one = Run(entries, [] { return std::size_t{1}; });
    const Outcome at_once = Run(entries, [] { return std::size_t{1'000}; });
    const Outcome mixed = Run(entries, [&] { return 1 + commands.Below(20); });
    ASSERT_EQ(one_by_one.results.size(), entries.size());
    for (const Outcome* other : {&at_once, &mixed}) {
      ASSERT_EQ(other->results, one_by_one.results);
      ASSERT_EQ(other->digest, one_by_one.digest);
      ASSERT_EQ(other->key_count, one_by_one.key_count);
      ASSERT_EQ(other->configuration, one_by_one.configuration);
      ASSERT_EQ(other->database, one_by_one.database);
    }
    EXPECT_EQ(one_by_one.key_count + 2, one_by_one.database.size());
    EXPECT_GT(one_by_one.configuration.index, LogIndex(0)) << "no configuration among the entries";
  }
}

}  // namespace
}  // namespace raft
