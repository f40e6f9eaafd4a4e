#include "persistence/sealed_record.h"

#include "persistence/byte_order.h"
#include "persistence/checksum.h"

namespace raft {

std::uint64_t Seal(std::string* bytes) {
  const std::uint64_t checksum = Checksum64(*bytes);
  AppendUint64(bytes, checksum);
  return checksum;
}

absl::StatusOr<std::string_view> Unseal(std::string_view bytes, std::uint8_t version) {
  if (bytes.size() < 1 + sizeof(std::uint64_t)) {
    return absl::DataLossError("the record is too short");
  }
  const std::string_view covered = bytes.substr(0, bytes.size() - sizeof(std::uint64_t));
  if (Checksum64(covered) != LoadUint64(bytes.data() + covered.size())) {
    return absl::DataLossError("the checksum is wrong");
  }
  const auto found = static_cast<std::uint8_t>(bytes[0]);
  if (found != version) {
    return absl::FailedPreconditionError("the format version is " + std::to_string(found) +
                                         ", this program knows " + std::to_string(version) +
                                         "; start the program version that wrote it");
  }
  return covered.substr(1);
}

}  // namespace raft
