// The messages of a story on their way, and what stands in it.
//
// Nothing moves by itself: the story says which messages arrive, are lost, or are doubled. Knows
// messages and cuts; servers only by name.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/stories/message.h"
#include "tests/stories/words.h"

namespace raft::stories {

// Which of the messages in flight a command means. Everything that is not said matches anything.
struct Selection {
  enum class Which { kAll, kOldest, kNewest };

  Which which = Which::kAll;
  std::set<ServerId> from = {};
  std::set<ServerId> to = {};
  std::set<MessageKind> kinds = {};
  std::optional<bool> is_answer = std::nullopt;
  std::optional<bool> is_heartbeat = std::nullopt;
  std::optional<RequestNumber> number = std::nullopt;

  bool Matches(const Message& message) const;
};

// "S1 -> S2 S3 AppendEntries", "oldest S2 -> S1 RequestVote answer", "heartbeats", "all", ...
Selection TakeSelection(Words& words);

class Network {
 public:
  void Add(std::vector<Message> messages);
  // The messages meant, oldest first; they stay in flight.
  std::vector<Message> Find(const Selection& selection) const;
  // The same, and they are in flight no more.
  std::vector<Message> TakeOut(const Selection& selection);
  // The oldest message that `group` sends to itself; none if there is none.
  std::optional<Message> TakeOldestAmong(const std::set<ServerId>& group);
  // Answers for a server that crashes: nobody waits for them any more.
  void ForgetAnswersTo(ServerId server);
  bool empty() const { return messages_.empty(); }
  // A line per message, for a mistake that asks for one that is not there.
  std::string Told() const;

  void Cut(ServerId from, ServerId to) { cuts_.insert({from, to}); }
  void Heal() { cuts_.clear(); }
  bool IsCut(ServerId from, ServerId to) const { return cuts_.contains({from, to}); }

 private:
  std::vector<std::size_t> PlacesOf(const Selection& selection) const;

  std::deque<Message> messages_;
  std::set<std::pair<ServerId, ServerId>> cuts_;
};

}  // namespace raft::stories
