// Numbers and foreign text as a person reads them.
#include "metrics/text_format.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace raft {
namespace {

TEST(TextFormatTest, EscapesWhatHtmlWouldRead) {
  EXPECT_EQ(EscapeHtml("<b a='1' c=\"2\">&</b>"),
            "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;&lt;/b&gt;");
}

TEST(TextFormatTest, GroupsDigitsByThree) {
  EXPECT_EQ(GroupDigits(0), "0");
  EXPECT_EQ(GroupDigits(999), "999");
  EXPECT_EQ(GroupDigits(1'000), "1,000");
  EXPECT_EQ(GroupDigits(1'234'567), "1,234,567");
  EXPECT_EQ(GroupDigits(std::numeric_limits<std::uint64_t>::max()), "18,446,744,073,709,551,615");
}

TEST(TextFormatTest, ChoosesTheUnitOfBytes) {
  EXPECT_EQ(HumanBytes(0), "0 B");
  EXPECT_EQ(HumanBytes(1'023), "1023 B");
  EXPECT_EQ(HumanBytes(1'536), "1.5 KiB");
  EXPECT_EQ(HumanBytes(48'000'000), "46 MiB");
  EXPECT_EQ(HumanBytes(1'048'575), "1.0 MiB");
  EXPECT_EQ(HumanBytes(std::uint64_t{5} << 40), "5.0 TiB");
  EXPECT_EQ(HumanBytes(std::numeric_limits<std::uint64_t>::max()), "16384 PiB");
}

TEST(TextFormatTest, ChoosesTheUnitsOfADuration) {
  EXPECT_EQ(HumanSeconds(-1), "0 ms");
  EXPECT_EQ(HumanSeconds(0.035), "35 ms");
  EXPECT_EQ(HumanSeconds(0.9999), "1.0 s");
  EXPECT_EQ(HumanSeconds(12.4), "12 s");
  EXPECT_EQ(HumanSeconds(250), "4 min 10 s");
  EXPECT_EQ(HumanSeconds(7'380), "2 h 3 min");
  EXPECT_EQ(HumanSeconds(273'600), "3 d 4 h");
}

}  // namespace
}  // namespace raft
