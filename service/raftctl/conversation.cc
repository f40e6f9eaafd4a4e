#include "service/raftctl/conversation.h"

namespace raft::ctl {
namespace {

// A server that does not answer a read must leave time to ask the others.
constexpr int kReadTriesMin = 3;

}  // namespace

int Conversation::Change(const char* what, const char* method,
                         const google::protobuf::MessageLite& request,
                         google::protobuf::MessageLite* response) {
  return Ask(what, Effect::kChanges, {.method = method, .request = &request, .response = response});
}

int Conversation::Read(const char* what, const char* method,
                       const google::protobuf::MessageLite& request,
                       google::protobuf::MessageLite* response) {
  return Ask(what, Effect::kReads,
             {.method = method,
              .request = &request,
              .response = response,
              .attempt_timeout = global_.timeout / kReadTriesMin,
              .retry_unknown_outcome = true});
}

int Conversation::Ask(const char* what, Effect effect, LeaderCall call) {
  call.deadline = Clock::now() + global_.timeout;
  bool answered = false;
  LeaderCallResult answer;
  client_.Start(call, [&](const LeaderCallResult& result) {
    answered = true;
    answer = result;
  });
  if (!engine_.Run([&] { return answered; })) {
    engine_.CancelAll();
    return FailInterrupted(what, effect);
  }
  if (answer.ok()) return kExitOk;
  return Fail(ReportFailure(what, effect, answer, client_.Reach()));
}

bool Conversation::Wait(Clock::duration duration) {
  const Clock::time_point end = Clock::now() + duration;
  engine_.At(end, [] {});
  return engine_.Run([end] { return Clock::now() >= end; });
}

}  // namespace raft::ctl
