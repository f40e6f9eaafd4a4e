// host:port, read and judged.
#include "service/address.h"

#include <gtest/gtest.h>

namespace raft {
namespace {

TEST(AddressTest, ReadsNamesNumbersAndBracketedIpv6) {
  EXPECT_EQ(ParseAddress("example.org:7000").value(), (Address{"example.org", 7000}));
  EXPECT_EQ(ParseAddress("127.0.0.1:0").value(), (Address{"127.0.0.1", 0}));
  EXPECT_EQ(ParseAddress("[::1]:65535").value(), (Address{"::1", 65535}));
}

TEST(AddressTest, WritesWhatItReads) {
  for (const char* text : {"example.org:7000", "127.0.0.1:1", "[::1]:7000"}) {
    EXPECT_EQ(ParseAddress(text).value().ToString(), text);
  }
}

TEST(AddressTest, RefusesWhatIsNoAddressAndSaysWhy) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "the port is missing"},
      {"localhost", "the port is missing"},
      {":7000", "the host is missing"},
      {"[]:7000", "the host is missing"},
      {"localhost:", "the port must be a number"},
      {"localhost:http", "the port must be a number"},
      {"localhost:65536", "the port must be a number"},
      {"localhost:-1", "the port must be a number"},
      {"localhost:70 00", "the port must be a number"},
      {"::1:7000", "an IPv6 host needs brackets"},
      {"a b:7000", "a character that no host name has"},
      {"1=a:7000", "a character that no host name has"},
      {"\xc3\xa4:7000", "a character that no host name has"},
      {"a\x07:7000", "a character that no host name has"},
      {"a\x7f:7000", "a character that no host name has"},
  };
  for (const auto& [text, why] : cases) {
    const absl::StatusOr<Address> parsed = ParseAddress(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_NE(parsed.status().message().find(why), absl::string_view::npos)
        << text << ": " << parsed.status();
  }
}

TEST(AddressTest, KnowsWildcards) {
  for (const char* text : {"0.0.0.0:1", "[::]:1", "[::ffff:0.0.0.0]:1", "*:1", "0:1", "0x0:1",
                           "000.0.0.0:1", "0.0:1", "[0:0:0:0:0:0:0:0]:1", "[0::0]:1"}) {
    EXPECT_TRUE(ParseAddress(text).value().is_wildcard()) << text;
  }
  for (const char* text : {"127.0.0.1:1", "[::1]:1", "zero:1", "[::ffff:127.0.0.1]:1"}) {
    EXPECT_FALSE(ParseAddress(text).value().is_wildcard()) << text;
  }
}

}  // namespace
}  // namespace raft
