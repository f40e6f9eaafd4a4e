#include "tests/stories/network.h"

#include <cstddef>

namespace raft::stories {
namespace {

// One end of a route: servers, or "any".
std::set<ServerId> TakeEnd(Words& words) {
  if (words.TakeIf("any")) return {};
  const std::vector<ServerId> servers = words.TakeServers();
  return {servers.begin(), servers.end()};
}

void TakeKind(Words& words, Selection& selection) {
  if (words.TakeIf("PreVote")) {
    selection.kinds = {MessageKind::kPreVote};
  } else if (words.TakeIf("RequestVote")) {
    selection.kinds = {MessageKind::kRequestVote};
  } else if (words.TakeIf("AppendEntries")) {
    selection.kinds = {MessageKind::kAppendEntries};
  } else if (words.TakeIf("InstallSnapshot")) {
    selection.kinds = {MessageKind::kInstallSnapshot};
  } else if (words.TakeIf("heartbeat")) {
    selection.kinds = {MessageKind::kAppendEntries};
    selection.is_heartbeat = true;
  } else if (words.TakeIf("entries")) {
    selection.kinds = {MessageKind::kAppendEntries};
    selection.is_heartbeat = false;
  } else if (words.TakeIf("ballots")) {
    selection.kinds = {MessageKind::kPreVote, MessageKind::kRequestVote};
    return;  // questions and answers
  } else if (words.TakeIf("answer")) {
    selection.is_answer = true;
    return;
  } else {
    return;
  }
  selection.is_answer = words.TakeIf("answer");
}

void TakeNumber(Words& words, Selection& selection) {
  if (words.peek().substr(0, 1) != "#") return;
  Words number(words.Take("a number").substr(1), words.server_count());
  selection.number = RequestNumber(number.TakeNumber("a number such as #3"));
  if (const std::optional<Mistake> mistake = number.TakeMistake()) words.Reject(*mistake);
}

}  // namespace

bool Selection::Matches(const Message& message) const {
  if (!from.empty() && !from.contains(message.from)) return false;
  if (!to.empty() && !to.contains(message.to)) return false;
  if (!kinds.empty() && !kinds.contains(message.kind())) return false;
  if (is_answer && *is_answer != message.is_answer()) return false;
  if (is_heartbeat && *is_heartbeat != message.is_heartbeat()) return false;
  return !number || *number == message.number();
}

Selection TakeSelection(Words& words) {
  Selection selection;
  if (words.TakeIf("all")) return selection;
  if (words.empty()) words.Reject("missing: which messages ('all' means every one in flight)");
  if (words.TakeIf("oldest")) selection.which = Selection::Which::kOldest;
  if (words.TakeIf("newest")) selection.which = Selection::Which::kNewest;
  if (words.next_is_server() || words.peek() == "any") {
    selection.from = TakeEnd(words);
    words.TakeExactly("->");
    selection.to = TakeEnd(words);
  }
  TakeKind(words, selection);
  TakeNumber(words, selection);
  return selection;
}

void Network::Add(std::vector<Message> messages) {
  for (Message& message : messages) messages_.push_back(std::move(message));
}

std::vector<Message> Network::Find(const Selection& selection) const {
  std::vector<Message> found;
  for (const std::size_t place : PlacesOf(selection)) found.push_back(messages_[place]);
  return found;
}

std::vector<Message> Network::TakeOut(const Selection& selection) {
  std::vector<Message> taken = Find(selection);
  const std::vector<std::size_t> places = PlacesOf(selection);
  for (auto place = places.rbegin(); place != places.rend(); ++place) {
    messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(*place));
  }
  return taken;
}

std::optional<Message> Network::TakeOldestAmong(const std::set<ServerId>& group) {
  const std::vector<Message> taken =
      TakeOut({.which = Selection::Which::kOldest, .from = group, .to = group});
  if (taken.empty()) return std::nullopt;
  return taken.front();
}

void Network::ForgetAnswersTo(ServerId server) { TakeOut({.to = {server}, .is_answer = true}); }

std::string Network::Told() const {
  if (messages_.empty()) return "  (nothing is in flight)\n";
  std::string told;
  for (const Message& message : messages_) told += "  " + ToldWithRoute(message) + "\n";
  return told;
}

std::vector<std::size_t> Network::PlacesOf(const Selection& selection) const {
  std::vector<std::size_t> places;
  for (std::size_t place = 0; place < messages_.size(); ++place) {
    if (selection.Matches(messages_[place])) places.push_back(place);
  }
  if (places.empty()) return places;
  if (selection.which == Selection::Which::kOldest) return {places.front()};
  if (selection.which == Selection::Which::kNewest) return {places.back()};
  return places;
}

}  // namespace raft::stories
