#include "tests/chaos/relayed_connection.h"

#include <algorithm>

namespace raft::chaos {
namespace {

bool IsDue(const Lane& lane, const LinkRule& rule, SteadyTime now) {
  return lane.NextDue(rule).value_or(SteadyTime::max()) <= now;
}

// Nothing wanted: poll must not look at all, because it would report a broken connection for ever.
pollfd Wanted(int handle, bool to_read, bool to_write) {
  const int events = (to_read ? POLLIN : 0) | (to_write ? POLLOUT : 0);
  return {.fd = events == 0 ? -1 : handle, .events = static_cast<short>(events), .revents = 0};
}

bool IsReadable(const pollfd& answered) {
  return (answered.events & POLLIN) != 0 && (answered.revents & (POLLIN | POLLHUP | POLLERR)) != 0;
}

}  // namespace

void RelayedConnection::Watch(const LinkRules& rules, SteadyTime now,
                              std::vector<pollfd>& watched) const {
  watched.push_back(Wanted(caller_.handle(), forth_.WantsToRead(),
                           IsDue(back_, RuleOf(rules, Reversed(opened_)), now)));
  watched.push_back(
      Wanted(called_.handle(), back_.WantsToRead(), IsDue(forth_, RuleOf(rules, opened_), now)));
}

std::optional<SteadyTime> RelayedConnection::NextDue(const LinkRules& rules) const {
  const std::optional<SteadyTime> forth = forth_.NextDue(RuleOf(rules, opened_));
  const std::optional<SteadyTime> back = back_.NextDue(RuleOf(rules, Reversed(opened_)));
  if (!forth.has_value() || !back.has_value()) return forth.has_value() ? forth : back;
  return std::min(*forth, *back);
}

void RelayedConnection::Carry(const LinkRules& rules, const pollfd* watched, RandomSource& random,
                              SteadyTime now) {
  const LinkRule forth = RuleOf(rules, opened_);
  const LinkRule back = RuleOf(rules, Reversed(opened_));
  if (IsReadable(watched[0])) forth_.Read(forth, random, now);
  if (IsReadable(watched[1])) back_.Read(back, random, now);
  forth_.Write(forth, now);
  back_.Write(back, now);
}

bool RelayedConnection::Connects(Id one, Id other) const {
  return opened_ == Direction{one, other} || opened_ == Direction{other, one};
}

void RelayedConnection::Reset() {
  caller_.Abort();
  called_.Abort();
}

bool RelayedConnection::IsFinished() const {
  return !caller_.is_open() || (forth_.IsFinished() && back_.IsFinished());
}

}  // namespace raft::chaos
