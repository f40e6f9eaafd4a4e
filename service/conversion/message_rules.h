// The rules that messages of peers have in common, and how a broken one is put into words.
//
// Private to conversion/: message_conversion.cc and snapshot_conversion.cc are written with these.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "service/conversion/message_conversion.h"

namespace raft {

// Collects the first broken rule of one message, so that each rule is one line where it is checked.
class Rules {
 public:
  explicit Rules(absl::string_view message_name) : message_name_(message_name) {}

  // Unless `holds`, the message is refused because of `parts`; they are only put together then.
  template <typename... Parts>
  void Require(bool holds, const Parts&... parts) {
    if (holds || !status_.ok()) return;
    status_ = absl::InvalidArgumentError(absl::StrCat(message_name_, ": ", parts...));
  }

  bool broken() const { return !status_.ok(); }
  const absl::Status& status() const { return status_; }

 private:
  const absl::string_view message_name_;
  absl::Status status_;
};

inline void RequireTerm(Rules& rules, std::uint64_t term) {
  rules.Require(term != 0, "term is 0; real terms start at 1");
  rules.Require(term <= kNumberMax, "term ", term, " is above ", kNumberMax,
                ", which no honest cluster reaches");
}

inline void RequireNumber(Rules& rules, const peer::v1::PeerHeader& header) {
  rules.Require(header.request_number() != 0, "header.request_number is 0");
}

inline void RequireRequestHeader(Rules& rules, const peer::v1::PeerHeader& header) {
  rules.Require(header.from() != 0, "header.from is 0");
  rules.Require(header.to() != 0, "header.to is 0");
  RequireNumber(rules, header);
}

inline void RequireIndex(Rules& rules, absl::string_view name, std::uint64_t index) {
  rules.Require(index <= kNumberMax, name, "_index ", index, " is above ", kNumberMax);
}

// A position is {0, 0} before the first entry, and both parts are set anywhere else.
inline void RequirePosition(Rules& rules, absl::string_view name, std::uint64_t index,
                            std::uint64_t term) {
  RequireIndex(rules, name, index);
  rules.Require((index == 0) == (term == 0), name, "_index ", index, " with ", name, "_term ", term,
                ": both are 0 before the first entry, neither is after it");
}

template <typename Response>
void RequireSameNumber(Rules& rules, const RequestBounds& bounds, const Response& response) {
  rules.Require(response.number == bounds.number, "answers request ", response.number.value(),
                " where request ", bounds.number.value(), " was asked");
}

// Votes and matches are given in the term that asked for them, never in another.
template <typename Response>
void RequireAskedTerm(Rules& rules, const RequestBounds& bounds, const Response& response) {
  rules.Require(response.term == bounds.term, "agrees in term ", response.term.value(),
                " to a request of term ", bounds.term.value());
}

}  // namespace raft
