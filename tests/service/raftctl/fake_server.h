// A raftd that does what a test tells it: answers, refuses, hints, keeps silent, or hangs up.
//
// Room: tests of raftctl. Speaks raft.v1 over real gRPC on a free loopback port, so that what is
// tested is what raftctl really does with a wire. Several servers may share one FakeStore, as the
// servers of a cluster share their state.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "persistence/mutex.h"
#include "raft/v1/cluster_service.pb.h"
#include "raft/v1/consensus_service.pb.h"

namespace raft::ctl {

// Keys and values behind a fake cluster. Thread-safe.
class FakeStore {
 public:
  struct Applied {
    std::string key;
    std::string value;
  };

  void Propose(const v1::ProposeRequest& request, v1::ProposeResponse* response);
  void Read(const v1::ReadRequest& request, v1::ReadResponse* response) const;
  // Every put in the order of application.
  std::vector<Applied> puts() const;

 private:
  mutable Mutex mutex_;
  std::uint64_t revision_ = 0;
  std::map<std::string, v1::KeyValue> items_;
  std::vector<Applied> puts_;
};

// How a fake server answers proposals and linearizable reads.
enum class FakeAnswer {
  kServes,           // It leads.
  kNotLeader,        // UNAVAILABLE, NOT_LEADER, with the hint if one is set.
  kNoLeader,         // UNAVAILABLE, NO_LEADER.
  kOutcomeUnknown,   // Applies the change, then UNKNOWN, OUTCOME_UNKNOWN: it stepped down.
  kBareUnavailable,  // Applies the change, then UNAVAILABLE without ErrorInfo: a broken wire.
  kOverloaded,       // RESOURCE_EXHAUSTED, OVERLOADED.
  kInvalid,          // INVALID_ARGUMENT, COMMAND_TOO_LARGE.
  kTermMoved,        // ABORTED, TERM_MOVED.
  kSilent,           // No answer until the caller gives up.
};

class FakeServer {
 public:
  // Serves `store` as server `server_id` on a free port of 127.0.0.1.
  FakeServer(std::uint64_t server_id, FakeStore* store);
  ~FakeServer();

  const std::string& address() const { return address_; }
  // May be called while calls run.
  void Answer(FakeAnswer answer) { answer_ = answer; }
  // Answers `answer` for the next `count` proposals and reads, then what Answer said.
  void AnswerNext(int count, FakeAnswer answer);
  void HintAt(const std::string& client_address);
  // Whether the standard health service says SERVING.
  void SetHealthy(bool healthy);
  // How many proposals and reads arrived, whatever the answer.
  int calls() const { return calls_; }
  // The most proposals of one key that were in this server at once.
  int same_key_at_once_max() const { return same_key_at_once_max_; }
  // What DownloadSnapshot streams, a piece at a time, before it ends as `ending` says.
  void SetDownload(std::vector<std::string> pieces, FakeAnswer ending = FakeAnswer::kServes);
  // What GetStatus answers; the header's server id is filled in.
  void SetStatus(const v1::GetStatusResponse& status);

 private:
  friend struct FakeServices;
  struct Running;

  FakeAnswer NextAnswer();

  const std::uint64_t server_id_;
  FakeStore* const store_;
  std::atomic<FakeAnswer> answer_{FakeAnswer::kServes};
  std::atomic<FakeAnswer> next_answer_{FakeAnswer::kServes};
  std::atomic<int> next_count_{0};
  std::atomic<int> calls_{0};
  std::atomic<int> same_key_at_once_max_{0};
  Mutex mutex_;
  std::string hint_;
  std::map<std::string, int> keys_inside_;
  v1::GetStatusResponse status_;
  std::vector<std::string> pieces_;
  FakeAnswer download_ending_ = FakeAnswer::kServes;
  std::string address_;
  std::unique_ptr<Running> running_;
};

// An address of 127.0.0.1 where nobody listens.
std::string UnusedAddress();

// Runs `raftctl ARGUMENTS...` in this process and returns what it printed.
struct CommandResult {
  int exit_code = 0;
  std::string out;
  std::string err;
};
CommandResult RunCommand(const std::vector<std::string>& arguments);

}  // namespace raft::ctl
