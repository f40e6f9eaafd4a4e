// Says on stderr, or where it is told to, how far long work is: a bar on a terminal, else a line
// every 5 s.
//
// Room: service/raftctl. Knows numbers and the terminal; nothing of what is being done.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

#include "service/raftctl/call_engine.h"

namespace raft::ctl {

// Where a Progress speaks and what time it is there; tests have their own.
struct ProgressOutlet {
  std::FILE* stream = stderr;
  bool is_terminal = isatty(STDERR_FILENO) == 1;
  std::function<Clock::time_point()> now = Clock::now;
};

class Progress {
 public:
  // `unit` names what is counted: "lines".
  explicit Progress(std::string unit, ProgressOutlet outlet = {});

  // Shows `done` units, `fraction` of the whole (negative: not known) and a remark such as
  // "3 retried", if it is time to. Cheap to call often.
  void Update(std::uint64_t done, double fraction, const std::string& remark);
  // Ends the bar, so that what is printed next starts on a fresh line.
  void Finish();

  // "12,345 lines, 61.0 %, 3,086 per second, 3 retried"; public for its test.
  static std::string Describe(const std::string& unit, std::uint64_t done, double fraction,
                              double seconds, const std::string& remark);

 private:
  Clock::duration interval() const;

  const std::string unit_;
  const ProgressOutlet outlet_;
  const Clock::time_point start_;
  Clock::time_point next_;
  bool bar_is_shown_ = false;
};

// 1234567 as "1,234,567".
std::string WithThousands(std::uint64_t number);
// "512 B", "1.5 KiB", "2.0 GiB".
std::string HumanBytes(std::uint64_t bytes);

}  // namespace raft::ctl
