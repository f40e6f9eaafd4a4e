#include "service/cluster_join.h"

#include <spdlog/spdlog.h>

#include <condition_variable>
#include <utility>

#include "absl/strings/str_cat.h"

namespace raft {

ClusterJoin::ClusterJoin(LocalServer local, DataDirectory& directory)
    : local_(std::move(local)), directory_(directory) {}

void ClusterJoin::Consider(const Greeting& greeting) {
  if (greeting.is_forming() || !greeting.configuration) return;
  const Member* self = greeting.configuration->Find(local_.server_id);
  if (self == nullptr || self->incarnation != local_.incarnation) return;
  {
    MutexLock lock(mutex_);
    if (invitation_) return;
    invitation_ = greeting.founding;
  }
  spdlog::info("server {} has added this server to cluster {}", greeting.from.value(),
               FormatClusterId(greeting.founding->cluster_id));
  invited_.notify_all();
}

absl::StatusOr<FoundingConfiguration> ClusterJoin::Run(std::stop_token stop) {
  spdlog::info("this server waits for {}", WaitingFor());
  std::optional<FoundingConfiguration> invitation;
  {
    // A request to stop wakes the wait as an invitation does.
    const std::stop_callback wake(stop, [this] {
      MutexLock lock(mutex_);
      invited_.notify_all();
    });
    MutexLock lock(mutex_);
    invited_.wait(lock, [&] { return invitation_.has_value() || stop.stop_requested(); });
    invitation = invitation_;
  }
  if (stop.stop_requested()) return absl::CancelledError("stopped while waiting to be added");
  if (absl::Status status = directory_.AdoptFoundingAsJoiner(*invitation); !status.ok()) {
    return status;
  }
  return *std::move(invitation);
}

std::string ClusterJoin::WaitingFor() const {
  return absl::StrCat("somebody to add it to a cluster: raftctl members add ",
                      local_.server_id.value(), "=", local_.peer_address,
                      " (with --endpoints of that cluster)");
}

}  // namespace raft
