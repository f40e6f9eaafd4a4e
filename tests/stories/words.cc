#include "tests/stories/words.h"

#include <charconv>
#include <sstream>
#include <utility>

namespace raft::stories {
namespace {

// A whole word as a number; none when it is anything else, or too large.
std::optional<std::uint64_t> NumberIn(std::string_view word) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return number;
}

std::optional<ServerId> ServerIn(std::string_view word) {
  if (word.size() < 2 || word.front() != 'S') return std::nullopt;
  const std::optional<std::uint64_t> id = NumberIn(word.substr(1));
  if (!id || *id == 0) return std::nullopt;
  return ServerId(*id);
}

}  // namespace

Words::Words(std::string_view line, std::size_t server_count) : server_count_(server_count) {
  std::istringstream stream{std::string(line)};
  for (std::string word; stream >> word;) words_.push_back(std::move(word));
}

std::string_view Words::peek() const { return empty() ? std::string_view() : words_[next_]; }

bool Words::next_is_server() const { return ServerIn(peek()).has_value(); }

bool Words::next_is_number() const { return NumberIn(peek()).has_value(); }

bool Words::TakeIf(std::string_view word) {
  if (empty() || peek() != word) return false;
  ++next_;
  return true;
}

void Words::TakeExactly(std::string_view word) {
  if (TakeIf(word)) return;
  Reject("expected the word '" + std::string(word) + "'" +
         (empty() ? " at the end" : ", found '" + std::string(peek()) + "'"));
}

std::string Words::Take(std::string_view what) {
  if (empty()) {
    Reject("missing: " + std::string(what));
    return {};
  }
  return words_[next_++];
}

std::uint64_t Words::TakeNumber(std::string_view what) {
  const std::string word = Take(what);
  const std::optional<std::uint64_t> number = NumberIn(word);
  if (!number) Reject("expected " + std::string(what) + " as a number, found '" + word + "'");
  return number.value_or(0);
}

std::vector<std::uint64_t> Words::TakeNumbers() {
  std::vector<std::uint64_t> numbers;
  while (next_is_number()) numbers.push_back(TakeNumber("a number"));
  return numbers;
}

ServerId Words::TakeServer() {
  const std::string word = Take("a server, such as S1");
  const std::optional<ServerId> server = ServerIn(word);
  if (!server) {
    Reject("expected a server, such as S1, found '" + word + "'");
  } else if (server->value() > server_count_) {
    Reject("there is no " + word + ": the story has " + std::to_string(server_count_) +
           " servers (begin with 'servers N')");
  }
  return server.value_or(ServerId(1));
}

std::vector<ServerId> Words::TakeServers() {
  std::vector<ServerId> servers{TakeServer()};
  while (next_is_server()) servers.push_back(TakeServer());
  return servers;
}

std::string Words::TakeRest() {
  std::string rest;
  while (!empty()) rest += (rest.empty() ? "" : " ") + words_[next_++];
  return rest;
}

void Words::Reject(Mistake mistake) {
  if (!mistake_) mistake_ = std::move(mistake);
  next_ = words_.size();
}

std::optional<Mistake> Words::TakeMistake() {
  if (!empty()) Reject("too many words, from '" + std::string(peek()) + "' on");
  return std::exchange(mistake_, std::nullopt);
}

std::string NameOf(ServerId server) { return "S" + std::to_string(server.value()); }

std::string NamesOf(const std::vector<ServerId>& servers) {
  std::string names;
  for (const ServerId server : servers) names += (names.empty() ? "" : " ") + NameOf(server);
  return names;
}

std::string ListOf(const std::vector<std::uint64_t>& numbers) {
  std::string list;
  for (const std::uint64_t number : numbers) {
    list += (list.empty() ? "" : " ") + std::to_string(number);
  }
  return list.empty() ? "none" : list;
}

}  // namespace raft::stories
