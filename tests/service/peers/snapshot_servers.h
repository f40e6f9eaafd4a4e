// Two servers on loopback between which snapshots go, and a test in the place of both cores.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "test_server.h"

namespace raft {

inline constexpr LogPosition kPosition = {.index = LogIndex(9), .term = Term(2)};

// Leaves offers of snapshots to the test, agrees to everything else.
inline std::optional<PeerResponse> AgreeButToSnapshots(const PeerRequest& request) {
  if (std::holds_alternative<InstallSnapshotRequest>(request)) return std::nullopt;
  return Agree(request);
}

// Server 1 sends, server 2 receives.
class SnapshotServers : public ::testing::Test {
 protected:
  void SetUp() override {
    sender_ = std::make_unique<TestServer>(1);
    receiver_ = std::make_unique<TestServer>(2);
    ASSERT_TRUE(sender_->listens() && receiver_->listens());
    founding_ = FoundingOf({sender_->member(), receiver_->member()});
    sender_->state = std::make_unique<FakeStateMachine>(kPosition);
    receiver_->installer.header.last_included = kPosition;
  }

  void OpenBoth(InputRecorder::Responder responder = AgreeButToSnapshots) {
    receiver_->Open(founding_, std::move(responder));
    sender_->Open(founding_, StaySilent);
    Greet();
  }
  // A leader has heard of a peer before it sends it a snapshot.
  void Greet() {
    sender_->Ask({.to = ServerId(2), .request = Heartbeat(1'000, ServerId(1))});
    ASSERT_TRUE(sender_->recorder().WaitForCount(1));
    ASSERT_EQ(sender_->observer().count(PeerCallOutcome::kAnswered), 2) << "greeting, heartbeat";
  }

  void Send(std::uint64_t number, LogIndex ends_at_least = {}) {
    sender_->links().SendSnapshot({.to = ServerId(2),
                                   .number = RequestNumber(number),
                                   .term = Term(3),
                                   .ends_at_least = ends_at_least});
  }
  // How far the snapshot to the receiver is; none: none is under way.
  std::optional<SnapshotProgress> ProgressNow() const {
    const auto progress = sender_->snapshot_sender().Progress();
    const auto found = progress.find(ServerId(2));
    if (found == progress.end()) return std::nullopt;
    return found->second;
  }
  // The first one that says more than nothing.
  SnapshotProgress FirstProgress() const {
    SnapshotProgress first;
    EXPECT_TRUE(Eventually([&] {
      first = ProgressNow().value_or(SnapshotProgress());
      return first.sent_bytes > 0;
    }));
    return first;
  }
  // The offers that came, in order.
  std::vector<SnapshotToStore> Offers() {
    std::vector<SnapshotToStore> offers;
    for (const Input& input : receiver_->recorder().inputs()) {
      const auto* received = std::get_if<RequestReceived>(&input);
      if (received == nullptr) continue;
      if (const auto* offer = std::get_if<InstallSnapshotRequest>(&received->request)) {
        offers.push_back({.sender = received->sender,
                          .number = offer->number,
                          .last_included = offer->last_included});
      }
    }
    return offers;
  }
  // Waits for that many offers and accepts the last one, as the core would.
  SnapshotToStore AcceptOffer(std::size_t count = 1) {
    EXPECT_TRUE(Eventually([&] { return Offers().size() >= count; }));
    const SnapshotToStore offer = Offers().at(count - 1);
    receiver_->links().StoreSnapshot(offer);
    return offer;
  }
  std::optional<SnapshotStored> Stored() {
    std::optional<SnapshotStored> stored;
    receiver_->recorder().WaitUntil([&](const std::vector<Input>& inputs) {
      for (const Input& input : inputs) {
        if (const auto* found = std::get_if<SnapshotStored>(&input)) stored = *found;
      }
      return stored.has_value();
    });
    return stored;
  }
  void Answer(const SnapshotToStore& offer) {
    receiver_->links().SendResponse(
        {.to = offer.sender,
         .response = InstallSnapshotResponse{.number = offer.number,
                                             .term = Term(3),
                                             .success = true,
                                             .match_index = offer.last_included.index}});
  }
  // Waits for the end of this request, and checks that it is unreachable, once.
  void ExpectUnreachable(std::uint64_t number) {
    EXPECT_TRUE(sender_->recorder().WaitUntil(
        [&](const auto& inputs) { return EndingsOf(inputs, number) > 0; }));
    int unreachable = 0;
    for (const Input& input : sender_->recorder().inputs()) {
      const auto* found = std::get_if<PeerUnreachable>(&input);
      unreachable += found != nullptr && found->number == RequestNumber(number);
    }
    EXPECT_EQ(unreachable, 1);
    EXPECT_EQ(EndingsOf(sender_->recorder().inputs(), number), 1);
  }
  void ExpectNothingLeft() {
    EXPECT_TRUE(Eventually([this] { return receiver_->service().waiting_calls().size() == 0; }));
  }

  static std::string RandomBytes(std::size_t count) {
    std::mt19937_64 random(5);
    std::string bytes(count, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    return bytes;
  }

  FoundingConfiguration founding_;
  std::unique_ptr<TestServer> sender_;
  std::unique_ptr<TestServer> receiver_;
};

}  // namespace raft
