// A server whose state silently differs from the others': it is found out, answers nobody, gets
// theirs, and is a server like any other again.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "leveldb/write_batch.h"
#include "persistence/leveldb_key_value_store.h"
#include "persistence/state_pointer.h"
#include "persistence/state_record.h"
#include "tests/integration/cluster.h"
#include "tests/metrics/raw_http.h"

namespace raft::integration {
namespace {

constexpr char kFalseKey[] = "key-7";
constexpr std::size_t kValueBytes = 5'000;
constexpr int kKeys = 600;

// What a broken memory does: one value is another, and all that vouches for it was made from it.
void FalsifyState(const std::string& data_directory) {
  const std::string path =
      data_directory + "/" + ReadStatePointer(LocalDisk(), data_directory).value();
  const std::unique_ptr<Database> database =
      LevelDbKeyValueStore::OpenDatabase(LocalDisk(), path, /*create=*/false).value();
  std::string stored, summary_bytes;
  const std::string record_key = std::string(1, kRecordPrefix) + kFalseKey;
  ASSERT_TRUE(database->db().Get(Database::Verified(), record_key, &stored).ok());
  ASSERT_TRUE(
      database->db().Get(Database::Verified(), std::string(kSummaryKey), &summary_bytes).ok());

  RecordView record = DecodeRecord(kFalseKey, stored).value();
  StateSummary summary = DecodeSummary(summary_bytes).value();
  summary.records_digest -= record.hash;
  record.value = "false";
  std::string falsified;
  summary.records_digest += AppendRecord(kFalseKey, record, &falsified);
  EncodeSummary(summary, &summary_bytes);

  leveldb::WriteBatch batch;
  batch.Put(record_key, falsified);
  batch.Put(std::string(kSummaryKey), summary_bytes);
  ASSERT_TRUE(database->Write(&batch, /*sync=*/true).ok());
}

class DivergenceTest : public ::testing::Test {
 protected:
  // Snapshots are slowed down, so that there is time to look at a quarantined server.
  void SetUp() override {
    cluster_.AddOptions({"--snapshot-bytes-per-second", "400000"});
    cluster_.StartAll();
    ASSERT_NE(cluster_.WaitForLeader(), 0u);
    for (int number = 0; number < kKeys; ++number) {
      cluster_.MustPut("key-" + std::to_string(number), ValueOf(number));
    }
  }
  static std::string ValueOf(int number) {
    return std::to_string(number) + std::string(kValueBytes, 'v');
  }
  void Falsify(Id server) {
    ASSERT_EQ(cluster_.Terminate(server), 0);
    FalsifyState(cluster_.data_dir(server));
    cluster_.Start(server);
    ASSERT_TRUE(WaitUntil([&] {
      const auto status = cluster_.Status(server);
      return status && status->header().leader_id() != 0 && status->commit_index() >= kKeys;
    })) << "the server follows";
    ASSERT_EQ(StaleValue(server), "false") << "nobody has noticed yet";
  }
  // Writes until the server says that its state is another than the majority's.
  void WriteUntilQuarantined(Id server) {
    for (int number = 0; number < 5'000 && DivergedIndex(server) == 0; ++number) {
      cluster_.MustPut("later", std::to_string(number));
    }
    ASSERT_NE(DivergedIndex(server), 0u) << "nobody noticed";
  }
  std::uint64_t DivergedIndex(Id server) {
    const auto status = cluster_.Status(server);
    return status ? status->diverged_index() : 0;
  }
  Answer<v1::ReadResponse> StaleRead(Id server, std::uint64_t min_applied_index = 0) {
    v1::ReadRequest request = GetRequest(kFalseKey);
    request.set_consistency(v1::READ_CONSISTENCY_STALE);
    request.set_min_applied_index(min_applied_index);
    return cluster_.client(server).Read(request);
  }
  std::string StaleValue(Id server) {
    const Answer<v1::ReadResponse> answer = StaleRead(server);
    return answer.response.items_size() == 1 ? answer.response.items(0).value()
                                             : answer.error.message;
  }
  std::optional<raft::testing::HttpReply> Fetch(Id server, const std::string& path) const {
    const std::string& address = cluster_.addresses(server).http;
    const int port = std::stoi(address.substr(address.rfind(':') + 1));
    return raft::testing::Fetch(static_cast<std::uint16_t>(port), "GET", path);
  }
  bool PageSays(Id server, const std::string& path, const std::string& words) const {
    const auto reply = Fetch(server, path);
    return reply && reply->body.find(words) != std::string::npos;
  }
  void ExpectQuarantined(Id server) {
    const Answer<v1::ReadResponse> stale = StaleRead(server);
    EXPECT_EQ(stale.outcome, Outcome::kRefused);
    EXPECT_EQ(stale.error.reason, "STATE_DIVERGED") << stale.error.message;
    EXPECT_EQ(StaleRead(server, 1).error.reason, "STATE_DIVERGED");
    EXPECT_TRUE(PageSays(server, "/metrics", "\nraft_state_diverged 1\n"));
    EXPECT_TRUE(PageSays(server, "/readyz", "[-]state_agrees failed: quarantined"));
    EXPECT_TRUE(PageSays(server, "/status", "quarantined"));
    const Finished shown = cluster_.Raftctl({"status"});
    EXPECT_NE(shown.output.find("QUARANTINED"), std::string::npos) << shown.output;
    // Health names are looked after ten times a second.
    EXPECT_TRUE(WaitUntil([&] {
      const std::string address = cluster_.addresses(server).client;
      return cluster_
                 .Raftctl(
                     {"health", "--endpoint", address, "--service", "raft.v1.ConsensusService"})
                 .exit_code == 1;
    })) << "its health says that it serves";
    EXPECT_NE(DivergedIndex(server), 0u) << "all of this was seen before a snapshot came";
  }
  void ExpectHealed(Id server) {
    ASSERT_TRUE(WaitUntil([&] {
      const auto status = cluster_.Status(server);
      return status && status->forming().empty() && status->diverged_index() == 0;
    })) << "no snapshot came";
    EXPECT_TRUE(WaitUntil([&] { return PageSays(server, "/readyz", "ok"); }));
    EXPECT_TRUE(PageSays(server, "/metrics", "\nraft_state_diverged 0\n"));
    EXPECT_EQ(StaleValue(server), ValueOf(7));
    cluster_.ExpectSameState(cluster_.ids());
    EXPECT_NE(cluster_.LogOf(server).find("the quarantine is over"), std::string::npos);
    for (const Id other : cluster_.ids()) {
      const bool was_accused = cluster_.LogOf(other).find("quarantined") != std::string::npos;
      EXPECT_EQ(was_accused, other == server) << "server " << other;
      EXPECT_TRUE(PageSays(other, "/metrics", "\nraft_state_doubts_total 0\n"));
    }
  }

  Cluster cluster_{3};
};

TEST_F(DivergenceTest, AFollowerWithAnotherStateAnswersNobodyUntilItHasTheOthers) {
  const Id follower = cluster_.WaitForLeader() % 3 + 1;
  Falsify(follower);

  WriteUntilQuarantined(follower);

  ExpectQuarantined(follower);
  ExpectHealed(follower);
  // What is verified now is the new state.
  for (int number = 0; number < 600; ++number) cluster_.MustPut("last", std::to_string(number));
  EXPECT_TRUE(WaitUntil([&] { return cluster_.Status(follower)->verified_index() > kKeys; }));
}

TEST_F(DivergenceTest, ALeaderWithAnotherStateHandsOverAndGetsTheOthers) {
  const Id odd = cluster_.WaitForLeader() % 3 + 1;
  Falsify(odd);
  ASSERT_EQ(cluster_.Raftctl({"leader", "transfer", "--to", std::to_string(odd)}).exit_code, 0);

  // States are compared where its term begins, so it is noticed without a write.
  EXPECT_TRUE(WaitUntil([&] { return DivergedIndex(odd) != 0; })) << "nobody noticed";
  EXPECT_TRUE(WaitUntil([&] { return cluster_.FindLeader().value_or(odd) != odd; }))
      << "nobody took over";
  ExpectQuarantined(odd);
  ExpectHealed(odd);
}

// Only a leader whose own state was found to be the majority's replaces another one. A new leader
// finds that out where its term begins, whether anybody writes or not.
TEST_F(DivergenceTest, AQuarantinedServerOfAnIdleClusterIsHealedByTheNextLeader) {
  const Id leader = cluster_.WaitForLeader();
  const Id follower = leader % 3 + 1;
  Falsify(follower);
  WriteUntilQuarantined(follower);

  cluster_.Kill(leader);
  cluster_.Start(leader);

  ExpectHealed(follower);
}

// A restart must not forget what the server was told.
TEST_F(DivergenceTest, AQuarantinedServerThatIsKilledAnswersNobodyAfterItsStartEither) {
  const Id follower = cluster_.WaitForLeader() % 3 + 1;
  Falsify(follower);
  WriteUntilQuarantined(follower);

  cluster_.Kill(follower);
  cluster_.Start(follower);

  ASSERT_TRUE(WaitUntil([&] {
    const auto status = cluster_.Status(follower);
    return status && status->forming().empty();
  })) << "it serves";
  EXPECT_EQ(StaleRead(follower).error.reason, "STATE_DIVERGED");
  ExpectHealed(follower);
}

}  // namespace
}  // namespace raft::integration
