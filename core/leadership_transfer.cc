#include "core/leadership_transfer.h"

#include "core/check.h"

namespace raft {

void LeadershipTransfer::Begin(std::optional<Ticket> ticket, ServerId target, Term term,
                               std::uint64_t until_ticks) {
  RAFT_CHECK(!is_running(), "one hand-over at a time (trap E-4)");
  RAFT_CHECK(target != ServerId(0), "leadership is handed to a server");
  target_ = target;
  ticket_ = ticket;
  asked_.reset();
  term_ = term;
  until_ticks_ = until_ticks;
}

void LeadershipTransfer::GiveUp(Term current_term, std::vector<TransferEnded>& ended) {
  RAFT_CHECK(is_running(), "what runs is given up");
  End(TransferOutcome::kNothingCame, std::nullopt, current_term, ended);
}

void LeadershipTransfer::Look(std::optional<ServerId> leader, Term current_term,
                              std::uint64_t now_ticks, std::vector<TransferEnded>& ended) {
  if (!is_running()) return;
  RAFT_CHECK(current_term >= term_, "the current term never falls (N1)");
  if (leader && current_term > term_) {
    const bool is_target = leader == target_;
    End(is_target ? TransferOutcome::kDone : TransferOutcome::kOtherLeads, leader, current_term,
        ended);
  } else if (now_ticks >= until_ticks_) {
    End(TransferOutcome::kNothingCame, leader, current_term, ended);
  }
}

void LeadershipTransfer::End(TransferOutcome outcome, std::optional<ServerId> leader,
                             Term current_term, std::vector<TransferEnded>& ended) {
  in_vain_.reset();
  if (outcome == TransferOutcome::kNothingCame) in_vain_ = target_;
  if (ticket_) {
    ended.push_back(
        {.ticket = *ticket_, .outcome = outcome, .leader = leader, .current_term = current_term});
  }
  target_.reset();
  ticket_.reset();
  asked_.reset();
}

}  // namespace raft
