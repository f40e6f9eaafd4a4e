// Every metric of a server: what is counted while it runs, and what is read off it at a scrape.
//
// Room: metrics/. Turns the core's events and status into Prometheus families; nothing calls back
// into consensus from here. Names, labels and buckets are listed in metrics/README.md; every label
// combination starts at 0, because increase() misses the first event of a series that appears late.
//
// Two kinds of families, by who knows the value:
//   counted: counters and histograms, fed by the calls below, held in a prometheus-cpp registry;
//   looked up: gauges made afresh from a MetricsSnapshot at each scrape (status_families.h), so a
//   series that no longer applies (a peer after step-down) is simply not there.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/events.h"
#include "metrics/metrics_snapshot.h"
#include "metrics/peer_metrics.h"
#include "metrics/rpc_metrics.h"

namespace raft {

// The labels of raft_build_info.
struct BuildFacts {
  std::string version;   // "0.1.0"
  std::string revision;  // of the source; empty: not known
  std::string compiler;  // "GNU 12.2.0"
};

// How a proposal that was started ended, as the client was told.
enum class ProposalOutcome : std::uint8_t {
  kApplied,
  kNotLeader,   // refused before it was appended: somebody else leads
  kOverloaded,  // refused before it was appended: a limit was reached
  kTimeout,     // the client's deadline passed or the client gave up
  kUnknown,     // leadership was lost after the append: it may or may not take effect
  kFailed,      // malformed, not supported, too large
};
inline constexpr std::size_t kProposalOutcomeCount = 6;

enum class ReadKind : std::uint8_t { kLinearizable, kStale };
inline constexpr std::size_t kReadKindCount = 2;

enum class ReadOutcome : std::uint8_t {
  kOk,
  kNotLeader,
  kOverloaded,
  kTimeout,  // the client's deadline passed or the client gave up
  kFailed,   // malformed, not supported, or the state could not be read
};
inline constexpr std::size_t kReadOutcomeCount = 5;

// How sending or receiving one snapshot ended.
enum class SnapshotOutcome : std::uint8_t {
  kOk,        // sent: the peer answered; received: stored, whole and verified
  kFailed,    // broken off, stalled or damaged; it is sent again
  kReplaced,  // received only: a newer one took its place
};
inline constexpr std::size_t kSnapshotOutcomeCount = 3;

// What touched the disk when it failed.
enum class StorageOperation : std::uint8_t {
  kPersist,  // log and promise
  kApply,    // the state, written
  kRead,     // the state, read
};
inline constexpr std::size_t kStorageOperationCount = 3;

// Thread-safe unless a method says otherwise; no call blocks, allocates or looks a label up, except
// ForPeer, ForRpc and Scrape.
class RaftMetrics {
 public:
  // `source` is asked at each scrape and must stay callable for the life of this object.
  RaftMetrics(const BuildFacts& build, MetricsSource source);
  ~RaftMetrics();
  RaftMetrics(const RaftMetrics&) = delete;
  RaftMetrics& operator=(const RaftMetrics&) = delete;

  // Event-loop thread only, events in order: elections, leader changes, the log's beginning.
  void OnEvent(const RaftEvent& event);
  // One turn of the event loop took `busy`, sleeping excluded.
  void OnLoopTurn(Seconds busy);
  // On the leader: an own proposal was committed this long after its append.
  void OnCommitted(Seconds since_append);
  // One merged synced write of log and promise took `busy` and wrote `bytes` in `entries` entries.
  void OnPersisted(Seconds busy, std::size_t entries, std::uint64_t bytes);
  // One batch of entries was applied in `busy`.
  void OnApplied(Seconds busy);
  // One synced write of the whole state took `busy`.
  void OnCheckpointed(Seconds busy);
  // A piece of a snapshot left, or came.
  void OnSnapshotBytesSent(std::uint64_t bytes);
  void OnSnapshotBytesReceived(std::uint64_t bytes);
  // A snapshot that comes goes on where an earlier transfer had broken.
  void OnSnapshotResumed();
  // Two processes are alive as one peer.
  void OnTwoProcesses();
  // Sending or receiving a snapshot ended like this, `duration` after it began.
  void OnSnapshotSent(SnapshotOutcome outcome, Seconds duration);
  void OnSnapshotReceived(SnapshotOutcome outcome, Seconds duration);
  // A disk operation failed.
  void OnStorageError(StorageOperation operation);

  // A client's proposal was accepted for work (before it is known whether this server leads).
  void OnProposalStarted();
  // The answer left: `duration` is receipt to reply. Once for each OnProposalStarted.
  void OnProposalCompleted(ProposalOutcome outcome, Seconds duration);
  // A read was answered `duration` after its receipt.
  void OnReadCompleted(ReadKind kind, ReadOutcome outcome, Seconds duration);

  // The series of the traffic with `peer`, created at 0 on the first call. Keep the handle.
  PeerMetrics ForPeer(ServerId peer);
  // The series of one method, such as ("raft.v1.ConsensusService", "Propose"), created at 0 on the
  // first call. Keep the handle; ask for every served method at start.
  RpcMetrics ForRpc(RpcType type, std::string_view service, std::string_view method);

  // One scrape in the Prometheus text format, families in order of name. Any thread.
  std::string Scrape() const;

 private:
  struct Families;

  void OnLeaderSeen(Term term);

  MetricsSource source_;
  std::unique_ptr<Families> families_;
  // The newest term in which a leader was seen. A term has at most one leader (Election Safety,
  // §5.2), so the term alone tells one leader from the next.
  Term leader_term_;
};

}  // namespace raft
