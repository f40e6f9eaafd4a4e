#include "tests/simulation/file_contents.h"

#include <algorithm>
#include <cstdint>

#include "core/check.h"

namespace raft::simulation {
namespace {

constexpr std::size_t kSectorBytes = 512;

std::size_t UpTo(RandomSource& random, std::size_t max) {
  return random.Between(0, static_cast<std::uint32_t>(max));
}

}  // namespace

void FileContents::Append(std::string_view added) {
  bytes_ += added;
  dirty_ = true;
}

void FileContents::Overwrite(std::string_view written) {
  if (durable_size_ > 0) {
    RememberWhatIsDurable();
    overwritten_ = true;
  }
  if (bytes_.size() < written.size()) bytes_.resize(written.size());
  std::copy(written.begin(), written.end(), bytes_.begin());
  dirty_ = true;
}

void FileContents::Truncate(std::size_t size) {
  RAFT_CHECK(size <= bytes_.size(), "a file is never lengthened by cutting it");
  if (size < durable_size_) {
    RememberWhatIsDurable();
    durable_size_ = size;
  }
  bytes_.resize(size);
  dirty_ = true;
}

void FileContents::RememberWhatIsDurable() {
  if (!durable_before_) durable_before_ = bytes_.substr(0, durable_size_);
}

void FileContents::Sync() {
  if (dirty_) BeDurable();
}

void FileContents::BeDurable() {
  durable_size_ = bytes_.size();
  durable_before_.reset();
  overwritten_ = false;
  dirty_ = false;
}

void FileContents::LosePower(RandomSource& random) {
  if (durable_before_ && random.Between(0, 2) == 0) {
    bytes_ = *std::move(durable_before_);
  } else if (overwritten_) {
    LoseOverwrittenBytes(random);
  } else {
    LoseAppendedBytes(random);
  }
  BeDurable();
}

void FileContents::LoseOverwrittenBytes(RandomSource& random) {
  if (random.Between(0, 1) == 0) return;
  bytes_.resize(UpTo(random, bytes_.size()));
  if (bytes_.size() < durable_before_->size()) bytes_ += durable_before_->substr(bytes_.size());
}

void FileContents::LoseAppendedBytes(RandomSource& random) {
  const std::size_t length = bytes_.size();
  if (length == durable_size_) return;
  const std::uint32_t outcome = random.Between(0, 3);
  const std::size_t kept = durable_size_ + UpTo(random, length - durable_size_);
  if (outcome == 0) {
    bytes_.resize(durable_size_);
  } else if (outcome == 1) {
    bytes_.resize(kept);
  } else if (outcome == 2) {
    const std::size_t data_ends = std::max(durable_size_, kept / kSectorBytes * kSectorBytes);
    bytes_.resize(data_ends);
    bytes_.resize(data_ends + UpTo(random, length - data_ends));
  }
}

}  // namespace raft::simulation
