// Figure 3: the five properties that are true at all times, under random schedules.
//
// Messages are delivered, lost, doubled and reordered, disks are slow, servers crash and restart,
// all drawn from one seed. A failure prints the seed; RAFT_TEST_SEED runs that one alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <string>

#include "tests/core_harness/test_cluster.h"

namespace raft::harness {
namespace {

// Watches a cluster from outside and fails the test when a property of Figure 3 is broken.
class Figure3Observer {
 public:
  void Observe(TestCluster& cluster) {
    for (const ServerId id : cluster.running()) {
      ServerUnderTest& server = cluster.server(id);
      if (server.role() == RoleName::kLeader) ObserveLeader(id, server);
      ObserveApplied(server);
    }
  }
  // Compares every pair of logs; dear, so it runs now and then.
  void CompareLogs(TestCluster& cluster) {
    for (const ServerId left : cluster.running()) {
      for (const ServerId right : cluster.running()) {
        if (left < right) ExpectLogMatching(cluster.server(left), cluster.server(right));
      }
    }
  }
  std::size_t applied() const { return applied_.size(); }
  std::size_t leaders() const { return leader_of_term_.size(); }

 private:
  void ObserveLeader(ServerId id, const ServerUnderTest& server) {
    // Election Safety: at most one leader can be elected in a given term.
    const auto [first, is_new] = leader_of_term_.insert({server.term(), id});
    EXPECT_EQ(first->second, id) << "two leaders in term " << server.term();
    // Leader Append-Only: a leader never overwrites or deletes entries in its log.
    std::vector<LogEntryPointer>& before = log_of_leader_[server.term()];
    const std::vector<LogEntryPointer>& now = server.written().entries();
    ASSERT_LE(before.size(), now.size()) << "a leader's log became shorter";
    if (!before.empty()) {
      EXPECT_EQ(before.back(), now[before.size() - 1]);
    }
    // Leader Completeness: a committed entry is in the logs of the leaders of all higher terms.
    if (is_new) {
      for (const auto& [index, entry] : applied_) {
        const LogEntryPointer held = server.written().EntryAt(LogIndex(index));
        ASSERT_NE(held, nullptr) << "a leader lacks committed index " << index;
        EXPECT_EQ(held->term, entry->term) << "a leader lacks committed index " << index;
      }
    }
    before = now;
  }

  // State Machine Safety: no two servers apply different entries at one index.
  void ObserveApplied(const ServerUnderTest& server) {
    const std::vector<LogEntryPointer>& handed = server.handed_to_apply();
    for (std::size_t place = handed.size(); place > 0; --place) {
      const LogEntryPointer& entry = handed[place - 1];
      const auto [first, is_new] = applied_.insert({entry->index.value(), entry});
      EXPECT_EQ(first->second->term, entry->term) << "at index " << entry->index.value();
      EXPECT_EQ(first->second->data, entry->data) << "at index " << entry->index.value();
      if (!is_new) break;  // All before it were seen when this one was.
    }
  }

  // Log Matching: two logs that agree on index and term of an entry agree on all before it.
  static void ExpectLogMatching(const ServerUnderTest& left, const ServerUnderTest& right) {
    const auto& left_log = left.written().entries();
    const auto& right_log = right.written().entries();
    bool must_match = false;
    for (std::size_t place = std::min(left_log.size(), right_log.size()); place > 0; --place) {
      const bool same_term = left_log[place - 1]->term == right_log[place - 1]->term;
      must_match = must_match || same_term;
      EXPECT_EQ(same_term, must_match) << "at index " << place;
      if (same_term) {
        EXPECT_EQ(left_log[place - 1]->data, right_log[place - 1]->data);
      }
    }
  }

  std::map<std::uint64_t, ServerId> leader_of_term_;
  std::map<std::uint64_t, std::vector<LogEntryPointer>> log_of_leader_;
  std::map<std::uint64_t, LogEntryPointer> applied_;
};

class RandomSchedule {
 public:
  RandomSchedule(std::uint64_t seed, std::size_t servers)
      : random_(seed), cluster_({.servers = servers, .seed = seed}) {}

  void Run(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      OneStep();
      observer_.Observe(cluster_);
      if (step % 100 == 0) observer_.CompareLogs(cluster_);
    }
    observer_.CompareLogs(cluster_);
  }
  const Figure3Observer& observer() const { return observer_; }

 private:
  std::uint64_t Draw(std::uint64_t below) { return random_() % below; }
  ServerId DrawServer(const std::vector<ServerId>& from) { return from[Draw(from.size())]; }

  void OneStep() {
    const std::uint64_t what = Draw(1000);
    if (what < 840) {
      MoveAMessage();
    } else if (what < 920) {
      cluster_.TickAll();
    } else if (what < 950) {
      cluster_.server(DrawServer(cluster_.running())).Propose(std::to_string(++proposals_));
    } else if (what < 995) {
      MoveADisk(cluster_.server(DrawServer(cluster_.running())));
    } else {
      CrashOrRestart();
    }
  }

  // Any message may overtake any other; some are lost, told or untold, some come twice.
  void MoveAMessage() {
    const auto& messages = cluster_.messages();
    if (messages.empty()) return cluster_.TickAll();
    const std::uint64_t id = messages[Draw(messages.size())].id;
    const std::uint64_t fate = Draw(100);
    if (fate < 90) {
      cluster_.Deliver(id);
    } else if (fate < 94) {
      cluster_.Duplicate(id);
    } else {
      cluster_.FailCall(id);
    }
  }

  void MoveADisk(ServerUnderTest& server) {
    if (Draw(3) == 0) {
      server.HoldDisk();
    } else if (!server.writes_waiting().empty() && Draw(2) == 0) {
      server.CompleteWrites(1 + Draw(server.writes_waiting().size()));
    } else {
      server.ReleaseDisk();
    }
  }

  // Keeps a majority running, so that something goes on to be checked.
  void CrashOrRestart() {
    std::vector<ServerId> down;
    for (const ServerId id : cluster_.all()) {
      if (!cluster_.is_running(id)) down.push_back(id);
    }
    if (!down.empty() && Draw(2) == 0) {
      cluster_.Restart(DrawServer(down));
    } else if (2 * (down.size() + 1) < cluster_.all().size()) {
      cluster_.Crash(DrawServer(cluster_.running()));
    }
  }

  std::mt19937_64 random_;
  TestCluster cluster_;
  Figure3Observer observer_;
  std::uint64_t proposals_ = 0;
};

// What happened in the schedules of one test, all seeds together.
struct Progress {
  std::size_t schedules = 0;
  std::size_t applied = 0;
  std::size_t leaders = 0;
};

// A schedule in which nothing happens proves nothing: on average there are several elections and
// many entries applied.
bool IsWorthChecking(const Progress& progress) {
  std::cout << progress.schedules << " schedules: " << progress.applied << " entries applied, "
            << progress.leaders << " leaders\n";
  return progress.leaders >= 2 * progress.schedules && progress.applied >= 10 * progress.schedules;
}

Progress RunSeeds(std::size_t servers, std::uint64_t seeds, int steps) {
  Progress progress;
  std::uint64_t first = 1;
  if (const char* chosen = std::getenv("RAFT_TEST_SEED")) {
    first = std::strtoull(chosen, nullptr, 10);
    seeds = 1;
  }
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    SCOPED_TRACE("RAFT_TEST_SEED=" + std::to_string(seed));
    RandomSchedule schedule(seed, servers);
    schedule.Run(steps);
    ++progress.schedules;
    progress.applied += schedule.observer().applied();
    progress.leaders += schedule.observer().leaders();
    if (::testing::Test::HasFailure()) break;
  }
  return progress;
}

TEST(Figure3Test, HoldsForThreeServers) { EXPECT_TRUE(IsWorthChecking(RunSeeds(3, 40, 4000))); }

TEST(Figure3Test, HoldsForFourServers) { EXPECT_TRUE(IsWorthChecking(RunSeeds(4, 20, 4000))); }

TEST(Figure3Test, HoldsForFiveServers) { EXPECT_TRUE(IsWorthChecking(RunSeeds(5, 20, 4000))); }

}  // namespace
}  // namespace raft::harness
