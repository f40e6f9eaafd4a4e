#include "core/outbox.h"

#include <utility>

#include "core/check.h"

namespace raft {
namespace {

void MoveInto(Effects& effects, OutgoingMessage message) {
  if (auto* request = std::get_if<OutgoingRequest>(&message)) {
    effects.requests.push_back(std::move(*request));
  } else {
    effects.responses.push_back(std::get<OutgoingResponse>(std::move(message)));
  }
}

}  // namespace

void Outbox::Send(OutgoingMessage message) {
  const DurabilityTracker& disk = persistent_.durability();
  // Changes that no write carries yet will leave with the next one.
  Hold(persistent_.has_unsaved_changes() ? disk.last_sequence().Next() : disk.last_sequence(),
       std::move(message));
}

void Outbox::SendOncePromiseIsDurable(OutgoingMessage message) {
  const DurabilityTracker& disk = persistent_.durability();
  Hold(persistent_.has_unsaved_promise() ? disk.last_sequence().Next()
                                         : disk.last_promise_sequence(),
       std::move(message));
}

void Outbox::SendWithoutWaitingForDisk(OutgoingRequest request) {
  RAFT_CHECK(std::holds_alternative<AppendEntriesRequest>(request.request),
             "only the leader's AppendEntries may overtake the disk (dissertation §10.2.1)");
  free_.emplace_back(std::move(request));
}

void Outbox::ReleaseInto(Effects& effects) {
  for (OutgoingMessage& message : free_) MoveInto(effects, std::move(message));
  free_.clear();
  const PersistSequence durable = persistent_.durability().durable_sequence();
  // Not in rising order of `until`: what waits for a promise stands among what waits for the log.
  auto kept = held_.begin();
  for (Held& held : held_) {
    if (held.until <= durable) {
      MoveInto(effects, std::move(held.message));
    } else {
      if (&*kept != &held) *kept = std::move(held);
      ++kept;
    }
  }
  held_.erase(kept, held_.end());
}

void Outbox::Hold(PersistSequence until, OutgoingMessage message) {
  RAFT_CHECK(until <= persistent_.durability().last_sequence().Next(),
             "a message waits for this write or the next, never longer");
  held_.push_back({.until = until, .message = std::move(message)});
}

}  // namespace raft
