// Greetings and the founding configuration on the wire.
#include "service/conversion/greeting.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "service/conversion/founding_conversion.h"
#include "service/conversion/message_conversion.h"

namespace raft {
namespace {

using ::testing::HasSubstr;

FoundingConfiguration Founding() {
  return {.cluster_id = std::string(16, 'c'),
          .log_time_ms = 1'700'000'000'000,
          .members = {{ServerId(1), "h1:1", 101}, {ServerId(2), "h2:2", 102}}};
}

LocalServer Local() {
  return {.server_id = ServerId(2),
          .incarnation = 102,
          .process_nonce = 1002,
          .initial_members_hash = 77,
          .client_address = "h2:7000",
          .peer_address = "h2:7001",
          .version = "0.1.0"};
}

peer::v1::GreetRequest FormedGreeting() {
  const FoundingConfiguration founding = Founding();
  peer::v1::GreetRequest message;
  WriteGreeting(Local(), &founding, {ServerId(1), 101}, message);
  return message;
}

peer::v1::GreetRequest FormingGreeting() {
  peer::v1::GreetRequest message;
  WriteGreeting(Local(), nullptr, {ServerId(1), 0}, message);
  return message;
}

TEST(GreetingTest, AFormedServerTellsTheFoundingAndItsAddresses) {
  const Greeting greeting = ReadGreeting(FormedGreeting(), ServerId(1)).value();
  EXPECT_EQ(greeting.from, ServerId(2));
  EXPECT_EQ(greeting.incarnation, 102u);
  EXPECT_EQ(greeting.process_nonce, 1002u);
  EXPECT_EQ(greeting.client_address, "h2:7000");
  EXPECT_EQ(greeting.peer_address, "h2:7001");
  EXPECT_EQ(greeting.version, "0.1.0");
  EXPECT_EQ(greeting.founding, Founding());
}

TEST(GreetingTest, AFormingServerTellsItsHashAndNoCluster) {
  const Greeting greeting = ReadGreeting(FormingGreeting(), ServerId(1)).value();
  EXPECT_TRUE(greeting.is_forming());
  EXPECT_EQ(greeting.initial_members_hash, 77u);
}

TEST(GreetingTest, AFormedServerTellsItsConfigurationOnceItKnowsIt) {
  HeaderRules rules(Local(), Founding());
  peer::v1::GreetRequest message;
  WriteGreeting(rules, {ServerId(1), 101}, message);
  EXPECT_FALSE(ReadGreeting(message, ServerId(1)).value().configuration.has_value());

  rules.Follow(std::make_shared<const ClusterConfiguration>(ConfigurationOf(Founding())));
  WriteGreeting(rules, {ServerId(1), 101}, message);
  EXPECT_EQ(ReadGreeting(message, ServerId(1)).value().configuration, ConfigurationOf(Founding()));
}

TEST(GreetingTest, RefusesAConfigurationThatMakesNoSenseOrOfAFormingServer) {
  peer::v1::GreetRequest damaged = FormedGreeting();
  damaged.set_configuration("nobody");
  EXPECT_EQ(ReadGreeting(damaged, ServerId(1)).status().code(), absl::StatusCode::kInvalidArgument);
  peer::v1::GreetRequest forming = FormingGreeting();
  forming.set_configuration(ConfigurationOf(Founding()).Encode());
  EXPECT_EQ(ReadGreeting(forming, ServerId(1)).status().code(), absl::StatusCode::kInvalidArgument);
}

// A newer version may remember more of them; what is named within the limit counts.
TEST(GreetingTest, NamesThoseThatAreDoubledAndWhatIsBeyondTheLimitIsLeftOut) {
  peer::v1::GreetRequest message = FormedGreeting();
  for (std::uint64_t nonce = 1; nonce <= ProcessWatch::kProcessesMax + 1; ++nonce) {
    message.add_doubled_processes(nonce);
  }
  const Greeting greeting = ReadGreeting(message, ServerId(1)).value();
  EXPECT_TRUE(NamesAsDoubled(greeting, 1));
  EXPECT_TRUE(NamesAsDoubled(greeting, ProcessWatch::kProcessesMax));
  EXPECT_FALSE(NamesAsDoubled(greeting, ProcessWatch::kProcessesMax + 1));
  EXPECT_FALSE(NamesAsDoubled(ReadGreeting(FormedGreeting(), ServerId(1)).value(), 1));
}

constexpr StartingPoint kStart{.term = Term(5),
                               .last_log = {.index = LogIndex(900), .term = Term(4)}};

TEST(GreetingTest, AFormedServerTellsWhatItStartedWithOnceItHasLooked) {
  HeaderRules rules(Local(), Founding());
  peer::v1::GreetRequest request;
  WriteGreeting(rules, {ServerId(1), 101}, request);
  EXPECT_EQ(ReadGreeting(request, ServerId(1)).value().start, std::nullopt);

  rules.NoteStart(kStart);
  WriteGreeting(rules, {ServerId(1), 101}, request);
  EXPECT_EQ(ReadGreeting(request, ServerId(1)).value().start, kStart);
  peer::v1::GreetResponse response;
  WriteGreeting(rules, {ServerId(1), 101}, response);
  EXPECT_EQ(ReadGreeting(response, ServerId(1)).value().start, kStart);
}

// Zeros are what it found; nothing at all would mean that nobody may judge it.
TEST(GreetingTest, AServerThatStartedWithNothingSaysSo) {
  HeaderRules rules(Local(), Founding());
  rules.NoteStart({});
  peer::v1::GreetRequest request;
  WriteGreeting(rules, {ServerId(1), 101}, request);
  EXPECT_EQ(ReadGreeting(request, ServerId(1)).value().start, StartingPoint{});
}

TEST(GreetingTest, TheAnswerTellsTheGreeterWhatIsHeldAgainstIt) {
  const HeaderRules rules(Local(), Founding());
  peer::v1::GreetResponse response;
  WriteGreeting(rules, {ServerId(1), 101}, response);
  EXPECT_EQ(ReadGreeting(response, ServerId(1)).value().regress, std::nullopt);
  const Regress regress{
      .proven = {.term = Term(7), .match_term = Term(6), .match_index = LogIndex(1000)},
      .start = kStart};
  ToProto(regress, response);
  EXPECT_EQ(ReadGreeting(response, ServerId(1)).value().regress, regress);
}

// A greeter that believes it ends, so it has to make sense.
TEST(GreetingTest, RefusesARegressWithFiguresThatNoClusterReaches) {
  const HeaderRules rules(Local(), Founding());
  const ProvenProgress possible{
      .term = Term(9), .match_term = Term(9), .match_index = LogIndex(1000)};
  ProvenProgress late = possible;
  late.term = late.match_term = Term(kNumberMax + 1);
  ProvenProgress far = possible;
  far.match_index = LogIndex(kNumberMax + 1);
  ProvenProgress matched_ahead = possible;
  matched_ahead.match_term = Term(10);
  for (const ProvenProgress& proven : {late, far, matched_ahead}) {
    peer::v1::GreetResponse response;
    WriteGreeting(rules, {ServerId(1), 101}, response);
    ToProto({.proven = proven, .start = kStart}, response);
    EXPECT_EQ(ReadGreeting(response, ServerId(1)).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
}

TEST(GreetingTest, RefusesARegressThatIsNone) {
  const HeaderRules rules(Local(), Founding());
  peer::v1::GreetResponse response;
  WriteGreeting(rules, {ServerId(1), 101}, response);
  ToProto({.proven = {.term = Term(5), .match_term = Term(4), .match_index = LogIndex(1000)},
           .start = kStart},
          response);
  EXPECT_EQ(ReadGreeting(response, ServerId(1)).status().code(),
            absl::StatusCode::kInvalidArgument);
}

struct Breakage {
  std::string name;
  std::function<void(peer::v1::GreetRequest&)> apply;
  std::string expected_words;
};

TEST(GreetingTest, RefusesGreetingsThatBreakARule) {
  const Breakage breakages[] = {
      {"from 0", [](auto& m) { m.mutable_header()->set_from(0); }, "MALFORMED"},
      {"incarnation 0", [](auto& m) { m.mutable_header()->set_incarnation(0); }, "MALFORMED"},
      {"nonce 0", [](auto& m) { m.mutable_header()->set_process_nonce(0); }, "MALFORMED"},
      {"other protocol", [](auto& m) { m.set_protocol_version_min(2); }, "PROTOCOL_VERSION"},
      {"old protocol", [](auto& m) { m.set_protocol_version_max(0); }, "PROTOCOL_VERSION"},
      {"someone else", [](auto& m) { m.mutable_header()->set_to(3); }, "NOT_ADDRESSEE"},
      {"ourselves", [](auto& m) { m.mutable_header()->set_from(1); }, "UNKNOWN_MEMBER"},
      {"forming and formed", [](auto& m) { m.set_forming(true); }, "MALFORMED"},
      {"formed without founding", [](auto& m) { m.clear_founding(); }, "MALFORMED"},
      {"two clusters", [](auto& m) { m.mutable_header()->set_cluster_id(std::string(16, 'x')); },
       "two different cluster ids"},
      {"start without a term of the log", [](auto& m) { m.mutable_start()->set_last_log_index(9); },
       "MALFORMED"},
      {"start in a term that no cluster reaches",
       [](auto& m) { m.mutable_start()->set_term(~std::uint64_t{0}); }, "MALFORMED"},
      {"start with a log beyond its promise",
       [](auto& m) {
         m.mutable_start()->set_last_log_index(9);
         m.mutable_start()->set_last_log_term(3);
         m.mutable_start()->set_term(2);
       },
       "MALFORMED"},
  };
  for (const Breakage& breakage : breakages) {
    SCOPED_TRACE(breakage.name);
    peer::v1::GreetRequest message = FormedGreeting();
    breakage.apply(message);
    const auto greeting = ReadGreeting(message, ServerId(1));
    ASSERT_FALSE(greeting.ok());
    EXPECT_THAT(std::string(greeting.status().message()), HasSubstr(breakage.expected_words));
  }
}

TEST(GreetingTest, AFormingServerHasNoClusterId) {
  peer::v1::GreetRequest message = FormingGreeting();
  message.mutable_header()->set_cluster_id(std::string(16, 'x'));
  EXPECT_FALSE(ReadGreeting(message, ServerId(1)).ok());
}

TEST(FoundingConversionTest, ComesBackAsItWent) {
  peer::v1::FoundingConfiguration message;
  ToProto(Founding(), message);
  EXPECT_EQ(FromProto(message).value(), Founding());
}

TEST(FoundingConversionTest, RefusesADamagedFounding) {
  using Message = peer::v1::FoundingConfiguration;
  const std::function<void(Message&)> breakages[] = {
      [](Message& m) { m.set_cluster_id("short"); },
      [](Message& m) { m.set_log_time_ms(0); },
      [](Message& m) { m.set_log_time_ms(INT64_MAX); },
      [](Message& m) { m.clear_members(); },
      [](Message& m) { m.mutable_members(0)->set_server_id(0); },
      [](Message& m) { m.mutable_members(1)->set_server_id(1); },
      [](Message& m) { m.mutable_members(0)->set_incarnation(0); },
      [](Message& m) { m.mutable_members(0)->clear_peer_address(); },
  };
  for (std::size_t index = 0; index < std::size(breakages); ++index) {
    SCOPED_TRACE(index);
    Message message;
    ToProto(Founding(), message);
    breakages[index](message);
    EXPECT_EQ(FromProto(message).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(InitialMembersTest, TheHashIsThatOfTheListNotOfItsOrder) {
  const InitialMember one{ServerId(1), "h1:1"};
  const InitialMember two{ServerId(2), "h2:2"};
  EXPECT_EQ(FormatInitialMembers({two, one}), "1=h1:1,2=h2:2");
  EXPECT_EQ(HashOfInitialMembers({one, two}), HashOfInitialMembers({two, one}));
  EXPECT_NE(HashOfInitialMembers({one, two}), HashOfInitialMembers({one}));
  EXPECT_NE(HashOfInitialMembers({one, two}),
            HashOfInitialMembers({one, {ServerId(2), "elsewhere:2"}}));
}

// The hash crosses machines and versions, so its value is part of the protocol.
TEST(InitialMembersTest, TheHashNeverChanges) {
  EXPECT_EQ(HashOfInitialMembers({{ServerId(1), "h1:1"}, {ServerId(2), "h2:2"}}),
            13509940164288456556u);
}

}  // namespace
}  // namespace raft
