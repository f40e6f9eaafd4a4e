// The peers' door for snapshots, knocked at by hand: which streams are let in, and that each ends.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "raft/peer/v1/peer_service.grpc.pb.h"
#include "service/conversion/snapshot_conversion.h"
#include "test_server.h"

namespace raft {
namespace {

using ::testing::HasSubstr;

LocalServer Knocker() {
  LocalServer knocker;
  knocker.server_id = ServerId(2);
  knocker.incarnation = 102;
  knocker.process_nonce = 5;
  return knocker;
}

// Server 1 is the door, server 2 knocks.
class SnapshotStreamTest : public ::testing::Test {
 protected:
  using Message = peer::v1::InstallSnapshotRequest;

  SnapshotStreamTest()
      : door_(1),
        founding_(FoundingOf({door_.member(), {ServerId(2), "127.0.0.1:1", 102}})),
        knocker_(Knocker(), founding_),
        stub_(peer::v1::PeerService::NewStub(
            grpc::CreateChannel(door_.address(), grpc::InsecureChannelCredentials()))) {
    door_.installer.header.last_included = {.index = LogIndex(9), .term = Term(2)};
  }

  void Open(const InboxLimits& limits = {}) {
    door_.Open(founding_, StaySilent, {}, limits);
    Knock();
  }
  // Opens the next stream; an earlier one is over.
  void Knock() {
    stream_.reset();
    context_ = std::make_unique<grpc::ClientContext>();
    context_->set_deadline(std::chrono::system_clock::now() + kPatience);
    stream_ = stub_->InstallSnapshot(context_.get(), &response_);
  }
  Message GoodOffer() const {
    Message offer;
    knocker_.Stamp({ServerId(1), 101}, *offer.mutable_header());
    ToProto(InstallSnapshotRequest{.number = RequestNumber(7),
                                   .term = Term(3),
                                   .leader_id = ServerId(2),
                                   .last_included = {.index = LogIndex(9), .term = Term(2)}},
            offer);
    return offer;
  }
  // One that can be continued, and is to begin there.
  Message OfferFrom(std::uint64_t offset) const {
    Message offer = GoodOffer();
    ToProto(SnapshotOffer{.digest = door_.installer.header.digest, .offset = offset}, offer);
    return offer;
  }
  Message Piece(std::uint64_t offset, const std::string& data) const {
    Message piece = GoodOffer();
    piece.set_offset(offset);
    piece.set_data(data);
    return piece;
  }
  // Says a good offer and accepts it, as the core would.
  void BeginToStore() { BeginToStore(GoodOffer()); }
  void BeginToStore(const Message& said) {
    const std::size_t before = door_.recorder().inputs().size();
    ASSERT_TRUE(stream_->Write(said));
    ASSERT_TRUE(door_.recorder().WaitForCount(before + 1));
    const auto received = std::get<RequestReceived>(door_.recorder().inputs().at(before));
    const auto& offer = std::get<InstallSnapshotRequest>(received.request);
    door_.links().StoreSnapshot(
        {.sender = received.sender, .number = offer.number, .last_included = offer.last_included});
  }
  void ExpectEnd(grpc::StatusCode code, const std::string& words) {
    const grpc::Status status = stream_->Finish();
    EXPECT_EQ(status.error_code(), code) << status.error_message();
    EXPECT_THAT(status.error_message(), HasSubstr(words));
    EXPECT_TRUE(Eventually([this] { return door_.service().waiting_calls().size() == 0; }));
  }

  // The connection breaks when "abc" has come of a snapshot that can be continued.
  void LeaveAHalf() {
    door_.installer.header.digest = std::string(32, 'd');
    Open();
    BeginToStore(OfferFrom(0));
    ASSERT_TRUE(stream_->Write(Piece(0, "abc")));
    ASSERT_TRUE(Eventually([this] { return door_.observer().snapshot_bytes_received == 3; }));
    context_->TryCancel();
    ExpectEnd(grpc::StatusCode::CANCELLED, "");
  }

  TestServer door_;
  const FoundingConfiguration founding_;
  const HeaderRules knocker_;
  const std::unique_ptr<peer::v1::PeerService::Stub> stub_;
  std::unique_ptr<grpc::ClientContext> context_;
  peer::v1::InstallSnapshotResponse response_;
  std::unique_ptr<grpc::ClientWriter<Message>> stream_;
};

TEST_F(SnapshotStreamTest, IsRefusedWhileForming) {
  Knock();
  ExpectEnd(grpc::StatusCode::UNAVAILABLE, "FORMING");
}

TEST_F(SnapshotStreamTest, AnOfferOfAnotherClusterChangesNothingButACounter) {
  Open();
  Message offer = GoodOffer();
  offer.mutable_header()->set_cluster_id(std::string(16, 'x'));
  stream_->Write(offer);
  ExpectEnd(grpc::StatusCode::FAILED_PRECONDITION, "OTHER_CLUSTER");
  EXPECT_EQ(door_.observer().count(HeaderProblem::kOtherCluster), 1);
  EXPECT_EQ(door_.observer().received, 0);
}

TEST_F(SnapshotStreamTest, AMalformedOfferNeverReachesTheCore) {
  Open();
  Message offer = GoodOffer();
  offer.set_last_included_index(0);
  stream_->Write(offer);
  ExpectEnd(grpc::StatusCode::INVALID_ARGUMENT, "last_included_index");
  EXPECT_EQ(door_.observer().malformed, 1);
  EXPECT_EQ(door_.observer().received, 0);
}

TEST_F(SnapshotStreamTest, AnEmptyStreamIsMalformed) {
  Open();
  stream_->WritesDone();
  ExpectEnd(grpc::StatusCode::INVALID_ARGUMENT, "MALFORMED");
}

TEST_F(SnapshotStreamTest, AFullInboxIsSaidSo) {
  Open(InboxLimits{.peer_inputs_max = 0});
  stream_->Write(GoodOffer());
  ExpectEnd(grpc::StatusCode::RESOURCE_EXHAUSTED, "OVERLOADED");
}

TEST_F(SnapshotStreamTest, StoresPiecesInTheirPlace) {
  Open();
  BeginToStore();
  ASSERT_TRUE(stream_->Write(Piece(0, "abc")));
  ASSERT_TRUE(stream_->Write(Piece(3, "de")));
  Message last = Piece(5, "");
  last.set_done(true);
  ASSERT_TRUE(stream_->Write(last));
  ASSERT_TRUE(door_.installer.stored.WaitForCount(1));
  EXPECT_EQ(door_.installer.stored.Read().front(), "abcde");
  ASSERT_TRUE(door_.recorder().WaitForCount(2));
  EXPECT_TRUE(std::holds_alternative<SnapshotStored>(door_.recorder().inputs().at(1)));
  context_->TryCancel();
}

// Trap C8.
TEST_F(SnapshotStreamTest, AStreamWithAGapStoresNothing) {
  Open();
  BeginToStore();
  ASSERT_TRUE(stream_->Write(Piece(0, "abc")));
  stream_->Write(Piece(4, "de"));
  ExpectEnd(grpc::StatusCode::INVALID_ARGUMENT, "offset 4 where 3 must be");
  ASSERT_TRUE(door_.installer.steps.WaitForCount(2));
  EXPECT_EQ(door_.installer.steps.Read(), (std::vector<std::string>{"begin", "drop"}));
}

TEST_F(SnapshotStreamTest, AStreamThatEndsBeforeItsLastPieceStoresNothing) {
  Open();
  BeginToStore();
  ASSERT_TRUE(stream_->Write(Piece(0, "abc")));
  stream_->WritesDone();
  ExpectEnd(grpc::StatusCode::INVALID_ARGUMENT, "ended before its last piece");
  ASSERT_TRUE(door_.installer.steps.WaitForCount(2));
  EXPECT_EQ(door_.installer.steps.Read(), (std::vector<std::string>{"begin", "drop"}));
}

TEST_F(SnapshotStreamTest, ACallerThatGoesAwayLeavesNothingBehind) {
  Open();
  BeginToStore();
  ASSERT_TRUE(stream_->Write(Piece(0, "abc")));
  ASSERT_TRUE(door_.installer.steps.WaitForCount(1));
  context_->TryCancel();
  ExpectEnd(grpc::StatusCode::CANCELLED, "");
  ASSERT_TRUE(door_.installer.steps.WaitForCount(2));
  EXPECT_EQ(door_.installer.steps.Read(), (std::vector<std::string>{"begin", "drop"}));
}

TEST_F(SnapshotStreamTest, AHalfIsAskedForFromItsEnd) {
  LeaveAHalf();
  Knock();
  BeginToStore(OfferFrom(0));
  ExpectEnd(grpc::StatusCode::OK, "");
  EXPECT_FALSE(response_.installed());
  EXPECT_EQ(response_.continue_at().offset(), 3u);

  Knock();
  BeginToStore(OfferFrom(3));
  ASSERT_TRUE(stream_->Write(Piece(3, "de")));
  Message last = Piece(5, "");
  last.set_done(true);
  ASSERT_TRUE(stream_->Write(last));
  ASSERT_TRUE(door_.installer.stored.WaitForCount(1));
  EXPECT_EQ(door_.installer.stored.Read().front(), "abcde");
  context_->TryCancel();
}

TEST_F(SnapshotStreamTest, AStreamThatStallsLeavesAHalfToo) {
  door_.snapshot_options.stall_timeout = std::chrono::seconds(1);
  door_.installer.header.digest = std::string(32, 'd');
  Open();
  BeginToStore(OfferFrom(0));
  ASSERT_TRUE(stream_->Write(Piece(0, "abc")));
  ExpectEnd(grpc::StatusCode::UNAVAILABLE, "STALLED");
  Knock();
  BeginToStore(OfferFrom(0));
  ExpectEnd(grpc::StatusCode::OK, "");
  EXPECT_EQ(response_.continue_at().offset(), 3u);
}

// Trap C7.
TEST_F(SnapshotStreamTest, AnOfferFromAnotherPlaceIsRefusedAndTheHalfStays) {
  LeaveAHalf();
  for (const std::uint64_t offset : {2, 4}) {
    Knock();
    BeginToStore(OfferFrom(offset));
    ExpectEnd(grpc::StatusCode::ABORTED, "NOT_HELD");
  }
  Knock();
  BeginToStore(OfferFrom(0));
  ExpectEnd(grpc::StatusCode::OK, "");
  EXPECT_EQ(response_.continue_at().offset(), 3u);
}

TEST_F(SnapshotStreamTest, NothingGoesOnWhereNothingIsHeld) {
  door_.installer.header.digest = std::string(32, 'd');
  Open();
  BeginToStore(OfferFrom(3));
  ExpectEnd(grpc::StatusCode::ABORTED, "NOT_HELD");
  EXPECT_EQ(door_.installer.steps.Read(), std::vector<std::string>{"discard"});
}

TEST_F(SnapshotStreamTest, AHalfOfAnotherSnapshotIsNotGoneOnWith) {
  LeaveAHalf();
  Knock();
  Message offer = OfferFrom(3);
  offer.set_digest(std::string(32, 'e'));
  BeginToStore(offer);
  ExpectEnd(grpc::StatusCode::ABORTED, "NOT_HELD");
  EXPECT_EQ(door_.installer.steps.Read(), (std::vector<std::string>{"begin", "drop", "discard"}));
}

// It would break the rule again and again.
TEST_F(SnapshotStreamTest, ASenderThatBreaksARuleLeavesNoHalf) {
  door_.installer.header.digest = std::string(32, 'd');
  Open();
  BeginToStore(OfferFrom(0));
  ASSERT_TRUE(stream_->Write(Piece(0, "abc")));
  stream_->Write(Piece(4, "de"));
  ExpectEnd(grpc::StatusCode::INVALID_ARGUMENT, "offset 4 where 3 must be");
  ASSERT_TRUE(door_.installer.steps.WaitForCount(2));
  EXPECT_EQ(door_.installer.steps.Read(), (std::vector<std::string>{"begin", "drop"}));
}

TEST_F(SnapshotStreamTest, ADamagedPieceLeavesNoHalf) {
  door_.installer.header.digest = std::string(32, 'd');
  Open();
  BeginToStore(OfferFrom(0));
  ASSERT_TRUE(stream_->Write(Piece(0, "abc")));
  ASSERT_TRUE(stream_->Write(Piece(3, "damaged")));
  ExpectEnd(grpc::StatusCode::DATA_LOSS, "DAMAGED");
  ASSERT_TRUE(door_.installer.steps.WaitForCount(2));
  EXPECT_EQ(door_.installer.steps.Read(), (std::vector<std::string>{"begin", "drop"}));
}

TEST_F(SnapshotStreamTest, OneThatSaysNothingIsEnded) {
  door_.snapshot_options.stall_timeout = std::chrono::milliseconds(50);
  Open();
  ExpectEnd(grpc::StatusCode::UNAVAILABLE, "STALLED");
}

TEST_F(SnapshotStreamTest, CloseEndsTheStream) {
  Open();
  BeginToStore();
  ASSERT_TRUE(door_.installer.steps.WaitForCount(1));
  door_.service().Close();
  ExpectEnd(grpc::StatusCode::UNAVAILABLE, "STOPPING");
}

}  // namespace
}  // namespace raft
