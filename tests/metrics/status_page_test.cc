// The status page as HTML: what it shows on each role, and that it is safe and self-contained.
#include "metrics/status_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>

#include "metrics/log_window.h"
#include "tests/metrics/sample_snapshot.h"

namespace raft {
namespace {

using testing::FollowerSnapshot;
using ::testing::HasSubstr;
using testing::LeaderSnapshot;
using ::testing::Not;

std::string Page(const MetricsSnapshot& snapshot) {
  return MakeStatusPage(snapshot, {.version = "0.1.0", .process_age_seconds = 250});
}

std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++count;
  }
  return count;
}

TEST(StatusPageTest, TheLeaderShowsTheLagOfEachPeer) {
  const std::string page = Page(LeaderSnapshot());
  EXPECT_THAT(page, HasSubstr("<title>Server 1: leader, term 7</title>"));
  EXPECT_THAT(page, HasSubstr("Replication"));
  EXPECT_THAT(page, HasSubstr("<span class=\"warn-text\">250</span>"));    // entries
  EXPECT_THAT(page, HasSubstr("<span class=\"warn-text\">3.5 s</span>"));  // time
  EXPECT_THAT(page, HasSubstr("<span class=\"bad-text\">3.6 s</span>"));   // last answer
  EXPECT_THAT(page, HasSubstr("silent"));
  EXPECT_THAT(page, HasSubstr("replicating"));
  EXPECT_THAT(page, HasSubstr("127.0.0.1:7011"));
}

TEST(StatusPageTest, ShowsIndexesStorageVersionAndAge) {
  const std::string page = Page(LeaderSnapshot());
  for (const char* text :
       {"1,250", "1,249", "1,248", "1,240", "46 MiB", "1.4 MiB", "75 GiB", "20,000", "raftd 0.1.0",
        "up 4 min 10 s", "9f2c4e1ab07d5536c8d1e0f2a3b4c5d6", "00112233445566778899aabbccddeeff"}) {
    EXPECT_THAT(page, HasSubstr(text));
  }
}

TEST(StatusPageTest, AFollowerPointsToItsLeader) {
  const std::string page = Page(FollowerSnapshot());
  EXPECT_THAT(page, HasSubstr("Server 1: follower, term 8"));
  EXPECT_THAT(page, HasSubstr("Members"));
  EXPECT_THAT(page, HasSubstr("127.0.0.1:7010"));
  EXPECT_THAT(page, HasSubstr("not heard yet"));
  EXPECT_THAT(page, Not(HasSubstr("Replication <small>")));
}

TEST(StatusPageTest, ShowsThatThereIsNoLeader) {
  MetricsSnapshot snapshot = FollowerSnapshot();
  snapshot.status.role = RoleName::kPreCandidate;
  snapshot.status.leader.reset();
  snapshot.status.leader_contact_ticks.reset();
  const std::string page = Page(snapshot);
  EXPECT_THAT(page, HasSubstr("no leader is known here"));
  EXPECT_THAT(page, HasSubstr("<span class=\"pill warn\">pre-candidate</span>"));
}

TEST(StatusPageTest, AFormingServerSaysWhatItWaitsFor) {
  MetricsSnapshot snapshot;
  snapshot.status.server_id = ServerId(2);
  snapshot.forming = "server 3 does not answer";
  const std::string page = Page(snapshot);
  EXPECT_THAT(page, HasSubstr("The cluster is forming: server 3 does not answer"));
  EXPECT_THAT(page, HasSubstr("<span class=\"pill warn\">forming</span>"));
}

TEST(StatusPageTest, ShowsWarningsAndFailedChecks) {
  MetricsSnapshot snapshot = LeaderSnapshot();
  snapshot.warnings = {"disk is 95 % full"};
  snapshot.readyz[1].failure = "no leader for 2 s";
  const std::string page = Page(snapshot);
  EXPECT_THAT(page, HasSubstr("<li>disk is 95 % full</li>"));
  EXPECT_THAT(page, HasSubstr("<small>no leader for 2 s</small>"));
}

TEST(StatusPageTest, EscapesEveryTextThatOthersChoose) {
  const std::string evil = "<script>alert(1)</script>";
  MetricsSnapshot snapshot = LeaderSnapshot();
  snapshot.cluster_id = snapshot.forming = snapshot.state_digest = evil;
  snapshot.warnings = {evil};
  snapshot.members = {{ServerId(1), evil, evil}, {ServerId(2), evil, evil}};
  snapshot.queues = {{evil, 1}};
  snapshot.storage_sizes = {{evil, 1}};
  snapshot.readyz = {{evil, evil}};
  for (const RoleName role : {RoleName::kLeader, RoleName::kFollower}) {
    snapshot.status.role = role;
    snapshot.status.leader = ServerId(2);
    const std::string page =
        MakeStatusPage(snapshot, {.version = evil, .process_age_seconds = std::nullopt});
    EXPECT_THAT(page, Not(HasSubstr(evil)));
    EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
  }
}

TEST(StatusPageTest, RefersToNoOtherOrigin) {
  for (const MetricsSnapshot& snapshot : {LeaderSnapshot(), FollowerSnapshot()}) {
    const std::string page = Page(snapshot);
    EXPECT_THAT(page, Not(HasSubstr("http:")));
    EXPECT_THAT(page, Not(HasSubstr("https:")));
    EXPECT_THAT(page, Not(HasSubstr("url(")));
    EXPECT_THAT(page, Not(HasSubstr("@import")));
    EXPECT_THAT(page, Not(HasSubstr("=\"//")));
    EXPECT_THAT(page, Not(HasSubstr(" src=")));
  }
}

TEST(StatusPageTest, ClosesEveryElementItOpens) {
  const std::string page = Page(LeaderSnapshot());
  for (const char* name : {"main", "header", "section", "div", "span", "table", "tbody", "tr", "td",
                           "ul", "li", "dl", "i", "h2", "small", "footer", "script", "style"}) {
    const std::string start = std::string("<") + name;
    const std::size_t closed = Count(page, std::string("</") + name + ">");
    EXPECT_EQ(Count(page, start + " ") + Count(page, start + ">"), closed) << name;
    EXPECT_GT(closed, 0) << name;
  }
}

TEST(LogWindowTest, EndsAtTheLastEntryAndReachesBehindTheSlowest) {
  const LogWindow window(LeaderSnapshot().status);  // lag 250 of 1,250
  EXPECT_EQ(window.last(), 1250);
  EXPECT_EQ(window.start(), 1250 - 512);
  EXPECT_EQ(window.Percent(LogIndex(1250)), 100);
  EXPECT_EQ(window.Percent(LogIndex(1250 - 256)), 50);
  EXPECT_EQ(window.Percent(LogIndex(1)), 0);
}

TEST(LogWindowTest, NeverReachesBelowTheFirstEntry) {
  RaftStatus status;
  EXPECT_EQ(LogWindow(status).Percent(LogIndex(0)), 0);
  status.last_log_index = status.commit_index = status.applied_index = status.durable_index =
      LogIndex(3);
  EXPECT_EQ(LogWindow(status).start(), 0);
  EXPECT_EQ(LogWindow(status).Percent(LogIndex(3)), 100);
}

}  // namespace
}  // namespace raft
