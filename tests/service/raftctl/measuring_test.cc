// The numbers raftctl prints: percentiles, the open loop, progress and the status table.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "service/raftctl/bench_run.h"
#include "service/raftctl/call_outcome.h"
#include "service/raftctl/latency_histogram.h"
#include "service/raftctl/progress.h"
#include "service/raftctl/status_view.h"

namespace raft::ctl {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using testing::HasSubstr;

TEST(LatencyHistogramTest, IsExactBelow64Nanoseconds) {
  LatencyHistogram histogram;
  for (int duration = 1; duration <= 60; ++duration) histogram.Record(nanoseconds(duration));
  EXPECT_EQ(histogram.Percentile(50), nanoseconds(30));
  EXPECT_EQ(histogram.Percentile(100), nanoseconds(60));
  EXPECT_EQ(histogram.count(), 60u);
}

TEST(LatencyHistogramTest, NeverFlattersAndIsAtMostOneBucketAbove) {
  LatencyHistogram histogram;
  std::mt19937_64 random(7);
  std::vector<std::int64_t> durations;
  for (int sample = 0; sample < 20'000; ++sample) {
    // Spread over seven decades, as latencies are.
    durations.push_back(static_cast<std::int64_t>(random() >> (24 + random() % 24)) %
                        3'000'000'000'000);
    histogram.Record(nanoseconds(durations.back()));
  }
  std::sort(durations.begin(), durations.end());
  for (const double percent : {1.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    const auto rank = static_cast<size_t>(std::ceil(percent / 100 * 20'000)) - 1;
    const double exact = static_cast<double>(durations[rank]);
    const double shown = static_cast<double>(histogram.Percentile(percent).count());
    EXPECT_GE(shown, exact) << percent;
    EXPECT_LE(shown, exact * (1 + 1.0 / 64) + 1) << percent;
  }
}

TEST(LatencyHistogramTest, BearsNothingNegativeAndTooMuch) {
  LatencyHistogram histogram;
  EXPECT_EQ(histogram.Percentile(99), nanoseconds(0));
  histogram.Record(nanoseconds(-5));
  EXPECT_EQ(histogram.Percentile(100), nanoseconds(0));
  histogram.Record(std::chrono::hours(5));
  EXPECT_GE(histogram.Percentile(100), std::chrono::hours(1));
  EXPECT_LE(histogram.Percentile(100), std::chrono::minutes(62));
}

TEST(BenchRunTest, AClosedLoopKeepsExactlyTheOutstandingOperationsRunning) {
  CallEngine engine;
  int running = 0;
  int running_max = 0;
  BenchShape shape{.outstanding = 3, .warmup = milliseconds(0), .duration = milliseconds(100)};
  BenchRun run(&engine, shape, [&](BenchRun::OperationDone done) {
    running_max = std::max(running_max, ++running);
    engine.After(milliseconds(1), [&running, done] {
      --running;
      done(true);
    });
  });
  EXPECT_TRUE(run.Run());
  EXPECT_EQ(running_max, 3);
  EXPECT_GT(run.report().operations, 10u);
  EXPECT_GE(run.report().latency_ms(50), 1.0);
}

TEST(BenchRunTest, AStallShowsInTheOpenLoopInEveryOperationThatWasDueMeanwhile) {
  CallEngine engine;
  const Clock::time_point begin = Clock::now();
  BenchShape shape{.outstanding = 1'000,
                   .rate_per_second = 500,
                   .warmup = milliseconds(0),
                   .duration = milliseconds(400)};
  BenchRun run(&engine, shape, [&](BenchRun::OperationDone done) {
    // A server that answers nothing during the first half and then at once.
    engine.At(std::max(begin + milliseconds(200), Clock::now()), [done] { done(true); });
  });
  EXPECT_TRUE(run.Run());
  // 200 are due; on a loaded machine measuring may begin late.
  EXPECT_GE(run.report().operations, 100u);
  EXPECT_LE(run.report().operations, 200u);
  EXPECT_GE(run.report().latency_ms(60), 30.0);
  EXPECT_GE(run.report().latency_ms(99), 190.0);
}

TEST(BenchRunTest, FailuresAreCountedAndHaveNoLatency) {
  CallEngine engine;
  BenchShape shape{.outstanding = 1, .warmup = milliseconds(0), .duration = milliseconds(50)};
  BenchRun run(&engine, shape, [&](BenchRun::OperationDone done) {
    engine.After(milliseconds(1), [done] { done(false); });
  });
  EXPECT_TRUE(run.Run());
  EXPECT_GT(run.report().errors, 0u);
  EXPECT_EQ(run.report().latency.count(), 0u);
}

TEST(ProgressTest, SaysHowMuchHowFarAndHowFast) {
  EXPECT_EQ(Progress::Describe("lines", 12'345, 0.61, 4.0, "3 retried"),
            "12,345 lines, 61.0 %, 3,086 per second, 3 retried");
  EXPECT_EQ(Progress::Describe("lines", 7, -1, 0, ""), "7 lines, 0 per second");
  EXPECT_EQ(WithThousands(1'234'567), "1,234,567");
  EXPECT_EQ(WithThousands(123), "123");
}

// A progress that speaks into a file, at a time that the test says.
class ProgressOutletTest : public testing::Test {
 protected:
  ~ProgressOutletTest() override { std::fclose(file_); }

  Progress Start(bool is_terminal) {
    return Progress("bytes",
                    {.stream = file_, .is_terminal = is_terminal, .now = [this] { return now_; }});
  }
  std::string Said() {
    std::rewind(file_);
    std::string said(1'000, '\0');
    said.resize(std::fread(said.data(), 1, said.size(), file_));
    return said;
  }

  std::FILE* const file_ = std::tmpfile();
  Clock::time_point now_ = Clock::now();
};

TEST_F(ProgressOutletTest, OnATerminalABarIsDrawnOverTheLastOne) {
  Progress progress = Start(/*is_terminal=*/true);
  progress.Update(1, 0.01, "");  // too early
  now_ += milliseconds(500);
  progress.Update(100, 0.1, "");
  progress.Update(101, 0.1, "");  // too soon
  now_ += milliseconds(500);
  progress.Update(500, 0.5, "");
  progress.Finish();
  EXPECT_EQ(Said(),
            "\r[###...........................] 100 bytes, 10.0 %, 200 per second\x1b[K"
            "\r[###############...............] 500 bytes, 50.0 %, 500 per second\x1b[K\n");
}

TEST_F(ProgressOutletTest, OfAnUnknownWholeThereIsNoBar) {
  Progress progress = Start(/*is_terminal=*/true);
  now_ += milliseconds(500);
  progress.Update(100, -1, "");
  EXPECT_EQ(Said(), "\r100 bytes, 200 per second\x1b[K");
}

TEST_F(ProgressOutletTest, ElsewhereALineComesEveryFiveSeconds) {
  Progress progress = Start(/*is_terminal=*/false);
  for (int second = 1; second <= 11; ++second) {
    now_ += std::chrono::seconds(1);
    progress.Update(static_cast<std::uint64_t>(second) * 100, second / 20.0, "");
  }
  progress.Finish();
  EXPECT_EQ(Said(),
            "500 bytes, 25.0 %, 100 per second\n"
            "1,000 bytes, 50.0 %, 100 per second\n");
}

TEST(HumanBytesTest, NamesTheUnitThatKeepsTheNumberShort) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(1'023), "1023 B");
  EXPECT_EQ(HumanBytes(1'536), "1.5 KiB");
  EXPECT_EQ(HumanBytes((1ull << 20) - 1), "1.0 MiB");
  EXPECT_EQ(HumanBytes(2ull << 30), "2.0 GiB");
}

TEST(ClassifyCallTest, BytesThatAreNoDetailsOfOursLeaveTheOutcomeUnknown) {
  const std::string junk = "\xff\xff\xff";
  EXPECT_EQ(ClassifyCall(absl::StatusCode::kUnavailable, "m", junk).outcome, Outcome::kUnknown);
  EXPECT_EQ(ClassifyCall(absl::StatusCode::kUnavailable, "m", "").outcome, Outcome::kUnknown);
  EXPECT_EQ(ClassifyCall(absl::StatusCode::kCancelled, "m", "").outcome, Outcome::kUnknown);
  EXPECT_EQ(ClassifyCall(absl::StatusCode::kDeadlineExceeded, "m", "").outcome, Outcome::kUnknown);
  EXPECT_EQ(ClassifyCall(absl::StatusCode::kUnknown, "m", "").outcome, Outcome::kUnknown);
  EXPECT_EQ(ClassifyCall(absl::StatusCode::kUnimplemented, "m", "").outcome, Outcome::kRefused);
}

TEST(ShortCauseTest, IsTheLastPartOfTheChain) {
  EXPECT_EQ(ShortCause("failed to connect to all addresses; last error: UNKNOWN: "
                       "ipv4:127.0.0.1:1: Failed to connect to remote host: Connection refused"),
            "connection refused");
  EXPECT_EQ(ShortCause("DNS is down"), "DNS is down");
  EXPECT_EQ(ShortCause(""), "no reason given");
}

ServerAnswer Answer(std::uint64_t server_id, v1::ServerRole role, const std::string& digest) {
  ServerAnswer answer{.endpoint = "host:" + std::to_string(server_id),
                      .answered = true,
                      .failure = "",
                      .status = {}};
  answer.status.mutable_header()->set_server_id(server_id);
  answer.status.mutable_header()->set_term(4);
  answer.status.mutable_header()->set_leader_id(1);
  answer.status.mutable_header()->set_applied_index(90);
  answer.status.set_role(role);
  answer.status.set_state_digest(digest);
  return answer;
}

TEST(StatusViewTest, ShowsTheLagThatTheLeaderKnowsOnTheRowOfTheFollower) {
  ServerAnswer leader = Answer(1, v1::SERVER_ROLE_LEADER, "aa");
  v1::PeerProgress* peer = leader.status.add_peers();
  peer->set_server_id(2);
  peer->set_lag_entries(17);
  peer->mutable_lag()->set_nanos(250'000'000);
  const std::string table = StatusTable({leader, Answer(2, v1::SERVER_ROLE_FOLLOWER, "aa")});
  EXPECT_THAT(table, testing::ContainsRegex("2 +host:2 +follower .* 17 +0\\.250 "));
  EXPECT_EQ(StatusVerdict({leader}), kExitOk);
}

ServerAnswer LeaderThatSends(std::uint64_t sent_bytes, std::uint64_t size_bytes) {
  ServerAnswer leader = Answer(1, v1::SERVER_ROLE_LEADER, "aa");
  v1::PeerProgress* peer = leader.status.add_peers();
  peer->set_server_id(4);
  peer->set_flow(v1::PEER_FLOW_SNAPSHOT);
  peer->set_snapshot_sent_bytes(sent_bytes);
  peer->set_snapshot_size_bytes(size_bytes);
  return leader;
}

TEST(StatusViewTest, SaysHowFarASnapshotIsAlsoToAServerThatIsNoEndpoint) {
  EXPECT_THAT(StatusTable({LeaderThatSends(923'417'968, 2ull << 30)}),
              HasSubstr("\nsnapshot to server 4: 43.0 % of 2.0 GiB\n"));
  EXPECT_THAT(StatusTable({LeaderThatSends(0, 0)}),
              HasSubstr("\nsnapshot to server 4: not begun yet\n"));
  EXPECT_THAT(StatusTable({LeaderThatSends(3'000'000, 3'000'000)}),
              HasSubstr("\nsnapshot to server 4: all of 2.9 MiB sent, not taken over yet\n"));
}

TEST(StatusViewTest, ShowsHowEntriesFlowOnTheRowOfWhoeverTheyFlowTo) {
  ServerAnswer leader = LeaderThatSends(10, 100);
  v1::PeerProgress* peer = leader.status.add_peers();
  peer->set_server_id(2);
  peer->set_flow(v1::PEER_FLOW_REPLICATE);
  const std::string table = StatusTable({leader, Answer(2, v1::SERVER_ROLE_FOLLOWER, "aa"),
                                         Answer(4, v1::SERVER_ROLE_FOLLOWER, "aa")});
  EXPECT_THAT(table, testing::ContainsRegex("2 +host:2 +follower .* replicate +aa"));
  EXPECT_THAT(table, testing::ContainsRegex("4 +host:4 +follower .* snapshot +aa"));
  EXPECT_THAT(table, testing::Not(HasSubstr("snapshot to server 2")));
}

TEST(StatusViewTest, AnUnreachableServerHasARowAndAWarning) {
  const ServerAnswer dead{
      .endpoint = "host:3", .answered = false, .failure = "connection refused", .status = {}};
  const std::vector<ServerAnswer> answers{Answer(1, v1::SERVER_ROLE_LEADER, "aa"), dead};
  EXPECT_THAT(StatusTable(answers), HasSubstr("unreachable"));
  EXPECT_THAT(StatusTable(answers), HasSubstr("warning: host:3 unreachable: connection refused"));
  EXPECT_THAT(StatusJson(answers), HasSubstr("\"reachable\":false"));
  EXPECT_EQ(StatusVerdict(answers), kExitOk);
  EXPECT_EQ(StatusVerdict({dead}), kExitCannotConnect);
}

TEST(StatusViewTest, NoKnownLeaderIsExitFour) {
  ServerAnswer lost = Answer(1, v1::SERVER_ROLE_CANDIDATE, "aa");
  lost.status.mutable_header()->set_leader_id(0);
  EXPECT_EQ(StatusVerdict({lost}), kExitNoLeader);
  EXPECT_THAT(StatusTable({lost}), HasSubstr("no server knows a leader"));
}

TEST(StatusViewTest, DifferentStatesAtOneIndexAreAnAlarm) {
  const std::vector<ServerAnswer> answers{Answer(1, v1::SERVER_ROLE_LEADER, "aa"),
                                          Answer(2, v1::SERVER_ROLE_FOLLOWER, "bb")};
  EXPECT_THAT(StatusTable(answers), HasSubstr("STATES DIFFER"));
  EXPECT_EQ(StatusVerdict(answers), kExitFailed);
}

TEST(StatusViewTest, AQuarantinedServerIsAnAlarm) {
  std::vector<ServerAnswer> answers = {Answer(1, v1::SERVER_ROLE_LEADER, "aa"),
                                       Answer(2, v1::SERVER_ROLE_FOLLOWER, "aa")};
  answers[1].status.set_diverged_index(256);
  EXPECT_THAT(StatusTable(answers), HasSubstr("QUARANTINED"));
  EXPECT_EQ(StatusVerdict(answers), kExitFailed);
}

TEST(StatusViewTest, ADigestThatAFullScanDoesNotReproduceIsAnAlarm) {
  ServerAnswer wrong = Answer(1, v1::SERVER_ROLE_LEADER, "aa");
  wrong.status.set_verified_state_digest("bb");
  EXPECT_EQ(StatusVerdict({wrong}), kExitFailed);
  wrong.status.set_verified_state_digest("aa");
  EXPECT_EQ(StatusVerdict({wrong}), kExitOk);
  EXPECT_THAT(StatusTable({wrong}), HasSubstr("aa verified"));
}

}  // namespace
}  // namespace raft::ctl
