// snapshot create, save and inspect: what is in the file, what is left when it goes wrong, what is
// said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "persistence/byte_order.h"
#include "persistence/checksum.h"
#include "service/raftctl/exit_code.h"
#include "service/raftctl/fact_sheet.h"
#include "tests/service/raftctl/fake_server.h"
#include "tests/service/served_server.h"

namespace raft::ctl {
namespace {

using testing::HasSubstr;

std::string Contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void Write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// A real server with a few keys, and a folder for files.
class SnapshotCommandsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    server_.Lead();
    for (int key = 0; key < 40; ++key) Put("key-" + std::to_string(key));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Put(const std::string& key) {
    ASSERT_EQ(RunCommand({"--endpoints", server_.address(), "put", key, std::string(10'000, 'v')})
                  .exit_code,
              kExitOk);
  }
  CommandResult Save(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"--endpoints", server_.address(), "snapshot", "save",
                                          file_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunCommand(arguments);
  }
  CommandResult SaveFrom(const std::string& endpoints, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"--endpoints", endpoints, "snapshot", "save", file_};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return RunCommand(arguments);
  }
  // The pieces that the real server streams.
  std::vector<std::string> Pieces() {
    grpc::ClientContext context;
    const auto stream = server_.cluster_stub->DownloadSnapshot(&context, {});
    std::vector<std::string> pieces;
    v1::DownloadSnapshotResponse piece;
    while (stream->Read(&piece)) pieces.push_back(piece.data());
    EXPECT_TRUE(stream->Finish().ok());
    return pieces;
  }
  // Nothing lies in the folder.
  bool NothingLeft() const { return std::filesystem::is_empty(folder_); }

  const std::string folder_ = testing::TempDir() + "snapshot_commands";
  const std::string file_ = folder_ + "/backup";
  ServedServer server_{1};
  FakeStore store_;
  FakeServer fake_{7, &store_};
};

TEST_F(SnapshotCommandsTest, CreateSaysThroughWhichIndexTheStateIsDurable) {
  v1::GetStatusResponse status;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.cluster_stub->GetStatus(&context, {}, &status).ok());
  const std::string index = std::to_string(status.header().applied_index());

  const CommandResult create = RunCommand({"--endpoints", server_.address(), "snapshot", "create"});
  EXPECT_EQ(create.exit_code, kExitOk) << create.err;
  EXPECT_EQ(create.out, "server 1 holds its state durably through index " + index + "\n");
  const CommandResult json =
      RunCommand({"--endpoints", server_.address(), "-o", "json", "snapshot", "create"});
  EXPECT_THAT(json.out, HasSubstr("\"snapshotIndex\":\"" + index + "\""));
  EXPECT_TRUE(NothingLeft()) << "it is no backup, and makes no file";
}

TEST_F(SnapshotCommandsTest, SavesWhatTheServerHoldsAndSaysWhatItIs) {
  const CommandResult save = Save();

  EXPECT_EQ(save.exit_code, kExitOk) << save.err;
  v1::GetStatusResponse status;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.cluster_stub->GetStatus(&context, {}, &status).ok());
  EXPECT_THAT(save.out, HasSubstr(status.state_digest()));
  EXPECT_THAT(save.out, HasSubstr(status.header().cluster_id()));
  EXPECT_THAT(save.out,
              HasSubstr("index          " + std::to_string(status.header().applied_index())));
  EXPECT_THAT(save.out, HasSubstr("keys           40\n"));
  EXPECT_THAT(save.out, HasSubstr("taken from     server 1 at " + server_.address()));
  const CommandResult inspect = RunCommand({"snapshot", "inspect", file_});
  EXPECT_EQ(inspect.exit_code, kExitOk) << inspect.err;
  EXPECT_THAT(inspect.out, HasSubstr(status.state_digest()));
  const CommandResult json = RunCommand({"-o", "json", "snapshot", "inspect", file_});
  EXPECT_THAT(json.out, HasSubstr("\"digest\":\"" + status.state_digest() + "\""));
  EXPECT_THAT(json.out, HasSubstr("\"keys\":\"40\""));
  EXPECT_EQ(std::filesystem::status(file_).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(SnapshotCommandsTest, ReplacesAFileOnlyWhenToldTo) {
  Write(file_, "precious");

  const CommandResult refused = Save();
  EXPECT_EQ(refused.exit_code, kExitFailed);
  EXPECT_THAT(refused.err, HasSubstr("it exists"));
  EXPECT_THAT(refused.err, HasSubstr("--force"));
  EXPECT_EQ(Contents(file_), "precious");

  EXPECT_EQ(Save({"--force"}).exit_code, kExitOk);
  EXPECT_EQ(RunCommand({"snapshot", "inspect", file_}).exit_code, kExitOk);
}

TEST_F(SnapshotCommandsTest, AForcedSaveTouchesNothingThatNobodyNamed) {
  std::filesystem::create_directories(file_ + ".new/full");
  Write(file_, "precious");
  EXPECT_EQ(Save({"--force"}).exit_code, kExitOk);
  EXPECT_TRUE(std::filesystem::exists(file_ + ".new/full"));
  EXPECT_EQ(RunCommand({"snapshot", "inspect", file_}).exit_code, kExitOk);
}

TEST_F(SnapshotCommandsTest, ADirectoryIsNotReplaced) {
  std::filesystem::create_directories(file_);
  const CommandResult save = Save({"--force"});
  EXPECT_EQ(save.exit_code, kExitFailed);
  EXPECT_THAT(save.err, HasSubstr("it is a directory"));
}

TEST_F(SnapshotCommandsTest, AForcedSaveThatFailsLeavesTheOldFile) {
  Write(file_, "precious");
  fake_.SetDownload({Pieces()[0]}, FakeAnswer::kBareUnavailable);
  const CommandResult save = SaveFrom(fake_.address(), {"--force"});
  EXPECT_EQ(save.exit_code, kExitFailed);
  EXPECT_THAT(save.err, HasSubstr("The file is as it was"));
  EXPECT_EQ(Contents(file_), "precious");
}

TEST_F(SnapshotCommandsTest, AsksTheNextServerWhenOneHasNothingToGive) {
  fake_.SetDownload({}, FakeAnswer::kOverloaded);
  const std::string endpoints = UnusedAddress() + "," + fake_.address() + "," + server_.address();
  const CommandResult save = SaveFrom(endpoints);
  EXPECT_EQ(save.exit_code, kExitOk) << save.err;
  EXPECT_THAT(save.out, HasSubstr("taken from     server 1"));
}

TEST_F(SnapshotCommandsTest, SaysWhomItAskedWhenNobodyGivesABackup) {
  const CommandResult unreachable = SaveFrom(UnusedAddress());
  EXPECT_EQ(unreachable.exit_code, kExitCannotConnect);
  EXPECT_THAT(unreachable.err, HasSubstr("connection refused"));
  fake_.SetDownload({}, FakeAnswer::kOverloaded);
  const CommandResult busy = SaveFrom(UnusedAddress() + "," + fake_.address());
  EXPECT_EQ(busy.exit_code, kExitFailed);
  EXPECT_THAT(busy.err, HasSubstr("server at " + fake_.address() + ": refused by the test"));
  fake_.SetDownload({}, FakeAnswer::kNoLeader);
  EXPECT_EQ(SaveFrom(fake_.address()).exit_code, kExitNoLeader);
  EXPECT_TRUE(NothingLeft());
}

TEST_F(SnapshotCommandsTest, ADownloadThatBreaksLeavesNothingAndSaysHowFarItCame) {
  const std::vector<std::string> pieces = Pieces();
  fake_.SetDownload({pieces[0], pieces[1]}, FakeAnswer::kBareUnavailable);
  const CommandResult save = SaveFrom(fake_.address() + "," + server_.address());
  EXPECT_EQ(save.exit_code, kExitFailed);
  EXPECT_THAT(save.err, HasSubstr("ended after " +
                                  std::to_string(pieces[0].size() + pieces[1].size()) + " bytes"));
  EXPECT_THAT(save.err, HasSubstr("Socket closed"));
  EXPECT_THAT(save.err, HasSubstr("Nothing is left behind"));
  EXPECT_TRUE(NothingLeft());
}

TEST_F(SnapshotCommandsTest, AServerThatFallsSilentIsGivenUp) {
  fake_.SetDownload({Pieces()[0]}, FakeAnswer::kSilent);
  const CommandResult save = SaveFrom(fake_.address(), {"--stall-timeout", "200ms"});
  EXPECT_EQ(save.exit_code, kExitFailed);
  EXPECT_THAT(save.err, HasSubstr("--stall-timeout"));
  EXPECT_TRUE(NothingLeft());
}

TEST_F(SnapshotCommandsTest, AStreamThatEndsTooSoonIsNoBackup) {
  std::vector<std::string> pieces = Pieces();
  pieces.pop_back();
  fake_.SetDownload(pieces);
  const CommandResult save = SaveFrom(fake_.address());
  EXPECT_EQ(save.exit_code, kExitFailed) << save.out;
  EXPECT_TRUE(NothingLeft());
}

TEST_F(SnapshotCommandsTest, APieceThatWasDamagedOnTheWayIsNoticed) {
  std::vector<std::string> pieces = Pieces();
  pieces[1][pieces[1].size() / 2] ^= 1;
  fake_.SetDownload(pieces);
  const CommandResult save = SaveFrom(fake_.address());
  EXPECT_EQ(save.exit_code, kExitFailed);
  EXPECT_THAT(save.err, HasSubstr("piece 1"));
  EXPECT_TRUE(NothingLeft());
}

TEST_F(SnapshotCommandsTest, AFolderThatIsNotThereIsNamed) {
  const CommandResult save = RunCommand(
      {"--endpoints", server_.address(), "snapshot", "save", folder_ + "/nowhere/backup"});
  EXPECT_EQ(save.exit_code, kExitFailed);
  EXPECT_THAT(save.err, HasSubstr("nowhere/backup"));
}

TEST_F(SnapshotCommandsTest, InspectNoticesEveryCutAndEveryFlippedBit) {
  ASSERT_EQ(Save().exit_code, kExitOk);
  const std::string whole = Contents(file_);
  for (const std::size_t cut :
       {std::size_t{0}, std::size_t{7}, whole.size() / 2, whole.size() - 1}) {
    Write(file_, whole.substr(0, cut));
    const CommandResult inspect = RunCommand({"snapshot", "inspect", file_});
    EXPECT_EQ(inspect.exit_code, kExitFailed) << cut;
    EXPECT_THAT(inspect.err, HasSubstr(file_)) << cut;
  }
  for (std::size_t place = 3; place < whole.size(); place += whole.size() / 97) {
    std::string flipped = whole;
    flipped[place] = static_cast<char>(flipped[place] ^ 0x10);
    Write(file_, flipped);
    EXPECT_EQ(RunCommand({"snapshot", "inspect", file_}).exit_code, kExitFailed) << place;
  }
  Write(file_, whole + "x");
  EXPECT_EQ(RunCommand({"snapshot", "inspect", file_}).exit_code, kExitFailed);
}

TEST_F(SnapshotCommandsTest, ANewerFormatIsToldFromAForeignFile) {
  ASSERT_EQ(Save().exit_code, kExitOk);
  // Magic, version, cluster id, checksum of these; then the pieces (persistence/README.md).
  const std::string whole = Contents(file_);
  std::string head = whole.substr(0, 8) + '\x63' + whole.substr(9, 16);
  AppendUint64(&head, Checksum64(head));
  Write(file_, head + whole.substr(head.size()));
  const CommandResult newer = RunCommand({"snapshot", "inspect", file_});
  EXPECT_EQ(newer.exit_code, kExitFailed);
  EXPECT_THAT(newer.err, HasSubstr("version is 99"));
  const std::vector<std::string> restore = {"snapshot",
                                            "restore",
                                            file_,
                                            "--data-dir",
                                            folder_ + "/restored",
                                            "--server-id",
                                            "1",
                                            "--peer-address",
                                            "127.0.0.1:7001"};
  EXPECT_THAT(RunCommand(restore).err, HasSubstr("version is 99"));

  Write(file_, "#!/bin/sh\necho this is no snapshot, but it is long enough to be one\n");
  EXPECT_THAT(RunCommand({"snapshot", "inspect", file_}).err, HasSubstr("no snapshot"));
  EXPECT_THAT(RunCommand(restore).err, HasSubstr("no snapshot"));
  EXPECT_EQ(RunCommand({"snapshot", "inspect", folder_ + "/nothing"}).exit_code, kExitFailed);
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/restored/identity"));
}

TEST(FactSheetTest, AlignsValuesAndMakesJsonOfTheSameFacts) {
  FactSheet sheet;
  sheet.Add("index", 7u);
  sheet.Add("cluster id", "a\"b");
  EXPECT_EQ(sheet.ToText(), "index       7\ncluster id  a\"b\n");
  EXPECT_EQ(sheet.ToJson(), "{\"index\":\"7\",\"cluster_id\":\"a\\\"b\"}");
  EXPECT_EQ(FactSheet().ToJson(), "{}");
}

}  // namespace
}  // namespace raft::ctl
