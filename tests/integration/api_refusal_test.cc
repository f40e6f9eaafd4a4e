// Bad input at the client door, over real gRPC: a clear refusal each, and the server lives on.
#include <google/protobuf/unknown_field_set.h>
#include <gtest/gtest.h>

#include "tests/integration/cluster.h"

namespace raft::integration {
namespace {

constexpr char kPropose[] = "/raft.v1.ConsensusService/Propose";
constexpr int kCancelled = 1;
constexpr int kInvalidArgument = 3;
constexpr int kDeadlineExceeded = 4;
constexpr int kUnimplemented = 12;
constexpr std::size_t kKeyBytesMax = 4'096;
constexpr std::size_t kValueBytesMax = 1u << 20;

// One server, so that the only thing that can refuse is the door.
class ApiRefusalTest : public testing::Test {
 protected:
  ApiRefusalTest() : cluster_(1) {
    cluster_.StartAll();
    cluster_.WaitForLeader();
  }

  // Whatever was asked before, the same process still serves.
  void TearDown() override {
    EXPECT_TRUE(cluster_.process(1).IsRunning());
    EXPECT_GT(cluster_.MustPut("still", "here"), 0u);
  }

  Client& client() { return cluster_.client(1); }

  template <typename Response>
  void ExpectInvalid(const Answer<Response>& answer) {
    EXPECT_EQ(answer.outcome, Outcome::kRefused) << answer.error.message;
    EXPECT_EQ(answer.error.code, kInvalidArgument) << answer.error.message;
    EXPECT_FALSE(answer.error.message.empty());
    EXPECT_FALSE(answer.error.reason.empty());
  }

  template <typename Response>
  void ExpectNotSupported(const Answer<Response>& answer, const std::string& what) {
    EXPECT_EQ(answer.outcome, Outcome::kRefused) << what << ": " << answer.error.message;
    EXPECT_EQ(answer.error.code, kUnimplemented) << what << ": " << answer.error.message;
    EXPECT_EQ(answer.error.reason, "NOT_SUPPORTED") << what << ": " << answer.error.message;
  }

  Cluster cluster_;
};

TEST_F(ApiRefusalTest, AnEmptyKeyIsRefused) {
  ExpectInvalid(client().Put("", "value"));
  ExpectInvalid(client().Get(""));
  v1::ProposeRequest request;
  request.mutable_command()->mutable_delete_()->set_key("");
  ExpectInvalid(client().Propose(request));
}

TEST_F(ApiRefusalTest, AKeyOfTheLimitIsStoredAndOneByteMoreIsRefused) {
  const std::string longest(kKeyBytesMax, 'k');
  EXPECT_TRUE(client().Put(longest, "value").ok());
  const auto read = client().Get(longest);
  ASSERT_TRUE(read.ok()) << read.error.message;
  EXPECT_EQ(read.response.items_size(), 1);

  ExpectInvalid(client().Put(longest + "k", "value"));
}

TEST_F(ApiRefusalTest, AValueBelowOrOfTheLimitIsStoredAndOneByteMoreIsRefused) {
  for (const std::size_t bytes : {kValueBytesMax - 1, kValueBytesMax}) {
    const auto put = client().Put("key", std::string(bytes, 'v'));
    EXPECT_TRUE(put.ok()) << put.error.message;
    const auto read = client().Get("key");
    ASSERT_EQ(read.response.items_size(), 1) << read.error.message;
    EXPECT_EQ(read.response.items(0).value().size(), bytes);
  }

  ExpectInvalid(client().Put("key", std::string(kValueBytesMax + 1, 'v')));
}

TEST_F(ApiRefusalTest, AValueOfThreeTimesTheLimitIsToldTheLimit) {
  const auto answer = client().Put("key", std::string(3 * kValueBytesMax, 'v'));
  ExpectInvalid(answer);
}

TEST_F(ApiRefusalTest, AFieldOfALaterVersionIsNotSupportedAndNeverIgnored) {
  v1::ProposeRequest proposal = PutRequest("key", "value");
  proposal.GetReflection()->MutableUnknownFields(&proposal)->AddVarint(99, 1);
  ExpectNotSupported(client().Propose(proposal), "field 99 of a proposal");
  v1::ReadRequest read;
  read.mutable_query()->mutable_get()->set_key("key");
  read.GetReflection()->MutableUnknownFields(&read)->AddVarint(99, 1);
  ExpectNotSupported(client().Read(read), "field 99 of a read");
  EXPECT_EQ(cluster_.MustGet("key"), "(absent)");
}

TEST_F(ApiRefusalTest, AMessageFarAboveEveryLimitIsRefused) {
  const auto answer = client().Put("key", std::string(16u << 20, 'v'));

  EXPECT_FALSE(answer.ok());
  EXPECT_NE(answer.error.message.find("larger than max"), std::string::npos)
      << answer.error.message;
  EXPECT_EQ(cluster_.MustGet("key"), "(absent)");
}

TEST_F(ApiRefusalTest, AScanWithoutAnEndReadsToTheEndOfTheKeySpacePageByPage) {
  for (int number = 0; number < 7; ++number) cluster_.MustPut("k" + std::to_string(number), "v");
  v1::ReadRequest request;
  request.mutable_query()->mutable_scan()->set_limit(5);

  const auto first = client().Read(request);
  ASSERT_TRUE(first.ok()) << first.error.message;
  ASSERT_EQ(first.response.items_size(), 5);
  EXPECT_TRUE(first.response.more());
  request.mutable_query()->mutable_scan()->set_start(first.response.items(4).key() + '\0');
  const auto second = client().Read(request);
  ASSERT_TRUE(second.ok()) << second.error.message;
  EXPECT_EQ(second.response.items_size(), 2);
  EXPECT_FALSE(second.response.more());

  request.mutable_query()->mutable_scan()->set_limit(10'001);
  ExpectInvalid(client().Read(request));
}

TEST_F(ApiRefusalTest, ACommandOfNoKnownKindIsRefused) {
  ExpectInvalid(client().Propose({}));
  // Field 9 of Command is nobody's yet: a newer client's kind.
  v1::ProposeRequest newer;
  ASSERT_TRUE(newer.mutable_command()->ParseFromString(std::string("\x4a\x01x", 3)));
  ExpectNotSupported(client().Propose(newer), "a kind of a newer version");
  ExpectInvalid(client().Read({}));
}

TEST_F(ApiRefusalTest, BytesThatAreNoMessageAreRefused) {
  const Answer<std::string> answer = client().Call(kPropose, "\xff\xff\xff\xff");

  EXPECT_FALSE(answer.ok());
}

TEST_F(ApiRefusalTest, FieldsOfALaterVersionAreNotSupportedAndNeverIgnored) {
  v1::ProposeRequest with_request_id = PutRequest("key", "value");
  with_request_id.mutable_request_id()->set_session_id(1);
  ExpectNotSupported(client().Propose(with_request_id), "request_id");

  v1::ProposeRequest opaque;
  opaque.mutable_command()->set_opaque("bytes");
  ExpectNotSupported(client().Propose(opaque), "opaque command");

  v1::ReadRequest opaque_query;
  opaque_query.mutable_query()->set_opaque("bytes");
  ExpectNotSupported(client().Read(opaque_query), "opaque query");

  v1::ReadRequest bounded = GetRequest("key");
  bounded.set_consistency(v1::READ_CONSISTENCY_STALE);
  bounded.mutable_max_staleness()->set_seconds(1);
  ExpectNotSupported(client().Read(bounded), "max_staleness");

  EXPECT_EQ(cluster_.MustGet("key"), "(absent)");
}

TEST_F(ApiRefusalTest, CallsOfALaterVersionAreNotSupported) {
  for (const std::string method : {"ConsensusService/OpenSession", "ConsensusService/CloseSession",
                                   "ConsensusService/Watch"}) {
    ExpectNotSupported(client().Call("/raft.v1." + method, ""), method);
  }
}

TEST_F(ApiRefusalTest, ACallThatNobodyHasIsUnimplemented) {
  EXPECT_EQ(client().Call("/raft.v1.ConsensusService/Guess", "").error.code, kUnimplemented);
}

TEST_F(ApiRefusalTest, ThePeerServiceIsNotOnTheClientPort) {
  EXPECT_EQ(client().Call("/raft.peer.v1.PeerService/AppendEntries", "").error.code,
            kUnimplemented);
}

TEST_F(ApiRefusalTest, ADeadlineInThePastStoresNothing) {
  const auto answer = client().Put("late", "value", Milliseconds(-1));

  EXPECT_EQ(answer.error.code, kDeadlineExceeded) << answer.error.message;
  EXPECT_EQ(cluster_.MustGet("late"), "(absent)");
}

// A leader whose followers stand still cannot commit: calls wait in it for as long as a test wants.
class WaitingCallTest : public testing::Test {
 protected:
  WaitingCallTest() : cluster_(3) {
    cluster_.StartAll();
    leader_ = cluster_.WaitForLeader();
    cluster_.MustPut("key", "before");
    leader_ = cluster_.WaitForLeader();
    ForFollowers([this](Id id) { cluster_.Stop(id); });
  }

  template <typename Function>
  void ForFollowers(Function function) {
    for (const Id id : cluster_.ids()) {
      if (id != leader_) function(id);
    }
  }

  // After the followers have resumed: one of two values, on every server the same, nobody ended.
  void ExpectAliveWithEither(const std::string& one, const std::string& other) {
    ForFollowers([this](Id id) { cluster_.Continue(id); });
    const std::string value = cluster_.MustGet("key");
    EXPECT_TRUE(value == one || value == other) << value;
    for (const Id id : cluster_.ids()) EXPECT_TRUE(cluster_.process(id).IsRunning());
    cluster_.ExpectSameState(cluster_.ids());
  }

  Cluster cluster_;
  Id leader_ = 0;
};

TEST_F(WaitingCallTest, ADeadlineThatPassesMeansAnUnknownOutcomeAndNothingBreaks) {
  const auto answer = cluster_.client(leader_).Put("key", "after", Milliseconds(200));

  EXPECT_EQ(answer.outcome, Outcome::kUnknown) << answer.error.message;
  EXPECT_EQ(answer.error.code, kDeadlineExceeded) << answer.error.message;
  ExpectAliveWithEither("before", "after");
}

TEST_F(WaitingCallTest, AClientThatCancelsLeavesAServerThatServes) {
  std::vector<std::unique_ptr<PendingCall>> calls;
  for (int number = 0; number < 50; ++number) {
    calls.push_back(
        cluster_.client(leader_).Start(kPropose, PutRequest("key", "after").SerializeAsString()));
  }
  for (const auto& call : calls) call->Cancel();

  for (const auto& call : calls) EXPECT_EQ(call->Wait().error.code, kCancelled);
  ExpectAliveWithEither("before", "after");
}

}  // namespace
}  // namespace raft::integration
