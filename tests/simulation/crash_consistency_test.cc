// The real storage on a disk that fails, tears and loses power: whatever happens, a start finds all
// that was acknowledged, or on a disk that failed refuses by name; it never finds silently less.
//
// Each story is a few lives of one server (storage_story.h). A failing one prints its seed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/persistence/scratch_directory.h"
#include "tests/simulation/storage_story.h"

namespace raft::simulation {
namespace {

using ::testing::IsEmpty;

constexpr int kLives = 6;
// Enough starts to merge tables: each leaves one, and four are merged.
constexpr int kLivesUntilTablesAreMerged = 10;

void Live(StorageStory& story, int lives) {
  for (int life = 0; life < lives; ++life) story.LiveOnce();
}

TEST(CrashConsistencyTest, AfterEveryCrashAStartFindsAllThatWasAcknowledged) {
  const std::uint64_t first_seed = testing::TestSeed();
  std::uint64_t cuts_inside_a_call = 0;
  std::uint64_t calls_that_came_back = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + 2000; ++seed) {
    StorageStory story(seed, Trouble::kCrash);
    Live(story, kLives);
    ASSERT_THAT(story.problem(), IsEmpty());
    cuts_inside_a_call += story.cuts_inside_a_call();
    calls_that_came_back += story.calls_that_came_back();
  }
  // Both kinds of ends were worth telling: work that was cut short, and work that came back whole.
  EXPECT_GT(cuts_inside_a_call, 100u);
  EXPECT_GT(calls_that_came_back, 10u);
}

TEST(CrashConsistencyTest, AfterAFailureOfTheDiskNothingIsLostInSilence) {
  const std::uint64_t first_seed = testing::TestSeed();
  constexpr std::uint64_t kStories = 500;
  std::uint64_t failures = 0;
  std::uint64_t refused = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + kStories; ++seed) {
    StorageStory story(seed, Trouble::kFailingDisk);
    Live(story, kLives);
    ASSERT_THAT(story.problem(), IsEmpty());
    failures += story.disk().failures();
    refused += story.refusal().empty() ? 0 : 1;
  }
  EXPECT_GT(failures, kStories);
  EXPECT_LT(refused, kStories / 20) << "a server should outlive a disk that was repaired";
}

TEST(CrashConsistencyTest, TheSameSeedTellsTheSameStory) {
  const std::uint64_t first_seed = testing::TestSeed();
  std::size_t merged_tables = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + 200; ++seed) {
    const Trouble trouble = seed % 4 == 0 ? Trouble::kFailingDisk : Trouble::kCrash;
    StorageStory story(seed, trouble);
    story.disk().KeepTrace();
    Live(story, kLivesUntilTablesAreMerged);
    StorageStory again(seed, trouble);
    Live(again, kLivesUntilTablesAreMerged);
    ASSERT_EQ(story.disk().trace_hash(), again.disk().trace_hash()) << "seed " << seed;
    ASSERT_EQ(story.entries(), again.entries()) << "seed " << seed;
    const std::vector<std::string>& trace = story.disk().trace();
    merged_tables += static_cast<std::size_t>(
        std::count_if(trace.begin(), trace.end(), [](const std::string& operation) {
          return operation.find("remove") != std::string::npos &&
                 operation.find(".ldb") != std::string::npos;
        }));
  }
  EXPECT_GT(merged_tables, 200u);
}

}  // namespace
}  // namespace raft::simulation
