// AppendEntries on the wire: entries arrive whole, and nothing that could break the log arrives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <string>

#include "service/conversion/message_conversion.h"

namespace raft {
namespace {

using ::testing::HasSubstr;

LogEntryPointer Entry(std::uint64_t index, std::uint64_t term, EntryKind kind, std::string data) {
  return std::make_shared<const LogEntry>(
      LogEntry{.index = LogIndex(index),
               .term = Term(term),
               .kind = kind,
               .log_time_ms = static_cast<LogTimeMs>(1000 + index),
               .data = std::move(data)});
}

AppendEntriesRequest GoodRequest() {
  return {.number = RequestNumber(7),
          .term = Term(5),
          .leader_id = ServerId(2),
          .previous = {.index = LogIndex(9), .term = Term(4)},
          .leader_commit = LogIndex(8),
          .entries = {Entry(10, 4, EntryKind::kCommand, "x=1"), Entry(11, 5, EntryKind::kNoOp, ""),
                      Entry(12, 5, EntryKind::kCommand, std::string("\0\xff", 2))}};
}

AppendEntriesRequest GoodHeartbeat() {
  AppendEntriesRequest request = GoodRequest();
  request.entries.clear();
  request.compared_index = LogIndex(512);
  request.majority_state = StateCheck{.index = LogIndex(256), .digest = "00ff"};
  return request;
}

peer::v1::AppendEntriesRequest Written(const AppendEntriesRequest& request) {
  peer::v1::AppendEntriesRequest message;
  message.mutable_header()->set_from(request.leader_id.value());
  message.mutable_header()->set_to(1);
  ToProto(request, message);
  return message;
}

void ExpectSame(const AppendEntriesRequest& actual, const AppendEntriesRequest& expected) {
  EXPECT_EQ(actual.number, expected.number);
  EXPECT_EQ(actual.term, expected.term);
  EXPECT_EQ(actual.leader_id, expected.leader_id);
  EXPECT_EQ(actual.previous, expected.previous);
  EXPECT_EQ(actual.leader_commit, expected.leader_commit);
  EXPECT_EQ(actual.compared_index, expected.compared_index);
  EXPECT_EQ(actual.majority_state, expected.majority_state);
  ASSERT_EQ(actual.entries.size(), expected.entries.size());
  for (std::size_t position = 0; position < expected.entries.size(); ++position) {
    EXPECT_EQ(actual.entries[position]->position(), expected.entries[position]->position());
    EXPECT_EQ(actual.entries[position]->kind, expected.entries[position]->kind);
    EXPECT_EQ(actual.entries[position]->log_time_ms, expected.entries[position]->log_time_ms);
    EXPECT_EQ(actual.entries[position]->data, expected.entries[position]->data);
  }
}

TEST(AppendEntriesConversionTest, EntriesComeBackAsTheyWent) {
  const AppendEntriesRequest request = GoodRequest();
  ExpectSame(FromProto(Written(request), {}).value(), request);
}

TEST(AppendEntriesConversionTest, TheFirstHeartbeatOfAClusterComesBackAsItWent) {
  const AppendEntriesRequest request{.number = RequestNumber(1),
                                     .term = Term(1),
                                     .leader_id = ServerId(2),
                                     .previous = {},
                                     .leader_commit = LogIndex(0),
                                     .entries = {}};
  ExpectSame(FromProto(Written(request), {}).value(), request);
}

TEST(AppendEntriesConversionTest, WhatAHeartbeatSaysOfStatesComesBackAsItWent) {
  peer::v1::AppendEntriesRequest message = Written(GoodHeartbeat());
  ExpectSame(FromProto(peer::v1::AppendEntriesRequest(message), {}).value(), GoodHeartbeat());

  ToProto(GoodRequest(), message);

  ExpectSame(FromProto(std::move(message), {}).value(), GoodRequest());
}

TEST(AppendEntriesConversionTest, AServerOfAnOlderVersionComparesNothing) {
  peer::v1::AppendEntriesRequest request = Written(GoodRequest());
  EXPECT_EQ(request.compared_index(), 0u);
  EXPECT_EQ(FromProto(std::move(request), {})->majority_state, std::nullopt);
  peer::v1::AppendEntriesResponse response;
  response.mutable_header()->set_request_number(7);
  response.set_term(5);
  EXPECT_EQ(FromProto(response)->state_check, std::nullopt);
  EXPECT_FALSE(FromProto(response)->needs_snapshot);
}

TEST(AppendEntriesConversionTest, AMessageUsedAgainKeepsNothingOfItsLastUse) {
  peer::v1::AppendEntriesRequest message = Written(GoodRequest());
  AppendEntriesRequest second = GoodRequest();
  second.entries = {Entry(10, 5, EntryKind::kNoOp, "")};

  ToProto(second, message);

  ExpectSame(FromProto(std::move(message), {}).value(), second);
}

TEST(AppendEntriesConversionTest, DataIsMovedNotCopied) {
  AppendEntriesRequest request = GoodRequest();
  request.entries = {Entry(10, 5, EntryKind::kCommand, std::string(1 << 16, 'd'))};
  peer::v1::AppendEntriesRequest message = Written(request);
  const char* bytes = message.entries(0).data().data();

  const auto read = FromProto(std::move(message), {});

  EXPECT_EQ(read.value().entries[0]->data.data(), bytes);
}

TEST(AppendEntriesConversionTest, TakesAnEntryAtTheLimitAndRefusesOneByteMore) {
  const ConversionLimits limits{.entry_data_bytes_max = 100};
  AppendEntriesRequest request = GoodRequest();
  request.entries = {Entry(10, 5, EntryKind::kCommand, std::string(100, 'd'))};
  EXPECT_TRUE(FromProto(Written(request), limits).ok());

  request.entries = {Entry(10, 5, EntryKind::kCommand, std::string(101, 'd'))};
  EXPECT_THAT(std::string(FromProto(Written(request), limits).status().message()),
              HasSubstr("101 bytes of data, the limit is 100"));
}

struct RequestBreakage {
  std::string name;
  std::function<void(peer::v1::AppendEntriesRequest&)> apply;
  std::string expected_words;
};

const RequestBreakage kRequestBreakages[] = {
    {"term 0", [](auto& m) { m.set_term(0); }, "term is 0"},
    {"enormous term", [](auto& m) { m.set_term(kNumberMax + 1); }, "no honest cluster"},
    {"from 0", [](auto& m) { m.mutable_header()->set_from(0); }, "header.from"},
    {"to 0", [](auto& m) { m.mutable_header()->set_to(0); }, "header.to"},
    {"number 0", [](auto& m) { m.mutable_header()->set_request_number(0); }, "request_number"},
    {"previous index without term", [](auto& m) { m.set_prev_log_term(0); }, "prev_log_term 0"},
    {"previous term without index", [](auto& m) { m.set_prev_log_index(0); }, "prev_log_index 0"},
    {"previous term above term", [](auto& m) { m.set_prev_log_term(6); }, "above the leader's"},
    {"enormous previous", [](auto& m) { m.set_prev_log_index(~std::uint64_t{0}); },
     "prev_log_index"},
    {"enormous commit", [](auto& m) { m.set_leader_commit(kNumberMax + 1); }, "leader_commit"},
    {"index 0", [](auto& m) { m.mutable_entries(0)->set_index(0); }, "entry 0 stands where"},
    {"gap", [](auto& m) { m.mutable_entries(1)->set_index(12); }, "entry 12 stands where entry 11"},
    {"not behind previous", [](auto& m) { m.set_prev_log_index(8); }, "entry 10 stands where"},
    {"entry term 0", [](auto& m) { m.mutable_entries(0)->set_term(0); }, "has term 0"},
    {"entry term above term", [](auto& m) { m.mutable_entries(2)->set_term(6); }, "above the lead"},
    {"entry terms falling", [](auto& m) { m.mutable_entries(2)->set_term(4); }, "below the term 5"},
    {"below previous term", [](auto& m) { m.mutable_entries(0)->set_term(3); }, "below the term 4"},
    {"log time falling", [](auto& m) { m.mutable_entries(1)->set_log_time_ms(1009); },
     "has log time 1009"},
    {"log time too high", [](auto& m) { m.mutable_entries(1)->set_log_time_ms(INT64_MAX); },
     "has log time 9223372036854775807"},
    {"log time negative", [](auto& m) { m.mutable_entries(0)->set_log_time_ms(-1); },
     "has log time -1"},
    // Trap B23: an entry that one version skips and another applies makes their states differ.
    {"kind unspecified",
     [](auto& m) { m.mutable_entries(0)->set_kind(peer::v1::ENTRY_KIND_UNSPECIFIED); },
     "later version"},
    {"a configuration that is none",
     [](auto& m) { m.mutable_entries(0)->set_kind(peer::v1::ENTRY_KIND_CONFIGURATION); },
     "makes no sense"},
    {"kind session", [](auto& m) { m.mutable_entries(0)->set_kind(peer::v1::ENTRY_KIND_SESSION); },
     "later version"},
    {"kind of the future",
     [](auto& m) { m.mutable_entries(0)->set_kind(static_cast<peer::v1::EntryKind>(77)); },
     "is of kind 77"},
    {"session id", [](auto& m) { m.mutable_entries(0)->set_session_id(1); }, "session"},
    {"session sequence", [](auto& m) { m.mutable_entries(0)->set_session_sequence(1); }, "session"},
    {"lowest outstanding",
     [](auto& m) { m.mutable_entries(0)->set_lowest_outstanding_sequence(1); }, "session"},
    {"enormous compared index", [](auto& m) { m.set_compared_index(kNumberMax + 1); },
     "compared_index"},
    {"enormous index of a state",
     [](auto& m) {
       m.set_majority_state_index(kNumberMax + 1);
       m.set_majority_state_digest("d");
     },
     "majority_state_index"},
    {"state without a digest", [](auto& m) { m.set_majority_state_index(256); },
     "majority_state_index 256 with a digest of 0 bytes"},
    {"digest without an index", [](auto& m) { m.set_majority_state_digest("d"); },
     "majority_state_index 0 with a digest of 1 bytes"},
    {"enormous digest",
     [](auto& m) {
       m.set_majority_state_index(256);
       m.set_majority_state_digest(std::string(65, 'd'));
     },
     "has 65 bytes, the limit is 64"},
};

TEST(AppendEntriesConversionTest, RefusesRequestsThatBreakARule) {
  for (const RequestBreakage& breakage : kRequestBreakages) {
    SCOPED_TRACE(breakage.name);
    peer::v1::AppendEntriesRequest message = Written(GoodRequest());
    breakage.apply(message);
    const auto result = FromProto(std::move(message), {});
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(breakage.expected_words));
  }
}

AppendEntriesResponse Match(std::uint64_t match_index) {
  return {.number = RequestNumber(7),
          .term = Term(5),
          .success = true,
          .match_index = LogIndex(match_index),
          .conflict = std::nullopt};
}

AppendEntriesResponse Mismatch(std::optional<Term> term, std::uint64_t index) {
  return {.number = RequestNumber(7),
          .term = Term(5),
          .success = false,
          .match_index = LogIndex(0),
          .conflict = ConflictHint{.term = term, .index = LogIndex(index)}};
}

AppendEntriesResponse Stale(std::uint64_t term) {
  return {.number = RequestNumber(7),
          .term = Term(term),
          .success = false,
          .match_index = LogIndex(0),
          .conflict = std::nullopt};
}

AppendEntriesResponse WithState(std::uint64_t index, std::string digest) {
  AppendEntriesResponse response = Match(9);
  response.state_check = StateCheck{.index = LogIndex(index), .digest = std::move(digest)};
  return response;
}

AppendEntriesResponse Quarantined() {
  AppendEntriesResponse response = Match(9);
  response.needs_snapshot = true;
  return response;
}

TEST(AppendEntriesConversionTest, EveryOutcomeComesBackAsItWentInOneMessageUsedAgain) {
  peer::v1::AppendEntriesResponse message;
  for (const AppendEntriesResponse& response :
       {Match(12), Mismatch(Term(3), 4), WithState(256, std::string(64, 'd')), Match(0),
        Quarantined(), Mismatch(std::nullopt, 6), WithState(512, "d"), Stale(9)}) {
    ToProto(response, message);
    EXPECT_EQ(FromProto(message).value(), response);
  }
}

struct ResponseBreakage {
  std::string name;
  AppendEntriesResponse good;
  std::function<void(peer::v1::AppendEntriesResponse&)> apply;
  std::string expected_words;
};

TEST(AppendEntriesConversionTest, RefusesResponsesThatBreakARule) {
  const ResponseBreakage breakages[] = {
      {"term 0", Match(12), [](auto& m) { m.set_term(0); }, "term is 0"},
      {"enormous term", Stale(6), [](auto& m) { m.set_term(kNumberMax + 1); }, "no honest"},
      {"number 0", Match(12), [](auto& m) { m.mutable_header()->set_request_number(0); },
       "request_number"},
      {"success and conflict", Match(12), [](auto& m) { m.set_conflict_index(3); }, "at once"},
      {"conflict term alone", Stale(6), [](auto& m) { m.set_conflict_term(3); },
       "without a conflict_index"},
      {"conflict of the future", Mismatch(Term(3), 4), [](auto& m) { m.set_conflict_term(6); },
       "above the answerer's term"},
      {"match without success", Stale(6), [](auto& m) { m.set_match_index(3); }, "without success"},
      {"enormous match", Match(12), [](auto& m) { m.set_match_index(kNumberMax + 1); },
       "match_index"},
      {"enormous conflict", Mismatch(Term(3), 4),
       [](auto& m) { m.set_conflict_index(kNumberMax + 1); }, "conflict_index"},
      {"state without a digest", Match(12), [](auto& m) { m.set_state_check_index(256); },
       "state_check_index 256 with a digest of 0 bytes"},
      {"digest without an index", Match(12), [](auto& m) { m.set_state_check_digest("d"); },
       "state_check_index 0 with a digest of 1 bytes"},
      {"enormous digest", WithState(256, "d"),
       [](auto& m) { m.set_state_check_digest(std::string(65, 'd')); },
       "has 65 bytes, the limit is 64"},
      {"enormous index of a state", WithState(256, "d"),
       [](auto& m) { m.set_state_check_index(kNumberMax + 1); }, "state_check_index"},
  };
  for (const ResponseBreakage& breakage : breakages) {
    SCOPED_TRACE(breakage.name);
    peer::v1::AppendEntriesResponse message;
    ToProto(breakage.good, message);
    ASSERT_TRUE(FromProto(message).ok());
    breakage.apply(message);
    const auto result = FromProto(message);
    ASSERT_FALSE(result.ok());
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(breakage.expected_words));
  }
}

TEST(CheckAnswerTest, AMatchReachesNoFurtherThanWhatWasSent) {
  const RequestBounds bounds = BoundsOf(GoodRequest());
  EXPECT_TRUE(CheckAnswer(bounds, Match(12)).ok());
  EXPECT_FALSE(CheckAnswer(bounds, Match(13)).ok());
}

TEST(CheckAnswerTest, AConflictLiesNoFurtherThanThePreviousEntry) {
  const RequestBounds bounds = BoundsOf(GoodRequest());
  EXPECT_TRUE(CheckAnswer(bounds, Mismatch(std::nullopt, 9)).ok());
  EXPECT_FALSE(CheckAnswer(bounds, Mismatch(std::nullopt, 10)).ok());
}

// One of another index would be compared with states that it has nothing to do with.
TEST(CheckAnswerTest, AStateIsToldOnlyAtTheComparedIndex) {
  const RequestBounds bounds = BoundsOf(GoodHeartbeat());
  EXPECT_TRUE(CheckAnswer(bounds, Match(9)).ok());
  EXPECT_TRUE(CheckAnswer(bounds, WithState(512, "d")).ok());
  EXPECT_FALSE(CheckAnswer(bounds, WithState(256, "d")).ok());
  EXPECT_FALSE(CheckAnswer(BoundsOf(GoodRequest()), WithState(512, "d")).ok());
}

TEST(CheckAnswerTest, AppendEntriesIsAnsweredInItsTermOrRefusedInANewerOne) {
  const RequestBounds bounds = BoundsOf(GoodRequest());
  EXPECT_TRUE(CheckAnswer(bounds, Stale(6)).ok());
  EXPECT_FALSE(CheckAnswer(bounds, Stale(4)).ok());
  AppendEntriesResponse match_of_another_term = Match(12);
  match_of_another_term.term = Term(6);
  EXPECT_FALSE(CheckAnswer(bounds, match_of_another_term).ok());
  AppendEntriesResponse match_of_another_request = Match(12);
  match_of_another_request.number = RequestNumber(8);
  EXPECT_FALSE(CheckAnswer(bounds, match_of_another_request).ok());
}

// Whatever bytes arrive, they are either refused or keep the promises of core/messages.h.
TEST(AppendEntriesConversionTest, MutilatedBytesAreRefusedOrSane) {
  const char* given_seed = std::getenv("RAFT_TEST_SEED");
  const std::uint64_t seed = given_seed ? std::stoull(given_seed) : std::random_device{}();
  SCOPED_TRACE("RAFT_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const std::string good = Written(GoodRequest()).SerializeAsString();
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (std::uint64_t hits = random() % 3; hits < 3; ++hits) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    peer::v1::AppendEntriesRequest message;
    if (!message.ParseFromString(bytes)) continue;
    const auto request = FromProto(std::move(message), {});
    if (!request.ok()) continue;
    ++accepted;
    ASSERT_GT(request->term, Term(0));
    ASSERT_LE(request->term.value(), kNumberMax);
    LogIndex index = request->previous.index;
    Term term = request->previous.term;
    for (const LogEntryPointer& entry : request->entries) {
      ASSERT_EQ(entry->index, index.Next());
      ASSERT_GE(entry->term, term);
      ASSERT_LE(entry->term, request->term);
      index = entry->index;
      term = entry->term;
    }
  }
  EXPECT_GT(accepted, 0) << "the test must also see what is let in";
}

}  // namespace
}  // namespace raft
