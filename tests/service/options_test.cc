// Every relation between settings, and what is said when it is broken.
#include "service/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace raft {
namespace {

using testing::HasSubstr;

Options GoodOptions() {
  Options options;
  options.server_id = 1;
  options.data_dir = "/data";
  options.initial_members = "1=127.0.0.1:7001,2=127.0.0.1:7011";
  return options;
}

TEST(OptionsTest, AcceptsTheDefaults) { EXPECT_TRUE(Validate(GoodOptions()).ok()); }

TEST(OptionsTest, NeedsNoInitialMembersOnceTheClusterIsFormed) {
  Options options = GoodOptions();
  options.initial_members.clear();
  EXPECT_TRUE(Validate(options).ok());
}

TEST(OptionsTest, AcceptsAWildcardThatIsBoundWhenAnotherAddressIsAdvertised) {
  Options options = GoodOptions();
  options.client_address = "0.0.0.0:7000";
  options.advertise_client_address = "raft-1:7000";
  EXPECT_TRUE(Validate(options).ok());
}

struct BadCase {
  const char* name;
  std::function<void(Options&)> spoil;
  const char* message;
};

class BadOptionsTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadOptionsTest, AreRefusedWithTheRelationThatIsBroken) {
  Options options = GoodOptions();
  GetParam().spoil(options);
  const absl::Status judged = Validate(options);
  EXPECT_EQ(judged.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(judged.message()), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Identity, BadOptionsTest,
    testing::Values(
        BadCase{"NoServerId", [](Options& o) { o.server_id = 0; }, "--server-id is missing"},
        BadCase{"NoDataDir", [](Options& o) { o.data_dir.clear(); }, "--data-dir is missing"},
        BadCase{"WildcardAdvertised", [](Options& o) { o.client_address = "0.0.0.0:7000"; },
                "names every interface"},
        BadCase{"WildcardPeerAdvertised",
                [](Options& o) { o.advertise_peer_address = "[::]:7001"; },
                "names every interface"},
        BadCase{"PortZeroAdvertised", [](Options& o) { o.client_address = "127.0.0.1:0"; },
                "port 0"},
        BadCase{"NoPort", [](Options& o) { o.http_address = "localhost"; },
                "--http-address: \"localhost\" is not host:port"},
        BadCase{"OneAddressForBoth", [](Options& o) { o.client_address = o.peer_address; },
                "a port each"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    InitialMembers, BadOptionsTest,
    testing::Values(
        BadCase{
            "JoinAndForm", [](Options& o) { o.join = true; },
            "--join and --initial-members (1=127.0.0.1:7001,2=127.0.0.1:7011) exclude each other"},
        BadCase{"WithoutSelf", [](Options& o) { o.server_id = 9; },
                "does not contain this server: --server-id is 9"},
        BadCase{"SelfElsewhere", [](Options& o) { o.peer_address = "127.0.0.1:9999"; },
                "says that server 1 is at 127.0.0.1:7001, but it advertises 127.0.0.1:9999"},
        BadCase{"DuplicateId", [](Options& o) { o.initial_members = "1=a:1,1=b:1"; },
                "names 1 twice"},
        BadCase{"DuplicateAddress", [](Options& o) { o.initial_members = "1=a:1,2=a:1"; },
                "gives a:1 to two servers"},
        BadCase{"IdZero", [](Options& o) { o.initial_members = "0=a:1"; }, "\"0=a:1\" is not id="},
        BadCase{"NoId", [](Options& o) { o.initial_members = "a:1"; }, "\"a:1\" is not id="},
        BadCase{"EmptyItem", [](Options& o) { o.initial_members += ","; }, "\"\" is not id="},
        BadCase{"Wildcard", [](Options& o) { o.initial_members = "1=0.0.0.0:7001"; },
                "names every interface"},
        BadCase{"PortZero", [](Options& o) { o.initial_members = "1=a:0"; }, "port 0"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Times, BadOptionsTest,
    testing::Values(
        BadCase{"HeartbeatTooSlow", [](Options& o) { o.heartbeat_ms = 200; },
                "heartbeat (200 ms) must be below half the election timeout minimum (300 ms)"},
        BadCase{"HeartbeatExactlyHalf", [](Options& o) { o.heartbeat_ms = 150; },
                "must be below half"},
        BadCase{"NoRandomness", [](Options& o) { o.election_timeout_max_ms = 300; },
                "election timeout maximum (300 ms) must be above"},
        BadCase{"TickZero", [](Options& o) { o.tick_ms = 0; }, "tick (0 ms)"},
        BadCase{"TickTooLong", [](Options& o) { o.tick_ms = 1001; }, "tick (1001 ms)"},
        BadCase{"NotWholeTicks", [](Options& o) { o.heartbeat_ms = 55; },
                "heartbeat (55 ms) must be a whole number of ticks (10 ms)"},
        BadCase{"HeartbeatZero", [](Options& o) { o.heartbeat_ms = 0; }, "heartbeat (0 ms)"},
        BadCase{"DeadlineAboveCap", [](Options& o) { o.default_deadline_ms = 60'001; },
                "default deadline (60001 ms)"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Limits, BadOptionsTest,
    testing::Values(
        BadCase{"KeyAboveCommand", [](Options& o) { o.key_bytes_max = o.command_bytes_max + 1; },
                "key bytes (1572865) must not be above command bytes (1572864)"},
        BadCase{"ValueAboveCommand", [](Options& o) { o.value_bytes_max = 2 << 20; },
                "value bytes (2097152) must not be above command bytes"},
        BadCase{"CommandTooLarge",
                [](Options& o) { o.command_bytes_max = o.pending_bytes_max = 65 << 20; },
                "must not be above 64 MiB"},
        BadCase{"AppendAboveInflight", [](Options& o) { o.append_bytes_max = 9 << 20; },
                "append bytes (9437184) must not be above inflight bytes"},
        BadCase{"UncommittedAboveLog", [](Options& o) { o.log_bytes_max = 1 << 20; },
                "must not be above log bytes"},
        BadCase{"CompactionAboveLog", [](Options& o) { o.compaction_log_bytes = 129 << 20; },
                "compaction log bytes (135266304) must not be above half the log bytes"},
        BadCase{"TailAboveLog", [](Options& o) { o.compaction_tail_bytes = 65 << 20; },
                "compaction tail bytes (68157440) must not be above a quarter of the log bytes"},
        BadCase{"NoCompactionEntries", [](Options& o) { o.compaction_log_entries = 0; },
                "compaction log entries must be above 0"},
        BadCase{"StallTimeoutTooShort", [](Options& o) { o.snapshot_stall_timeout_ms = 1199; },
                "snapshot stall timeout (1199 ms) must be at least twice the election timeout "
                "maximum (600 ms)"},
        BadCase{"SnapshotTooSlow", [](Options& o) { o.snapshot_bytes_per_second = 300'000; },
                "snapshot bytes per second (300000) must carry the largest command"},
        BadCase{"NoPendingCalls", [](Options& o) { o.pending_calls_max = 0; },
                "pending calls must be above 0"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(Words, BadOptionsTest,
                         testing::Values(BadCase{"Format", [](Options& o) { o.log_format = "xml"; },
                                                 "\"xml\" is not one of auto, text, json"},
                                         BadCase{"Level", [](Options& o) { o.log_level = "loud"; },
                                                 "\"loud\" is not one of"}),
                         [](const auto& info) { return info.param.name; });

TEST(OptionsTest, SortsInitialMembersById) {
  const auto members = ParseInitialMembers("3=c:1, 1=a:1,2=b:1").value();
  ASSERT_EQ(members.size(), 3u);
  EXPECT_EQ(members[0].server_id, ServerId(1));
  EXPECT_EQ(members[2].peer_address, "c:1");
}

TEST(OptionsTest, CountsTimesInTicks) {
  const RaftOptions raft = RaftOptionsOf(GoodOptions());
  EXPECT_EQ(raft.heartbeat_ticks, 5u);
  EXPECT_EQ(raft.election_timeout_ticks_min, 30u);
  EXPECT_EQ(raft.election_timeout_ticks_max, 60u);
}

TEST(OptionsTest, ALimitOfSnapshotsThatMovesTheLargestCommandInTimeIsFine) {
  Options options = GoodOptions();
  options.snapshot_bytes_per_second = 1 << 20;
  EXPECT_TRUE(Validate(options).ok());
  EXPECT_EQ(SnapshotTransferOptionsOf(options).piece_bytes(), 128u << 10);
  options.snapshot_bytes_per_second = 400'000;
  EXPECT_EQ(SnapshotTransferOptionsOf(options).piece_bytes(), 50'000u);
}

TEST(OptionsTest, LeavesRoomAroundTheLargestCommandInAMessage) {
  Options options = GoodOptions();
  options.command_bytes_max = 3 << 20;
  EXPECT_EQ(MessageBytesMax(options), (3 << 20) + (512 << 10));
}

}  // namespace
}  // namespace raft
