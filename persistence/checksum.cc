#include "persistence/checksum.h"

#include <array>
#include <cstring>

#include "persistence/byte_order.h"
#include "persistence/identity.h"

// Inlined, because most inputs are a few hundred bytes and the call would cost as much as the hash.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace raft {
namespace {

// Below this, copying both parts together is cheaper than the streaming form of the hash.
constexpr std::size_t kCopiedBytesMax = 1024;

Digest128 FromXxh(XXH128_hash_t hash) {
  return {.value = (static_cast<unsigned __int128>(hash.high64) << 64) | hash.low64};
}

Digest128 HashOfStream(std::string_view head, std::string_view tail) {
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  XXH3_128bits_update(&state, head.data(), head.size());
  XXH3_128bits_update(&state, tail.data(), tail.size());
  return FromXxh(XXH3_128bits_digest(&state));
}

}  // namespace

std::uint64_t Checksum64(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

Digest128 HashOf(std::string_view head, std::string_view tail) {
  const std::size_t size = head.size() + tail.size();
  if (size > kCopiedBytesMax) return HashOfStream(head, tail);
  std::array<char, kCopiedBytesMax> joined;
  std::memcpy(joined.data(), head.data(), head.size());
  if (!tail.empty()) std::memcpy(joined.data() + head.size(), tail.data(), tail.size());
  return FromXxh(XXH3_128bits(joined.data(), size));
}

void StoreDigest(char* to, Digest128 digest) {
  StoreUint64(to, static_cast<std::uint64_t>(digest.value >> 64));
  StoreUint64(to + 8, static_cast<std::uint64_t>(digest.value));
}

Digest128 LoadDigest(const char* from) {
  return {.value = (static_cast<unsigned __int128>(LoadUint64(from)) << 64) | LoadUint64(from + 8)};
}

std::string FormatDigest(Digest128 digest) {
  std::string bytes(kDigestBytes, '\0');
  StoreDigest(bytes.data(), digest);
  return FormatHexadecimal(bytes);
}

}  // namespace raft
