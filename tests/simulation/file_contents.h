// One file of a simulated disk: what every reader sees, and what of it a power loss leaves.
//
// The model. Synced bytes stay. Of bytes appended since, any prefix stays, torn anywhere; or the
// new length arrives without all of the data, and reads as zeros from the synced end or from the
// start of a sector on. Of a file that was overwritten in place, the old bytes stay, or the new
// ones, or the new ones up to some byte and the old ones from there on. A file that was cut is as
// long as before, or cut. Appended data never arrives with a hole before it: file systems with
// ordered data promise that, and no more than that is assumed of them.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/random_source.h"

namespace raft::simulation {

class FileContents {
 public:
  // As every reader sees them.
  const std::string& bytes() const { return bytes_; }

  void Append(std::string_view added);
  // Replaces what lies at the start, and lengthens the file where needed.
  void Overwrite(std::string_view written);
  // Requires: not longer than it is.
  void Truncate(std::size_t size);

  // Makes what was written since the last sync, failed or not, durable.
  void Sync();
  // The system reports the failure once and takes the bytes for written from then on: a later sync
  // has nothing to do for them, and succeeds (trap H9).
  void FailSync() { dirty_ = false; }

  void LosePower(RandomSource& random);

 private:
  void RememberWhatIsDurable();
  void BeDurable();
  void LoseOverwrittenBytes(RandomSource& random);
  void LoseAppendedBytes(RandomSource& random);

  std::string bytes_;
  std::size_t durable_size_ = 0;               // so many of bytes_ stay, unless:
  std::optional<std::string> durable_before_;  // it was overwritten or cut since it was synced
  bool overwritten_ = false;                   // some of bytes_ replace durable ones
  bool dirty_ = false;                         // written since the last sync, failed or not
};

using FilePointer = std::shared_ptr<FileContents>;

}  // namespace raft::simulation
