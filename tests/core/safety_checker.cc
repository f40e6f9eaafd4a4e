#include "tests/core/safety_checker.h"

#include <gtest/gtest.h>

#include <variant>

namespace raft::harness {
namespace {

bool AreSame(const LogEntryPointer& one, const LogEntryPointer& other) {
  if (one == other) return true;
  return one != nullptr && other != nullptr && one->position() == other->position() &&
         one->data == other->data && one->kind == other->kind;
}

// Term and vote of a server that campaigns or leads in `term` are on its disk.
void ExpectOwnVoteIsDurable(ServerId self, Term term, const Promise& durable) {
  if (durable.current_term > term) return;  // The disk went on to a later term meanwhile.
  EXPECT_EQ(durable, (Promise{term, self})) << "the own vote left before the disk had it";
}

}  // namespace

void SafetyChecker::BecameLeader(ServerId server, Term term, const TestDisk& log) {
  const auto [leader, is_first] = leaders_.emplace(term, server);
  EXPECT_TRUE(is_first || leader->second == server)
      << "Election Safety: servers " << leader->second.value() << " and " << server.value()
      << " lead in term " << term.value();
  for (const CommittedEntry& committed : committed_) {
    if (committed.observed_in >= term) break;
    EXPECT_TRUE(AreSame(log.EntryAt(committed.entry->index), committed.entry))
        << "Leader Completeness: the leader of term " << term.value() << " lacks entry "
        << committed.entry->index.value();
  }
}

void SafetyChecker::Wrote(const PersistRequest& write, const TestDisk& log) {
  for (const LogEntryPointer& entry : write.entries) {
    const LogEntryPointer before = log.EntryAt(entry->index - 1);
    const std::uint64_t term_before = before != nullptr ? before->term.value() : 0;
    const auto [known, is_new] =
        known_.emplace(Key{entry->term.value(), entry->index.value()}, Known{entry, term_before});
    EXPECT_TRUE(AreSame(known->second.entry, entry))
        << "Log Matching: two entries at index " << entry->index.value();
    EXPECT_EQ(known->second.term_before, term_before)
        << "Log Matching: two logs differ before index " << entry->index.value();
  }
}

void SafetyChecker::Committed(LogIndex after, LogIndex commit_index, Term observed_in,
                              const TestDisk& log) {
  for (LogIndex index = after.Next(); index <= commit_index; index = index.Next()) {
    const LogEntryPointer entry = log.EntryAt(index);
    if (index > highest_committed()) {
      committed_.push_back({.entry = entry, .observed_in = observed_in});
    }
    EXPECT_TRUE(AreSame(CommittedAt(index), entry))
        << "State Machine Safety: another entry was committed at index " << index.value();
  }
}

void SafetyChecker::HandedOver(const LogEntryPointer& entry) {
  ASSERT_LE(entry->index, highest_committed()) << "State Machine Safety: applied uncommitted";
  EXPECT_TRUE(AreSame(CommittedAt(entry->index), entry))
      << "State Machine Safety: another entry is applied at index " << entry->index.value();
}

void SafetyChecker::Left(ServerId from, const OutgoingRequest& message, const Promise& durable) {
  if (const auto* ask = std::get_if<PreVoteRequest>(&message.request)) {
    EXPECT_LE(ask->term, durable.current_term.Next()) << "a term was told before it was durable";
  } else if (const auto* vote = std::get_if<RequestVoteRequest>(&message.request)) {
    EXPECT_LE(vote->term, durable.current_term) << "a term was told before it was durable";
    ExpectOwnVoteIsDurable(from, vote->term, durable);
  } else {
    const auto& append = std::get<AppendEntriesRequest>(message.request);
    EXPECT_LE(append.term, durable.current_term) << "a term was told before it was durable";
    ExpectOwnVoteIsDurable(from, append.term, durable);
  }
}

void SafetyChecker::Left(const OutgoingResponse& message, LogPosition verified, Term now,
                         const TestDisk& durable) {
  const Promise& promise = durable.promise();
  if (const auto* pre_vote = std::get_if<PreVoteResponse>(&message.response)) {
    if (pre_vote->vote_granted) return;  // It echoes the term that was asked about.
    EXPECT_LE(pre_vote->term, promise.current_term) << "a term was told before it was durable";
  } else if (const auto* vote = std::get_if<RequestVoteResponse>(&message.response)) {
    EXPECT_LE(vote->term, promise.current_term) << "a term was told before it was durable";
    if (vote->vote_granted && promise.current_term == vote->term) {
      EXPECT_EQ(promise.voted_for, message.to.peer) << "a vote was told before it was durable";
    }
  } else {
    const auto& append = std::get<AppendEntriesResponse>(message.response);
    EXPECT_LE(append.term, promise.current_term) << "a term was told before it was durable";
    // Once a later term has begun, a later leader may have replaced what this answer claims.
    if (!append.success || now != append.term || append.match_index == LogIndex(0)) return;
    EXPECT_LE(append.match_index, verified.index) << "claims more than the request verified";
    const LogEntryPointer claimed = durable.EntryAt(append.match_index);
    ASSERT_NE(claimed, nullptr) << "entry " << append.match_index.value()
                                << " was acknowledged before it was durable";
    if (append.match_index == verified.index) {
      EXPECT_EQ(claimed->position(), verified) << "acknowledged, but the disk has another entry";
    }
  }
}

}  // namespace raft::harness
