// raftd: judges its settings, takes its signals, and runs one server until it is asked to stop.
//
// The server itself, in the order of its construction and of its end, is server_process.cc. Exit
// codes: 0 stopped on request, 1 failed while running, 2 configuration, 3 data directory.
#include <absl/synchronization/mutex.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "service/command_line.h"
#include "service/listener.h"
#include "service/logging.h"
#include "service/options.h"
#include "service/server_process.h"
#include "service/standard_streams.h"
#include "service/stop_signals.h"

namespace raft {
namespace {

int Fail(int exit_code, const absl::Status& status) {
  std::fprintf(stderr, "raftd: %s\n", std::string(status.message()).c_str());
  return exit_code;
}

void PrintSettings(const std::vector<Setting>& settings) {
  for (const Setting& setting : settings) {
    std::printf("%-26s = %-32s # %s\n", setting.name.c_str(), setting.value.c_str(),
                setting.origin.c_str());
  }
}

int RunServer(const CommandLine& command_line) {
  const Options& options = command_line.options;
  std::stop_source stop;
  StopOnSignals(stop);
  StartLogging(
      {.format = options.log_format, .level = options.log_level, .server_id = options.server_id});
  for (const std::string& warning : command_line.warnings) spdlog::warn("{}", warning);
  RaiseDescriptorLimit();
  // The packaged Abseil looks for deadlocks at every lock of gRPC's; it costs up to a tenth.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  std::optional<ProcessFailure> failure;
  {
    ServerProcess process(options);
    failure = process.Run(stop.get_token());
  }
  const bool logged = StopLogging();
  if (failure) EndProcess(failure->status, failure->exit_code);
  if (!logged) _exit(kExitOk);
  return kExitOk;
}

int Main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const absl::StatusOr<CommandLine> command_line = ParseCommandLine(arguments, ReadEnvironment());
  if (!command_line.ok()) return Fail(kExitConfiguration, command_line.status());
  if (command_line->action == CommandLine::Action::kPrintText) {
    std::fputs(command_line->text.c_str(), stdout);
    return kExitOk;
  }
  if (command_line->action == CommandLine::Action::kPrintConfig) {
    PrintSettings(command_line->settings);
    return kExitOk;
  }
  const absl::Status valid = Validate(command_line->options);
  if (!valid.ok()) return Fail(kExitConfiguration, valid);
  if (command_line->action == CommandLine::Action::kCheckConfig) {
    for (const std::string& warning : command_line->warnings) {
      std::fprintf(stderr, "raftd: warning: %s\n", warning.c_str());
    }
    std::puts("the configuration is valid");
    return kExitOk;
  }
  return RunServer(*command_line);
}

}  // namespace
}  // namespace raft

int main(int argc, char** argv) { return raft::Main(argc, argv); }
