#include "service/housekeeping.h"

#include <grpcpp/health_check_service_interface.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <tuple>
#include <utility>

#include "service/address_record.h"
#include "service/loop/thread_name.h"

namespace raft {
namespace {

constexpr std::chrono::milliseconds kHealthInterval{100};
constexpr std::uint64_t kRoundsPerLook = 10;
// What it is charged with in the inbox.
constexpr std::uint64_t kAddressRecordBytes = 1024;

}  // namespace

void Housekeeping::Start() {
  UpdateHealth();
  thread_ = std::thread([this] { Run(); });
}

void Housekeeping::Stop() {
  {
    MutexLock lock(mutex_);
    stopped_ = true;
  }
  stopped_changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Housekeeping::Run() {
  SetThreadName("raft-keeper");
  MutexLock lock(mutex_);
  for (std::uint64_t round = 0; !stopped_; ++round) {
    lock.unlock();
    UpdateHealth();
    if (round % kRoundsPerLook == 0) LookAround();
    lock.lock();
    stopped_changed_.wait_for(lock, kHealthInterval, [this] { return stopped_; });
  }
}

void Housekeeping::UpdateHealth() {
  const bool ready = !report_.WhyNotReady();
  health_.SetServingStatus("", !report_.WhyNotAlive());
  health_.SetServingStatus("raft.v1.ConsensusService", ready);
  health_.SetServingStatus("raft.v1.ClusterService", true);
  health_.SetServingStatus("raft.leader", ready && report_.IsLeader());
}

void Housekeeping::LookAround() {
  report_.Note(directory_.Sizes());
  const FormedServer* formed = gate_.formed();
  if (formed == nullptr) return;
  // When the server is stopping the task is dropped, and the last look stands.
  formed->apply.PushTask([this](KeyValueStore& state) { report_.Note(LookAt(state)); });
  RecordAddresses(*formed);
}

void Housekeeping::RecordAddresses(const FormedServer& formed) {
  auto change = PlanAddressRecord(formed.board.Read(), peers_);
  if (!change) return;
  spdlog::info("a member is under another address now: writing it into the configuration");
  // What finds no room is planned again in a second.
  std::ignore = formed.inbox.PushClient(*std::move(change), kAddressRecordBytes);
}

}  // namespace raft
