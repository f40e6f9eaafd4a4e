// Propose and Read as a client sees them, through gRPC to LevelDB and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>

#include "tests/service/served_server.h"

namespace raft {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;

v1::ProposeRequest PutRequest(const std::string& key, const std::string& value) {
  v1::ProposeRequest request;
  request.mutable_command()->mutable_put()->set_key(key);
  request.mutable_command()->mutable_put()->set_value(value);
  return request;
}

v1::ReadRequest GetRequest(const std::string& key) {
  v1::ReadRequest request;
  request.mutable_query()->mutable_get()->set_key(key);
  return request;
}

struct Answered {
  grpc::Status status;
  v1::ProposeResponse proposed;
  v1::ReadResponse read;
  std::multimap<std::string, std::string> trailers;
};

std::multimap<std::string, std::string> TrailersOf(const grpc::ClientContext& context) {
  std::multimap<std::string, std::string> trailers;
  for (const auto& [key, value] : context.GetServerTrailingMetadata()) {
    trailers.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
  return trailers;
}

class ConsensusServiceTest : public testing::Test {
 protected:
  static constexpr std::chrono::seconds kDeadline{20};

  static Answered Propose(ServedServer& server, const v1::ProposeRequest& request,
                          std::chrono::milliseconds deadline = kDeadline) {
    Answered answered;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    answered.status = server.consensus_stub->Propose(&context, request, &answered.proposed);
    answered.trailers = TrailersOf(context);
    return answered;
  }
  static Answered Read(ServedServer& server, const v1::ReadRequest& request,
                       std::chrono::milliseconds deadline = kDeadline) {
    Answered answered;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + deadline);
    answered.status = server.consensus_stub->Read(&context, request, &answered.read);
    answered.trailers = TrailersOf(context);
    return answered;
  }
};

TEST_F(ConsensusServiceTest, ReadsWhatWasProposedAtTheRevisionThatWasAnswered) {
  ServedServer server(1);
  server.Lead();
  const Answered put = Propose(server, PutRequest("k", "v"));
  ASSERT_TRUE(put.status.ok()) << put.status.error_message();
  EXPECT_GT(put.proposed.index(), 0u);
  EXPECT_EQ(put.proposed.result().put().revision(), put.proposed.index());
  EXPECT_EQ(put.proposed.header().server_id(), 1u);
  EXPECT_EQ(put.proposed.header().leader_id(), 1u);
  EXPECT_EQ(put.proposed.header().cluster_id(), "63636363636363636363636363636363");
  EXPECT_GE(put.proposed.header().applied_index(), put.proposed.index());
  const Answered got = Read(server, GetRequest("k"));
  ASSERT_TRUE(got.status.ok()) << got.status.error_message();
  ASSERT_EQ(got.read.items_size(), 1);
  EXPECT_EQ(got.read.items(0).value(), "v");
  EXPECT_EQ(got.read.items(0).modified_revision(), put.proposed.index());
  EXPECT_GE(got.read.read_index(), put.proposed.index());
}

TEST_F(ConsensusServiceTest, RefusesClientsOfAMinorityButAnswersStaleReads) {
  ServedServer server(3);
  server.Form();
  const Answered put = Propose(server, PutRequest("k", "v"));
  EXPECT_EQ(put.status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(put.status), "NO_LEADER");
  EXPECT_EQ(put.trailers.count("grpc-retry-pushback-ms"), 1u);
  EXPECT_EQ(ReasonOf(Read(server, GetRequest("k")).status), "NO_LEADER");
  v1::ReadRequest stale = GetRequest("k");
  stale.set_consistency(v1::READ_CONSISTENCY_STALE);
  const Answered answered = Read(server, stale);
  EXPECT_TRUE(answered.status.ok()) << answered.status.error_message();
  EXPECT_EQ(answered.read.items_size(), 0);
}

TEST_F(ConsensusServiceTest, SaysWhatItWaitsForWhileTheClusterForms) {
  ServedServer server(1);
  const grpc::Status status = Propose(server, PutRequest("k", "v")).status;
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_THAT(status.error_message(), HasSubstr("forming; waiting for server 2 at h2:7001"));
  EXPECT_EQ(ReasonOf(Read(server, GetRequest("k")).status), "NO_LEADER");
}

TEST_F(ConsensusServiceTest, RefusesNewCallsWhileItDrains) {
  ServedServer server(1);
  server.Lead();
  server.Drain();
  EXPECT_EQ(ReasonOf(Propose(server, PutRequest("k", "v")).status), "SHUTTING_DOWN");
  EXPECT_EQ(ReasonOf(Read(server, GetRequest("k")).status), "SHUTTING_DOWN");
}

TEST_F(ConsensusServiceTest, RefusesWhatIsMalformedOrTooLargeWithAReason) {
  ServedServer server(1);
  server.Lead();
  const auto reason = [&](const v1::ProposeRequest& request) {
    const grpc::Status status = Propose(server, request).status;
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << status.error_message();
    return ReasonOf(status);
  };
  EXPECT_EQ(reason(PutRequest("", "v")), "INVALID_REQUEST");
  EXPECT_EQ(reason(PutRequest(std::string(4097, 'k'), "v")), "INVALID_REQUEST");
  EXPECT_EQ(reason(PutRequest("k", std::string((1 << 20) + 1, 'v'))), "INVALID_REQUEST");
  EXPECT_EQ(reason(PutRequest("k", std::string(2 << 20, 'v'))), "COMMAND_TOO_LARGE");
  EXPECT_EQ(reason(v1::ProposeRequest()), "INVALID_REQUEST");
  EXPECT_TRUE(Propose(server, PutRequest("k", std::string(1 << 20, 'v'))).status.ok())
      << "a value of exactly the limit";
  EXPECT_EQ(Read(server, GetRequest("")).status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Read(server, v1::ReadRequest()).status.error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(ConsensusServiceTest, RefusesFieldsOfLaterVersionsAndNeverIgnoresThem) {
  ServedServer server(1);
  server.Lead();
  v1::ProposeRequest with_session = PutRequest("k", "v");
  with_session.mutable_request_id()->set_session_id(1);
  v1::ProposeRequest opaque;
  opaque.mutable_command()->set_opaque("x");
  for (const v1::ProposeRequest& request : {with_session, opaque}) {
    const grpc::Status status = Propose(server, request).status;
    EXPECT_EQ(status.error_code(), StatusCode::UNIMPLEMENTED);
    EXPECT_EQ(ReasonOf(status), "NOT_SUPPORTED");
  }
  v1::ReadRequest bounded = GetRequest("k");
  bounded.mutable_max_staleness()->set_seconds(1);
  EXPECT_EQ(ReasonOf(Read(server, bounded).status), "NOT_SUPPORTED");
  v1::ReadRequest unknown = GetRequest("k");
  unknown.set_consistency(static_cast<v1::ReadConsistency>(9));
  EXPECT_EQ(ReasonOf(Read(server, unknown).status), "NOT_SUPPORTED");
  EXPECT_EQ(Read(server, GetRequest("k")).read.items_size(), 0) << "nothing was stored";
}

TEST_F(ConsensusServiceTest, RefusesRpcsOfLaterVersions) {
  ServedServer server(1);
  grpc::ClientContext open, close, propose_stream, watch;
  v1::OpenSessionResponse opened;
  EXPECT_EQ(ReasonOf(server.consensus_stub->OpenSession(&open, {}, &opened)), "NOT_SUPPORTED");
  v1::CloseSessionResponse closed;
  EXPECT_EQ(ReasonOf(server.consensus_stub->CloseSession(&close, {}, &closed)), "NOT_SUPPORTED");
  EXPECT_EQ(ReasonOf(server.consensus_stub->ProposeStream(&propose_stream)->Finish()),
            "NOT_SUPPORTED");
  v1::WatchResponse piece;
  const auto stream = server.consensus_stub->Watch(&watch, {});
  EXPECT_FALSE(stream->Read(&piece));
  EXPECT_EQ(ReasonOf(stream->Finish()), "NOT_SUPPORTED");
}

TEST_F(ConsensusServiceTest, RefusesAProposalOfAnotherTerm) {
  ServedServer server(1);
  server.Lead();
  v1::ProposeRequest request = PutRequest("k", "v");
  request.set_expected_term(99);
  const grpc::Status status = Propose(server, request).status;
  EXPECT_EQ(status.error_code(), StatusCode::ABORTED);
  EXPECT_EQ(ReasonOf(status), "TERM_MOVED");
  request.set_expected_term(server.formed().board.leadership().term.value());
  EXPECT_TRUE(Propose(server, request).status.ok());
}

TEST_F(ConsensusServiceTest, HoldsAReadUntilItsIndexIsAppliedOrItsDeadlinePasses) {
  ServedServer server(1);
  server.Lead();
  const Answered put = Propose(server, PutRequest("k", "v"));
  v1::ReadRequest request = GetRequest("k");
  request.set_min_applied_index(put.proposed.index());
  EXPECT_EQ(Read(server, request).read.items_size(), 1);
  for (const auto consistency : {v1::READ_CONSISTENCY_STALE, v1::READ_CONSISTENCY_LINEARIZABLE}) {
    request.set_consistency(consistency);
    request.set_min_applied_index(put.proposed.index() + 1000);
    EXPECT_EQ(Read(server, request, std::chrono::milliseconds(100)).status.error_code(),
              StatusCode::DEADLINE_EXCEEDED);
  }
}

// Whatever the door knew when it let a read in.
TEST_F(ConsensusServiceTest, NoReadIsAnsweredFromADivergedState) {
  ServedServer server(1);
  server.Lead();
  ASSERT_TRUE(Propose(server, PutRequest("k", "v")).status.ok());
  std::promise<void> marked;
  ASSERT_TRUE(server.formed().apply.PushTask([&marked](KeyValueStore& state) {
    EXPECT_TRUE(state.MarkDiverged().ok());
    marked.set_value();
  }));
  marked.get_future().wait();
  for (const auto consistency : {v1::READ_CONSISTENCY_STALE, v1::READ_CONSISTENCY_LINEARIZABLE}) {
    v1::ReadRequest request = GetRequest("k");
    request.set_consistency(consistency);
    const Answered answered = Read(server, request);
    EXPECT_EQ(answered.status.error_code(), StatusCode::UNAVAILABLE);
    EXPECT_EQ(ReasonOf(answered.status), "STATE_DIVERGED");
    EXPECT_EQ(answered.read.items_size(), 0);
  }
}

// As a server does that was quarantined before its last stop.
TEST_F(ConsensusServiceTest, AStartOnADivergedStateIsNotReadyAndSaysWhy) {
  ServedServer server(3);
  server.MarkStateBeforeStart();
  server.Form();
  v1::ReadRequest request = GetRequest("k");
  request.set_consistency(v1::READ_CONSISTENCY_STALE);
  EXPECT_EQ(ReasonOf(Read(server, request).status), "STATE_DIVERGED");
  EXPECT_THAT(server.report().WhyNotReady().value_or(""), HasSubstr("quarantined"));
}

TEST_F(ConsensusServiceTest, ForgetsAClientThatCancels) {
  ServedServer server(1);
  server.Lead();
  v1::ReadRequest request = GetRequest("k");
  request.set_min_applied_index(1'000'000);
  grpc::ClientContext context;
  v1::ReadResponse response;
  std::thread caller([&] {
    EXPECT_EQ(server.consensus_stub->Read(&context, request, &response).error_code(),
              StatusCode::CANCELLED);
  });
  const auto until = std::chrono::steady_clock::now() + kDeadline;
  while (server.formed().calls.size() == 0 && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  context.TryCancel();
  caller.join();
  while (server.formed().calls.size() > 0 && std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
  EXPECT_EQ(server.formed().calls.size(), 0u);
  EXPECT_TRUE(Propose(server, PutRequest("k", "v")).status.ok()) << "the server goes on";
}

}  // namespace
}  // namespace raft
