#include "service/raftctl/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace raft::ctl {
namespace {

constexpr std::chrono::milliseconds kBarInterval{100};
constexpr std::chrono::seconds kLineInterval{5};
constexpr int kBarWidth = 30;

}  // namespace

Progress::Progress(std::string unit)
    : unit_(std::move(unit)),
      on_terminal_(isatty(STDERR_FILENO) == 1),
      start_(Clock::now()),
      next_(start_ + (on_terminal_ ? Clock::duration(kBarInterval) : kLineInterval)) {}

void Progress::Update(std::uint64_t done, double fraction, const std::string& remark) {
  const Clock::time_point now = Clock::now();
  if (now < next_) return;
  next_ = now + (on_terminal_ ? Clock::duration(kBarInterval) : kLineInterval);
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const std::string text = Describe(unit_, done, fraction, seconds, remark);
  if (!on_terminal_) {
    std::fprintf(stderr, "%s\n", text.c_str());
    return;
  }
  std::string bar;
  if (fraction >= 0) {
    const auto filled = static_cast<size_t>(std::clamp(fraction, 0.0, 1.0) * kBarWidth);
    bar = absl::StrCat("[", std::string(filled, '#'), std::string(kBarWidth - filled, '.'), "] ");
  }
  std::fprintf(stderr, "\r%s%s\x1b[K", bar.c_str(), text.c_str());
  std::fflush(stderr);
  bar_is_shown_ = true;
}

void Progress::Finish() {
  if (bar_is_shown_) std::fputc('\n', stderr);
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

}  // namespace raft::ctl
