// Links against real peers on loopback: each request ends once, truthfully, and a peer that comes
// back is found within a second.
#include "service/peer_links.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <map>
#include <random>

#include "test_server.h"

namespace raft {
namespace {

// Server 1 sends, server 2 answers.
class PeerLinksTest : public ::testing::Test {
 protected:
  void SetUp() override {
    sender_ = std::make_unique<TestServer>(1);
    answerer_ = std::make_unique<TestServer>(2);
    ASSERT_TRUE(sender_->listens() && answerer_->listens());
    founding_ = FoundingOf({sender_->member(), answerer_->member()});
  }

  void OpenBoth(InputRecorder::Responder responder, const PeerLinkOptions& options = {}) {
    answerer_->Open(founding_, std::move(responder), options);
    sender_->Open(founding_, StaySilent, options);
  }

  void Send(PeerRequest request) {
    sender_->Ask({.to = ServerId(2), .request = std::move(request)});
  }

  void RestartAnswerer() {
    const int port = answerer_->port();
    answerer_.reset();
    answerer_ = std::make_unique<TestServer>(2, port);
    ASSERT_TRUE(answerer_->listens());
    answerer_->Open(founding_, Agree);
  }

  // The only input of the sender so far.
  template <typename Kind>
  Kind OnlyInput() {
    EXPECT_TRUE(sender_->recorder().WaitForCount(1));
    const std::vector<Input> inputs = sender_->recorder().inputs();
    EXPECT_EQ(inputs.size(), 1u);
    EXPECT_TRUE(std::holds_alternative<Kind>(inputs.at(0)));
    return std::get<Kind>(inputs.at(0));
  }

  FoundingConfiguration founding_;
  std::unique_ptr<TestServer> sender_;
  std::unique_ptr<TestServer> answerer_;
};

TEST_F(PeerLinksTest, AVoteIsAskedForAndGranted) {
  OpenBoth(Agree);
  Send(Ballot(7, ServerId(1)));
  const auto answer = OnlyInput<ResponseReceived>();
  EXPECT_EQ(answer.from, ServerId(2));
  EXPECT_EQ(std::get<RequestVoteResponse>(answer.response),
            (RequestVoteResponse{RequestNumber(7), Term(3), true}));
}

TEST_F(PeerLinksTest, APreVoteIsAskedForAndGranted) {
  OpenBoth(Agree);
  Send(PreVoteRequest{RequestNumber(7), Term(3), ServerId(1), {}});
  EXPECT_EQ(std::get<PreVoteResponse>(OnlyInput<ResponseReceived>().response),
            (PreVoteResponse{RequestNumber(7), Term(3), true}));
}

TEST_F(PeerLinksTest, EntriesArriveWholeAndAreMatched) {
  OpenBoth(Agree);
  const std::string data(1 << 20, 'd');
  Send(OneEntry(7, ServerId(1), data));
  const auto answer = OnlyInput<ResponseReceived>();
  EXPECT_EQ(std::get<AppendEntriesResponse>(answer.response).match_index, LogIndex(1));
  ASSERT_TRUE(answerer_->recorder().WaitForCount(1));
  const std::vector<Input> received = answerer_->recorder().inputs();
  const auto& request = std::get<RequestReceived>(received.at(0)).request;
  EXPECT_EQ(std::get<AppendEntriesRequest>(request).entries.at(0)->data, data);
  EXPECT_GE(sender_->observer().request_bytes.load(), data.size());
}

TEST_F(PeerLinksTest, GreetsOnceBeforeAnythingElseAndLearnsBothClientAddresses) {
  OpenBoth(Agree);
  EXPECT_EQ(sender_->links().ClientAddressOf(ServerId(2)), "");
  for (std::uint64_t number = 1; number <= 3; ++number) {
    Send(Heartbeat(number, ServerId(1)));
    ASSERT_TRUE(sender_->recorder().WaitForCount(number));
  }
  EXPECT_EQ(sender_->observer().greetings, 1);
  EXPECT_EQ(sender_->links().ClientAddressOf(ServerId(2)), "client-of-2:7000");
  EXPECT_EQ(answerer_->links().ClientAddressOf(ServerId(1)), "client-of-1:7000");
  EXPECT_EQ(sender_->links().ClientAddressOf(ServerId(1)), "client-of-1:7000");
  EXPECT_EQ(sender_->links().ClientAddressOf(ServerId(9)), "");
}

TEST_F(PeerLinksTest, ASilentPeerIsUnreachableAfterTheDeadlineAndItsCallIsNotKept) {
  PeerLinkOptions options;
  options.control_deadline = std::chrono::milliseconds(100);
  OpenBoth(StaySilent, options);
  Send(Heartbeat(7, ServerId(1)));
  EXPECT_EQ(OnlyInput<PeerUnreachable>().number, RequestNumber(7));
  EXPECT_EQ(sender_->observer().count(PeerCallOutcome::kDeadline), 1);
  EXPECT_TRUE(Eventually([this] { return answerer_->service().waiting_calls().size() == 0; }));
}

TEST_F(PeerLinksTest, HeartbeatsPassEntriesThatTheDiskOfThePeerHoldsUp) {
  OpenBoth([](const PeerRequest& request) {
    return KindOf(request) == PeerMessageKind::kEntries ? std::nullopt : Agree(request);
  });
  Send(OneEntry(1, ServerId(1), std::string(1 << 20, 'd')));
  Send(Heartbeat(2, ServerId(1)));
  ASSERT_TRUE(sender_->recorder().WaitForCount(1));
  EXPECT_EQ(EndingsOf(sender_->recorder().inputs(), 2), 1);
}

TEST_F(PeerLinksTest, AnUnknownPeerIsUnreachable) {
  OpenBoth(Agree);
  sender_->Ask({.to = ServerId(9), .request = Heartbeat(7, ServerId(1))});
  EXPECT_EQ(OnlyInput<PeerUnreachable>().peer, ServerId(9));
}

// A port where the kernel takes connections and nobody ever says a word.
class SilentPort {
 public:
  SilentPort() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    ok_ = bind(socket_, generic, length) == 0 && listen(socket_, 16) == 0 &&
          getsockname(socket_, generic, &length) == 0;
    port_ = ntohs(address.sin_port);
  }
  ~SilentPort() { close(socket_); }
  bool ok() const { return ok_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  const int socket_;
  bool ok_ = false;
  int port_ = 0;
};

TEST_F(PeerLinksTest, OfEachKindOnlyTheNewestWaitsForTheGreeting) {
  const SilentPort silent;
  ASSERT_TRUE(silent.ok());
  sender_->Open(FoundingOf({sender_->member(), {ServerId(2), silent.address(), 102}}), StaySilent);

  for (std::uint64_t number = 1; number <= 4; ++number) Send(Heartbeat(number, ServerId(1)));
  Send(Ballot(5, ServerId(1)));

  // Heartbeats 1 to 3 made room for newer ones at once; 4 and 5 waited until the greeting failed.
  ASSERT_TRUE(sender_->recorder().WaitForCount(5));
  const std::vector<Input> inputs = sender_->recorder().inputs();
  for (std::uint64_t number = 1; number <= 3; ++number) {
    EXPECT_EQ(std::get<PeerUnreachable>(inputs.at(number - 1)).number, RequestNumber(number));
  }
  EXPECT_EQ(EndingsOf(inputs, 4), 1);
  EXPECT_EQ(EndingsOf(inputs, 5), 1);
  EXPECT_EQ(sender_->observer().count(PeerCallOutcome::kNotConnected), 5);
}

TEST_F(PeerLinksTest, ShutdownEndsTheGreetingAndWhatWaitsForIt) {
  const SilentPort silent;
  ASSERT_TRUE(silent.ok());
  sender_->Open(FoundingOf({sender_->member(), {ServerId(2), silent.address(), 102}}), StaySilent);
  Send(Heartbeat(1, ServerId(1)));

  sender_->links().Shutdown();

  EXPECT_EQ(OnlyInput<PeerUnreachable>().number, RequestNumber(1));
}

TEST_F(PeerLinksTest, APeerThatComesBackIsFoundWithinASecond) {
  OpenBoth(Agree);
  Send(Heartbeat(1, ServerId(1)));
  ASSERT_TRUE(sender_->recorder().WaitForCount(1));
  const int port = answerer_->port();
  answerer_.reset();
  // As a leader would, a heartbeat every 50 ms; long enough for the back-off to reach its maximum.
  std::uint64_t number = 1;
  const auto beat = [&] {
    Send(Heartbeat(++number, ServerId(1)));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  };
  for (int beats = 0; beats < 60; ++beats) beat();
  const auto answers = [this] { return sender_->observer().count(PeerCallOutcome::kAnswered); };
  const int answers_before = answers();
  answerer_ = std::make_unique<TestServer>(2, port);
  answerer_->Open(founding_, Agree);
  const auto up_since = std::chrono::steady_clock::now();
  while (answers() < answers_before + 2) {  // a greeting and a heartbeat
    ASSERT_LT(std::chrono::steady_clock::now() - up_since, kPatience);
    beat();
  }
  EXPECT_LT(std::chrono::steady_clock::now() - up_since, std::chrono::seconds(1));
  EXPECT_GT(sender_->observer().greetings, 1);
}

TEST_F(PeerLinksTest, EachRequestEndsExactlyOnceWhateverHappensToThePeer) {
  const char* given_seed = std::getenv("RAFT_TEST_SEED");
  const std::uint64_t seed = given_seed ? std::stoull(given_seed) : std::random_device{}();
  SCOPED_TRACE("RAFT_TEST_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  PeerLinkOptions options;
  options.control_deadline = std::chrono::milliseconds(50);
  options.entries_deadline = std::chrono::milliseconds(200);
  OpenBoth(Agree, options);
  std::uint64_t number = 0;
  const auto send_any = [&] {
    const std::string data(random() % 100'000, 'd');
    switch (random() % 3) {
      case 0:
        return Send(Heartbeat(++number, ServerId(1)));
      case 1:
        return Send(Ballot(++number, ServerId(1)));
      default:
        return Send(OneEntry(++number, ServerId(1), data));
    }
  };
  for (int round = 0; round < 6; ++round) {
    // The peer is up and greeted, then it is stopped with many calls under way.
    const int answers_before = sender_->observer().count(PeerCallOutcome::kAnswered);
    ASSERT_TRUE(Eventually([&] {
      send_any();
      return sender_->observer().count(PeerCallOutcome::kAnswered) > answers_before + 10;
    }));
    for (int burst = 0; burst < 50; ++burst) send_any();
    RestartAnswerer();
  }
  ASSERT_TRUE(sender_->recorder().WaitForCount(number));
  sender_->links().Shutdown();
  const std::vector<Input> inputs = sender_->recorder().inputs();
  std::map<std::uint64_t, int> endings;
  for (const Input& input : inputs) {
    if (const auto* response = std::get_if<ResponseReceived>(&input)) {
      ++endings[std::visit([](const auto& kind) { return kind.number.value(); },
                           response->response)];
    } else if (const auto* unreachable = std::get_if<PeerUnreachable>(&input)) {
      ++endings[unreachable->number.value()];
    }
  }
  EXPECT_EQ(endings.size(), number);
  for (const auto& [request, count] : endings) EXPECT_EQ(count, 1) << "request " << request;
}

// Trap D13.
TEST_F(PeerLinksTest, APeerOfAnotherClusterIsUnreachableAndCounted) {
  answerer_->Open(FoundingOf(founding_.members, 'x'), Agree);
  sender_->Open(founding_, StaySilent);
  Send(Ballot(7, ServerId(1)));
  OnlyInput<PeerUnreachable>();
  EXPECT_EQ(sender_->observer().count(PeerCallOutcome::kRefused), 1);
  EXPECT_EQ(answerer_->observer().count(HeaderProblem::kOtherCluster), 1);
  EXPECT_EQ(answerer_->observer().received, 0);
}

TEST_F(PeerLinksTest, APeerWhoseDiskWasEmptiedIsUnreachable) {
  const int port = answerer_->port();
  answerer_.reset();
  answerer_ = std::make_unique<TestServer>(2, port, /*incarnation=*/999);
  sender_->Open(founding_, StaySilent);
  Send(Ballot(7, ServerId(1)));
  OnlyInput<PeerUnreachable>();
  EXPECT_EQ(sender_->observer().count(PeerCallOutcome::kBadAnswer), 1);
}

TEST_F(PeerLinksTest, AnAnswerThatClaimsTooMuchIsNone) {
  OpenBoth([](const PeerRequest& request) -> std::optional<PeerResponse> {
    auto response = std::get<AppendEntriesResponse>(*Agree(request));
    response.match_index = LogIndex(1'000);
    return response;
  });
  Send(Heartbeat(7, ServerId(1)));
  EXPECT_EQ(OnlyInput<PeerUnreachable>().number, RequestNumber(7));
  EXPECT_EQ(sender_->observer().count(PeerCallOutcome::kBadAnswer), 1);
}

TEST_F(PeerLinksTest, ShutdownEndsCallsUnderWayAndRefusesLaterOnes) {
  OpenBoth(StaySilent);
  Send(Heartbeat(1, ServerId(1)));
  Send(OneEntry(2, ServerId(1), "x"));
  ASSERT_TRUE(answerer_->recorder().WaitForCount(2));

  sender_->links().Shutdown();
  Send(Heartbeat(3, ServerId(1)));

  ASSERT_TRUE(sender_->recorder().WaitForCount(3));
  const std::vector<Input> inputs = sender_->recorder().inputs();
  for (std::uint64_t number = 1; number <= 3; ++number) EXPECT_EQ(EndingsOf(inputs, number), 1);
  for (const Input& input : inputs) EXPECT_TRUE(std::holds_alternative<PeerUnreachable>(input));
}

}  // namespace
}  // namespace raft
