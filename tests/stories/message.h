// A message between two servers of a story, and how it is told in words.
//
// Knows the messages of the core and nothing of networks. The names are those of Figure 2; what
// answers a request is called its answer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/messages.h"
#include "core/types.h"

namespace raft::stories {

enum class MessageKind : std::uint8_t {
  kPreVote,
  kRequestVote,
  kAppendEntries,
  kInstallSnapshot,
  kTimeoutNow
};

// What a state machine holds, and where it stands: the bytes of a snapshot.
struct StateCopy {
  LogPosition position;
  LogTimeMs log_time_ms = 0;
  std::vector<std::string> commands = {};
};

struct Message {
  ServerId from;
  ServerId to;
  std::variant<PeerRequest, PeerResponse> body;
  CallId call_id = CallId(0);                           // of an answer: the call it answers
  std::shared_ptr<const StateCopy> snapshot = nullptr;  // that streams beside an offer

  MessageKind kind() const;
  bool is_answer() const { return std::holds_alternative<PeerResponse>(body); }
  // An AppendEntries without entries.
  bool is_heartbeat() const;
  // The number of the request, or of the request this answers.
  RequestNumber number() const;
};

// "RequestVote", "RequestVote answer", ...
std::string KindOf(const Message& message);
// "term 2, granted": everything the message says beside its kind and number.
std::string ContentOf(const Message& message);
// "RequestVote answer #3: term 2, granted".
std::string Told(const Message& message);
// "S1 -> S2  " and the message: a line of the trace when it leaves.
std::string ToldWithRoute(const Message& message);

// "entry 3 of term 2"; "the start" for the place before the first entry.
std::string PlaceOf(LogPosition position);
// "entries 4-5 of term 4, 6 of term 5 (no-op)": entries in order, runs of one term together.
std::string EntriesOf(const std::vector<LogEntryPointer>& entries);

}  // namespace raft::stories
