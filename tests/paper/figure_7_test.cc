// Figure 7: what followers may look like when the leader at the top comes to power for term 8, and
// how the leader brings each of them in line (§5.3).
//
// S1 is the leader; S2 to S7 are the followers (a) to (f). The leader's own log gains the no-op of
// term 8 at index 11, which the figure does not draw.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "tests/core_harness/test_cluster.h"

namespace raft::harness {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Figure7Follower {
  std::string letter;
  ServerId server;
  std::vector<std::uint64_t> log_terms;
  std::size_t terms_in_doubt;  // how often the leader may have to back up: once a whole term
};

void PrintTo(const Figure7Follower& follower, std::ostream* out) { *out << follower.letter; }

const std::vector<std::uint64_t> kLeaderTerms = {1, 1, 1, 4, 4, 5, 5, 6, 6, 6};

std::vector<Figure7Follower> Followers() {
  return {{"a", ServerId(2), {1, 1, 1, 4, 4, 5, 5, 6, 6}, 1},
          {"b", ServerId(3), {1, 1, 1, 4}, 1},
          {"c", ServerId(4), {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6}, 0},
          {"d", ServerId(5), {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7}, 0},
          {"e", ServerId(6), {1, 1, 1, 4, 4, 4, 4}, 2},
          {"f", ServerId(7), {1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3}, 2}};
}

TestCluster ClusterOfFigure7() {
  ClusterSetup setup{.servers = 7};
  setup.recovered[kS1] = Recovered({.term = 7, .log_terms = kLeaderTerms});
  for (const Figure7Follower& follower : Followers()) {
    setup.recovered[follower.server] = Recovered({.term = 7, .log_terms = follower.log_terms});
  }
  return TestCluster(std::move(setup));
}

// (a), (b), (e), (f) and the leader itself: a majority of seven that may vote for this leader.
const std::set<ServerId> kMayVote = {kS1, ServerId(2), ServerId(3), ServerId(6), ServerId(7)};

class Figure7Test : public ::testing::TestWithParam<Figure7Follower> {
 protected:
  void SetUp() override { cluster_.Elect(kS1, kMayVote); }

  TestCluster cluster_ = ClusterOfFigure7();
};

TEST_P(Figure7Test, EndsWithExactlyTheLeadersLog) {
  ASSERT_EQ(cluster_.server(kS1).term(), 8u);
  cluster_.Run(20);
  EXPECT_THAT(cluster_.server(GetParam().server).log_terms(),
              ElementsAre(1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8));
  EXPECT_EQ(cluster_.server(kS1).peer(GetParam().server).match_index, LogIndex(11));
}

TEST_P(Figure7Test, IsBackedUpByWholeTerms) {
  cluster_.DeliverAmong({kS1, GetParam().server});
  std::size_t mismatches = 0;
  for (const AppendMismatched& event : cluster_.server(kS1).EventsOf<AppendMismatched>()) {
    mismatches += event.peer == GetParam().server;
  }
  EXPECT_LE(mismatches, GetParam().terms_in_doubt);
  EXPECT_EQ(cluster_.server(kS1).peer(GetParam().server).match_index, LogIndex(11));
}

// The entries both hold are kept, not sent and written a second time.
TEST_P(Figure7Test, KeepsThePrefixItSharesWithTheLeader) {
  std::size_t shared = 0;
  while (shared < kLeaderTerms.size() && shared < GetParam().log_terms.size() &&
         kLeaderTerms[shared] == GetParam().log_terms[shared]) {
    ++shared;
  }
  cluster_.Run(20);
  for (const EntriesTruncated& event :
       cluster_.server(GetParam().server).EventsOf<EntriesTruncated>()) {
    EXPECT_GT(event.first, LogIndex(shared));
  }
  for (const PersistRequest& write : cluster_.server(GetParam().server).all_writes()) {
    for (const LogEntryPointer& entry : write.entries) EXPECT_GT(entry->index, LogIndex(shared));
  }
}

INSTANTIATE_TEST_SUITE_P(Follower, Figure7Test, ::testing::ValuesIn(Followers()),
                         [](const auto& info) { return info.param.letter; });

TEST(Figure7LeaderTest, NeverChangesAnEntryOfItsOwnLog) {
  TestCluster cluster = ClusterOfFigure7();
  cluster.Elect(kS1, kMayVote);
  cluster.Run(20);
  EXPECT_THAT(cluster.server(kS1).EventsOf<EntriesTruncated>(), IsEmpty());
  EXPECT_EQ(cluster.server(kS1).commit_index(), 11u);
}

// "(c) and (d) have more entries": the election restriction keeps them from voting for S1 (§5.4.1).
TEST(Figure7LeaderTest, IsNotElectedByServersWhoseLogsAreNewer) {
  TestCluster cluster = ClusterOfFigure7();
  for (const ServerId voter : {ServerId(4), ServerId(5)}) {
    cluster.server(voter).Receive(
        kS1, RequestVote({.term = 8, .candidate = kS1, .last_log = At(10, 6)}));
    EXPECT_EQ(cluster.server(voter).status().voted_for, std::nullopt);
  }
}

}  // namespace
}  // namespace raft::harness
