#include "tests/simulation/server_laws.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace raft::simulation {
namespace {

std::string Text(LogPosition position) {
  return std::to_string(position.index.value()) + "@" + std::to_string(position.term.value());
}

std::string Text(const Promise& promise) {
  return "term " + std::to_string(promise.current_term.value()) + " vote " +
         (promise.voted_for ? std::to_string(promise.voted_for->value()) : "nobody");
}

}  // namespace

ServerLaws::ServerLaws(ServerId self, const RaftOptions& options, Story& story)
    : self_(self), options_(options), story_(story) {}

void ServerLaws::Demand(bool holds, const char* law, const std::string& seen) {
  ++checked_;
  if (!holds) throw LawBroken(law, "server " + std::to_string(self_.value()) + " " + seen);
}

void ServerLaws::Started(const RecoveredState& recovered) {
  LogView with_promise = durable_;
  LogView with_all = durable_;
  for (const PersistRequest& request : in_flight_) {
    if (request.promise) with_promise.promise = *request.promise;
    with_all.Carry(request);
  }
  const bool is_contradicted = switching_to_ && with_all.At(switching_to_->index) != nullptr &&
                               !with_all.Contains(*switching_to_);
  const auto is_it = [&](LogView& view) {
    return view.Equals(recovered) || IsFinishedInstall(view, recovered);
  };
  const bool kept_all = is_it(with_all);
  const bool kept_nothing = is_it(durable_);
  const bool kept_promise = is_it(with_promise);
  Demand(kept_all || kept_nothing || kept_promise, "N9 recovery",
         "recovered " + Text(recovered.promise) + " and a log that ends at index " +
             std::to_string(recovered.entries.size()) + ", but its disk had " +
             Text(durable_.promise) + " and " + Text(durable_.last()));
  if (!in_flight_.empty()) {
    story_.Count(kept_all ? Sometimes::kCrashLeftAWriteInFlight
                          : Sometimes::kCrashTookAWriteInFlight);
    if (kept_promise && !kept_all && !kept_nothing) {
      story_.Count(Sometimes::kPromiseSurvivedWithoutItsLog);
    }
  }
  durable_ = kept_all ? with_all : kept_nothing ? durable_ : with_promise;
  in_flight_.clear();
  written_ = durable_;
  // A vote that no disk has was never given.
  votes_.erase(votes_.lower_bound(durable_.promise.current_term), votes_.end());
  if (durable_.promise.voted_for) {
    votes_[durable_.promise.current_term] = *durable_.promise.voted_for;
  }
  Demand(durable_.promise.current_term >= told_.current_term, "N9 promise kept",
         "told " + Text(told_) + " and woke with " + Text(durable_.promise));
  if (durable_.promise.current_term == told_.current_term && told_.voted_for) {
    Demand(durable_.promise.voted_for == told_.voted_for, "N9 vote kept",
           "told " + Text(told_) + " and woke with " + Text(durable_.promise));
  }
  // An install that was finished at this start replaces what contradicts it, as CheckRebase says.
  if (is_contradicted && recovered.base == *switching_to_) acknowledged_ = recovered.base;
  Demand(durable_.Contains(acknowledged_), "N9 acknowledged entries kept",
         "told that " + Text(acknowledged_) + " is durable and woke with a log that ends at " +
             Text(durable_.last()));
  Demand(recovered.applied.index >= state_is_durable_, "N9 a checkpoint is kept",
         "had its state durable up to " + std::to_string(state_is_durable_.value()) +
             " and woke with " + Text(recovered.applied));
  Demand(recovered.base.index <= recovered.applied.index, "C1 nothing unapplied is trimmed",
         "woke with a log that begins after " + Text(recovered.base) +
             " and a state that ends at " + Text(recovered.applied));
  StateIsDurable(recovered.base.index);
  switching_to_.reset();
  pre_votes_.clear();
  NoteRecoveredConfigurations(recovered);
  if (recovered.applied.index < durable_.last_index()) {
    story_.Count(Sometimes::kStateFellBehindTheLog);
  }
  shown_.reset();
}

void ServerLaws::Wiped() {
  lost_ = std::exchange(durable_, {});
  written_ = {};
  in_flight_.clear();
  votes_.clear();
  told_ = {};
  asked_to_campaign_.clear();
  configurations_.clear();
  pre_voted_for_ = Term(0);
  state_is_durable_ = LogIndex(0);
  switching_to_.reset();
  acknowledged_ = {};
  shown_.reset();
}

void ServerLaws::StartedFromOldCopy(const RecoveredState& recovered) {
  Wiped();
  durable_.promise = recovered.promise;
  durable_.MoveBase(recovered.base, /*keeps_suffix=*/false);
  durable_.entries.insert(durable_.entries.end(), recovered.entries.begin(),
                          recovered.entries.end());
  Started(recovered);
}

bool ServerLaws::IsFinishedInstall(LogView& view, const RecoveredState& recovered) const {
  if (!switching_to_ || recovered.base != *switching_to_) return false;
  LogView finished = view;
  finished.MoveBase(*switching_to_,
                    view.At(switching_to_->index) != nullptr && view.Contains(*switching_to_));
  if (!finished.Equals(recovered)) return false;
  view = finished;
  story_.Count(Sometimes::kInstallFinishedAtStart);
  return true;
}

void ServerLaws::StateIsDurable(LogIndex through) {
  state_is_durable_ = std::max(state_is_durable_, through);
}

void ServerLaws::CheckRebase(const LogRebase& rebase) {
  Demand(rebase.base.index > written_.base.index, "C1 the beginning of the log never goes back",
         "begins its log after " + Text(rebase.base) + " instead of " + Text(written_.base));
  Demand(rebase.base.index <= state_is_durable_, "C1 only what the state durably holds is trimmed",
         "begins its log after " + Text(rebase.base) + " while its state is durable up to " +
             std::to_string(state_is_durable_.value()));
  if (rebase.keeps_suffix) {
    Demand(durable_.Contains(rebase.base) && durable_.last_index() >= rebase.base.index,
           "C1 a kept suffix follows a durable entry",
           "keeps what follows " + Text(rebase.base) + ", which is not durable");
    return;
  }
  // What was told to be durable goes only together with an entry that the snapshot contradicts.
  const bool agrees = written_.At(rebase.base.index) != nullptr && written_.Contains(rebase.base);
  Demand(!agrees || acknowledged_.index <= rebase.base.index, "C9 an agreeing suffix stays",
         "drops what follows " + Text(rebase.base) + ", told to be durable up to " +
             Text(acknowledged_));
  if (acknowledged_.index > rebase.base.index || !agrees) acknowledged_ = rebase.base;
}

void ServerLaws::AskedToWrite(const PersistRequest& request, LogIndex commit_index) {
  if (request.promise) {
    const Promise& promise = *request.promise;
    Demand(promise.current_term >= written_.promise.current_term, "N1 terms never fall",
           "writes " + Text(promise) + " after " + Text(written_.promise));
    if (promise.voted_for) {
      const auto [vote, is_first] = votes_.emplace(promise.current_term, *promise.voted_for);
      Demand(is_first || vote->second == *promise.voted_for, "N2 one vote per term",
             "votes for server " + std::to_string(promise.voted_for->value()) + " in term " +
                 std::to_string(promise.current_term.value()) + " and has voted for server " +
                 std::to_string(vote->second.value()));
    }
  }
  LogIndex end = written_.last_index();
  if (request.rebase) {
    CheckRebase(*request.rebase);
    if (!request.rebase->keeps_suffix) end = request.rebase->base.index;
  }
  if (request.truncate_from) {
    Demand(*request.truncate_from > commit_index, "N6 committed entries stay",
           "cuts its log from index " + std::to_string(request.truncate_from->value()) +
               " on, but has committed up to " + std::to_string(commit_index.value()));
    end = std::min(end, *request.truncate_from - 1);
    if (!in_flight_.empty()) story_.Count(Sometimes::kTruncatedWhileAWriteWasInFlight);
    // What a later leader replaces is no longer owed.
    if (acknowledged_.index >= *request.truncate_from) {
      acknowledged_ = written_.PositionAt(end);
    }
  }
  for (const LogEntryPointer& entry : request.entries) {
    Demand(
        entry->index == end.Next(), "N4 no gap in the log",
        "writes entry " + Text(entry->position()) + " after index " + std::to_string(end.value()));
    end = end.Next();
  }
  written_.Carry(request);
  NoteConfigurations(request);
}

void ServerLaws::WriteBegan(std::span<const PersistRequest> requests) {
  in_flight_.assign(requests.begin(), requests.end());
}

void ServerLaws::WriteDone() {
  for (const PersistRequest& request : in_flight_) durable_.Carry(request);
  in_flight_.clear();
}

// A server that campaigns or leads has its own vote on disk, unless the disk went on to a later
// term meanwhile.
void ServerLaws::DemandOwnVote(Term term, const char* what) {
  const Promise& durable = durable_.promise;
  Demand(term <= durable.current_term, "N3 promise before word",
         std::string(what) + " of term " + std::to_string(term.value()) + " leaves while " +
             Text(durable) + " is durable");
  if (durable.current_term != term) return;
  Demand(durable.voted_for == self_, "N3 promise before word",
         std::string(what) + " of term " + std::to_string(term.value()) + " leaves while " +
             Text(durable) + " is durable");
  told_ = std::max(told_, Promise{term, self_}, [](const Promise& left, const Promise& right) {
    return left.current_term < right.current_term;
  });
}

void ServerLaws::RequestLeaves(const PeerRequest& request) {
  if (const auto* ask = std::get_if<PreVoteRequest>(&request)) {
    Demand(ask->term <= durable_.promise.current_term.Next(), "N3 promise before word",
           "asks for pre-votes of term " + std::to_string(ask->term.value()) + " while " +
               Text(durable_.promise) + " is durable");
    pre_voted_for_ = ask->term;
  } else if (const auto* vote = std::get_if<RequestVoteRequest>(&request)) {
    const bool was_asked = vote->leadership_transfer && asked_to_campaign_.contains(vote->term);
    Demand(was_asked || vote->term == pre_voted_for_, "no campaign without a pre-vote",
           "campaigns in term " + std::to_string(vote->term.value()) +
               " and asked for pre-votes of term " + std::to_string(pre_voted_for_.value()));
    DemandOwnVote(vote->term, "a vote request");
  } else if (const auto* append = std::get_if<AppendEntriesRequest>(&request)) {
    DemandOwnVote(append->term, "an append");
  } else if (const auto* snapshot = std::get_if<InstallSnapshotRequest>(&request)) {
    DemandOwnVote(snapshot->term, "a snapshot");
  } else {
    DemandOwnVote(std::get<TimeoutNowRequest>(request).term, "a hand-over");
    CheckHandOver();
  }
}

void ServerLaws::CheckSnapshotAnswer(const InstallSnapshotResponse& answer) {
  if (!answer.success || written_.promise.current_term != answer.term) return;
  const bool is_held =
      answer.match_index <= state_is_durable_ || answer.match_index <= durable_.last_index();
  Demand(is_held, "N3 promise before word",
         "says that it holds a snapshot up to " + std::to_string(answer.match_index.value()) +
             " while its durable log ends at " + Text(durable_.last()));
}

void ServerLaws::ResponseLeaves(const PeerResponse& response, ServerId to, LogPosition verified) {
  const Promise& durable = durable_.promise;
  const auto demand_term = [&](Term term) {
    Demand(
        term <= durable.current_term, "N3 promise before word",
        "tells term " + std::to_string(term.value()) + " while " + Text(durable) + " is durable");
    if (term > told_.current_term) told_ = {.current_term = term, .voted_for = std::nullopt};
  };
  if (const auto* pre_vote = std::get_if<PreVoteResponse>(&response)) {
    if (!pre_vote->vote_granted) demand_term(pre_vote->term);
    return;
  }
  if (const auto* vote = std::get_if<RequestVoteResponse>(&response)) {
    demand_term(vote->term);
    if (!vote->vote_granted || durable.current_term != vote->term) return;
    Demand(durable.voted_for == to, "N3 promise before word",
           "grants its vote to server " + std::to_string(to.value()) + " while " + Text(durable) +
               " is durable");
    if (told_.current_term == vote->term) told_.voted_for = to;
    return;
  }
  if (const auto* snapshot = std::get_if<InstallSnapshotResponse>(&response)) {
    demand_term(snapshot->term);
    CheckSnapshotAnswer(*snapshot);
    return;
  }
  if (const auto* heard = std::get_if<TimeoutNowResponse>(&response)) {
    demand_term(heard->term);
    return;
  }
  const auto& append = std::get<AppendEntriesResponse>(response);
  demand_term(append.term);
  // Once a later term has begun, a later leader may have replaced what this answer claims.
  if (!append.success || written_.promise.current_term != append.term) return;
  if (append.match_index == LogIndex(0)) return;
  Demand(append.match_index <= verified.index, "N3 no claim beyond the request",
         "claims a match at " + std::to_string(append.match_index.value()) +
             " for a request up to " + Text(verified));
  const bool is_in_state = append.match_index <= state_is_durable_;
  const LogPosition claimed = durable_.PositionAt(append.match_index);
  const bool is_the_one =
      is_in_state || (claimed.index == append.match_index &&
                      (append.match_index != verified.index || claimed == verified));
  Demand(is_the_one, "N3 promise before word",
         "acknowledges entry " + std::to_string(append.match_index.value()) +
             " while its durable log ends at " + Text(durable_.last()));
  if (append.match_index > acknowledged_.index && !is_in_state) acknowledged_ = claimed;
}

void ServerLaws::Shows(const RaftStatus& now) {
  Demand(durable_.promise.current_term <= now.current_term, "N1 memory is never behind the disk",
         "is in term " + std::to_string(now.current_term.value()) + " while " +
             Text(durable_.promise) + " is durable");
  Demand(now.applied_index <= now.commit_index && now.commit_index <= now.last_log_index &&
             now.durable_index <= now.last_log_index,
         "N4 applied <= commit <= last",
         "shows applied " + std::to_string(now.applied_index.value()) + " commit " +
             std::to_string(now.commit_index.value()) + " last " +
             std::to_string(now.last_log_index.value()));
  Demand(now.last_log_index == written_.last_index(), "N4 every entry is handed to the disk",
         "shows last index " + std::to_string(now.last_log_index.value()) + " and has written " +
             std::to_string(written_.last_index().value()));
  // A snapshot that is the live state now is durable, though the log has yet to follow.
  Demand(now.durable_index <= std::max(durable_.last_index(), state_is_durable_),
         "N3 the durable index is true",
         "believes index " + std::to_string(now.durable_index.value()) +
             " to be durable while its disk ends at " + Text(durable_.last()));
  const LogEntry* believed = written_.At(now.durable_index);
  Demand(believed == nullptr || now.durable_index <= state_is_durable_ ||
             durable_.Contains(believed->position()),
         "N3 the durable index is true",
         "believes entry " + std::to_string(now.durable_index.value()) +
             " to be durable while its disk has another one there");
  // One proposal may cross the line, and the no-op of a new term is never refused.
  const bool is_bounded = now.role != RoleName::kLeader || !shown_ ||
                          now.uncommitted_bytes <= options_.uncommitted_bytes_max ||
                          now.uncommitted_bytes <= shown_->uncommitted_bytes + (16u << 10);
  Demand(is_bounded, "N11 uncommitted bytes are bounded",
         "holds " + std::to_string(now.uncommitted_bytes) + " uncommitted bytes");
  if (!configurations_.empty()) {
    Demand(now.configuration_index == configurations_.rbegin()->first,
           "N8 the newest configuration in the log is in force",
           "goes by the configuration of entry " + std::to_string(now.configuration_index.value()));
  }
  if (now.role == RoleName::kLeader) CheckLeader(now);
  if (now.role == RoleName::kCandidate) CheckPreVotes(now);
  if (shown_) {
    Demand(now.current_term >= shown_->current_term, "N1 terms never fall", "went back a term");
    Demand(now.commit_index >= shown_->commit_index && now.applied_index >= shown_->applied_index,
           "N4 commit and applied never fall", "went back");
  }
  shown_ = now;
}

void ServerLaws::CheckLeader(const RaftStatus& now) {
  CheckOwnChange(now);
  CheckBegunChange(now);
  CheckHeardMajority(now);
  CheckDeadline(now);
  for (const PeerStatus& peer : now.peers) {
    Demand(peer.match_index < peer.next_index && peer.match_index <= now.last_log_index,
           "N5 match < next, match <= last",
           "shows match " + std::to_string(peer.match_index.value()) + " next " +
               std::to_string(peer.next_index.value()) + " for server " +
               std::to_string(peer.peer.value()));
  }
  const bool led_before =
      shown_ && shown_->role == RoleName::kLeader && shown_->current_term == now.current_term;
  if (!led_before) return;
  Demand(now.last_log_index >= shown_->last_log_index, "N5 a leader appends only",
         "leads and its log became shorter");
  // Of whoever was a peer all the time, and not one that left and came back.
  const bool same_peers = now.configuration_index == shown_->configuration_index;
  for (const PeerStatus& peer : now.peers) {
    if (!same_peers) break;
    const auto before =
        std::find_if(shown_->peers.begin(), shown_->peers.end(),
                     [&peer](const PeerStatus& earlier) { return earlier.peer == peer.peer; });
    Demand(before == shown_->peers.end() || peer.match_index >= before->match_index,
           "N5 match never falls", "forgot a match of server " + std::to_string(peer.peer.value()));
  }
  if (now.commit_index > shown_->commit_index) {
    const LogEntry* newest = written_.At(now.commit_index);
    Demand(newest != nullptr && newest->term == now.current_term,
           "N7 a leader counts entries of its own term only",
           "committed up to " + std::to_string(now.commit_index.value()) +
               ", an entry of another term");
  }
}

}  // namespace raft::simulation
