// The strong numbers of the core: one kind is never taken for another.
#include "core/types.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace raft {
namespace {

TEST(TypesTest, DifferentKindsOfNumbersDoNotConvertIntoEachOther) {
  static_assert(!std::is_convertible_v<Term, LogIndex>);
  static_assert(!std::is_convertible_v<std::uint64_t, Term>);
  static_assert(!std::is_constructible_v<ServerId, Term>);
  EXPECT_EQ(Term(), Term(0));
}

TEST(TypesTest, IndexesCountEntriesBetweenThem) {
  EXPECT_EQ(LogIndex(7) - LogIndex(4), 3u);
  EXPECT_EQ(LogIndex(4) + 3, LogIndex(7));
  EXPECT_EQ(LogIndex(7) - 3, LogIndex(4));
  EXPECT_EQ(LogIndex(7).Next(), LogIndex(8));
}

TEST(TypesTest, PositionsAreEqualOnlyInBothParts) {
  const LogPosition position{.index = LogIndex(2), .term = Term(1)};
  EXPECT_EQ(position, (LogPosition{.index = LogIndex(2), .term = Term(1)}));
  EXPECT_NE(position, (LogPosition{.index = LogIndex(2), .term = Term(2)}));
  EXPECT_NE(position, (LogPosition{.index = LogIndex(3), .term = Term(1)}));
}

}  // namespace
}  // namespace raft
