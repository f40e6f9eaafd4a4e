// What a simulated server remembers of its peers' disks, and what becomes of one that was put back
// from an old copy (H20). The rest of simulated_server.h.
#include "tests/simulation/law_broken.h"
#include "tests/simulation/simulated_server.h"
#include "tests/simulation/telling.h"

namespace raft::simulation {

bool SimulatedServer::StartOnOldCopy() {
  Kill();
  if (!machine_->PutCopyBack()) {
    Start();
    return false;
  }
  is_old_copy_ = begins_on_old_copy_ = true;
  return Start();
}

// A server votes once all voters have answered its greeting (service/ballot_gate.h). Of an honest
// disk that is soon. Of an old copy somebody says so, and it ends: this world is whole when one is
// put back. That whoever remembers may be away, so that it votes after all, is not simulated; it is
// a limit that the README names.
bool SimulatedServer::IsUnansweredBallot(const PeerRequest& request) const {
  return is_old_copy_ && (std::holds_alternative<PreVoteRequest>(request) ||
                          std::holds_alternative<RequestVoteRequest>(request));
}

bool SimulatedServer::IsRefusedAsker(const Letterhead& head, const PeerRequest& request) {
  const ServerLife life{.server_id = head.from, .incarnation = head.incarnation};
  if (memory_->JudgeGreeter(life, head.process, head.start)) {
    Refuse(head);
    return true;
  }
  memory_->Note(life, head.process, ProvenBy(request));
  return false;
}

// `request`: what is answered; null: it was answered before. Such a copy proves nothing: no call
// brings one, and nobody has greeted the process that it comes from.
bool SimulatedServer::IsRefusedAnswerer(const Letterhead& head, const OpenRequest* request,
                                        const PeerResponse& response) {
  const ServerLife life{.server_id = head.from, .incarnation = head.incarnation};
  if (request == nullptr) return memory_->RegressOf(life, head.process).has_value();
  if (memory_->JudgeAnswerer(life, head.process, head.start, request->recalled)) {
    Refuse(head);
    return true;
  }
  memory_->Note(life, head.process, ProvenBy(response));
  return false;
}

void SimulatedServer::Refuse(const Letterhead& head) const {
  world_.network.Send(self_, head.from,
                      [this, head] { world_.peer(head.from).ToldOfOldCopy(head.process); });
}

void SimulatedServer::ToldOfOldCopy(std::uint64_t process) {
  if (!is_up() || life_ != process) return;
  if (!is_old_copy_) {
    throw LawBroken("H20 an honest disk is never taken for an old copy",
                    NameOf(self_) + " was refused");
  }
  world_.story.Tell([&] { return NameOf(self_) + " is told that its disk is an old copy"; });
  world_.story.Count(Sometimes::kOldCopyNoticed);
  was_told_of_old_copy_ = true;
  Kill();
}

}  // namespace raft::simulation
