#include "metrics/text_format.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdio>

namespace raft {
namespace {

// One digit behind the point while that digit says something.
std::string Short(double number, const char* unit) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), number < 9.95 ? "%.1f %s" : "%.0f %s", number, unit);
  return text.data();
}

// "4 min 10 s": a number of the larger unit and what is left in the smaller one.
std::string TwoUnits(std::uint64_t number, std::uint64_t smaller_per_larger, const char* larger,
                     const char* smaller) {
  return std::to_string(number / smaller_per_larger) + " " + larger + " " +
         std::to_string(number % smaller_per_larger) + " " + smaller;
}

}  // namespace

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char character : text) {
    switch (character) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += character;
    }
  }
  return escaped;
}

std::string GroupDigits(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t position = digits.size(); position > 3;) {
    position -= 3;
    digits.insert(position, 1, ',');
  }
  return digits;
}

std::string HumanBytes(std::uint64_t bytes) {
  constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  double number = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; number >= 1023.5 && unit + 1 < kUnits.size(); ++unit) number /= 1024;
  return Short(number, kUnits[unit]);
}

std::string HumanSeconds(double seconds) {
  constexpr double kMinute = 60, kHour = 3600, kDay = 86'400;
  seconds = std::max(seconds, 0.0);
  if (seconds < 0.9995) return std::to_string(std::lround(seconds * 1000)) + " ms";
  if (seconds < kMinute) return Short(seconds, "s");
  const auto whole = static_cast<std::uint64_t>(seconds);
  if (seconds < kHour) return TwoUnits(whole, 60, "min", "s");
  if (seconds < kDay) return TwoUnits(whole / 60, 60, "h", "min");
  return TwoUnits(whole / 3600, 24, "d", "h");
}

}  // namespace raft
