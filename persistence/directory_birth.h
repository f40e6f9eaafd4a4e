// What a directory must be before somebody is born in it.
//
// Shared by the birth of a server (data_directory.cc) and of a new cluster (new_cluster.cc). Looks,
// and creates at most the directory itself.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "persistence/disk.h"

namespace raft {

inline constexpr char kLogName[] = "log";

// FAILED_PRECONDITION: "cannot use data directory <path>: <reason>".
absl::Status DirectoryRefused(const std::string& path, const std::string& reason);

// A random number for a new life of a directory. 0 means "none" and is never drawn.
std::uint64_t DrawIncarnation(Disk& disk);

// Makes sure that there is a directory which belongs to whoever may change this server's promises.
absl::Status PrepareDirectory(Disk& disk, const std::string& path);

// The name of the first thing in the directory that only a founded server writes; empty: nothing.
std::string FindServerFiles(Disk& disk, const std::string& path);

// The name of something that keeps a directory from being an empty one; empty: nothing.
std::string FindForeignFile(Disk& disk, const std::string& path);

}  // namespace raft
