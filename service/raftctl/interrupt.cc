#include "service/raftctl/interrupt.h"

#include <signal.h>
#include <unistd.h>

#include "service/raftctl/exit_code.h"

namespace raft::ctl {
namespace {

volatile sig_atomic_t interrupted = 0;

extern "C" void RememberInterrupt(int) {
  if (interrupted != 0) _exit(kExitInterrupted);
  interrupted = 1;
}

}  // namespace

void CatchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = RememberInterrupt;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool Interrupted() { return interrupted != 0; }

}  // namespace raft::ctl
