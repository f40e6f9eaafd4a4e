// The laws stop a server whose state breaks them, and name themselves.
//
// Each test breaks a state by hand, as a bug would, past the methods that prevent it.
#include "core/invariants.h"

#include <gtest/gtest.h>

#include "core/candidate.h"
#include "core/follower.h"
#include "core/leader.h"
#include "tests/core/role_bench.h"

namespace raft::harness {
namespace {

class InvariantsTest : public ::testing::Test {
 protected:
  // A follower of term 3 with entries of terms 1, 1, 2, the first two committed and handed over.
  InvariantsTest() : follower_(bench_.Enter<Follower>()) {
    state().AdvanceCommitIndex(LogIndex(2));
    state().handed_to_apply_index = LogIndex(2);
    Check();
  }
  ServerState& state() { return bench_.state(); }
  void Check() { invariants_.Check(state(), *follower_); }

  RoleBench bench_{Recovered({.term = 3, .log_terms = {1, 1, 2}, .voted_for = kS1})};
  std::unique_ptr<Follower> follower_;
  Invariants invariants_;
};

using InvariantsDeathTest = InvariantsTest;

TEST_F(InvariantsTest, AcceptAnHonestLife) {
  state().persistent.AdoptTerm(Term(4));
  Check();
  state().persistent.GrantVote(kS2);
  Check();
  state().persistent.TruncateFrom(LogIndex(3));
  Check();
  state().persistent.Append(Entry(3, 4));
  Check();
  bench_.Persist();
  state().AdvanceCommitIndex(LogIndex(3));
  state().handed_to_apply_index = LogIndex(3);
  Check();
  state().last_applied = LogIndex(3);
  Check();
}

TEST_F(InvariantsDeathTest, StopWhenTheCommitIndexLeavesTheLog) {
  state().commit_index = LogIndex(4);
  EXPECT_DEATH(Check(), "only what is in the log is committed \\(N4\\)");
}

TEST_F(InvariantsDeathTest, StopWhenTheCommitIndexFalls) {
  bench_.state().handed_to_apply_index = LogIndex(2);
  state().commit_index = LogIndex(1);
  EXPECT_DEATH(Check(), "\\(N4\\)");
  Invariants fresh;
  state().commit_index = LogIndex(3);
  fresh.Check(state(), *follower_);
  state().commit_index = LogIndex(2);
  EXPECT_DEATH(fresh.Check(state(), *follower_), "the commit index never falls \\(N4\\)");
}

TEST_F(InvariantsDeathTest, StopWhenSomethingUncommittedIsApplied) {
  state().handed_to_apply_index = LogIndex(3);
  EXPECT_DEATH(Check(), "only committed is applied \\(N4\\)");
}

TEST_F(InvariantsDeathTest, StopWhenSomethingIsAppliedThatWasNotHandedOver) {
  state().last_applied = LogIndex(3);
  EXPECT_DEATH(Check(), "applied was handed over \\(N4\\)");
}

TEST_F(InvariantsDeathTest, StopWhenSomethingIsAppliedThatThisDiskLacks) {
  state().persistent.Append(Entry(4, 3));
  state().commit_index = LogIndex(4);
  state().handed_to_apply_index = LogIndex(4);
  EXPECT_DEATH(Check(), "only what is durable here is applied");
}

TEST_F(InvariantsDeathTest, StopWhenSomethingIsHandedOverTwice) {
  state().handed_to_apply_index = LogIndex(1);
  EXPECT_DEATH(Check(), "nothing is handed to apply twice \\(N4\\)");
}

TEST_F(InvariantsDeathTest, StopWhenACommittedEntryIsRemoved) {
  state().AdvanceCommitIndex(LogIndex(3));
  Check();
  state().persistent.TruncateFrom(LogIndex(3));
  EXPECT_DEATH(Check(), "only what is in the log is committed \\(N4\\)");
}

TEST_F(InvariantsDeathTest, StopWhenACommittedEntryIsReplaced) {
  state().persistent.TruncateFrom(LogIndex(2));
  state().persistent.Append(Entry(2, 3));
  bench_.Persist();
  EXPECT_DEATH(Check(), "no committed entry is ever removed or replaced \\(N6\\)");
}

TEST_F(InvariantsDeathTest, StopWhenAVoteChangesWithinATerm) {
  // The only way to a changed vote is a state rebuilt from something else than this disk.
  RoleBench other(Recovered({.term = 3, .log_terms = {1, 1, 2}, .voted_for = kS2}));
  const auto follower = other.Enter<Follower>();
  other.state().commit_index = LogIndex(2);
  other.state().handed_to_apply_index = LogIndex(2);
  EXPECT_DEATH(invariants_.Check(other.state(), *follower), "Election Safety.*\\(N2\\)");
}

TEST_F(InvariantsDeathTest, StopWhenTheTermFalls) {
  RoleBench other(Recovered({.term = 2, .log_terms = {1, 1, 2}}));
  const auto follower = other.Enter<Follower>();
  other.state().commit_index = LogIndex(2);
  other.state().handed_to_apply_index = LogIndex(2);
  EXPECT_DEATH(invariants_.Check(other.state(), *follower),
               "the current term never falls \\(N1\\)");
}

TEST_F(InvariantsDeathTest, StopWhenAFollowerWaitsForNobody) {
  state().election_timer.Stop();
  EXPECT_DEATH(Check(), "waits for a leader \\(N10\\)");
}

TEST_F(InvariantsDeathTest, StopWhenALeaderCutsItsOwnLog) {
  const auto leader = bench_.Enter<Leader>();
  Invariants invariants;
  invariants.Check(state(), *leader);
  state().persistent.TruncateFrom(LogIndex(4));
  EXPECT_DEATH(invariants.Check(state(), *leader), "Leader Append-Only");
}

TEST_F(InvariantsDeathTest, StopWhenWhoeverCampaignsDidNotVoteForItself) {
  const auto candidate = bench_.Enter<Candidate>();
  Invariants invariants;
  invariants.Check(state(), *candidate);
  state().persistent.AdoptTerm(Term(9));
  EXPECT_DEATH(invariants.Check(state(), *candidate), "a candidate or leader voted for itself");
}

}  // namespace
}  // namespace raft::harness
