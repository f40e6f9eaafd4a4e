// What may be typed about members; what becomes of it is tested against real servers
// (tests/integration/membership_test.cc).
#include "service/raftctl/membership_commands.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/raftctl/exit_code.h"
#include "tests/service/raftctl/fake_server.h"

namespace raft::ctl {
namespace {

using testing::HasSubstr;

TEST(ParseMemberTest, TakesAnIdAndAnAddress) {
  MemberWord member;
  EXPECT_EQ(ParseMember("4=host:7001", &member), "");
  EXPECT_EQ(member.server_id, 4u);
  EXPECT_EQ(member.peer_address, "host:7001");
}

TEST(ParseMemberTest, RefusesWhatIsNoMember) {
  MemberWord member;
  for (const char* word : {"", "4", "host:7001", "0=host:7001", "-1=host:7001", "x=host:7001"}) {
    EXPECT_THAT(ParseMember(word, &member), HasSubstr("is no member like 4=host:7001")) << word;
  }
}

TEST(MembershipCommandsTest, AWrongCommandLineAsksNobody) {
  const std::string nobody = UnusedAddress();
  const std::vector<std::vector<std::string>> wrong = {{"members"},
                                                       {"members", "add"},
                                                       {"members", "add", "4"},
                                                       {"members", "remove"},
                                                       {"members", "remove", "-1"},
                                                       {"members", "remove", "2", "--expect", "-1"},
                                                       {"members", "remove", "2", "--expect", "x"},
                                                       {"members", "replace", "1=h:1,2"},
                                                       {"leader"},
                                                       {"leader", "transfer", "--to", "x"}};
  for (std::vector<std::string> arguments : wrong) {
    arguments.insert(arguments.begin(), {"--endpoints", nobody});
    EXPECT_EQ(RunCommand(arguments).exit_code, kExitUsage) << testing::PrintToString(arguments);
  }
}

TEST(MembershipCommandsTest, NobodyThereIsSaidSo) {
  const CommandResult result =
      RunCommand({"--endpoints", UnusedAddress(), "--timeout", "1s", "members", "remove", "2"});
  EXPECT_EQ(result.exit_code, kExitCannotConnect);
}

}  // namespace
}  // namespace raft::ctl
