// One child process: started, signalled, waited for, its output kept in files.
//
// Knows nothing about Raft. A child never outlives the test program: the kernel kills it when the
// thread that started it ends, so start children from the main thread.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/integration/wait_until.h"

namespace raft::integration {

struct ProcessOptions {
  std::vector<std::string> arguments;    // the program's path first
  std::string input_path = "/dev/null";  // its standard input
  std::string output_path;               // appended to; its standard output
  std::string error_path;                // appended to; its standard error
};

class Process {
 public:
  // Starts the program; ends the test program when that is not possible.
  explicit Process(const ProcessOptions& options);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  // Kills and buries a child that still runs.
  ~Process();

  pid_t pid() const { return pid_; }
  void Signal(int signal);
  void Kill();  // SIGKILL, and waits for the end
  bool IsRunning();
  // The exit code, 128 + signal for a violent end, or nothing when it still runs at the deadline.
  std::optional<int> WaitForExit(Milliseconds deadline = kPatience);

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

// What a program that ran to its end left behind.
struct Finished {
  std::optional<int> exit_code;  // absent: it had to be killed at the deadline
  std::string output;
  std::string error;
};

// Runs a program to its end. `scratch` is a folder for its output.
Finished RunToEnd(const std::vector<std::string>& arguments, const std::string& scratch,
                  const std::string& input_path = "/dev/null", Milliseconds deadline = kPatience);

// The whole file; empty when there is none.
std::string ReadFile(const std::string& path);

}  // namespace raft::integration
