// Whole numbers as people type them, judged before CLI11 converts them.
//
// CLI11 takes -1 for the largest number there is and stops silently at 2^64 - 1; either would be a
// server id or a limit that nobody meant.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace raft {

// A check of CLI11: what is wrong with `text`, or nothing.
inline std::string CheckWholeNumber(const std::string& text) {
  std::uint64_t number = 0;
  const bool plain = text.find_first_not_of("0123456789") == std::string::npos;
  if (plain && absl::SimpleAtoi(text, &number)) return "";
  return absl::StrCat("\"", text, "\" is no whole number from 0 to 2^64 - 1");
}

}  // namespace raft
