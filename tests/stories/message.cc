#include "tests/stories/message.h"

#include <type_traits>

#include "tests/stories/words.h"

namespace raft::stories {
namespace {

std::string NumberOf(std::uint64_t number) { return std::to_string(number); }
std::string TermOf(Term term) { return "term " + NumberOf(term.value()); }

std::string Content(const PreVoteRequest& request) {
  return "for " + TermOf(request.term) + ", log ends at " + PlaceOf(request.last_log);
}
std::string Content(const RequestVoteRequest& request) {
  return TermOf(request.term) + ", log ends at " + PlaceOf(request.last_log);
}
std::string Content(const AppendEntriesRequest& request) {
  return TermOf(request.term) + ", after " + PlaceOf(request.previous) + ": " +
         EntriesOf(request.entries) + "; commit " + NumberOf(request.leader_commit.value());
}

std::string Content(const InstallSnapshotRequest& request) {
  return TermOf(request.term) + ", the state up to " + PlaceOf(request.last_included);
}

std::string Content(const TimeoutNowRequest& request) { return TermOf(request.term); }
std::string Content(const TimeoutNowResponse& response) { return TermOf(response.term); }

template <typename Vote>
std::string Verdict(const Vote& response) {
  return TermOf(response.term) + (response.vote_granted ? ", granted" : ", denied");
}
std::string Content(const PreVoteResponse& response) { return Verdict(response); }
std::string Content(const RequestVoteResponse& response) { return Verdict(response); }
std::string Content(const AppendEntriesResponse& response) {
  const std::string term = TermOf(response.term);
  if (response.success) return term + ", match " + NumberOf(response.match_index.value());
  if (!response.conflict) return term + ", refused";
  const std::string index = NumberOf(response.conflict->index.value());
  if (!response.conflict->term) return term + ", mismatch: has nothing from " + index + " on";
  return term + ", mismatch: has " + TermOf(*response.conflict->term) + " from " + index + " on";
}

std::string Content(const InstallSnapshotResponse& response) {
  const std::string term = TermOf(response.term);
  if (!response.success) return term + ", refused";
  return term + ", match " + NumberOf(response.match_index.value());
}

// Entries that differ in nothing but their index are told together.
bool BelongTogether(const LogEntry& first, const LogEntry& next) {
  return first.term == next.term && first.kind == next.kind && first.data == next.data;
}

std::string RunOf(const LogEntry& first, const LogEntry& last) {
  std::string told = NumberOf(first.index.value());
  if (last.index != first.index) told += "-" + NumberOf(last.index.value());
  told += " of " + TermOf(first.term);
  if (first.kind == EntryKind::kNoOp) return told + " (no-op)";
  return first.data.empty() ? told : told + " (" + first.data + ")";
}

template <typename Function>
auto Visit(const Message& message, Function function) {
  return std::visit([&](const auto& kinds) { return std::visit(function, kinds); }, message.body);
}

}  // namespace

MessageKind Message::kind() const {
  return Visit(*this, [](const auto& message) {
    using Kind = std::decay_t<decltype(message)>;
    if constexpr (std::is_same_v<Kind, PreVoteRequest> || std::is_same_v<Kind, PreVoteResponse>) {
      return MessageKind::kPreVote;
    } else if constexpr (std::is_same_v<Kind, RequestVoteRequest> ||
                         std::is_same_v<Kind, RequestVoteResponse>) {
      return MessageKind::kRequestVote;
    } else if constexpr (std::is_same_v<Kind, InstallSnapshotRequest> ||
                         std::is_same_v<Kind, InstallSnapshotResponse>) {
      return MessageKind::kInstallSnapshot;
    } else if constexpr (std::is_same_v<Kind, TimeoutNowRequest> ||
                         std::is_same_v<Kind, TimeoutNowResponse>) {
      return MessageKind::kTimeoutNow;
    } else {
      return MessageKind::kAppendEntries;
    }
  });
}

bool Message::is_heartbeat() const {
  const auto* request = std::get_if<PeerRequest>(&body);
  if (request == nullptr) return false;
  const auto* append = std::get_if<AppendEntriesRequest>(request);
  return append != nullptr && append->is_heartbeat();
}

RequestNumber Message::number() const {
  return Visit(*this, [](const auto& message) { return message.number; });
}

std::string KindOf(const Message& message) {
  const std::string answer = message.is_answer() ? " answer" : "";
  switch (message.kind()) {
    case MessageKind::kPreVote:
      return "PreVote" + answer;
    case MessageKind::kRequestVote:
      return "RequestVote" + answer;
    case MessageKind::kTimeoutNow:
      return "TimeoutNow" + answer;
    case MessageKind::kInstallSnapshot:
      return "InstallSnapshot" + answer;
    case MessageKind::kAppendEntries:
      break;
  }
  return "AppendEntries" + answer;
}

std::string ContentOf(const Message& message) {
  return Visit(message, [](const auto& kind) { return Content(kind); });
}

std::string Told(const Message& message) {
  return KindOf(message) + " #" + NumberOf(message.number().value()) + ": " + ContentOf(message);
}

std::string ToldWithRoute(const Message& message) {
  return NameOf(message.from) + " -> " + NameOf(message.to) + "  " + Told(message);
}

std::string PlaceOf(LogPosition position) {
  if (position.index == LogIndex(0)) return "the start";
  return "entry " + NumberOf(position.index.value()) + " of " + TermOf(position.term);
}

std::string EntriesOf(const std::vector<LogEntryPointer>& entries) {
  if (entries.empty()) return "no entries";
  std::string told = entries.size() == 1 ? "entry " : "entries ";
  for (std::size_t first = 0; first < entries.size();) {
    std::size_t last = first;
    while (last + 1 < entries.size() && BelongTogether(*entries[first], *entries[last + 1])) ++last;
    told += (first == 0 ? "" : ", ") + RunOf(*entries[first], *entries[last]);
    first = last + 1;
  }
  return told;
}

}  // namespace raft::stories
