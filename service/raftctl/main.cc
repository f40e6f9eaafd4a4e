// raftctl: the command line of operators and scripts.
//
// Room: service/raftctl. Everything it does is in the library beside it, so that tests can call it.
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "service/raftctl/command_line.h"
#include "service/raftctl/exit_code.h"
#include "service/raftctl/failure_report.h"
#include "service/raftctl/interrupt.h"
#include "service/standard_streams.h"

namespace {

// A full disk must not look like success: what was printed may still wait in the buffer.
int CloseOutput(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit_code;
  const std::string cause = std::generic_category().message(errno);
  const int failed = raft::ctl::Fail(
      {raft::ctl::kExitFailed, "cannot write the answer to standard output: " + cause});
  return exit_code == raft::ctl::kExitOk ? failed : exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  raft::ctl::CatchInterrupts();
  return CloseOutput(raft::ctl::RunCommandLine(argc, argv));
}
