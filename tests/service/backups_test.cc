// DownloadSnapshot and CreateSnapshot as an operator sees them: what is streamed, at whose pace,
// and how it ends.
#include "service/backups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "persistence/snapshot_stream.h"
#include "tests/service/served_server.h"

namespace raft {
namespace {

using SteadyClock = std::chrono::steady_clock;

void Put(ServedServer& server, const std::string& key, std::size_t value_bytes) {
  grpc::ClientContext context;
  v1::ProposeRequest request;
  request.mutable_command()->mutable_put()->set_key(key);
  request.mutable_command()->mutable_put()->set_value(std::string(value_bytes, 'v'));
  v1::ProposeResponse response;
  const grpc::Status status = server.consensus_stub->Propose(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
}

// About `megabytes` of state, in records of 64 KiB.
void Fill(ServedServer& server, int megabytes) {
  for (int key = 0; key < 16 * megabytes; ++key) {
    Put(server, "key-" + std::to_string(key), 64 << 10);
  }
}

v1::GetStatusResponse StatusOf(ServedServer& server) {
  grpc::ClientContext context;
  v1::GetStatusResponse response;
  EXPECT_TRUE(server.cluster_stub->GetStatus(&context, {}, &response).ok());
  return response;
}

// One download, read when the test says so.
class Download {
 public:
  explicit Download(ServedServer& server, const v1::DownloadSnapshotRequest& request = {})
      : stream_(server.cluster_stub->DownloadSnapshot(&context_, request)) {}

  // False: the stream has ended.
  bool ReadPiece() {
    v1::DownloadSnapshotResponse piece;
    if (!stream_->Read(&piece)) return false;
    if (bytes_ == 0) header_ = piece.header();
    EXPECT_EQ(piece.offset(), bytes_);
    EXPECT_EQ(piece.snapshot_index(), header_.applied_index());
    bytes_ += piece.data().size();
    const absl::StatusOr<SnapshotPiece> decoded = decoder_.Decode(piece.data());
    EXPECT_TRUE(decoded.ok()) << decoded.status();
    return true;
  }
  void ReadAll() {
    while (ReadPiece()) {
    }
  }
  grpc::Status Finish() { return stream_->Finish(); }
  void Cancel() { context_.TryCancel(); }

  const v1::ResponseHeader& header() const { return header_; }
  const SnapshotDecoder& decoder() const { return decoder_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::DownloadSnapshotResponse>> stream_;
  SnapshotDecoder decoder_;
  v1::ResponseHeader header_;
  std::uint64_t bytes_ = 0;
};

TEST(BackupsTest, ADownloadIsTheWholeStateOfOneIndex) {
  ServedServer server(1);
  server.Lead();
  Fill(server, 1);
  const v1::GetStatusResponse status = StatusOf(server);

  Download download(server);
  download.ReadAll();

  EXPECT_TRUE(download.Finish().ok());
  EXPECT_TRUE(download.decoder().is_complete());
  EXPECT_EQ(download.decoder().header().digest, status.state_digest());
  EXPECT_EQ(download.decoder().header().key_count, 16u);
  EXPECT_EQ(download.header().applied_index(), status.header().applied_index());
  EXPECT_EQ(download.header().cluster_id(), status.header().cluster_id());
  EXPECT_EQ(download.header().server_id(), 1u);
}

TEST(BackupsTest, WhatIsWrittenDuringADownloadIsNotInIt) {
  ServedServer server(1);
  server.Lead();
  Fill(server, 1);
  Download download(server);
  ASSERT_TRUE(download.ReadPiece());

  Put(server, "key-0", 1);
  Put(server, "later", 1);
  download.ReadAll();

  EXPECT_TRUE(download.Finish().ok());
  EXPECT_TRUE(download.decoder().is_complete());
  EXPECT_EQ(download.decoder().header().key_count, 16u);
  EXPECT_GT(download.bytes(), 1u << 20);
}

// A wrong state must not be kept as the truth.
TEST(BackupsTest, NoBackupIsTakenOfADivergedState) {
  ServedServer server(1);
  server.Lead();
  Put(server, "key", 1);
  ASSERT_TRUE(server.formed().apply.PushTask(
      [](KeyValueStore& state) { EXPECT_TRUE(state.MarkDiverged().ok()); }));
  Download download(server);
  EXPECT_FALSE(download.ReadPiece());
  EXPECT_EQ(ReasonOf(download.Finish()), "STATE_DIVERGED");
  grpc::ClientContext context;
  v1::CreateSnapshotResponse response;
  EXPECT_EQ(ReasonOf(server.cluster_stub->CreateSnapshot(&context, {}, &response)),
            "STATE_DIVERGED");
}

TEST(BackupsTest, AServerThatHasAppliedNothingSaysSo) {
  ServedServer server(3);
  server.Form();
  Download download(server);
  EXPECT_FALSE(download.ReadPiece());
  const grpc::Status refused = download.Finish();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(refused), "NOTHING_APPLIED");
}

TEST(BackupsTest, AClientThatReadsNothingIsGivenUpAndTheServerGoesOn) {
  ServedServer server(1);
  server.options().snapshot_stall_timeout_ms = 100;
  server.Lead();
  Fill(server, 2);
  std::vector<std::unique_ptr<Download>> idle;
  for (std::size_t download = 0; download < Backups::kDownloadsMax; ++download) {
    idle.push_back(std::make_unique<Download>(server));
    ASSERT_TRUE(idle.back()->ReadPiece());
  }
  // All places are taken until the first of them is given up.
  const auto until = SteadyClock::now() + std::chrono::seconds(20);
  std::string reason;
  do {
    ASSERT_LT(SteadyClock::now(), until) << "nobody was given up";
    Download late(server);
    late.ReadAll();
    reason = ReasonOf(late.Finish());
    EXPECT_THAT(reason, testing::AnyOf("OVERLOADED", ""));
  } while (!reason.empty());
  int given_up = 0;
  for (const auto& download : idle) {
    download->ReadAll();
    const bool ended_well = download->Finish().ok();
    EXPECT_EQ(download->decoder().is_complete(), ended_well);
    given_up += ended_well ? 0 : 1;
  }
  EXPECT_GE(given_up, 1);  // the others read on before their time had come
}

TEST(BackupsTest, AClientThatGoesMakesRoomForTheNext) {
  ServedServer server(1);
  server.Lead();
  Fill(server, 2);
  for (std::size_t round = 0; round < 3 * Backups::kDownloadsMax; ++round) {
    const auto until = SteadyClock::now() + std::chrono::seconds(20);
    while (true) {
      ASSERT_LT(SteadyClock::now(), until) << "no place became free";
      Download download(server);
      const bool began = download.ReadPiece();
      download.Cancel();
      download.ReadAll();
      const std::string reason = ReasonOf(download.Finish());
      if (began) break;
      EXPECT_EQ(reason, "OVERLOADED");
    }
  }
}

TEST(BackupsTest, AServerThatStopsEndsDownloadsWithAReasonAndWaitsForNoClient) {
  ServedServer server(1);
  server.Lead();
  Fill(server, 2);
  Download reading(server);
  Download idle(server);
  ASSERT_TRUE(reading.ReadPiece());
  ASSERT_TRUE(idle.ReadPiece());
  std::jthread reader([&] { reading.ReadAll(); });

  server.Stop();

  reader.join();
  const grpc::Status ended = reading.Finish();
  // It may have been whole before the stop was heard of.
  EXPECT_TRUE(ended.ok() || ReasonOf(ended) == "SHUTTING_DOWN") << ended.error_message();
  idle.ReadAll();
  EXPECT_FALSE(idle.Finish().ok());
  Download late(server);
  EXPECT_FALSE(late.ReadPiece());
  EXPECT_EQ(ReasonOf(late.Finish()), "SHUTTING_DOWN");
}

TEST(BackupsTest, TheBandwidthLimitHolds) {
  ServedServer server(1);
  server.options().snapshot_bytes_per_second = 4 << 20;
  server.Lead();
  Fill(server, 1);
  const auto began = SteadyClock::now();
  Download download(server);
  download.ReadAll();
  EXPECT_TRUE(download.Finish().ok());
  // A quarter of a second, less the last pieces, which nobody waits for.
  EXPECT_GT(SteadyClock::now() - began, std::chrono::milliseconds(150));
}

TEST(BackupsTest, AFormingServerHasNothingToBackUp) {
  ServedServer server(1);
  Download download(server);
  EXPECT_FALSE(download.ReadPiece());
  EXPECT_EQ(ReasonOf(download.Finish()), "NO_LEADER");
  grpc::ClientContext context;
  v1::CreateSnapshotResponse created;
  EXPECT_EQ(ReasonOf(server.cluster_stub->CreateSnapshot(&context, {}, &created)), "NO_LEADER");
}

TEST(BackupsTest, ARequestToResumeIsRefusedAndNotIgnored) {
  ServedServer server(1);
  server.Lead();
  v1::DownloadSnapshotRequest request;
  request.GetReflection()->MutableUnknownFields(&request)->AddVarint(1, 4096);
  Download download(server, request);
  EXPECT_FALSE(download.ReadPiece());
  EXPECT_EQ(ReasonOf(download.Finish()), "NOT_SUPPORTED");
}

TEST(BackupsTest, CreateSnapshotMakesEverythingAppliedDurable) {
  ServedServer server(1);
  server.Lead();
  Put(server, "k", 1);
  const std::uint64_t applied = StatusOf(server).header().applied_index();
  grpc::ClientContext context;
  v1::CreateSnapshotResponse created;
  ASSERT_TRUE(server.cluster_stub->CreateSnapshot(&context, {}, &created).ok());
  EXPECT_GE(created.snapshot_index(), applied);
  EXPECT_EQ(created.header().applied_index(), created.snapshot_index());
  EXPECT_EQ(created.header().server_id(), 1u);
}

TEST(BackupsTest, OneCheckpointAnswersAllWhoWaitAndOnlySoManyWait) {
  ServedServer server(1);
  server.Lead();
  Put(server, "k", 1);
  std::promise<void> held;
  std::promise<void> go_on;
  server.formed().apply.PushTask([&](KeyValueStore&) {
    held.set_value();
    go_on.get_future().wait();
  });
  held.get_future().wait();
  std::atomic<std::size_t> succeeded{0};
  std::promise<std::string> refused;
  std::vector<std::jthread> clients;
  for (std::size_t client = 0; client <= Backups::kCreationsMax; ++client) {
    clients.emplace_back([&] {
      grpc::ClientContext context;
      v1::CreateSnapshotResponse created;
      const grpc::Status status = server.cluster_stub->CreateSnapshot(&context, {}, &created);
      status.ok() ? void(++succeeded) : refused.set_value(ReasonOf(status));
    });
  }
  EXPECT_EQ(refused.get_future().get(), "OVERLOADED");
  EXPECT_EQ(succeeded, 0u);
  go_on.set_value();
  clients.clear();
  EXPECT_EQ(succeeded, Backups::kCreationsMax);
}

}  // namespace
}  // namespace raft
