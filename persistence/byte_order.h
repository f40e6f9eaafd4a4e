// How numbers lie on disk: big-endian, fixed width, so that bytewise order is numeric order.
//
// Every record of this room is laid out with these few functions (trap H18). Knows bytes only.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace raft {

// Writes `value` to the 8 bytes at `to`.
inline void StoreUint64(char* to, std::uint64_t value) {
  if constexpr (std::endian::native == std::endian::little) value = __builtin_bswap64(value);
  std::memcpy(to, &value, sizeof(value));
}

// Reads the 8 bytes at `from`.
inline std::uint64_t LoadUint64(const char* from) {
  std::uint64_t value;
  std::memcpy(&value, from, sizeof(value));
  if constexpr (std::endian::native == std::endian::little) value = __builtin_bswap64(value);
  return value;
}

inline void AppendUint64(std::string* to, std::uint64_t value) {
  char bytes[sizeof(value)];
  StoreUint64(bytes, value);
  to->append(bytes, sizeof(bytes));
}

// Takes fixed-width fields off the front of bytes that came from disk. A field that is not there
// leaves ok() false and reads as zero or empty; look at ok() once, at the end.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t TakeUint64() {
    const std::string_view bytes = Take(sizeof(std::uint64_t));
    return bytes.empty() ? 0 : LoadUint64(bytes.data());
  }
  std::uint8_t TakeUint8() {
    const std::string_view bytes = Take(1);
    return bytes.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(bytes[0]);
  }
  std::string_view Take(std::size_t count) {
    if (count > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }

  std::string_view rest() const { return rest_; }
  // Every field asked for was there.
  bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace raft
