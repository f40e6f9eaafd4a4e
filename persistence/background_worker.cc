#include "persistence/background_worker.h"

#include <deque>
#include <thread>

#include "persistence/mutex.h"

namespace raft {
namespace {

class BackgroundThread final : public BackgroundWorker {
 public:
  ~BackgroundThread() override {
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
    }
    work_arrived_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  void Schedule(void (*work)(void*), void* argument) override {
    {
      const MutexLock lock(mutex_);
      if (!thread_.joinable()) thread_ = std::thread([this] { Run(); });
      work_.push_back({.run = work, .argument = argument});
    }
    work_arrived_.notify_one();
  }

  bool has_thread() const override { return true; }

  // The thread works on while the database waits.
  void Settle() override {}

 private:
  struct Work {
    void (*run)(void*);
    void* argument;
  };

  void Run() {
    while (true) {
      Work work;
      {
        MutexLock lock(mutex_);
        work_arrived_.wait(lock, [this] { return stopping_ || !work_.empty(); });
        if (work_.empty()) return;
        work = work_.front();
        work_.pop_front();
      }
      work.run(work.argument);
    }
  }

  Mutex mutex_;
  ConditionVariable work_arrived_;
  std::deque<Work> work_;  // under mutex_, as is all below
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<BackgroundWorker> NewBackgroundThread() {
  return std::make_unique<BackgroundThread>();
}

}  // namespace raft
