// A key-value state in a directory of its own, fed command by command.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "builders.h"
#include "persistence/leveldb_key_value_store.h"
#include "scratch_directory.h"

namespace raft::testing {

class StateFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(LevelDbKeyValueStore::Create(LocalDisk(), path_, TestFounding()).ok());
    Reopen();
  }

  void Reopen() {
    state_.reset();
    absl::StatusOr<std::unique_ptr<LevelDbKeyValueStore>> state =
        LevelDbKeyValueStore::Open(LocalDisk(), path_, TestFounding().cluster_id);
    ASSERT_TRUE(state.ok()) << state.status();
    state_ = *std::move(state);
  }

  // Applies the command as the next entry; its revision is revision().
  raft::v1::CommandResult Apply(const raft::v1::Command& command) {
    raft::v1::CommandResult result;
    const std::vector<LogEntryPointer> entries = {MakeCommandEntry(revision() + 1, command)};
    const ApplyOutcome outcome = state_->Apply(entries);
    EXPECT_FALSE(outcome.failure.has_value()) << *outcome.failure;
    EXPECT_EQ(outcome.results.size(), 1u);
    if (outcome.results.size() == 1) {
      EXPECT_TRUE(result.ParseFromString(outcome.results[0]));
    }
    return result;
  }
  std::uint64_t revision() const { return state_->applied().index.value(); }

  raft::v1::ReadResponse Read(const raft::v1::Query& query) {
    raft::v1::ReadResponse response;
    const absl::Status status = state_->Read(query, &response);
    EXPECT_TRUE(status.ok()) << status;
    return response;
  }
  raft::v1::ReadResponse Get(const std::string& key) {
    raft::v1::Query query;
    query.mutable_get()->set_key(key);
    return Read(query);
  }
  // The value, or "(none)".
  std::string ValueOf(const std::string& key) {
    const raft::v1::ReadResponse response = Get(key);
    return response.items_size() == 1 ? response.items(0).value() : "(none)";
  }
  raft::v1::ReadResponse Scan(const std::string& start, const std::string& end,
                              std::uint32_t limit = 0, bool keys_only = false) {
    raft::v1::Query query;
    query.mutable_scan()->set_start(start);
    query.mutable_scan()->set_end(end);
    query.mutable_scan()->set_limit(limit);
    query.mutable_scan()->set_keys_only(keys_only);
    return Read(query);
  }
  static std::vector<std::string> KeysOf(const raft::v1::ReadResponse& response) {
    std::vector<std::string> keys;
    for (const raft::v1::KeyValue& item : response.items()) keys.push_back(item.key());
    return keys;
  }

  ScratchDirectory directory_;
  const std::string path_ = directory_.Path("state-1");
  std::unique_ptr<LevelDbKeyValueStore> state_;
};

}  // namespace raft::testing
