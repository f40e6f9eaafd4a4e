// One server's real storage on a simulated disk, as the only member of its cluster.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "persistence/data_directory.h"
#include "tests/persistence/builders.h"

namespace raft::simulation {

inline constexpr char kServerDirectory[] = "/server-1";
inline constexpr ServerId kServer(1);
inline constexpr std::uint64_t kInitialMembersHash = 7;

inline FoundingConfiguration FoundingOf(std::uint64_t incarnation) {
  return {.cluster_id = "sixteen bytes id",
          .log_time_ms = testing::kFoundingTimeMs,
          .members = {
              {.server_id = kServer, .peer_address = "server-1:7001", .incarnation = incarnation}}};
}

inline absl::StatusOr<std::unique_ptr<DataDirectory>> OpenServerDirectory(Disk& disk) {
  return DataDirectory::Open(kServerDirectory, kServer, kInitialMembersHash, disk);
}

// What one process has open; closed when it goes.
struct StoredServer {
  std::unique_ptr<DataDirectory> directory;
  OpenedServer opened;
};

// From whatever is on the disk to a server that may work: birth, founding, start.
inline absl::StatusOr<StoredServer> StartServer(Disk& disk) {
  absl::StatusOr<std::unique_ptr<DataDirectory>> directory = OpenServerDirectory(disk);
  if (!directory.ok()) return directory.status();
  absl::Status adopted =
      (*directory)->AdoptFounding(FoundingOf((*directory)->identity().incarnation));
  if (!adopted.ok()) return adopted;
  absl::StatusOr<OpenedServer> opened = (*directory)->OpenServer();
  if (!opened.ok()) return opened.status();
  return StoredServer{.directory = *std::move(directory), .opened = *std::move(opened)};
}

}  // namespace raft::simulation
