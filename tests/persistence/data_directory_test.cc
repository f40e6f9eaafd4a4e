// The data directory: whose it is, who may use it, and how it is born.
#include "persistence/data_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "builders.h"
#include "persistence/double_mark.h"
#include "scratch_directory.h"

namespace raft {
namespace {

using ::testing::HasSubstr;
using testing::kFoundingTimeMs;
using testing::ReadBytes;
using testing::ScratchDirectory;
using testing::TestFounding;
using testing::WithBitFlipped;
using testing::WriteBytes;

constexpr std::uint64_t kMembersHash = 4711;

FoundingConfiguration FoundingWith(const Identity& identity) {
  return {
      .cluster_id = "sixteen bytes id",
      .log_time_ms = kFoundingTimeMs,
      .members = {{.server_id = identity.server_id,
                   .peer_address = "127.0.0.1:7001",
                   .incarnation = identity.incarnation},
                  {.server_id = ServerId(9), .peer_address = "127.0.0.1:7091", .incarnation = 99}}};
}

class DataDirectoryTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<DataDirectory>> Open(std::uint64_t server_id = 1,
                                                      std::uint64_t hash = kMembersHash) {
    return DataDirectory::Open(path_, ServerId(server_id), hash);
  }
  std::unique_ptr<DataDirectory> MustOpen() {
    absl::StatusOr<std::unique_ptr<DataDirectory>> directory = Open();
    EXPECT_TRUE(directory.ok()) << directory.status();
    return *std::move(directory);
  }
  // Expects a refusal of the kind that means exit 3, whose message holds `words`.
  void ExpectRefused(const absl::Status& status, const std::string& words) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
    EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
  }
  static unsigned ModeOf(const std::string& path) {
    struct stat found {};
    EXPECT_EQ(::stat(path.c_str(), &found), 0);
    return found.st_mode & 0777U;
  }

  ScratchDirectory scratch_;
  const std::string path_ = scratch_.Path("data");
};

TEST_F(DataDirectoryTest, AnAbsentDirectoryIsBornForming) {
  const auto directory = MustOpen();
  EXPECT_TRUE(directory->identity().is_forming());
  EXPECT_EQ(directory->identity().server_id, ServerId(1));
  EXPECT_EQ(directory->identity().initial_members_hash, kMembersHash);
  EXPECT_NE(directory->identity().incarnation, 0u);
}

TEST_F(DataDirectoryTest, AMarkOfACopyKeepsServersOffAndToolsNot) {
  MustOpen();
  EXPECT_TRUE(CheckNotDoubled(LocalDisk(), path_).ok());
  for (const char* reason : {"told by server 2", "told again"}) {
    ASSERT_TRUE(MarkDoubled(LocalDisk(), path_, reason).ok());
    ExpectRefused(CheckNotDoubled(LocalDisk(), path_), "delete " + DoubleMarkPath(path_));
    EXPECT_EQ(ReadBytes(DoubleMarkPath(path_)), std::string(reason) + "\n");
  }
  EXPECT_TRUE(Open().ok());
  ASSERT_TRUE(std::filesystem::remove(DoubleMarkPath(path_)));
  EXPECT_TRUE(CheckNotDoubled(LocalDisk(), path_).ok());
}

TEST_F(DataDirectoryTest, AMarkThatCannotBeWrittenIsSaidSo) {
  const absl::Status status = MarkDoubled(LocalDisk(), path_ + "/nowhere", "told by server 2");
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("nowhere/doubled"));
}

TEST_F(DataDirectoryTest, KeepsItsLifeAcrossARestart) {
  const std::uint64_t incarnation = MustOpen()->identity().incarnation;
  EXPECT_EQ(MustOpen()->identity().incarnation, incarnation);
}

TEST_F(DataDirectoryTest, AWipedDirectoryIsANewLife) {
  const std::uint64_t incarnation = MustOpen()->identity().incarnation;
  std::filesystem::remove_all(path_);
  const auto directory = MustOpen();
  EXPECT_NE(directory->identity().incarnation, incarnation);
  EXPECT_TRUE(directory->identity().is_forming());
}

TEST_F(DataDirectoryTest, BelongsToItsOwnerAlone) {
  const auto directory = MustOpen();
  ASSERT_TRUE(directory->AdoptFounding(FoundingWith(directory->identity())).ok());
  const absl::StatusOr<OpenedServer> server = directory->OpenServer();
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(ModeOf(path_), 0700u);
  for (const auto& file : std::filesystem::recursive_directory_iterator(path_)) {
    EXPECT_EQ(ModeOf(file.path().string()), file.is_directory() ? 0700u : 0600u) << file.path();
  }
}

TEST_F(DataDirectoryTest, RefusesADirectoryThatEverybodyMayWrite) {
  std::filesystem::create_directory(path_);
  ASSERT_EQ(::chmod(path_.c_str(), 0777), 0);
  ExpectRefused(Open().status(), "everybody may write");
}

TEST_F(DataDirectoryTest, RefusesAFileAndAMissingParent) {
  WriteBytes(path_, "a file");
  ExpectRefused(Open().status(), "not a directory");
  const absl::Status status =
      DataDirectory::Open(scratch_.Path("no/such"), ServerId(1), kMembersHash).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("parent must exist"));
}

TEST_F(DataDirectoryTest, SaysThatItIsNotWritable) {
  // Permissions do not bind root, so the claim is made by a child that is somebody else.
  std::filesystem::create_directory(path_);
  ASSERT_EQ(::chmod(scratch_.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(path_.c_str(), 0555), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::geteuid() == 0 && ::seteuid(65534) != 0) ::_exit(2);
    ::_exit(absl::IsPermissionDenied(Open().status()) ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(DataDirectoryTest, RefusesASecondProcessAndNamesTheFirst) {
  const auto directory = MustOpen();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const absl::Status status = Open().status();
    const bool named =
        std::string(status.message()).find("process " + std::to_string(::getppid())) !=
        std::string::npos;
    ::_exit(absl::IsFailedPrecondition(status) && named ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST_F(DataDirectoryTest, StaysLockedWhenTheLockFileIsRemoved) {
  const auto directory = MustOpen();
  std::filesystem::remove(path_ + "/LOCK");
  ExpectRefused(Open().status(), "uses it");
}

TEST_F(DataDirectoryTest, RefusesAnotherServerId) {
  MustOpen();
  ExpectRefused(Open(2).status(), "belongs to server 1, not to server 2");
}

TEST_F(DataDirectoryTest, AFormingServerTakesACorrectedMemberList) {
  const std::uint64_t incarnation = MustOpen()->identity().incarnation;
  ASSERT_TRUE(Open(1, 4712).ok());
  const absl::StatusOr<std::unique_ptr<DataDirectory>> directory = Open(1, 4712);
  ASSERT_TRUE(directory.ok());
  EXPECT_EQ((*directory)->identity().initial_members_hash, 4712u);
  EXPECT_EQ((*directory)->identity().incarnation, incarnation);
}

TEST_F(DataDirectoryTest, AFoundedServerIgnoresTheMemberList) {
  {
    const auto directory = MustOpen();
    ASSERT_TRUE(directory->AdoptFounding(FoundingWith(directory->identity())).ok());
  }
  EXPECT_EQ((*Open(1, 4712))->identity().initial_members_hash, kMembersHash);
}

TEST_F(DataDirectoryTest, RemembersItsFounding) {
  FoundingConfiguration founding;
  {
    const auto directory = MustOpen();
    founding = FoundingWith(directory->identity());
    ASSERT_TRUE(directory->AdoptFounding(founding).ok());
    EXPECT_EQ(directory->identity().founding, founding);
  }
  EXPECT_EQ(MustOpen()->identity().founding, founding);
}

TEST_F(DataDirectoryTest, AdoptsTheSameFoundingTwiceButNoOther) {
  const auto directory = MustOpen();
  FoundingConfiguration founding = FoundingWith(directory->identity());
  ASSERT_TRUE(directory->AdoptFounding(founding).ok());
  EXPECT_TRUE(directory->AdoptFounding(founding).ok());
  founding.cluster_id = "another cluster!";
  ExpectRefused(directory->AdoptFounding(founding), "another founding");
}

TEST_F(DataDirectoryTest, AdoptsNoFoundingThatDoesNotListThisLife) {
  const auto directory = MustOpen();
  FoundingConfiguration founding = FoundingWith(directory->identity());
  founding.members[0].incarnation += 1;
  ExpectRefused(directory->AdoptFounding(founding), "does not list this server");
  EXPECT_TRUE(directory->identity().is_forming());
}

TEST_F(DataDirectoryTest, AJoinerAdoptsAFoundingThatDoesNotListItAndRestartsLikeAnyOther) {
  const FoundingConfiguration founding = TestFounding();
  std::uint64_t incarnation = 0;
  {
    const auto directory = *Open(9, 0);
    incarnation = directory->identity().incarnation;
    EXPECT_TRUE(directory->identity().is_forming());
    ExpectRefused(directory->AdoptFounding(founding), "does not list this server");
    ASSERT_TRUE(directory->AdoptFoundingAsJoiner(founding).ok());
    EXPECT_TRUE(directory->AdoptFoundingAsJoiner(founding).ok()) << "once more is fine";
    ASSERT_TRUE(directory->OpenServer().ok());
  }
  for (const std::uint64_t hash : {0, 5}) {
    const auto directory = *Open(9, hash);
    EXPECT_EQ(directory->identity().founding, founding);
    EXPECT_EQ(directory->identity().incarnation, incarnation);
    const absl::StatusOr<OpenedServer> server = directory->OpenServer();
    ASSERT_TRUE(server.ok()) << server.status();
    EXPECT_EQ(server->configuration, ConfigurationOf(founding));
    EXPECT_EQ(server->recovered.configuration_index, LogIndex(0));
    EXPECT_TRUE(server->recovered.entries.empty());
  }
}

TEST_F(DataDirectoryTest, AJoinersStateIsThatOfAFounder) {
  const auto digest_of = [this](const std::string& name, std::uint64_t server,
                                const FoundingConfiguration& founding) {
    const auto directory = *DataDirectory::Open(scratch_.Path(name), ServerId(server), 0);
    EXPECT_TRUE(directory->AdoptFoundingAsJoiner(founding).ok());
    return directory->OpenServer()->state->digest();
  };
  const std::string digest = digest_of("one", 1, TestFounding());
  EXPECT_EQ(digest_of("nine", 9, TestFounding()), digest);
  FoundingConfiguration other = TestFounding();
  other.members[0].incarnation += 1;
  EXPECT_NE(digest_of("other", 9, other), digest) << "the digest does not cover the configuration";
}

TEST_F(DataDirectoryTest, AServerThatIsToFoundAClusterJoinsNone) {
  const auto directory = MustOpen();
  ExpectRefused(directory->AdoptFoundingAsJoiner(TestFounding()), "--initial-members");
  EXPECT_TRUE(directory->identity().is_forming());
}

TEST_F(DataDirectoryTest, AJoinerAdoptsNoOtherFoundingLater) {
  const auto directory = *Open(9, 0);
  ASSERT_TRUE(directory->AdoptFoundingAsJoiner(TestFounding()).ok());
  FoundingConfiguration other = TestFounding();
  other.cluster_id = "another cluster!";
  ExpectRefused(directory->AdoptFoundingAsJoiner(other), "another founding");
}

// Whatever is adopted becomes a configuration at the next step.
TEST_F(DataDirectoryTest, AFoundingThatCannotBeAConfigurationIsNotAdopted) {
  const auto directory = *Open(9, 0);
  std::vector<FoundingConfiguration> bad(4, TestFounding());
  bad[0].members.clear();
  bad[1].members[0].peer_address = "two words";
  bad[2].log_time_ms = -1;
  bad[3].members.assign(65, bad[3].members[0]);
  for (std::uint64_t id = 1; id <= 65; ++id) bad[3].members[id - 1].server_id = ServerId(id);
  for (const FoundingConfiguration& founding : bad) {
    ExpectRefused(directory->AdoptFoundingAsJoiner(founding), "founding");
    EXPECT_TRUE(directory->identity().is_forming());
  }
}

TEST_F(DataDirectoryTest, AdoptsNoFoundingThatMakesNoSense) {
  const auto directory = MustOpen();
  const FoundingConfiguration good = FoundingWith(directory->identity());
  FoundingConfiguration founding = good;
  founding.cluster_id = "short";
  ExpectRefused(directory->AdoptFounding(founding), "no cluster id");
  founding = good;
  std::swap(founding.members[0], founding.members[1]);
  ExpectRefused(directory->AdoptFounding(founding), "rising order");
  founding = good;
  founding.members[1].incarnation = 0;
  ExpectRefused(directory->AdoptFounding(founding), "incarnation");
}

TEST_F(DataDirectoryTest, RefusesEveryBitFlipInItsIdentity) {
  {
    const auto directory = MustOpen();
    ASSERT_TRUE(directory->AdoptFounding(FoundingWith(directory->identity())).ok());
  }
  const std::string file = path_ + "/identity";
  const std::string good = ReadBytes(file);
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    WriteBytes(file, WithBitFlipped(good, bit / 8, static_cast<unsigned>(bit)));
    ASSERT_TRUE(absl::IsDataLoss(Open().status())) << "bit " << bit;
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    WriteBytes(file, good.substr(0, size));
    ASSERT_TRUE(absl::IsDataLoss(Open().status())) << "cut at " << size;
  }
}

TEST_F(DataDirectoryTest, AHalfWrittenReplacementOfTheIdentityIsIgnored) {
  const std::uint64_t incarnation = MustOpen()->identity().incarnation;
  WriteBytes(path_ + "/identity.new", "half of a");
  EXPECT_EQ(MustOpen()->identity().incarnation, incarnation);
}

TEST_F(DataDirectoryTest, RefusesALostIdentityWhileDataIsThere) {
  {
    const auto directory = MustOpen();
    ASSERT_TRUE(directory->AdoptFounding(FoundingWith(directory->identity())).ok());
    ASSERT_TRUE(directory->OpenServer().ok());
  }
  std::filesystem::remove(path_ + "/identity");
  for (const char* name : {"promise-a", "promise-b", "log", "state", "state-1"}) {
    ExpectRefused(Open().status(), std::string(name) + " but no identity");
    std::filesystem::remove_all(path_ + "/" + name);
  }
  EXPECT_TRUE(Open().ok());
}

TEST_F(DataDirectoryTest, RefusesAFormingIdentityBesideData) {
  MustOpen();
  WriteBytes(path_ + "/promise-a", "");
  ExpectRefused(Open().status(), "never founded, yet it holds promise-a");
}

TEST_F(DataDirectoryTest, DoesNotOpenAServerBeforeTheFounding) {
  ExpectRefused(MustOpen()->OpenServer().status(), "not founded yet");
}

TEST_F(DataDirectoryTest, KnowsItsSizes) {
  const auto directory = MustOpen();
  ASSERT_TRUE(directory->AdoptFounding(FoundingWith(directory->identity())).ok());
  ASSERT_TRUE(directory->OpenServer().ok());
  const DirectorySizes sizes = directory->Sizes();
  EXPECT_GT(sizes.log_bytes, 0u);
  EXPECT_GT(sizes.state_bytes, 0u);
  EXPECT_GT(sizes.disk_free_bytes, 0u);
}

}  // namespace
}  // namespace raft
