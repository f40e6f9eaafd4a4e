// The text of /livez and /readyz.
#include "metrics/health_page.h"

#include <gtest/gtest.h>

namespace raft {
namespace {

TEST(HealthPageTest, SaysOkAloneWhenEveryCheckPasses) {
  const HealthPage page = MakeHealthPage("livez", {{"event_loop", std::nullopt}}, false);
  EXPECT_TRUE(page.healthy);
  EXPECT_EQ(page.text, "ok\n");
}

TEST(HealthPageTest, ListsEveryCheckWhenAsked) {
  const HealthPage page =
      MakeHealthPage("readyz", {{"formed", std::nullopt}, {"has_leader", std::nullopt}}, true);
  EXPECT_EQ(page.text, "[+]formed ok\n[+]has_leader ok\nreadyz check passed\n");
}

TEST(HealthPageTest, SaysWhatFailedAndWhyWithoutBeingAsked) {
  const HealthPage page = MakeHealthPage(
      "readyz", {{"formed", std::nullopt}, {"has_leader", "no leader for 2 s"}}, false);
  EXPECT_FALSE(page.healthy);
  EXPECT_EQ(page.text,
            "[+]formed ok\n[-]has_leader failed: no leader for 2 s\nreadyz check failed\n");
}

TEST(HealthPageTest, IsHealthyWithoutAnyCheck) {
  EXPECT_TRUE(MakeHealthPage("livez", {}, false).healthy);
}

}  // namespace
}  // namespace raft
