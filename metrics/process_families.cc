#include "metrics/process_families.h"

#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>

#include "metrics/family.h"

namespace raft {
namespace {

using prometheus::MetricFamily;

// What we use of /proc/self/stat (proc(5)); times are in clock ticks of the kernel.
struct ProcessStat {
  double cpu_ticks = 0;  // user and system
  double threads = 0;
  double start_ticks = 0;  // since boot
  double virtual_bytes = 0;
  double resident_pages = 0;
};

std::string ReadWhole(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::optional<ProcessStat> ReadStat() {
  const std::string text = ReadWhole("/proc/self/stat");
  // The program's name is the second field, in parentheses, and may contain anything: what we want
  // starts behind the last one, with field 3.
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(name_end + 1));
  const std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
  const auto field = [&fields](std::size_t number) { return std::stod(fields[number - 3]); };
  if (fields.size() < 22) return std::nullopt;
  return ProcessStat{.cpu_ticks = field(14) + field(15),
                     .threads = field(20),
                     .start_ticks = field(22),
                     .virtual_bytes = field(23),
                     .resident_pages = field(24)};
}

double KernelTicksPerSecond() { return static_cast<double>(sysconf(_SC_CLK_TCK)); }

// When the machine booted, Unix time in seconds.
std::optional<double> BootTimeSeconds() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    double seconds = 0;
    if (word == "btime" && file >> seconds) return seconds;
  }
  return std::nullopt;
}

std::optional<double> CountOpenFiles() {
  std::error_code failure;
  std::filesystem::directory_iterator file("/proc/self/fd", failure);
  double count = -1;  // Less the one that this look opens.
  for (; !failure && file != std::filesystem::directory_iterator(); file.increment(failure)) {
    ++count;
  }
  if (failure) return std::nullopt;
  return count;
}

void AddFiles(std::vector<MetricFamily>& families) {
  if (const std::optional<double> open = CountOpenFiles()) {
    families.push_back(GaugeFamily("process_open_fds", "Open file descriptors.", *open));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    families.push_back(GaugeFamily("process_max_fds",
                                   "Most file descriptors this process may open.",
                                   static_cast<double>(limit.rlim_cur)));
  }
}

}  // namespace

std::vector<MetricFamily> ProcessFamilies() {
  std::vector<MetricFamily> families;
  AddFiles(families);
  const std::optional<ProcessStat> stat = ReadStat();
  if (!stat.has_value()) return families;
  families.push_back(CounterFamily("process_cpu_seconds_total",
                                   "User and system CPU time spent, in seconds.",
                                   stat->cpu_ticks / KernelTicksPerSecond()));
  families.push_back(GaugeFamily("process_threads", "Threads of this process.", stat->threads));
  families.push_back(GaugeFamily("process_virtual_memory_bytes", "Size of the address space.",
                                 stat->virtual_bytes));
  families.push_back(
      GaugeFamily("process_resident_memory_bytes", "Memory held in RAM.",
                  stat->resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE))));
  if (const std::optional<double> boot = BootTimeSeconds()) {
    families.push_back(GaugeFamily("process_start_time_seconds",
                                   "When this process started, Unix time in seconds.",
                                   *boot + stat->start_ticks / KernelTicksPerSecond()));
  }
  return families;
}

std::optional<double> ProcessAgeSeconds() {
  std::ifstream file("/proc/uptime");
  double up_seconds = 0;
  const std::optional<ProcessStat> stat = ReadStat();
  if (!(file >> up_seconds) || !stat.has_value()) return std::nullopt;
  return up_seconds - stat->start_ticks / KernelTicksPerSecond();
}

}  // namespace raft
