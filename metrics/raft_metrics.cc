#include "metrics/raft_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>
#include <vector>

#include "metrics/buckets.h"
#include "metrics/peer_families.h"
#include "metrics/process_families.h"
#include "metrics/rpc_families.h"
#include "metrics/status_families.h"

namespace raft {
namespace {

using prometheus::Counter;
using prometheus::Histogram;
using prometheus::Labels;
using prometheus::Registry;

// Label values, each in the order of its enumeration.
constexpr std::array<const char*, 3> kBallotKinds = {"prevote", "vote", "transfer"};
constexpr std::array<const char*, 3> kBallotOutcomes = {"won", "lost", "timeout"};
constexpr std::array<const char*, kProposalOutcomeCount> kProposalOutcomes = {
    "applied", "not_leader", "overloaded", "timeout", "unknown", "failed"};
constexpr std::array<const char*, kReadKindCount> kReadKinds = {"linearizable", "stale"};
constexpr std::array<const char*, kReadOutcomeCount> kReadOutcomes = {
    "ok", "not_leader", "overloaded", "timeout", "failed"};
constexpr std::array<const char*, kSnapshotOutcomeCount> kSnapshotOutcomes = {"ok", "failed",
                                                                              "replaced"};
constexpr std::array<const char*, 1> kInstallOutcomes = {"ok"};
constexpr std::array<const char*, kStorageOperationCount> kStorageOperations = {"persist", "apply",
                                                                                "read"};

template <typename Enumerator>
constexpr std::size_t Position(Enumerator value) {
  return static_cast<std::size_t>(value);
}

prometheus::Family<Counter>& CounterFamilyIn(Registry& registry, const char* name,
                                             const char* help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

// A counter without labels.
Counter* AddCounter(Registry& registry, const char* name, const char* help) {
  return &CounterFamilyIn(registry, name, help).Add({});
}

prometheus::Family<Histogram>& HistogramFamilyIn(Registry& registry, const char* name,
                                                 const char* help) {
  return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
}

// A histogram with at most one, constant, label set.
Histogram* AddHistogram(Registry& registry, const char* name, const char* help,
                        const std::vector<double>& buckets, const Labels& labels = {}) {
  return &HistogramFamilyIn(registry, name, help).Add(labels, buckets);
}

// One counter for each value of one label, all at 0.
template <std::size_t kCount>
std::array<Counter*, kCount> AddCounters(prometheus::Family<Counter>& family, const Labels& fixed,
                                         const char* label,
                                         const std::array<const char*, kCount>& values) {
  std::array<Counter*, kCount> counters{};
  for (std::size_t position = 0; position < kCount; ++position) {
    Labels labels = fixed;
    labels.emplace(label, values[position]);
    counters[position] = &family.Add(labels);
  }
  return counters;
}

}  // namespace

// The registry and a pointer to every series in it, so that counting is one atomic addition.
struct RaftMetrics::Families {
  Registry registry;
  PeerFamilies peers{registry};
  RpcFamilies rpcs{registry};

  Counter* leader_changes = AddCounter(registry, "raft_leader_changes_total",
                                       "Leaders this server has seen come into office.");
  std::array<std::array<Counter*, kBallotOutcomes.size()>, kBallotKinds.size()> elections{};

  Counter* proposals_started =
      AddCounter(registry, "raft_proposals_started_total", "Proposals received from clients.");
  std::array<Counter*, kProposalOutcomeCount> proposals_completed =
      AddCounters(CounterFamilyIn(registry, "raft_proposals_completed_total",
                                  "Proposals answered, by what the client was told."),
                  {}, "outcome", kProposalOutcomes);
  Histogram* proposal_duration =
      AddHistogram(registry, "raft_proposal_duration_seconds",
                   "From the receipt of a proposal to its answer.", NetworkBuckets());
  Histogram* commit_duration =
      AddHistogram(registry, "raft_commit_duration_seconds",
                   "On the leader, from the append of a proposal to its commit.", NetworkBuckets());
  Histogram* apply_duration =
      AddHistogram(registry, "raft_apply_duration_seconds",
                   "One batch applied to the state machine.", DiskBuckets());
  Histogram* append_batch_entries = AddHistogram(
      registry, "raft_append_batch_entries", "Entries written to the log at once.", BatchBuckets());

  std::array<std::array<Counter*, kReadOutcomeCount>, kReadKindCount> reads{};
  std::array<Histogram*, kReadKindCount> read_duration{};

  prometheus::Family<Histogram>& fsync =
      HistogramFamilyIn(registry, "raft_storage_fsync_duration_seconds",
                        "One synced write; file log is the log together with the promise file.");
  Histogram* log_fsync = &fsync.Add({{"file", "log"}}, DiskBuckets());
  Histogram* state_fsync = &fsync.Add({{"file", "state"}}, DiskBuckets());
  Counter* append_bytes = AddCounter(registry, "raft_storage_append_bytes_total",
                                     "Bytes of entries written to the log.");
  std::array<Counter*, kStorageOperationCount> storage_errors = AddCounters(
      CounterFamilyIn(registry, "raft_storage_errors_total",
                      "Disk operations that failed, by operation. Any above 0 needs a human."),
      {}, "op", kStorageOperations);

  prometheus::Family<Counter>& snapshots = CounterFamilyIn(
      registry, "raft_snapshots_total", "Snapshots sent, received and installed, by outcome.");
  std::array<Counter*, kSnapshotOutcomeCount> snapshots_sent =
      AddCounters(snapshots, {{"op", "send"}}, "outcome", kSnapshotOutcomes);
  std::array<Counter*, kSnapshotOutcomeCount> snapshots_received =
      AddCounters(snapshots, {{"op", "receive"}}, "outcome", kSnapshotOutcomes);
  std::array<Counter*, 1> snapshots_installed =
      AddCounters(snapshots, {{"op", "install"}}, "outcome", kInstallOutcomes);
  prometheus::Family<Histogram>& snapshot_duration =
      HistogramFamilyIn(registry, "raft_snapshot_duration_seconds",
                        "From the beginning of sending or receiving a snapshot to its end.");
  Histogram* snapshot_send_duration = &snapshot_duration.Add({{"op", "send"}}, LongBuckets());
  Histogram* snapshot_receive_duration = &snapshot_duration.Add({{"op", "receive"}}, LongBuckets());
  Counter* snapshot_bytes_sent =
      AddCounter(registry, "raft_snapshot_sent_bytes_total", "Bytes of snapshots sent.");
  Counter* snapshot_bytes_received =
      AddCounter(registry, "raft_snapshot_received_bytes_total", "Bytes of snapshots received.");
  Counter* snapshot_transfers_resumed =
      AddCounter(registry, "raft_snapshot_transfers_resumed_total",
                 "Snapshots that came here and went on where an earlier transfer had broken.");
  Counter* entries_trimmed = AddCounter(registry, "raft_log_trimmed_entries_total",
                                        "Entries that left the log because the state holds them.");

  Counter* state_doubts =
      AddCounter(registry, "raft_state_doubts_total",
                 "Comparisons in which voters held different states and no majority held one. Any "
                 "above 0 needs a human.");

  Counter* doubled_peers =
      AddCounter(registry, "raft_doubled_peers_total",
                 "Times this server heard two processes alive as one peer, on copies of its data "
                 "directory. Any above 0 needs a human.");
  Counter* snapshot_transfers_restarted =
      AddCounter(registry, "raft_snapshot_transfers_restarted_total",
                 "Snapshots to peers that were begun anew because more than twice the tail of the "
                 "log was written meanwhile. Rising for long: raise the tail.");

  prometheus::Family<Counter>& loop_busy =
      CounterFamilyIn(registry, "raft_loop_busy_seconds_total",
                      "Time each loop spent working: its rate is the loop's saturation, 0 to 1.");
  Counter* raft_loop_busy = &loop_busy.Add({{"loop", "raft"}});
  Counter* log_loop_busy = &loop_busy.Add({{"loop", "log"}});
  Counter* apply_loop_busy = &loop_busy.Add({{"loop", "apply"}});

  explicit Families(const BuildFacts& build) {
    prometheus::BuildGauge()
        .Name("raft_build_info")
        .Help("Always 1; what was built, from which source, by which compiler.")
        .Register(registry)
        .Add({{"version", build.version},
              {"revision", build.revision},
              {"compiler", build.compiler}})
        .Set(1);
    AddElections();
    AddReads();
  }

  void AddElections() {
    auto& family = CounterFamilyIn(registry, "raft_elections_total",
                                   "Ballots this server held for itself, by kind and outcome.");
    for (std::size_t kind = 0; kind < kBallotKinds.size(); ++kind) {
      elections[kind] =
          AddCounters(family, {{"kind", kBallotKinds[kind]}}, "outcome", kBallotOutcomes);
    }
  }

  void AddReads() {
    auto& counted = CounterFamilyIn(registry, "raft_reads_total",
                                    "Reads answered, by consistency and outcome.");
    auto& timed = HistogramFamilyIn(registry, "raft_read_duration_seconds",
                                    "From the receipt of a read to its answer.");
    for (std::size_t kind = 0; kind < kReadKindCount; ++kind) {
      const Labels labels = {{"consistency", kReadKinds[kind]}};
      reads[kind] = AddCounters(counted, labels, "outcome", kReadOutcomes);
      read_duration[kind] = &timed.Add(labels, RpcBuckets());
    }
  }
};

RaftMetrics::RaftMetrics(const BuildFacts& build, MetricsSource source)
    : source_(std::move(source)), families_(std::make_unique<Families>(build)) {}

RaftMetrics::~RaftMetrics() = default;

void RaftMetrics::OnEvent(const RaftEvent& event) {
  if (const auto* ballot = std::get_if<BallotEnded>(&event)) {
    families_->elections[Position(ballot->kind)][Position(ballot->outcome)]->Increment();
  } else if (const auto* recognized = std::get_if<LeaderRecognized>(&event)) {
    OnLeaderSeen(recognized->term);
  } else if (const auto* changed = std::get_if<RoleChanged>(&event)) {
    if (changed->role == RoleName::kLeader) OnLeaderSeen(changed->term);
  } else if (const auto* trimmed = std::get_if<LogTrimmed>(&event)) {
    families_->entries_trimmed->Increment(static_cast<double>(trimmed->count));
  } else if (std::holds_alternative<SnapshotBegunAnew>(event)) {
    families_->snapshot_transfers_restarted->Increment();
  } else if (std::holds_alternative<SnapshotInstalled>(event)) {
    families_->snapshots_installed.front()->Increment();
  } else if (std::holds_alternative<StatesInDoubt>(event)) {
    families_->state_doubts->Increment();
  }
  // The other events are for the log; what they change shows in the status.
}

void RaftMetrics::OnLeaderSeen(Term term) {
  if (term <= leader_term_) return;
  leader_term_ = term;
  families_->leader_changes->Increment();
}

void RaftMetrics::OnLoopTurn(Seconds busy) { families_->raft_loop_busy->Increment(busy.count()); }

void RaftMetrics::OnCommitted(Seconds since_append) {
  families_->commit_duration->Observe(since_append.count());
}

void RaftMetrics::OnPersisted(Seconds busy, std::size_t entries, std::uint64_t bytes) {
  families_->log_loop_busy->Increment(busy.count());
  families_->log_fsync->Observe(busy.count());
  families_->append_bytes->Increment(static_cast<double>(bytes));
  // A write of the promise alone is no batch of entries.
  if (entries > 0) families_->append_batch_entries->Observe(static_cast<double>(entries));
}

void RaftMetrics::OnApplied(Seconds busy) {
  families_->apply_loop_busy->Increment(busy.count());
  families_->apply_duration->Observe(busy.count());
}

void RaftMetrics::OnCheckpointed(Seconds busy) {
  families_->apply_loop_busy->Increment(busy.count());
  families_->state_fsync->Observe(busy.count());
}

void RaftMetrics::OnSnapshotBytesSent(std::uint64_t bytes) {
  families_->snapshot_bytes_sent->Increment(static_cast<double>(bytes));
}

void RaftMetrics::OnSnapshotBytesReceived(std::uint64_t bytes) {
  families_->snapshot_bytes_received->Increment(static_cast<double>(bytes));
}

void RaftMetrics::OnSnapshotResumed() { families_->snapshot_transfers_resumed->Increment(); }

void RaftMetrics::OnTwoProcesses() { families_->doubled_peers->Increment(); }

void RaftMetrics::OnSnapshotSent(SnapshotOutcome outcome, Seconds duration) {
  families_->snapshots_sent[Position(outcome)]->Increment();
  families_->snapshot_send_duration->Observe(duration.count());
}

void RaftMetrics::OnSnapshotReceived(SnapshotOutcome outcome, Seconds duration) {
  families_->snapshots_received[Position(outcome)]->Increment();
  families_->snapshot_receive_duration->Observe(duration.count());
}

void RaftMetrics::OnStorageError(StorageOperation operation) {
  families_->storage_errors[Position(operation)]->Increment();
}

void RaftMetrics::OnProposalStarted() { families_->proposals_started->Increment(); }

void RaftMetrics::OnProposalCompleted(ProposalOutcome outcome, Seconds duration) {
  families_->proposals_completed[Position(outcome)]->Increment();
  families_->proposal_duration->Observe(duration.count());
}

void RaftMetrics::OnReadCompleted(ReadKind kind, ReadOutcome outcome, Seconds duration) {
  families_->reads[Position(kind)][Position(outcome)]->Increment();
  families_->read_duration[Position(kind)]->Observe(duration.count());
}

PeerMetrics RaftMetrics::ForPeer(ServerId peer) { return families_->peers.For(peer); }

RpcMetrics RaftMetrics::ForRpc(RpcType type, std::string_view service, std::string_view method) {
  return families_->rpcs.For(type, service, method);
}

std::string RaftMetrics::Scrape() const {
  std::vector<prometheus::MetricFamily> families = families_->registry.Collect();
  for (auto& more : {StatusFamilies(source_()), ProcessFamilies()}) {
    families.insert(families.end(), more.begin(), more.end());
  }
  std::sort(families.begin(), families.end(),
            [](const auto& left, const auto& right) { return left.name < right.name; });
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace raft
