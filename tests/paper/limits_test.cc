// The named limits of the log in memory and of messages (core/raft_options.h). Traps B11, B19.
//
// New proposals are refused before they are appended; no-ops, entries from a leader and a log found
// at start never are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/core_harness/peers_by_hand.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::uint64_t ChargedBytesOf(const std::vector<LogEntryPointer>& entries) {
  std::uint64_t bytes = 0;
  for (const LogEntryPointer& entry : entries) bytes += ChargedBytes(*entry);
  return bytes;
}

const std::string kHundredBytes(100, 'x');
constexpr std::uint64_t kChargeOfHundredBytes = 100 + kLogEntryOverheadBytes;

// Proposes until one is refused; the refusal. At most `attempts` times.
std::optional<Refusal> ProposeUntilRefused(ServerUnderTest& leader, int attempts = 1000) {
  for (int attempt = 0; attempt < attempts; ++attempt) {
    const auto refusal = leader.RefusalOf(leader.Propose(kHundredBytes));
    if (refusal.has_value()) return refusal;
  }
  return std::nullopt;
}

// ---- uncommitted_bytes_max.

class UncommittedLimitTest : public ::testing::Test {
 protected:
  static ServerSetup LimitedServer() {
    ServerSetup setup;
    setup.options.uncommitted_bytes_max = 1000;
    return setup;
  }
  void SetUp() override { BecomeEstablishedLeader(leader_); }
  ServerUnderTest leader_{LimitedServer()};
};

// Trap B19: without a quorum the tail would grow for as long as clients try.
TEST_F(UncommittedLimitTest, RefusesProposalsBeyondIt) {
  const auto refusal = ProposeUntilRefused(leader_);
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->reason, RefusalReason::kOverloaded);
  EXPECT_GE(leader_.status().uncommitted_bytes + kChargeOfHundredBytes, 1000u);
  EXPECT_LE(leader_.status().uncommitted_bytes, 1000u + kChargeOfHundredBytes);
}

TEST_F(UncommittedLimitTest, ARefusedProposalIsNotInTheLog) {
  ProposeUntilRefused(leader_);
  const RaftStatus before = leader_.status();
  leader_.Propose(kHundredBytes);
  EXPECT_EQ(leader_.status().last_log_index, before.last_log_index);
  EXPECT_EQ(leader_.status().uncommitted_bytes, before.uncommitted_bytes);
}

// Trap B19, second half: the first fixes refused for ever because they counted wrongly.
TEST_F(UncommittedLimitTest, AcceptsProposalsAgainOnceEntriesCommit) {
  for (int round = 0; round < 20; ++round) {
    ASSERT_TRUE(ProposeUntilRefused(leader_).has_value()) << "round " << round;
    CatchUpAll(leader_);
    ASSERT_EQ(leader_.status().uncommitted_bytes, 0u) << "round " << round;
    EXPECT_TRUE(leader_.AppendedAt(leader_.Propose(kHundredBytes)).has_value())
        << "round " << round;
    CatchUpAll(leader_);
  }
}

TEST_F(UncommittedLimitTest, DoesNotRefuseReads) {
  ProposeUntilRefused(leader_);
  const Ticket read = leader_.Read();
  EXPECT_EQ(leader_.RefusalOf(read), std::nullopt);
}

// ---- log_bytes_max.

class LogLimitTest : public ::testing::Test {
 protected:
  static ServerSetup LimitedServer() {
    ServerSetup setup;
    setup.options.log_bytes_max = 2000;
    return setup;
  }
  void SetUp() override { BecomeEstablishedLeader(leader_); }
  ServerUnderTest leader_{LimitedServer()};
};

TEST_F(LogLimitTest, RefusesProposalsBeyondItAndNamesTheSilentPeer) {
  std::optional<Refusal> refusal;
  for (int attempt = 0; attempt < 100 && !refusal.has_value(); ++attempt) {
    refusal = leader_.RefusalOf(leader_.Propose(kHundredBytes));
    CatchUp(leader_, kS2);  // S3 says nothing.
    leader_.TickTimes(1);
  }
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->reason, RefusalReason::kLogFull);
  EXPECT_EQ(refusal->silent_peer, kS3);
}

TEST_F(LogLimitTest, NamesNobodyWhenEveryPeerIsInLine) {
  std::optional<Refusal> refusal;
  for (int attempt = 0; attempt < 100 && !refusal.has_value(); ++attempt) {
    refusal = leader_.RefusalOf(leader_.Propose(kHundredBytes));
    CatchUpAll(leader_);
  }
  ASSERT_TRUE(refusal.has_value());
  EXPECT_EQ(refusal->reason, RefusalReason::kLogFull);
  EXPECT_EQ(refusal->silent_peer, std::nullopt);
}

TEST_F(LogLimitTest, NeverRefusesEntriesFromALeader) {
  ServerUnderTest follower(LimitedServer());
  std::vector<LogEntryPointer> entries;
  for (std::uint64_t index = 1; index <= 50; ++index) {
    entries.push_back(Entry(index, 1, kHundredBytes));
  }
  const CallId call = follower.Receive(kS2, AppendEntries({.entries = entries, .commit = 50}));
  EXPECT_TRUE(follower.Answer<AppendEntriesResponse>(call)->success);
  EXPECT_EQ(follower.status().last_log_index, LogIndex(50));
  EXPECT_GT(follower.status().log_bytes, 2000u);
}

TEST_F(LogLimitTest, OpensAnyLogAndNeverRefusesTheNoOpOfATerm) {
  ServerSetup setup = LimitedServer();
  setup.recovered = Recovered({.term = 1, .log_terms = std::vector<std::uint64_t>(100, 1)});
  ServerUnderTest leader(setup);
  EXPECT_EQ(leader.status().last_log_index, LogIndex(100));
  BecomeEstablishedLeader(leader);
  EXPECT_EQ(leader.status().last_log_index, LogIndex(101));
  EXPECT_EQ(leader.RefusalOf(leader.Propose())->reason, RefusalReason::kLogFull);
}

// ---- append_bytes_max and the messages under way.

class AppendLimitTest : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kAppendBytesMax = 3 * kChargeOfHundredBytes;
  static ServerSetup LimitedServer() {
    ServerSetup setup;
    setup.options.append_bytes_max = kAppendBytesMax;
    return setup;
  }
  void SetUp() override { BecomeEstablishedLeader(leader_); }
  ServerUnderTest leader_{LimitedServer()};
};

TEST_F(AppendLimitTest, FillsAMessageUpToItAndNotBeyond) {
  leader_.Propose("first");
  const auto first = *TakeAppendTo(leader_, kS2);
  for (int count = 0; count < 10; ++count) leader_.Propose(kHundredBytes);
  Acknowledge(leader_, first);
  const auto full = TakeAppendTo(leader_, kS2);
  ASSERT_TRUE(full.has_value());
  EXPECT_EQ(ChargedBytesOf(full->request.entries), kAppendBytesMax);
}

// Trap B11: entries around the limit, in every order: none is skipped for one that still fits.
TEST_F(AppendLimitTest, NeverSkipsAnEntryForASmallerOneBehindIt) {
  const std::size_t whole = kAppendBytesMax - kLogEntryOverheadBytes;
  std::vector<std::string> proposed;
  for (const std::size_t size :
       {std::size_t{1}, whole, whole - 1, whole + 1, std::size_t{1}, whole + 1, std::size_t{0},
        whole - kLogEntryOverheadBytes, std::size_t{0}}) {
    proposed.push_back(std::string(size, 'x'));
    leader_.Propose(proposed.back());
  }
  std::vector<LogEntryPointer> received;
  while (const auto append = TakeAppendTo(leader_, kS2)) {
    ASSERT_EQ(append->request.previous.index + 1, append->request.entries.front()->index);
    ASSERT_EQ(append->request.previous.index, LogIndex(1 + received.size()));
    if (append->request.entries.size() > 1) {
      EXPECT_LE(ChargedBytesOf(append->request.entries), kAppendBytesMax);
    }
    received.insert(received.end(), append->request.entries.begin(), append->request.entries.end());
    Acknowledge(leader_, *append);
  }
  EXPECT_EQ(CommandsOf(received), proposed);
}

TEST_F(AppendLimitTest, SendsAnEntryThatIsLargerThanItAlone) {
  leader_.Propose("first");
  const auto first = *TakeAppendTo(leader_, kS2);
  leader_.Propose(std::string(10'000, 'x'));
  leader_.Propose("last");
  Acknowledge(leader_, first);
  const auto large = *TakeAppendTo(leader_, kS2);
  EXPECT_THAT(large.request.entries, SizeIs(1));
  Acknowledge(leader_, large);
  EXPECT_THAT(CommandsOf(TakeAppendTo(leader_, kS2)->request.entries), ElementsAre("last"));
}

TEST_F(AppendLimitTest, OneMessageWithEntriesIsUnderWayToEachPeer) {
  for (int count = 0; count < 50; ++count) leader_.Propose(kHundredBytes);
  leader_.TickTimes(10);
  for (const ServerId peer : {kS2, kS3}) {
    int with_entries = 0;
    for (const auto& sent : leader_.TakeRequestsTo<AppendEntriesRequest>(peer)) {
      with_entries += !sent.request.is_heartbeat();
    }
    EXPECT_EQ(with_entries, 1) << "to " << peer.value();
  }
}

// A slow peer is its own affair.
TEST_F(AppendLimitTest, AFullLaneToOnePeerDoesNotHoldUpAnother) {
  for (int count = 0; count < 50; ++count) leader_.Propose(kHundredBytes);
  CatchUp(leader_, kS2);
  EXPECT_EQ(leader_.peer(kS2).match_index, LogIndex(51));
  EXPECT_EQ(leader_.peer(kS3).match_index, LogIndex(1));
  EXPECT_EQ(leader_.commit_index(), 51u);
}

}  // namespace
}  // namespace raft::harness
