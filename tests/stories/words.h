// The words of one line of a story, taken from left to right.
//
// The first mistake is kept and ends the line: everything after it is empty, so a command is parsed
// without a branch per word and asks once at the end. Knows words, numbers and server names; not
// what any command means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.h"

namespace raft::stories {

// What is wrong with a line of a story, in words for its author.
using Mistake = std::string;

class Words {
 public:
  // `server_count`: the servers are S1 to S<count>; another name is a mistake.
  Words(std::string_view line, std::size_t server_count);

  bool empty() const { return next_ == words_.size(); }
  // The word to be taken next; empty at the end of the line.
  std::string_view peek() const;
  bool next_is_server() const;
  bool next_is_number() const;

  // Takes the next word if it is `word`.
  bool TakeIf(std::string_view word);
  // Takes the next word, which must be `word`.
  void TakeExactly(std::string_view word);
  // `what` names the missing thing in the mistake.
  std::string Take(std::string_view what);
  std::uint64_t TakeNumber(std::string_view what);
  // Numbers up to the next word that is none; possibly no number at all.
  std::vector<std::uint64_t> TakeNumbers();
  ServerId TakeServer();
  // One or more servers.
  std::vector<ServerId> TakeServers();
  // Everything that is left, as it was separated by single spaces.
  std::string TakeRest();

  // Records a mistake, unless there is one already.
  void Reject(Mistake mistake);
  // The first mistake; words that nobody took are one.
  std::optional<Mistake> TakeMistake();

  std::size_t server_count() const { return server_count_; }
  void set_server_count(std::size_t count) { server_count_ = count; }

 private:
  std::vector<std::string> words_;
  std::size_t next_ = 0;
  std::size_t server_count_;
  std::optional<Mistake> mistake_;
};

// "S3", as Figures 7 and 8 call the servers.
std::string NameOf(ServerId server);
// "S1 S3".
std::string NamesOf(const std::vector<ServerId>& servers);
// "1 1 2", "none" when empty.
std::string ListOf(const std::vector<std::uint64_t>& numbers);

}  // namespace raft::stories
