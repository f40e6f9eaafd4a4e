// What tells good bytes from rotten ones (XXH3-64) and one state from another (XXH3-128 sums).
//
// Both are fixed by the format on disk: changing the hash is a new format version. They find
// accidents; they do not stop somebody who writes bytes on purpose.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace raft {

// XXH3-64 of the bytes.
std::uint64_t Checksum64(std::string_view bytes);

// A 128-bit number that adds and subtracts modulo 2^128: the sum over all records of a state does
// not depend on their order, and replacing a record subtracts the old one.
struct Digest128 {
  unsigned __int128 value = 0;

  Digest128& operator+=(Digest128 other) {
    value += other.value;
    return *this;
  }
  Digest128& operator-=(Digest128 other) {
    value -= other.value;
    return *this;
  }
  friend bool operator==(Digest128, Digest128) = default;
};

inline constexpr std::size_t kDigestBytes = 16;

// XXH3-128 of the concatenation of both parts, of which `head` is the small one.
Digest128 HashOf(std::string_view head, std::string_view tail);

// As 16 big-endian bytes at `to`, and back from 16 bytes.
void StoreDigest(char* to, Digest128 digest);
Digest128 LoadDigest(const char* from);

// 32 hexadecimal digits, for people.
std::string FormatDigest(Digest128 digest);

}  // namespace raft
