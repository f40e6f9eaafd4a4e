#include "service/raftctl/progress.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace raft::ctl {
namespace {

constexpr std::chrono::milliseconds kBarInterval{100};
constexpr std::chrono::seconds kLineInterval{5};
constexpr int kBarWidth = 30;

}  // namespace

Progress::Progress(std::string unit, ProgressOutlet outlet)
    : unit_(std::move(unit)),
      outlet_(std::move(outlet)),
      start_(outlet_.now()),
      next_(start_ + interval()) {}

Clock::duration Progress::interval() const {
  return outlet_.is_terminal ? Clock::duration(kBarInterval) : kLineInterval;
}

void Progress::Update(std::uint64_t done, double fraction, const std::string& remark) {
  const Clock::time_point now = outlet_.now();
  if (now < next_) return;
  next_ = now + interval();
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const std::string text = Describe(unit_, done, fraction, seconds, remark);
  if (!outlet_.is_terminal) {
    std::fprintf(outlet_.stream, "%s\n", text.c_str());
    return;
  }
  std::string bar;
  if (fraction >= 0) {
    const auto filled = static_cast<size_t>(std::clamp(fraction, 0.0, 1.0) * kBarWidth);
    bar = absl::StrCat("[", std::string(filled, '#'), std::string(kBarWidth - filled, '.'), "] ");
  }
  std::fprintf(outlet_.stream, "\r%s%s\x1b[K", bar.c_str(), text.c_str());
  std::fflush(outlet_.stream);
  bar_is_shown_ = true;
}

void Progress::Finish() {
  if (bar_is_shown_) std::fputc('\n', outlet_.stream);
  bar_is_shown_ = false;
}

std::string Progress::Describe(const std::string& unit, std::uint64_t done, double fraction,
                               double seconds, const std::string& remark) {
  std::string text = absl::StrCat(WithThousands(done), " ", unit);
  if (fraction >= 0) absl::StrAppendFormat(&text, ", %.1f %%", std::min(fraction, 1.0) * 100);
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  absl::StrAppend(&text, ", ", WithThousands(static_cast<std::uint64_t>(rate)), " per second");
  if (!remark.empty()) absl::StrAppend(&text, ", ", remark);
  return text;
}

std::string WithThousands(std::uint64_t number) {
  const std::string digits = absl::StrCat(number);
  std::string grouped;
  for (size_t digit = 0; digit < digits.size(); ++digit) {
    if (digit > 0 && (digits.size() - digit) % 3 == 0) grouped += ',';
    grouped += digits[digit];
  }
  return grouped;
}

std::string HumanBytes(std::uint64_t bytes) {
  constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  double number = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; number >= 1023.95 && unit + 1 < kUnits.size(); ++unit) number /= 1024;
  return absl::StrFormat("%.1f %s", number, kUnits[unit]);
}

}  // namespace raft::ctl
