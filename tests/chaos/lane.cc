#include "tests/chaos/lane.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace raft::chaos {
namespace {

constexpr std::size_t kReadBytes = 64 << 10;

bool MustWait() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

void Lane::Read(const LinkRule& rule, RandomSource& random, SteadyTime now) {
  std::string bytes(kReadBytes, '\0');
  const ssize_t received = recv(source_, bytes.data(), bytes.size(), 0);
  if (received < 0 && MustWait()) return;
  // A connection that broke has ended like one that was closed: both ends learn it in order.
  bytes.resize(received > 0 ? static_cast<std::size_t>(received) : 0);
  has_ended_ = bytes.empty();
  if (!has_lost_sink_) Enqueue(std::move(bytes), rule, random, now);
}

void Lane::Enqueue(std::string bytes, const LinkRule& rule, RandomSource& random, SteadyTime now) {
  const auto jitter = static_cast<std::uint32_t>(rule.jitter.count());
  SteadyTime due = now + rule.delay + Milliseconds(random.Between(0, jitter));
  if (!queue_.empty()) due = std::max(due, queue_.back().due);
  queued_bytes_ += bytes.size();
  queue_.push_back({.bytes = std::move(bytes), .due = due});
}

std::optional<SteadyTime> Lane::NextDue(const LinkRule& rule) const {
  if (queue_.empty() || rule.held) return std::nullopt;
  return queue_.front().due;
}

void Lane::Write(const LinkRule& rule, SteadyTime now) {
  while (NextDue(rule).value_or(SteadyTime::max()) <= now) {
    if (!SendFront()) return;
  }
}

bool Lane::SendFront() {
  std::string& bytes = queue_.front().bytes;
  if (bytes.empty()) {
    (void)shutdown(sink_, SHUT_WR);
    queue_.pop_front();
    return true;
  }
  const ssize_t sent = send(sink_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent < 0) {
    if (!MustWait()) LoseSink();
    return false;
  }
  queued_bytes_ -= static_cast<std::size_t>(sent);
  bytes.erase(0, static_cast<std::size_t>(sent));
  if (!bytes.empty()) return false;
  queue_.pop_front();
  return true;
}

// That the receiver is gone is told to the sender by the lane of the other direction.
void Lane::LoseSink() {
  has_lost_sink_ = true;
  queue_.clear();
  queued_bytes_ = 0;
}

}  // namespace raft::chaos
