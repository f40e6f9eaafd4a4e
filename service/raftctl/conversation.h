// One command's talk with whoever leads: sends a request, waits, and puts a failure into words.
//
// Room: service/raftctl. Knows methods by name and messages by reference; not what they mean.
#pragma once

#include "service/raftctl/call_engine.h"
#include "service/raftctl/exit_code.h"
#include "service/raftctl/failure_report.h"
#include "service/raftctl/leader_client.h"
#include "service/raftctl/options.h"

namespace raft::ctl {

class Conversation {
 public:
  // `global` outlives this.
  explicit Conversation(const GlobalOptions& global)
      : global_(global), client_(&engine_, global.endpoints, /*connections=*/1) {}

  // Both return kExitOk with `response` filled, or have printed why not. `what` names the attempt:
  // "put". A read is asked again when its outcome is unknown, a change is not.
  int Change(const char* what, const char* method, const google::protobuf::MessageLite& request,
             google::protobuf::MessageLite* response);
  int Read(const char* what, const char* method, const google::protobuf::MessageLite& request,
           google::protobuf::MessageLite* response);

  // Returns false when interrupted.
  [[nodiscard]] bool Wait(Clock::duration duration);

 private:
  int Ask(const char* what, Effect effect, LeaderCall call);

  const GlobalOptions& global_;
  CallEngine engine_;
  LeaderClient client_;
};

}  // namespace raft::ctl
