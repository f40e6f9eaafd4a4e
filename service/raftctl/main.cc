// raftctl: the command line of operators and scripts.
//
// Room: service/raftctl. Everything it does is in the library beside it, so that tests can call it.
#include "service/raftctl/command_line.h"
#include "service/raftctl/interrupt.h"

int main(int argc, char** argv) {
  raft::ctl::CatchInterrupts();
  return raft::ctl::RunCommandLine(argc, argv);
}
