// The families that are counted: which series exist from the start, and what each call adds to.
#include "metrics/raft_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "tests/metrics/sample_snapshot.h"

namespace raft {
namespace {

using ::testing::HasSubstr;
using testing::LeaderSnapshot;
using ::testing::Not;
using testing::ValueOf;

class RaftMetricsTest : public ::testing::Test {
 protected:
  std::optional<double> Value(const std::string& series) {
    return ValueOf(metrics_.Scrape(), series);
  }

  RaftMetrics metrics_{{.version = "0.1.0", .revision = "abc1234", .compiler = "GNU 12.2.0"},
                       [] { return LeaderSnapshot(); }};
};

TEST_F(RaftMetricsTest, SaysWhatWasBuilt) {
  EXPECT_EQ(
      Value("raft_build_info{compiler=\"GNU 12.2.0\",revision=\"abc1234\",version=\"0.1.0\"}"), 1);
}

TEST_F(RaftMetricsTest, StartsEveryLabelCombinationAtZero) {
  const std::string scrape = metrics_.Scrape();
  for (const char* kind : {"prevote", "vote"}) {
    for (const char* outcome : {"won", "lost", "timeout"}) {
      const std::string series =
          std::string("raft_elections_total{kind=\"") + kind + "\",outcome=\"" + outcome + "\"}";
      EXPECT_EQ(ValueOf(scrape, series), 0) << series;
    }
  }
  for (const char* outcome :
       {"applied", "not_leader", "overloaded", "timeout", "unknown", "failed"}) {
    const std::string series =
        std::string("raft_proposals_completed_total{outcome=\"") + outcome + "\"}";
    EXPECT_EQ(ValueOf(scrape, series), 0) << series;
  }
  for (const char* consistency : {"linearizable", "stale"}) {
    for (const char* outcome : {"ok", "not_leader", "overloaded", "timeout", "failed"}) {
      const std::string series = std::string("raft_reads_total{consistency=\"") + consistency +
                                 "\",outcome=\"" + outcome + "\"}";
      EXPECT_EQ(ValueOf(scrape, series), 0) << series;
    }
  }
  for (const char* series :
       {"raft_leader_changes_total", "raft_proposals_started_total",
        "raft_storage_append_bytes_total", "raft_storage_errors_total{op=\"persist\"}",
        "raft_storage_errors_total{op=\"apply\"}", "raft_storage_errors_total{op=\"read\"}",
        "raft_loop_busy_seconds_total{loop=\"raft\"}", "raft_loop_busy_seconds_total{loop=\"log\"}",
        "raft_loop_busy_seconds_total{loop=\"apply\"}", "raft_commit_duration_seconds_count",
        "raft_read_duration_seconds_count{consistency=\"stale\"}",
        "raft_storage_fsync_duration_seconds_count{file=\"log\"}"}) {
    EXPECT_EQ(ValueOf(scrape, series), 0) << series;
  }
}

TEST_F(RaftMetricsTest, CountsBallotsByKindAndOutcome) {
  metrics_.OnEvent(BallotEnded{BallotKind::kPreVote, BallotOutcome::kWon, Term(3)});
  metrics_.OnEvent(BallotEnded{BallotKind::kVote, BallotOutcome::kTimeout, Term(3)});
  metrics_.OnEvent(BallotEnded{BallotKind::kVote, BallotOutcome::kTimeout, Term(4)});
  metrics_.OnEvent(BallotEnded{BallotKind::kVote, BallotOutcome::kLost, Term(5)});

  EXPECT_EQ(Value("raft_elections_total{kind=\"prevote\",outcome=\"won\"}"), 1);
  EXPECT_EQ(Value("raft_elections_total{kind=\"vote\",outcome=\"timeout\"}"), 2);
  EXPECT_EQ(Value("raft_elections_total{kind=\"vote\",outcome=\"lost\"}"), 1);
  EXPECT_EQ(Value("raft_elections_total{kind=\"vote\",outcome=\"won\"}"), 0);
}

TEST_F(RaftMetricsTest, CountsALeaderOncePerTerm) {
  metrics_.OnEvent(LeaderRecognized{ServerId(2), Term(3)});
  metrics_.OnEvent(LeaderLost{Term(3)});
  metrics_.OnEvent(LeaderRecognized{ServerId(2), Term(3)});
  EXPECT_EQ(Value("raft_leader_changes_total"), 1);

  metrics_.OnEvent(LeaderRecognized{ServerId(3), Term(4)});
  EXPECT_EQ(Value("raft_leader_changes_total"), 2);
}

TEST_F(RaftMetricsTest, CountsItselfAsLeaderAndNoOtherRole) {
  metrics_.OnEvent(RoleChanged{RoleName::kPreCandidate, Term(4)});
  metrics_.OnEvent(RoleChanged{RoleName::kCandidate, Term(5)});
  EXPECT_EQ(Value("raft_leader_changes_total"), 0);

  metrics_.OnEvent(RoleChanged{RoleName::kLeader, Term(5)});
  metrics_.OnEvent(LeaderRecognized{ServerId(1), Term(5)});
  metrics_.OnEvent(RoleChanged{RoleName::kFollower, Term(6)});
  EXPECT_EQ(Value("raft_leader_changes_total"), 1);
}

TEST_F(RaftMetricsTest, AProposalIsStartedThenCompletedWithItsOutcome) {
  metrics_.OnProposalStarted();
  metrics_.OnProposalStarted();
  metrics_.OnProposalCompleted(ProposalOutcome::kApplied, Seconds(0.003));
  metrics_.OnProposalCompleted(ProposalOutcome::kUnknown, Seconds(1.5));

  EXPECT_EQ(Value("raft_proposals_started_total"), 2);
  EXPECT_EQ(Value("raft_proposals_completed_total{outcome=\"applied\"}"), 1);
  EXPECT_EQ(Value("raft_proposals_completed_total{outcome=\"unknown\"}"), 1);
  EXPECT_EQ(Value("raft_proposal_duration_seconds_count"), 2);
  EXPECT_EQ(Value("raft_proposal_duration_seconds_sum"), 1.503);
}

TEST_F(RaftMetricsTest, AReadIsCountedByConsistencyAndOutcome) {
  metrics_.OnReadCompleted(ReadKind::kLinearizable, ReadOutcome::kOk, Seconds(0.001));
  metrics_.OnReadCompleted(ReadKind::kStale, ReadOutcome::kFailed, Seconds(0.002));

  EXPECT_EQ(Value("raft_reads_total{consistency=\"linearizable\",outcome=\"ok\"}"), 1);
  EXPECT_EQ(Value("raft_reads_total{consistency=\"stale\",outcome=\"failed\"}"), 1);
  EXPECT_EQ(Value("raft_reads_total{consistency=\"stale\",outcome=\"ok\"}"), 0);
  EXPECT_EQ(Value("raft_read_duration_seconds_count{consistency=\"linearizable\"}"), 1);
}

TEST_F(RaftMetricsTest, APersistFeedsFsyncBatchAndBusyTime) {
  metrics_.OnPersisted(Seconds(0.0004), 16, 4096);

  EXPECT_EQ(Value("raft_storage_fsync_duration_seconds_count{file=\"log\"}"), 1);
  EXPECT_EQ(Value("raft_append_batch_entries_sum"), 16);
  EXPECT_EQ(Value("raft_storage_append_bytes_total"), 4096);
  EXPECT_EQ(Value("raft_loop_busy_seconds_total{loop=\"log\"}"), 0.0004);
}

TEST_F(RaftMetricsTest, AWriteOfThePromiseAloneIsNoBatchOfEntries) {
  metrics_.OnPersisted(Seconds(0.0004), 0, 0);
  EXPECT_EQ(Value("raft_storage_fsync_duration_seconds_count{file=\"log\"}"), 1);
  EXPECT_EQ(Value("raft_append_batch_entries_count"), 0);
}

TEST_F(RaftMetricsTest, EachLoopAddsToItsOwnBusyTime) {
  metrics_.OnLoopTurn(Seconds(0.25));
  metrics_.OnApplied(Seconds(0.5));
  metrics_.OnCommitted(Seconds(0.002));
  metrics_.OnStorageError(StorageOperation::kRead);

  EXPECT_EQ(Value("raft_loop_busy_seconds_total{loop=\"raft\"}"), 0.25);
  EXPECT_EQ(Value("raft_loop_busy_seconds_total{loop=\"apply\"}"), 0.5);
  EXPECT_EQ(Value("raft_apply_duration_seconds_count"), 1);
  EXPECT_EQ(Value("raft_commit_duration_seconds_count"), 1);
  EXPECT_EQ(Value("raft_storage_errors_total{op=\"read\"}"), 1);
}

TEST_F(RaftMetricsTest, APeersTrafficIsCountedUnderItsId) {
  const PeerMetrics peer = metrics_.ForPeer(ServerId(2));
  peer.OnSent(PeerRequestType::kAppendEntries, 700);
  peer.OnAnswered(Seconds(0.002), 40);
  peer.OnSent(PeerRequestType::kPreVote, 30);
  peer.OnFailed(SendFailure::kDeadline);
  peer.OnReceived(60);
  metrics_.ForPeer(ServerId(3));

  const std::string scrape = metrics_.Scrape();
  EXPECT_EQ(ValueOf(scrape, "raft_peer_messages_sent_total{peer=\"2\",type=\"append_entries\"}"),
            1);
  EXPECT_EQ(ValueOf(scrape, "raft_peer_messages_sent_total{peer=\"2\",type=\"pre_vote\"}"), 1);
  EXPECT_EQ(ValueOf(scrape, "raft_peer_messages_sent_total{peer=\"3\",type=\"greet\"}"), 0);
  EXPECT_EQ(ValueOf(scrape, "raft_peer_sent_bytes_total{peer=\"2\"}"), 730);
  EXPECT_EQ(ValueOf(scrape, "raft_peer_received_bytes_total{peer=\"2\"}"), 100);
  EXPECT_EQ(ValueOf(scrape, "raft_peer_round_trip_seconds_count{peer=\"2\"}"), 1);
  EXPECT_EQ(ValueOf(scrape, "raft_peer_send_failures_total{peer=\"2\",reason=\"deadline\"}"), 1);
  EXPECT_EQ(ValueOf(scrape, "raft_peer_send_failures_total{peer=\"3\",reason=\"refused\"}"), 0);
}

TEST_F(RaftMetricsTest, SnapshotsAreCountedByWhatBecameOfThem) {
  metrics_.OnSnapshotBytesSent(500);
  metrics_.OnSnapshotSent(SnapshotOutcome::kOk, Seconds(2));
  metrics_.OnSnapshotBytesReceived(300);
  metrics_.OnSnapshotResumed();
  metrics_.OnSnapshotReceived(SnapshotOutcome::kReplaced, Seconds(1));
  metrics_.OnEvent(SnapshotInstalled{.last_included = {}});
  metrics_.OnEvent(StatesInDoubt{.index = LogIndex(256)});
  metrics_.OnEvent(SnapshotBegunAnew{.peer = ServerId(3)});
  metrics_.OnTwoProcesses();
  metrics_.OnEvent(LogTrimmed{.first_index = LogIndex(8), .count = 7});
  metrics_.OnCheckpointed(Seconds(0.01));

  EXPECT_EQ(Value("raft_snapshots_total{op=\"send\",outcome=\"ok\"}"), 1);
  EXPECT_EQ(Value("raft_snapshots_total{op=\"send\",outcome=\"failed\"}"), 0);
  EXPECT_EQ(Value("raft_snapshots_total{op=\"receive\",outcome=\"replaced\"}"), 1);
  EXPECT_EQ(Value("raft_snapshots_total{op=\"install\",outcome=\"ok\"}"), 1);
  EXPECT_EQ(Value("raft_state_doubts_total"), 1);
  EXPECT_EQ(Value("raft_doubled_peers_total"), 1);
  EXPECT_EQ(Value("raft_snapshot_transfers_restarted_total"), 1);
  EXPECT_EQ(Value("raft_snapshot_sent_bytes_total"), 500);
  EXPECT_EQ(Value("raft_snapshot_received_bytes_total"), 300);
  EXPECT_EQ(Value("raft_snapshot_transfers_resumed_total"), 1);
  EXPECT_EQ(Value("raft_snapshot_duration_seconds_count{op=\"send\"}"), 1);
  EXPECT_EQ(Value("raft_log_trimmed_entries_total"), 7);
  EXPECT_EQ(Value("raft_storage_fsync_duration_seconds_count{file=\"state\"}"), 1);
}

TEST_F(RaftMetricsTest, TwoHandlesOfOnePeerShareItsSeries) {
  metrics_.ForPeer(ServerId(2)).OnReceived(1);
  metrics_.ForPeer(ServerId(2)).OnReceived(2);
  EXPECT_EQ(Value("raft_peer_received_bytes_total{peer=\"2\"}"), 3);
}

TEST_F(RaftMetricsTest, AnRpcIsCountedWithTheNamesOfTheGoMiddleware) {
  const RpcMetrics propose =
      metrics_.ForRpc(RpcType::kUnary, "raft.v1.ConsensusService", "Propose");
  propose.OnStarted();
  propose.OnHandled(14, Seconds(0.004));

  const std::string labels =
      "grpc_method=\"Propose\",grpc_service=\"raft.v1.ConsensusService\",grpc_type=\"unary\"}";
  const std::string with_code = "grpc_server_handled_total{grpc_code=";
  const std::string scrape = metrics_.Scrape();
  EXPECT_EQ(ValueOf(scrape, "grpc_server_started_total{" + labels), 1);
  EXPECT_EQ(ValueOf(scrape, with_code + "\"Unavailable\"," + labels), 1);
  EXPECT_EQ(ValueOf(scrape, with_code + "\"OK\"," + labels), 0);
  EXPECT_EQ(ValueOf(scrape, with_code + "\"Unauthenticated\"," + labels), 0);
  EXPECT_EQ(ValueOf(scrape, "grpc_server_handling_seconds_count{" + labels), 1);
}

TEST_F(RaftMetricsTest, ACodeThatGrpcDoesNotKnowCountsAsUnknown) {
  const RpcMetrics rpc = metrics_.ForRpc(RpcType::kBidiStream, "s", "m");
  rpc.OnHandled(17, Seconds(0));
  rpc.OnHandled(-1, Seconds(0));
  EXPECT_EQ(Value("grpc_server_handled_total{grpc_code=\"Unknown\",grpc_method=\"m\","
                  "grpc_service=\"s\",grpc_type=\"bidi_stream\"}"),
            2);
}

// Given the name up to the bound, the buckets' bounds as printed.
TEST_F(RaftMetricsTest, HistogramsHaveTheBucketsOfTheirKind) {
  metrics_.ForPeer(ServerId(2));
  metrics_.ForRpc(RpcType::kUnary, "s", "m");
  const std::string scrape = metrics_.Scrape();
  const auto count = [&scrape](const std::string& start) {
    int found = 0;
    for (std::size_t at = scrape.find("\n" + start); at != std::string::npos;
         at = scrape.find("\n" + start, at + 1)) {
      ++found;
    }
    return found;
  };
  // Disk: 50 us to 1.6 s; network: 250 us to 8.2 s; RPC: 500 us to 8.2 s; batch: 1 to 2048. Each
  // has +Inf besides.
  EXPECT_EQ(count("raft_storage_fsync_duration_seconds_bucket{file=\"log\""), 17);
  EXPECT_EQ(count("raft_storage_fsync_duration_seconds_bucket{file=\"log\",le=\"5e-05\"}"), 1);
  EXPECT_EQ(count("raft_storage_fsync_duration_seconds_bucket{file=\"log\",le=\"1.6384"), 1);
  EXPECT_EQ(count("raft_apply_duration_seconds_bucket{le=\"5e-05\"}"), 1);
  EXPECT_EQ(count("raft_proposal_duration_seconds_bucket"), 17);
  EXPECT_EQ(count("raft_commit_duration_seconds_bucket{le=\"0.00025\"}"), 1);
  EXPECT_EQ(count("raft_commit_duration_seconds_bucket{le=\"8.192"), 1);
  EXPECT_EQ(count("raft_peer_round_trip_seconds_bucket{peer=\"2\",le=\"0.00025\"}"), 1);
  EXPECT_EQ(count("raft_read_duration_seconds_bucket{consistency=\"stale\""), 16);
  EXPECT_EQ(count("raft_read_duration_seconds_bucket{consistency=\"stale\",le=\"0.0005\"}"), 1);
  EXPECT_EQ(count("grpc_server_handling_seconds_bucket"), 16);
  EXPECT_EQ(count("raft_append_batch_entries_bucket"), 13);
  EXPECT_EQ(count("raft_append_batch_entries_bucket{le=\"2048\"}"), 1);
}

TEST_F(RaftMetricsTest, CountsFromManyThreadsWhileBeingScraped) {
  constexpr int kThreads = 4, kRounds = 2'000;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([this] {
      const PeerMetrics peer = metrics_.ForPeer(ServerId(2));
      for (int round = 0; round < kRounds; ++round) {
        metrics_.OnProposalCompleted(ProposalOutcome::kApplied, Seconds(0.001));
        peer.OnReceived(1);
      }
    });
  }
  for (int scrape = 0; scrape < 20; ++scrape) EXPECT_THAT(metrics_.Scrape(), HasSubstr("raft_"));
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(Value("raft_proposals_completed_total{outcome=\"applied\"}"), kThreads * kRounds);
  EXPECT_EQ(Value("raft_proposal_duration_seconds_count"), kThreads * kRounds);
  EXPECT_EQ(Value("raft_peer_received_bytes_total{peer=\"2\"}"), kThreads * kRounds);
}

}  // namespace
}  // namespace raft
