// The families that are looked up: what a snapshot shows in a scrape.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include "metrics/process_families.h"
#include "metrics/status_families.h"
#include "tests/metrics/sample_snapshot.h"

namespace raft {
namespace {

using testing::FollowerSnapshot;
using ::testing::HasSubstr;
using testing::LeaderSnapshot;
using ::testing::Not;
using testing::ValueOf;

std::string Text(const MetricsSnapshot& snapshot) {
  return prometheus::TextSerializer().Serialize(StatusFamilies(snapshot));
}

TEST(StatusFamiliesTest, ShowsTermCommitIndexAndTheOtherIndexes) {
  const std::string scrape = Text(LeaderSnapshot());
  EXPECT_EQ(ValueOf(scrape, "raft_term"), 7);
  EXPECT_EQ(ValueOf(scrape, "raft_first_log_index"), 1);
  EXPECT_EQ(ValueOf(scrape, "raft_last_log_index"), 1250);
  EXPECT_EQ(ValueOf(scrape, "raft_durable_index"), 1249);
  EXPECT_EQ(ValueOf(scrape, "raft_commit_index"), 1248);
  EXPECT_EQ(ValueOf(scrape, "raft_applied_index"), 1240);
  EXPECT_EQ(ValueOf(scrape, "raft_members{role=\"voter\"}"), 3);
}

TEST(StatusFamiliesTest, CountsMembersByRole) {
  MetricsSnapshot snapshot = LeaderSnapshot();
  std::vector<Member> members = snapshot.status.configuration->members();
  members[1].role = MemberRole::kLearner;
  members[2].role = MemberRole::kJoining;
  snapshot.status.configuration = std::make_shared<const ClusterConfiguration>(members);
  snapshot.status.configuration_index = LogIndex(77);
  snapshot.status.removed_at = LogIndex(80);
  const std::string scrape = Text(snapshot);
  EXPECT_EQ(ValueOf(scrape, "raft_members{role=\"voter\"}"), 1);
  EXPECT_EQ(ValueOf(scrape, "raft_members{role=\"learner\"}"), 1);
  EXPECT_EQ(ValueOf(scrape, "raft_members{role=\"joining\"}"), 1);
  EXPECT_EQ(ValueOf(scrape, "raft_configuration_index"), 77);
  EXPECT_EQ(ValueOf(scrape, "raft_configuration_is_joint"), 0);
  EXPECT_EQ(ValueOf(scrape, "raft_removed"), 1);
}

TEST(StatusFamiliesTest, SaysWhetherTheStateIsTheMajoritys) {
  MetricsSnapshot snapshot = LeaderSnapshot();
  snapshot.status.verified_index = LogIndex(1024);
  EXPECT_EQ(ValueOf(Text(snapshot), "raft_state_diverged"), 0);
  EXPECT_EQ(ValueOf(Text(snapshot), "raft_state_verified_index"), 1024);
  snapshot.status.diverged_index = LogIndex(1280);
  EXPECT_EQ(ValueOf(Text(snapshot), "raft_state_diverged"), 1);
}

TEST(StatusFamiliesTest, PrintsLargeIndexesInFull) {
  MetricsSnapshot snapshot = LeaderSnapshot();
  snapshot.status.commit_index = LogIndex(1'234'567'890'123);
  EXPECT_THAT(Text(snapshot), HasSubstr("\nraft_commit_index 1234567890123\n"));
}

TEST(StatusFamiliesTest, ShowsReplicationLagOfEachPeerInEntriesAndSeconds) {
  const std::string scrape = Text(LeaderSnapshot());
  EXPECT_EQ(ValueOf(scrape, "raft_peer_match_index{peer=\"3\"}"), 1000);
  EXPECT_EQ(ValueOf(scrape, "raft_peer_lag_entries{peer=\"2\"}"), 0);
  EXPECT_EQ(ValueOf(scrape, "raft_peer_lag_entries{peer=\"3\"}"), 250);
  EXPECT_EQ(ValueOf(scrape, "raft_peer_lag_seconds{peer=\"2\"}"), 0);
  EXPECT_EQ(ValueOf(scrape, "raft_peer_lag_seconds{peer=\"3\"}"), 3.5);
  EXPECT_EQ(ValueOf(scrape, "raft_peer_last_contact_age_seconds{peer=\"3\"}"), 3.6);
  EXPECT_EQ(ValueOf(scrape, "raft_peer_inflight_messages{peer=\"2\"}"), 1);
  EXPECT_EQ(ValueOf(scrape, "raft_peer_state{peer=\"3\",state=\"probe\"}"), 1);
  EXPECT_EQ(ValueOf(scrape, "raft_peer_state{peer=\"3\",state=\"replicate\"}"), 0);
}

TEST(StatusFamiliesTest, ShowsHowFarTheSnapshotIsThatIsUnderWayToAPeer) {
  MetricsSnapshot snapshot = LeaderSnapshot();
  EXPECT_EQ(ValueOf(Text(snapshot), "raft_peer_snapshot_sent_bytes{peer=\"3\"}"), 600'000);
  EXPECT_EQ(ValueOf(Text(snapshot), "raft_peer_snapshot_size_bytes{peer=\"3\"}"), 1'500'000);
  EXPECT_THAT(Text(snapshot), Not(HasSubstr("raft_peer_snapshot_sent_bytes{peer=\"2\"}")));

  snapshot.snapshots_under_way[0] = {ServerId(3), 60, 0};
  EXPECT_EQ(ValueOf(Text(snapshot), "raft_peer_snapshot_sent_bytes{peer=\"3\"}"), 60);
  EXPECT_THAT(Text(snapshot), Not(HasSubstr("raft_peer_snapshot_size_bytes")))
      << "0 would read as a snapshot of nothing";

  snapshot.snapshots_under_way.clear();
  EXPECT_THAT(Text(snapshot), Not(HasSubstr("raft_peer_snapshot_")));
}

TEST(StatusFamiliesTest, DropsTheLeadersViewOfPeersOnStepDown) {
  EXPECT_THAT(Text(LeaderSnapshot()), HasSubstr("raft_peer_"));
  EXPECT_THAT(Text(FollowerSnapshot()), Not(HasSubstr("raft_peer_")));
}

TEST(StatusFamiliesTest, SetsExactlyOneRole) {
  for (const RoleName role :
       {RoleName::kFollower, RoleName::kPreCandidate, RoleName::kCandidate, RoleName::kLeader}) {
    MetricsSnapshot snapshot = LeaderSnapshot();
    snapshot.status.role = role;
    const std::string scrape = Text(snapshot);
    double sum = 0;
    for (const char* each : {"follower", "pre_candidate", "candidate", "leader"}) {
      sum += ValueOf(scrape, std::string("raft_role{role=\"") + each + "\"}").value();
    }
    EXPECT_EQ(sum, 1);
    EXPECT_EQ(ValueOf(scrape, std::string("raft_role{role=\"") + ToString(role) + "\"}"), 1);
    EXPECT_EQ(ValueOf(scrape, "raft_is_leader"), role == RoleName::kLeader ? 1 : 0);
  }
}

TEST(StatusFamiliesTest, ShowsNoLeaderContactWhileThereIsNoLeader) {
  MetricsSnapshot snapshot = LeaderSnapshot();
  EXPECT_EQ(ValueOf(Text(snapshot), "raft_leader_contact_age_seconds"), 0.04);
  EXPECT_EQ(ValueOf(Text(snapshot), "raft_has_leader"), 1);

  snapshot.status.leader.reset();
  snapshot.status.leader_contact_ticks.reset();

  EXPECT_EQ(ValueOf(Text(snapshot), "raft_has_leader"), 0);
  EXPECT_THAT(Text(snapshot), Not(HasSubstr("raft_leader_contact_age_seconds")));
}

TEST(StatusFamiliesTest, ShowsWorkQueuesAndStorage) {
  const std::string scrape = Text(LeaderSnapshot());
  EXPECT_EQ(ValueOf(scrape, "raft_proposals_pending"), 12);
  EXPECT_EQ(ValueOf(scrape, "raft_proposals_pending_bytes"), 3072);
  EXPECT_EQ(ValueOf(scrape, "raft_queue_depth{queue=\"apply\"}"), 8);
  EXPECT_EQ(ValueOf(scrape, "raft_storage_size_bytes{component=\"log\"}"), 48e6);
  EXPECT_EQ(ValueOf(scrape, "raft_storage_disk_free_bytes"), 81e9);
}

TEST(StatusFamiliesTest, LeavesOutAFreeSpaceThatIsNotKnown) {
  MetricsSnapshot snapshot = LeaderSnapshot();
  snapshot.disk_free_bytes.reset();
  EXPECT_THAT(Text(snapshot), Not(HasSubstr("raft_storage_disk_free_bytes")));
}

TEST(StatusFamiliesTest, ShowsEachHealthCheckByType) {
  MetricsSnapshot snapshot = LeaderSnapshot();
  snapshot.readyz[1].failure = "no leader is known";
  const std::string scrape = Text(snapshot);
  EXPECT_EQ(ValueOf(scrape, "raft_healthcheck{type=\"livez\",name=\"event_loop\"}"), 1);
  EXPECT_EQ(ValueOf(scrape, "raft_healthcheck{type=\"readyz\",name=\"formed\"}"), 1);
  EXPECT_EQ(ValueOf(scrape, "raft_healthcheck{type=\"readyz\",name=\"has_leader\"}"), 0);
}

TEST(StatusFamiliesTest, NamesTheServerAlsoWhileTheClusterIsForming) {
  MetricsSnapshot snapshot;
  snapshot.status.server_id = ServerId(3);
  EXPECT_EQ(ValueOf(Text(snapshot), "raft_server_info{cluster_id=\"\",server_id=\"3\"}"), 1);
}

TEST(ProcessFamiliesTest, ReadsThisProcess) {
  const std::string scrape = prometheus::TextSerializer().Serialize(ProcessFamilies());
  for (const char* name : {"process_cpu_seconds_total", "process_resident_memory_bytes",
                           "process_virtual_memory_bytes", "process_open_fds", "process_max_fds",
                           "process_start_time_seconds", "process_threads"}) {
    ASSERT_TRUE(ValueOf(scrape, name).has_value()) << name;
  }
  EXPECT_GE(ValueOf(scrape, "process_threads"), 1);
  EXPECT_GE(ValueOf(scrape, "process_open_fds"), 3);
  EXPECT_GT(ValueOf(scrape, "process_resident_memory_bytes"), 1e5);
  EXPECT_GT(ValueOf(scrape, "process_start_time_seconds"), 1.6e9);
  EXPECT_THAT(scrape, HasSubstr("# TYPE process_cpu_seconds_total counter"));
}

TEST(ProcessFamiliesTest, CountsAnOpenedFile) {
  const auto open_files = [] {
    return ValueOf(prometheus::TextSerializer().Serialize(ProcessFamilies()), "process_open_fds")
        .value();
  };
  const double before = open_files();
  std::FILE* file = std::fopen("/dev/null", "r");
  EXPECT_EQ(open_files(), before + 1);
  std::fclose(file);
}

TEST(ProcessFamiliesTest, KnowsTheAgeOfThisProcess) {
  const std::optional<double> age = ProcessAgeSeconds();
  ASSERT_TRUE(age.has_value());
  EXPECT_GE(*age, -0.1);  // The kernel rounds the start up to a clock tick.
  EXPECT_LT(*age, 3600);
}

}  // namespace
}  // namespace raft
