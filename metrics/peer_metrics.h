// The counters of the traffic with one peer. Filled by whoever speaks to peers, on every role.
//
// Room: metrics/. Knows label values and prometheus-cpp; knows no wire format. What the leader
// thinks of a peer (match index, lag) is not here: it comes from RaftStatus at each scrape.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "core/types.h"

namespace prometheus {
class Counter;
class Histogram;
}  // namespace prometheus

namespace raft {

using Seconds = std::chrono::duration<double>;

// The requests a server sends to a peer.
enum class PeerRequestType : std::uint8_t {
  kGreet,
  kPreVote,
  kRequestVote,
  kAppendEntries,
  kInstallSnapshot,
  kTimeoutNow
};
inline constexpr std::size_t kPeerRequestTypeCount = 6;

// Why a request to a peer got no usable answer.
enum class SendFailure : std::uint8_t {
  kDeadline,     // no answer in time
  kUnavailable,  // not connected, or the connection broke
  kOverloaded,   // the peer's inbox was full (RESOURCE_EXHAUSTED)
  kRefused,      // any other error: wrong cluster, wrong incarnation, malformed answer
};
inline constexpr std::size_t kSendFailureCount = 4;

// A small handle, free to copy: pointers to the series of one peer, which live as long as the
// RaftMetrics that gave it. Any thread; no call blocks or looks a label up.
class PeerMetrics {
 public:
  // A request of `bytes` serialised bytes was handed to the transport.
  void OnSent(PeerRequestType type, std::uint64_t bytes) const;
  // Its answer of `bytes` arrived `round_trip` later.
  void OnAnswered(Seconds round_trip, std::uint64_t bytes) const;
  // It got no usable answer.
  void OnFailed(SendFailure failure) const;
  // The peer's own request of `bytes` arrived here.
  void OnReceived(std::uint64_t bytes) const;

 private:
  friend class PeerFamilies;

  prometheus::Counter* sent_bytes_ = nullptr;
  prometheus::Counter* received_bytes_ = nullptr;
  prometheus::Histogram* round_trip_ = nullptr;
  std::array<prometheus::Counter*, kPeerRequestTypeCount> messages_{};
  std::array<prometheus::Counter*, kSendFailureCount> failures_{};
};

}  // namespace raft
