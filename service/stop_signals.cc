#include "service/stop_signals.h"

#include <pthread.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <thread>
#include <utility>

#include "service/loop/thread_name.h"

namespace raft {
namespace {

void WaitForSignals(const sigset_t& signals, std::stop_source stop) {
  SetThreadName("raft-signals");
  int number = 0;
  sigwait(&signals, &number);
  spdlog::info("stopping on signal {}; a second one stops at once", number);
  stop.request_stop();
  sigwait(&signals, &number);
  _exit(128 + number);
}

}  // namespace

void StopOnSignals(std::stop_source stop) {
  // A client that hangs up must not end the server.
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // Waits for signals until the process ends; there is nothing to join it for.
  std::thread([signals, stop = std::move(stop)] { WaitForSignals(signals, stop); }).detach();
}

}  // namespace raft
