// A hand-over of leadership under way (dissertation §3.10): whom to, for whom, and until when.
//
// The leader begins it, stops taking proposals, brings the target up to date and asks it to
// campaign at once. How it ends shows in who leads the next term, which may be seen by a follower:
// so this outlives the role. It always ends: by a new leader, or by its deadline (trap E-7).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/effects.h"
#include "core/types.h"

namespace raft {

class LeadershipTransfer {
 public:
  bool is_running() const { return target_.has_value(); }
  std::optional<ServerId> target() const { return target_; }
  // Whether the last one was to this server, and came to nothing before its time was over: somebody
  // else may do better, for the rest of that time.
  bool WasInVain(ServerId target, std::uint64_t now_ticks) const {
    return in_vain_ == target && now_ticks < until_ticks_;
  }

  // `ticket` none: nobody waits for the outcome. Requires: not running.
  void Begin(std::optional<Ticket> ticket, ServerId target, Term term, std::uint64_t until_ticks);
  // The target was asked to campaign. Once.
  void Asked(RequestNumber number) { asked_ = number; }
  bool has_asked() const { return asked_.has_value(); }
  // Whether this is the number of that request.
  bool IsAsking(RequestNumber number) const { return asked_ == number; }

  // The target cannot be asked; this server goes on leading.
  void GiveUp(Term current_term, std::vector<TransferEnded>& ended);
  // Something happened: ends it if another term has a leader, or its time is over.
  void Look(std::optional<ServerId> leader, Term current_term, std::uint64_t now_ticks,
            std::vector<TransferEnded>& ended);

 private:
  void End(TransferOutcome outcome, std::optional<ServerId> leader, Term current_term,
           std::vector<TransferEnded>& ended);

  std::optional<ServerId> target_;
  std::optional<ServerId> in_vain_;
  std::optional<Ticket> ticket_;
  std::optional<RequestNumber> asked_;
  Term term_;  // that is handed over
  std::uint64_t until_ticks_ = 0;
};

}  // namespace raft
