// A follower that is offered snapshots, for the tests of both halves of an install.
//
// Server 1 with a world that the test controls; the leader of its term is played by hand.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/core_harness/peers_by_hand.h"
#include "tests/core_harness/server_under_test.h"

namespace raft::harness {

class SnapshotInstallTest : public ::testing::Test {
 protected:
  // A follower of term 2 that holds entries 1 to 3 of term 1, the first two of them applied.
  void Start(const RecoveredFields& fields = {.term = 2, .log_terms = {1, 1, 1}, .applied = 2}) {
    server_.emplace(ServerSetup{.recovered = Recovered(fields)});
  }
  // The leader of term 2 offers a snapshot.
  CallId OfferUpTo(LogPosition last_included, std::uint64_t number = 1) {
    return server_->Receive(
        kS2, Offer({.term = 2, .leader = kS2, .last_included = last_included, .number = number}));
  }
  std::optional<InstallSnapshotResponse> AnswerTo(CallId call) {
    return server_->Answer<InstallSnapshotResponse>(call);
  }
  // Holds everything that a snapshot waits for, so that a test takes the steps one by one.
  void HoldAll() {
    server_->HoldSnapshots();
    server_->HoldApply();
    server_->HoldDisk();
  }
  AppendEntriesResponse Append(const AppendEntriesFields& fields) {
    const CallId call = server_->Receive(fields.leader, AppendEntries(fields));
    const auto answer = server_->Answer<AppendEntriesResponse>(call);
    EXPECT_TRUE(answer.has_value());
    return answer.value_or(AppendEntriesResponse{});
  }
  std::uint64_t base() { return server_->status().first_log_index.value() - 1; }
  void ExpectRefused(CallId call, const std::string& law) {
    const auto answer = AnswerTo(call);
    ASSERT_TRUE(answer.has_value());
    EXPECT_FALSE(answer->success);
    EXPECT_FALSE(server_->snapshot_arriving().has_value()) << "refused before a byte is written";
    const auto refused = server_->EventsOf<ImpossibleMessageRefused>();
    ASSERT_THAT(refused, ::testing::SizeIs(1));
    EXPECT_TRUE(std::string(refused.front().law).starts_with(law)) << refused.front().law;
  }

  std::optional<ServerUnderTest> server_;
};

}  // namespace raft::harness
