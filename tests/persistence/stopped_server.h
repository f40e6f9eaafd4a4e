// Data directories of stopped servers of one cluster, for tests of what is done offline.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "builders.h"
#include "persistence/data_directory.h"
#include "scratch_directory.h"

namespace raft::testing {

inline std::vector<LogEntryPointer> PutEntries(std::uint64_t first, std::uint64_t last,
                                               std::uint64_t term) {
  std::vector<LogEntryPointer> entries;
  for (std::uint64_t index = first; index <= last; ++index) {
    const std::string key = "key " + std::to_string(index);
    entries.push_back(MakeEntry(index, term, PutCommand(key, "value").SerializeAsString()));
  }
  return entries;
}

inline std::vector<LogEntryPointer> Together(std::vector<LogEntryPointer> entries,
                                             const std::vector<LogEntryPointer>& more) {
  entries.insert(entries.end(), more.begin(), more.end());
  return entries;
}

// What a stopped server has on disk.
struct StoppedServer {
  std::uint64_t id = 1;
  std::uint64_t term = 1;  // promised
  std::vector<LogEntryPointer> entries = {};
  std::uint64_t applied = 0;
  std::uint64_t base = 0;    // trimmed to here
  bool is_diverged = false;  // its state was marked so
};

// One process's use of the directory: opened, and closed when it goes.
struct RunningServer {
  std::unique_ptr<DataDirectory> directory;
  OpenedServer server;
};

inline RunningServer StartIn(const std::string& path, std::uint64_t id) {
  RunningServer running;
  absl::StatusOr<std::unique_ptr<DataDirectory>> directory =
      DataDirectory::Open(path, ServerId(id), 0);
  EXPECT_TRUE(directory.ok()) << directory.status();
  running.directory = *std::move(directory);
  absl::StatusOr<OpenedServer> server = running.directory->OpenServer();
  EXPECT_TRUE(server.ok()) << server.status();
  running.server = *std::move(server);
  return running;
}

// Makes the directory; all of them are of the cluster that TestFounding describes.
inline void MakeStopped(const std::string& path, const StoppedServer& stopped,
                        const FoundingConfiguration& founding = TestFounding()) {
  {
    const auto directory = *DataDirectory::Open(path, ServerId(stopped.id), 0);
    ASSERT_TRUE(directory->AdoptFoundingAsJoiner(founding).ok());
  }
  const RunningServer running = StartIn(path, stopped.id);
  const std::vector<PersistRequest> requests = {PromiseTerm(stopped.term), Append(stopped.entries)};
  ASSERT_TRUE(running.server.storage->Persist(requests).ok());
  if (stopped.is_diverged) {
    ASSERT_TRUE(running.server.state->MarkDiverged().ok());
  }
  if (stopped.applied == 0) return;
  const std::span<const LogEntryPointer> applied =
      std::span(stopped.entries).first(stopped.applied);
  ASSERT_FALSE(running.server.state->Apply(applied).failure.has_value());
  ASSERT_TRUE(running.server.state->Checkpoint().ok());
  if (stopped.base == 0) return;
  const LogEntry& base = *stopped.entries[stopped.base - 1];
  const std::vector<PersistRequest> trim = {TrimTo(stopped.base, base.term.value())};
  ASSERT_TRUE(running.server.storage->Persist(trim).ok());
}

// Every file below a directory by its name, with its bytes.
inline std::map<std::string, std::string> TreeOf(const std::string& path) {
  std::map<std::string, std::string> tree;
  for (const auto& file : std::filesystem::recursive_directory_iterator(path)) {
    tree[file.path().string()] = file.is_directory() ? "" : ReadBytes(file.path().string());
  }
  return tree;
}

}  // namespace raft::testing
