// What the simulator found, each as the shortest story that shows it.
//
// A seed that went red is repeatable only as long as the simulator stays as it is; these stay.
#include <gtest/gtest.h>

#include "persistence/promise_file.h"
#include "tests/simulation/simulated_disk.h"

namespace raft::simulation {
namespace {

// Enough for every outcome of a power loss.
constexpr std::uint64_t kSeeds = 200;

// A vote was written to both slots and the second sync failed, so the process ended. Its successor
// read the vote, told others of it, and lost power while it wrote the next term into the first
// slot; the second slot, never synced, fell back to a time before the vote.
TEST(FoundBySimulationTest, APromiseReadAfterAFailedSyncOutlivesThePowerLossOfTheNextWrite) {
  const Owner owner{.cluster_id = std::string(16, 'c'), .server_id = ServerId(1), .incarnation = 7};
  const Promise vote{.current_term = Term(1), .voted_for = ServerId(1)};
  const Promise next{.current_term = Term(2), .voted_for = std::nullopt};
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SimulatedDisk disk(seed);
    ASSERT_TRUE(disk.CreateDirectory("/data").ok());
    ASSERT_TRUE(PromiseFile::Create(disk, "/data", owner).ok());
    {
      absl::StatusOr<PromiseFile> file = PromiseFile::Open(disk, "/data", owner);
      ASSERT_TRUE(file.ok()) << file.status();
      disk.Fail(DiskOperation::kSync, 1, FaultLasts::kOnce);
      ASSERT_FALSE(file->Write(vote, LogIndex(0)).ok());
      disk.ProcessExit();
    }
    disk.Heal();
    absl::StatusOr<PromiseFile> successor = PromiseFile::Open(disk, "/data", owner);
    ASSERT_TRUE(successor.ok()) << successor.status();
    ASSERT_EQ(successor->promise(), vote);
    disk.CutPowerAfter(1);
    ASSERT_FALSE(successor->Write(next, LogIndex(0)).ok());
    disk.PowerLoss();
    const absl::StatusOr<PromiseFile> last = PromiseFile::Open(disk, "/data", owner);
    ASSERT_TRUE(last.ok()) << last.status();
    EXPECT_TRUE(last->promise() == vote || last->promise() == next)
        << "it forgot term " << vote.current_term.value();
  }
}

}  // namespace
}  // namespace raft::simulation
