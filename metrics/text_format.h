// Numbers and foreign text made fit for a person reading a page.
//
// Room: metrics/. Pure functions of their arguments.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace raft {

// Makes any text safe inside an HTML element or a quoted attribute.
std::string EscapeHtml(std::string_view text);

// 1234567 as "1,234,567".
std::string GroupDigits(std::uint64_t number);

// Bytes with the unit that keeps the number short: "512 B", "1.5 KiB", "12 GiB".
std::string HumanBytes(std::uint64_t bytes);

// A duration with the unit that keeps it short: "35 ms", "1.2 s", "4 min 10 s", "3 d 4 h".
// Negative durations read as 0.
std::string HumanSeconds(double seconds);

}  // namespace raft
