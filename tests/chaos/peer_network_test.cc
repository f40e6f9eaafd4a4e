// The network between the servers does what its rules say, and nothing else.
//
// The test itself plays server 1, which connects, and server 2, which listens.
#include "tests/chaos/peer_network.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "tests/chaos/socket.h"

namespace raft::chaos {
namespace {

using integration::WaitUntil;

constexpr Direction kForth{1, 2};
constexpr Direction kBack{2, 1};
constexpr LinkRule kHeld{.held = true};

void Send(const Socket& socket, const std::string& bytes) {
  ASSERT_EQ(send(socket.handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL), std::ssize(bytes));
}

// Bytes that are there now, one at least; nothing: none yet, or the end.
std::string ReceiveNow(const Socket& socket) {
  std::string bytes(64, '\0');
  const ssize_t received = recv(socket.handle(), bytes.data(), bytes.size(), 0);
  bytes.resize(received > 0 ? static_cast<std::size_t>(received) : 0);
  return bytes;
}

std::string Receive(const Socket& socket, std::size_t count) {
  std::string bytes;
  EXPECT_TRUE(WaitUntil([&] {
    bytes += ReceiveNow(socket);
    return bytes.size() >= count;
  })) << "received only: "
      << bytes;
  return bytes;
}

// What a socket says without waiting: 0 is the end, otherwise an error number.
int StateOf(const Socket& socket) {
  char byte = 0;
  const ssize_t received = recv(socket.handle(), &byte, 1, MSG_PEEK);
  return received < 0 ? errno : 0;
}

class PeerNetworkTest : public testing::Test {
 protected:
  PeerNetworkTest() { network_.Expect(1, getpid()); }

  std::uint16_t Door() const {
    const std::string door = network_.DoorOf(2);
    return static_cast<std::uint16_t>(std::stoul(door.substr(door.rfind(':') + 1)));
  }

  void Connect() {
    caller_ = ConnectToLoopback(Door());
    ASSERT_TRUE(WaitUntil([this] {
      called_ = listening_.Accept();
      return called_.is_open();
    }));
  }

  // A byte each way, so that both are under way before a rule comes.
  void ExpectPassing() {
    Send(caller_, "?");
    EXPECT_EQ(Receive(called_, 1), "?");
    Send(called_, "!");
    EXPECT_EQ(Receive(caller_, 1), "!");
  }

  // `from` sends in this direction, `to` in the other.
  void ExpectHeldUntilLifted(const Direction& direction, const Socket& from, const Socket& to) {
    ExpectPassing();
    const DisturbanceNumber cut = network_.Disturb({direction}, kHeld);

    Send(from, "held");
    Send(to, "passes");
    // What was sent first would have come first.
    EXPECT_EQ(Receive(from, 6), "passes");
    EXPECT_EQ(ReceiveNow(to), "");

    network_.Lift(cut);
    EXPECT_EQ(Receive(to, 4), "held");
  }

  Socket listening_ = ListenOnLoopback();
  PeerNetwork network_{{{2, listening_.own_port()}}, 1};
  Socket caller_;
  Socket called_;
};

TEST_F(PeerNetworkTest, BytesPassBothWays) {
  Connect();
  ExpectPassing();
}

TEST_F(PeerNetworkTest, OneDirectionIsHeldAndTheOtherPasses) {
  Connect();
  ExpectHeldUntilLifted(kForth, caller_, called_);
}

TEST_F(PeerNetworkTest, TheDirectionOfBytesCountsAndNotWhoConnected) {
  Connect();
  ExpectHeldUntilLifted(kBack, called_, caller_);
}

TEST_F(PeerNetworkTest, ARuleOfAnotherSenderDoesNotHoldThisOne) {
  network_.Disturb({{3, 2}, {2, 3}}, kHeld);
  Connect();
  ExpectPassing();
}

TEST_F(PeerNetworkTest, WhatTwoDisturbancesHoldWaitsForBoth) {
  Connect();
  const DisturbanceNumber one = network_.Disturb({kForth}, kHeld);
  const DisturbanceNumber other = network_.Disturb({kForth, kBack}, kHeld);
  Send(caller_, "held");

  network_.Lift(other);
  Send(called_, "passes");
  EXPECT_EQ(Receive(caller_, 6), "passes");
  EXPECT_EQ(ReceiveNow(called_), "");

  network_.Lift(one);
  EXPECT_EQ(Receive(called_, 4), "held");
}

TEST_F(PeerNetworkTest, TheEndOfAConnectionIsHeldBehindItsBytes) {
  Connect();
  ExpectPassing();
  const DisturbanceNumber cut = network_.Disturb({kForth}, kHeld);
  Send(caller_, "last words");
  shutdown(caller_.handle(), SHUT_WR);

  Send(called_, "passes");
  EXPECT_EQ(Receive(caller_, 6), "passes");
  EXPECT_EQ(StateOf(called_), EAGAIN);

  network_.Lift(cut);
  EXPECT_EQ(Receive(called_, 10), "last words");
  EXPECT_TRUE(WaitUntil([this] { return StateOf(called_) == 0; })) << "the end never came";
}

TEST_F(PeerNetworkTest, ASlowByteTakesItsDelayAndNoneOvertakesAnother) {
  constexpr Milliseconds kDelay{50};
  Connect();
  ExpectPassing();
  network_.Disturb({kForth}, {.delay = kDelay, .jitter = Milliseconds(20)});

  const auto sent = std::chrono::steady_clock::now();
  std::string all;
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    all += letter;
    Send(caller_, std::string(1, letter));
  }
  EXPECT_EQ(Receive(called_, 1).substr(0, 1), "a");
  EXPECT_GE(std::chrono::steady_clock::now() - sent, kDelay);
  Send(caller_, "end");
  std::string rest;
  ASSERT_TRUE(WaitUntil([&] {
    rest += ReceiveNow(called_);
    return rest.ends_with("end");
  }));
  EXPECT_TRUE((all + "end").ends_with(rest)) << rest;
}

TEST_F(PeerNetworkTest, AResetBreaksBothEndsAndLosesWhatIsHeld) {
  Connect();
  ExpectPassing();
  const DisturbanceNumber cut = network_.Disturb({kForth, kBack}, kHeld);
  Send(caller_, "lost");

  network_.Reset(2, 1);
  EXPECT_TRUE(WaitUntil([this] { return StateOf(caller_) == ECONNRESET; }));
  EXPECT_TRUE(WaitUntil([this] { return StateOf(called_) == ECONNRESET; }));

  network_.Lift(cut);
  Connect();
  ExpectPassing();
}

TEST_F(PeerNetworkTest, ACallerOfAServerThatIsNotThereIsToldSo) {
  listening_ = Socket();
  caller_ = ConnectToLoopback(Door());
  EXPECT_TRUE(WaitUntil([this] { return StateOf(caller_) == 0; }));
}

TEST_F(PeerNetworkTest, ACallerThatNobodyExpectsIsReset) {
  network_.Expect(1, getppid());
  caller_ = ConnectToLoopback(Door());
  EXPECT_TRUE(WaitUntil([this] { return StateOf(caller_) == ECONNRESET; }));
}

TEST_F(PeerNetworkTest, BehindACutTheSendersOwnBuffersFillUpAndNothingIsLost) {
  Connect();
  ExpectPassing();
  const DisturbanceNumber cut = network_.Disturb({kForth}, kHeld);
  const std::string piece(64 << 10, 'x');
  std::size_t sent = 0;
  // More than network and kernel hold, or the test would never end.
  const auto is_full = [&] {
    const ssize_t taken = send(caller_.handle(), piece.data(), piece.size(), MSG_NOSIGNAL);
    if (taken > 0) sent += static_cast<std::size_t>(taken);
    return taken < 0;
  };
  while (!is_full() || WaitUntil([&] { return !is_full(); }, Milliseconds(200))) {
  }

  network_.Lift(cut);
  std::size_t received = 0;
  EXPECT_TRUE(WaitUntil([&] {
    received += ReceiveNow(called_).size();
    std::string more(1 << 20, '\0');
    const ssize_t got = recv(called_.handle(), more.data(), more.size(), 0);
    if (got > 0) received += static_cast<std::size_t>(got);
    return received == sent;
  })) << received
      << " of " << sent;
}

}  // namespace
}  // namespace raft::chaos
