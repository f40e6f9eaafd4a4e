#include "service/newcomer_greeter.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <memory>
#include <utility>

#include "core/check.h"
#include "raft/peer/v1/peer_service.grpc.pb.h"
#include "service/peer_status.h"

namespace raft {

// Greetings that began together.
struct NewcomerGreeter::Round {
  Mutex mutex;
  std::size_t left = 0;
  Greetings greetings;
  Done done;
};

struct NewcomerGreeter::Call {
  std::unique_ptr<peer::v1::PeerService::Stub> stub;
  grpc::ClientContext context;
  peer::v1::GreetRequest request;
  peer::v1::GreetResponse response;
};

NewcomerGreeter::~NewcomerGreeter() {
  MutexLock lock(mutex_);
  rounds_ended_.wait(lock, [this] { return rounds_ == 0; });
}

void NewcomerGreeter::Greet(const HeaderRules& rules, const std::vector<Member>& newcomers,
                            Done done) {
  RAFT_CHECK(!newcomers.empty(), "somebody is greeted");
  {
    MutexLock lock(mutex_);
    ++rounds_;
  }
  const auto round = std::make_shared<Round>();
  round->left = newcomers.size();
  round->greetings.assign(newcomers.size(), absl::UnknownError("not greeted"));
  round->done = std::move(done);
  for (std::size_t place = 0; place < newcomers.size(); ++place) {
    auto call = std::make_shared<Call>();
    call->stub =
        peer::v1::PeerService::NewStub(OpenPeerChannel(newcomers[place].peer_address, options_));
    call->context.set_deadline(std::chrono::system_clock::now() + options_.greet_deadline);
    // Its incarnation is what is asked for.
    WriteGreeting(rules, {.server_id = newcomers[place].server_id, .incarnation = 0},
                  call->request);
    call->request.mutable_header()->set_request_number(1);
    const ServerId self = rules.local().server_id;
    auto* started = call.get();
    started->stub->async()->Greet(
        &started->context, &started->request, &started->response,
        [this, round, call, place, self](const grpc::Status& status) {
          absl::StatusOr<Greeting> greeting =
              status.ok() ? ReadGreeting(call->response, self)
                          : absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                                         status.error_message());
          {
            MutexLock lock(round->mutex);
            round->greetings[place] = std::move(greeting);
            if (--round->left > 0) return;
          }
          round->done(round->greetings);
          End();
        });
  }
}

void NewcomerGreeter::End() {
  MutexLock lock(mutex_);
  --rounds_;
  if (rounds_ == 0) rounds_ended_.notify_all();
}

}  // namespace raft
