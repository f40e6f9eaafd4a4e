// Whether this server gives its vote: the rules that are the same in every role.
//
// Figure 2, RequestVote RPC, receiver implementation; §5.4.1; PreVote of dissertation §9.6. A
// candidate or leader has voted for itself and so denies by the same rules.
#pragma once

#include "core/messages.h"
#include "core/outbox.h"
#include "core/server_state.h"

namespace raft {

// Answers a RequestVote of the current term and, when granted, gives the vote. The answer leaves
// once the vote is durable. Returns whether it was granted.
bool AnswerRequestVote(ServerState& state, Outbox& outbox, const RequestVoteRequest& request,
                       ReturnAddress sender);

// Denies a RequestVote without adopting its term, because a leader is near (§6).
void DisregardRequestVote(ServerState& state, Outbox& outbox, const RequestVoteRequest& request,
                          ReturnAddress sender);

// Answers a PreVote; changes nothing here but an event. `leader_is_near` as Role::IsLeaderNear.
void AnswerPreVote(ServerState& state, Outbox& outbox, const PreVoteRequest& request,
                   ReturnAddress sender, bool leader_is_near);

}  // namespace raft
