#include "metrics/peer_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include <string>

#include "metrics/buckets.h"
#include "metrics/peer_families.h"

namespace raft {
namespace {

// In the order of PeerRequestType.
constexpr std::array<const char*, kPeerRequestTypeCount> kRequestTypeLabels = {
    "greet", "pre_vote", "request_vote", "append_entries", "install_snapshot", "timeout_now"};
// In the order of SendFailure.
constexpr std::array<const char*, kSendFailureCount> kFailureLabels = {"deadline", "unavailable",
                                                                       "overloaded", "refused"};

prometheus::Family<prometheus::Counter>& RegisterCounter(prometheus::Registry& registry,
                                                         const char* name, const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

}  // namespace

void PeerMetrics::OnSent(PeerRequestType type, std::uint64_t bytes) const {
  messages_[static_cast<std::size_t>(type)]->Increment();
  sent_bytes_->Increment(static_cast<double>(bytes));
}

void PeerMetrics::OnAnswered(Seconds round_trip, std::uint64_t bytes) const {
  round_trip_->Observe(round_trip.count());
  received_bytes_->Increment(static_cast<double>(bytes));
}

void PeerMetrics::OnFailed(SendFailure failure) const {
  failures_[static_cast<std::size_t>(failure)]->Increment();
}

void PeerMetrics::OnReceived(std::uint64_t bytes) const {
  received_bytes_->Increment(static_cast<double>(bytes));
}

PeerFamilies::PeerFamilies(prometheus::Registry& registry)
    : round_trip_(prometheus::BuildHistogram()
                      .Name("raft_peer_round_trip_seconds")
                      .Help("From sending a request to a peer to its answer.")
                      .Register(registry)),
      sent_bytes_(RegisterCounter(registry, "raft_peer_sent_bytes_total",
                                  "Serialised bytes of the requests sent to a peer.")),
      received_bytes_(
          RegisterCounter(registry, "raft_peer_received_bytes_total",
                          "Serialised bytes of a peer's answers and requests received here.")),
      messages_(RegisterCounter(registry, "raft_peer_messages_sent_total",
                                "Requests sent to a peer, by type.")),
      failures_(RegisterCounter(registry, "raft_peer_send_failures_total",
                                "Requests to a peer that got no usable answer, by reason.")) {}

PeerMetrics PeerFamilies::For(ServerId peer) {
  const std::string id = std::to_string(peer.value());
  PeerMetrics metrics;
  metrics.round_trip_ = &round_trip_.Add({{"peer", id}}, NetworkBuckets());
  metrics.sent_bytes_ = &sent_bytes_.Add({{"peer", id}});
  metrics.received_bytes_ = &received_bytes_.Add({{"peer", id}});
  for (std::size_t type = 0; type < kPeerRequestTypeCount; ++type) {
    metrics.messages_[type] = &messages_.Add({{"peer", id}, {"type", kRequestTypeLabels[type]}});
  }
  for (std::size_t reason = 0; reason < kSendFailureCount; ++reason) {
    metrics.failures_[reason] = &failures_.Add({{"peer", id}, {"reason", kFailureLabels[reason]}});
  }
  return metrics;
}

}  // namespace raft
