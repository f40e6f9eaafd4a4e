// A gRPC client of one server that tells three outcomes apart, never two.
//
// It happened, it certainly did not, or nobody knows: a caller that mistakes the third for the
// second writes twice or reports a loss that is none. Hides gRPC, so that tests compile fast; any
// thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "raft/v1/cluster_service.pb.h"
#include "raft/v1/consensus_service.pb.h"
#include "raft/v1/error_details.pb.h"
#include "tests/integration/wait_until.h"

namespace raft::integration {

enum class Outcome : std::uint8_t {
  kDone,     // an OK answer
  kRefused,  // an error of ours whose reason says that nothing was appended
  kUnknown,  // everything else: a transport made it, or the server itself cannot know
};

// Why a call failed. The code is canonical (3 is INVALID_ARGUMENT, 12 is UNIMPLEMENTED, ...).
struct CallError {
  int code = 0;
  std::string message;
  std::string reason;  // of our ErrorInfo; empty when there is none
  std::map<std::string, std::string> metadata;
  v1::LeaderHint leader_hint;
};

template <typename Response>
struct Answer {
  Outcome outcome = Outcome::kUnknown;
  Response response;
  CallError error;

  bool ok() const { return outcome == Outcome::kDone; }
};

// A call under way, to be cancelled or waited for.
class PendingCall {
 public:
  virtual ~PendingCall() = default;
  virtual void Cancel() = 0;
  // Blocks until the call has ended; its deadline sees to that.
  virtual Answer<std::string> Wait() = 0;
};

class Client {
 public:
  explicit Client(const std::string& address);
  ~Client();

  Answer<v1::ProposeResponse> Propose(const v1::ProposeRequest& request,
                                      Milliseconds deadline = Milliseconds(5'000));
  Answer<v1::ProposeResponse> Put(const std::string& key, const std::string& value,
                                  Milliseconds deadline = Milliseconds(5'000));
  Answer<v1::ReadResponse> Read(const v1::ReadRequest& request,
                                Milliseconds deadline = Milliseconds(5'000));
  Answer<v1::ReadResponse> Get(const std::string& key, Milliseconds deadline = Milliseconds(5'000));
  // `verify_digest` scans all data.
  Answer<v1::GetStatusResponse> GetStatus(bool verify_digest = false,
                                          Milliseconds deadline = Milliseconds(5'000));

  // Any method by its full name, such as "/raft.v1.ConsensusService/Watch", with a serialized
  // request; of a stream, the first answer.
  Answer<std::string> Call(const std::string& method, const std::string& request,
                           Milliseconds deadline = Milliseconds(5'000));
  std::unique_ptr<PendingCall> Start(const std::string& method, const std::string& request,
                                     Milliseconds deadline = Milliseconds(5'000));

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

v1::ProposeRequest PutRequest(const std::string& key, const std::string& value);
v1::ReadRequest GetRequest(const std::string& key);

}  // namespace raft::integration
