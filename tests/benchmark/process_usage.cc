#include "tests/benchmark/process_usage.h"

#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace raft::benchmark {
namespace {

double ClockTicksPerSecond() { return static_cast<double>(sysconf(_SC_CLK_TCK)); }

// utime and stime are fields 14 and 15 of /proc/PID/stat; the name in field 2 may hold blanks, so
// counting starts behind its closing parenthesis.
absl::StatusOr<double> CpuSecondsOf(const std::string& process) {
  const std::string path = absl::StrCat("/proc/", process, "/stat");
  std::ifstream file(path);
  std::string text;
  std::getline(file, text);
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) {
    return absl::NotFoundError(absl::StrCat("cannot read ", path, ": no such process"));
  }
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / ClockTicksPerSecond();
}

double ResidentMibOf(pid_t process) {
  std::ifstream file(absl::StrCat("/proc/", process, "/statm"));
  double total_pages = 0;
  double resident_pages = 0;
  file >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// The first line of /proc/stat: user, nice, system, idle, iowait, irq, softirq, ...
double MachineCpuSeconds() {
  std::ifstream file("/proc/stat");
  std::string name;
  double user = 0;
  double nice = 0;
  double system = 0;
  double idle = 0;
  double waiting = 0;
  double hard_interrupts = 0;
  double soft_interrupts = 0;
  file >> name >> user >> nice >> system >> idle >> waiting >> hard_interrupts >> soft_interrupts;
  return (user + nice + system + hard_interrupts + soft_interrupts) / ClockTicksPerSecond();
}

}  // namespace

absl::StatusOr<UsageSample> SampleUsage(const std::vector<pid_t>& watched) {
  UsageSample sample;
  for (const pid_t process : watched) {
    const absl::StatusOr<double> cpu_seconds = CpuSecondsOf(absl::StrCat(process));
    if (!cpu_seconds.ok()) return cpu_seconds.status();
    sample.watched_cpu_seconds += *cpu_seconds;
    sample.watched_resident_mib += ResidentMibOf(process);
  }
  const absl::StatusOr<double> own = CpuSecondsOf("self");
  if (!own.ok()) return own.status();
  sample.own_cpu_seconds = *own;
  sample.machine_cpu_seconds = MachineCpuSeconds();
  return sample;
}

}  // namespace raft::benchmark
