#include "service/raftctl/snapshot_download.h"

#include <grpcpp/create_channel.h>

#include <atomic>
#include <memory>
#include <thread>
#include <utility>

#include "persistence/mutex.h"
#include "raft/v1/cluster_service.grpc.pb.h"
#include "service/raftctl/interrupt.h"

namespace raft::ctl {
namespace {

constexpr std::chrono::milliseconds kLookInterval{50};
constexpr int kPieceBytesMax = 64 << 20;

std::shared_ptr<grpc::Channel> OpenChannel(const std::string& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetMaxReceiveMessageSize(kPieceBytesMax);
  return grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments);
}

// Ends a call whose reads would block for too long, or for ever.
class Watchman {
 public:
  Watchman(grpc::ClientContext& call, Clock::duration patience)
      : call_(call), patience_(patience), moved_at_(Clock::now()), thread_([this] { Watch(); }) {}
  ~Watchman() {
    {
      MutexLock lock(mutex_);
      done_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  void NoteMoved() { moved_at_ = Clock::now(); }
  bool has_stalled() const { return stalled_; }

 private:
  void Watch() {
    MutexLock lock(mutex_);
    while (!changed_.wait_for(lock, kLookInterval, [this] { return done_; })) {
      stalled_ = Clock::now() - moved_at_.load() >= patience_;
      if (!stalled_ && !Interrupted()) continue;
      call_.TryCancel();
      return;
    }
  }

  grpc::ClientContext& call_;
  const Clock::duration patience_;
  std::atomic<Clock::time_point> moved_at_;
  std::atomic<bool> stalled_{false};
  Mutex mutex_;
  ConditionVariable changed_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace

DownloadEnding DownloadSnapshot(
    const std::string& endpoint, Clock::duration patience,
    const std::function<absl::Status(const v1::DownloadSnapshotResponse&)>& take) {
  DownloadEnding ending;
  const auto stub = v1::ClusterService::NewStub(OpenChannel(endpoint));
  grpc::ClientContext context;
  const auto stream = stub->DownloadSnapshot(&context, v1::DownloadSnapshotRequest());
  Watchman watchman(context, patience);
  v1::DownloadSnapshotResponse piece;
  while (ending.taken.ok() && stream->Read(&piece)) {
    watchman.NoteMoved();
    ending.began = true;
    ending.taken = take(piece);
    if (!ending.taken.ok()) context.TryCancel();
    watchman.NoteMoved();  // how long our own disk took is no stall of the server
  }
  const grpc::Status status = stream->Finish();
  ending.interrupted = Interrupted() && !status.ok();
  ending.stalled = watchman.has_stalled() && !status.ok();
  ending.outcome.outcome = Outcome::kSucceeded;
  if (!status.ok()) {
    ending.outcome = ClassifyCall(static_cast<absl::StatusCode>(status.error_code()),
                                  status.error_message(), status.error_details());
  }
  return ending;
}

}  // namespace raft::ctl
