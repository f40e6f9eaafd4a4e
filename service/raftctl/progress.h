// Says on stderr how far long work is: a bar on a terminal, else a line every 5 s.
//
// Room: service/raftctl. Knows numbers and the terminal; nothing of what is being done.
#pragma once

#include <cstdint>
#include <string>

#include "service/raftctl/call_engine.h"

namespace raft::ctl {

class Progress {
 public:
  // `unit` names what is counted: "lines".
  explicit Progress(std::string unit);

  // Shows `done` units, `fraction` of the whole (negative: not known) and a remark such as
  // "3 retried", if it is time to. Cheap to call often.
  void Update(std::uint64_t done, double fraction, const std::string& remark);
  // Ends the bar, so that what is printed next starts on a fresh line.
  void Finish();

  // "12,345 lines, 61.0 %, 3,086 per second, 3 retried"; public for its test.
  static std::string Describe(const std::string& unit, std::uint64_t done, double fraction,
                              double seconds, const std::string& remark);

 private:
  const std::string unit_;
  const bool on_terminal_;
  const Clock::time_point start_;
  Clock::time_point next_;
  bool bar_is_shown_ = false;
};

// 1234567 as "1,234,567".
std::string WithThousands(std::uint64_t number);

}  // namespace raft::ctl
