// A directory that has a copy on which another process ran remembers so.
//
// What the two promised nobody can tell apart any more, and a supervisor would start both again and
// again. So the one that is told (service/conversion/process_watch.h) leaves a file behind, and no
// server starts beside it until whoever has found the copy deletes the file. Tools still look into
// the directory. Any thread.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "persistence/disk.h"

namespace raft {

// The file, in the data directory; what it holds is for people.
std::string DoubleMarkPath(const std::string& directory);

// What an operator can do, as the end of a sentence.
std::string WayBackFromDouble(const std::string& directory);

// Durable when OK. Marking again changes nothing.
absl::Status MarkDoubled(Disk& disk, const std::string& directory, const std::string& reason);

// FAILED_PRECONDITION: marked; with the way back.
absl::Status CheckNotDoubled(Disk& disk, const std::string& directory);

}  // namespace raft
