#include "tests/integration/process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

extern char** environ;

namespace raft::integration {
namespace {

// The kernel ends the child with its parent; the pid stays, because setpriv becomes the program.
constexpr const char* kTiedToParent[] = {"/usr/bin/setpriv", "--pdeathsig", "KILL", "--"};

std::vector<char*> Words(const std::vector<std::string>& arguments) {
  std::vector<char*> words;
  for (const char* word : kTiedToParent) words.push_back(const_cast<char*>(word));
  for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  return words;
}

}  // namespace

Process::Process(const ProcessOptions& options) {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  constexpr int kAppend = O_WRONLY | O_CREAT | O_APPEND;
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, options.input_path.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, options.output_path.c_str(), kAppend,
                                   0644);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, options.error_path.c_str(), kAppend,
                                   0644);
  std::vector<char*> words = Words(options.arguments);
  const int error = posix_spawn(&pid_, words[0], &files, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) {
    std::fprintf(stderr, "cannot start %s: error %d\n", words[0], error);
    std::abort();
  }
}

Process::~Process() { Kill(); }

void Process::Signal(int signal) {
  if (!exit_code_.has_value()) kill(pid_, signal);
}

void Process::Kill() {
  Signal(SIGKILL);
  (void)WaitForExit();
}

bool Process::IsRunning() {
  if (exit_code_.has_value()) return false;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return true;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

std::optional<int> Process::WaitForExit(Milliseconds deadline) {
  (void)WaitUntil([this] { return !IsRunning(); }, deadline);
  return exit_code_;
}

Finished RunToEnd(const std::vector<std::string>& arguments, const std::string& scratch,
                  const std::string& input_path, Milliseconds deadline) {
  static int runs = 0;
  const std::string base = scratch + "/run-" + std::to_string(++runs);
  Process process({.arguments = arguments,
                   .input_path = input_path,
                   .output_path = base + ".out",
                   .error_path = base + ".err"});
  const std::optional<int> exit_code = process.WaitForExit(deadline);
  process.Kill();
  return {
      .exit_code = exit_code, .output = ReadFile(base + ".out"), .error = ReadFile(base + ".err")};
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace raft::integration
