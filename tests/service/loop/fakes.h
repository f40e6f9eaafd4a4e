// Stand-ins for what the loop's threads talk to: a disk, a state machine, peers and clients that
// remember what happened to them, and a way to wait for it that is not a sleep.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/log_entry.h"
#include "persistence/key_value_store.h"
#include "persistence/mutex.h"
#include "persistence/storage.h"
#include "service/loop/client_call.h"
#include "service/loop/loop_observer.h"
#include "service/loop/peer_outlet.h"
#include "service/loop/pending_calls.h"

namespace raft {

inline constexpr std::chrono::seconds kPatience{20};

// A place where threads leave notes and a test waits until the notes say what it expects.
template <typename Note>
class Notebook {
 public:
  void Write(Note note) {
    MutexLock lock(mutex_);
    notes_.push_back(std::move(note));
    changed_.notify_all();  // under the lock: once a reader goes on, this object may be gone
  }
  std::vector<Note> Read() const {
    MutexLock lock(mutex_);
    return notes_;
  }
  // False: that many notes did not come in time.
  bool WaitForCount(std::size_t count) const {
    MutexLock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return notes_.size() >= count; });
  }

 private:
  mutable Mutex mutex_;
  mutable ConditionVariable changed_;
  std::vector<Note> notes_;
};

// A door that a test holds shut while a thread stands in front of it.
class Door {
 public:
  void Shut() {
    MutexLock lock(mutex_);
    open_ = false;
  }
  void Open() {
    MutexLock lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void PassThrough() {
    MutexLock lock(mutex_);
    ++arrivals_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  bool WaitForArrivals(int count) {
    MutexLock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return arrivals_ >= count; });
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  bool open_ = true;
  int arrivals_ = 0;
};

inline LogEntryPointer MakeEntry(std::uint64_t index, std::uint64_t term, std::string data = "x") {
  return std::make_shared<const LogEntry>(LogEntry{.index = LogIndex(index),
                                                   .term = Term(term),
                                                   .kind = EntryKind::kCommand,
                                                   .log_time_ms = 0,
                                                   .data = std::move(data)});
}

// Remembers each batch; fails when told to.
class FakeStorage final : public Storage {
 public:
  absl::Status Persist(std::span<const PersistRequest> requests) override {
    door.PassThrough();
    if (!failure.ok()) return failure;
    std::vector<std::uint64_t> sequences;
    for (const PersistRequest& request : requests) sequences.push_back(request.sequence.value());
    batches.Write(std::move(sequences));
    return absl::OkStatus();
  }

  Door door;
  absl::Status failure;  // set before the thread starts
  Notebook<std::vector<std::uint64_t>> batches;
};

// A snapshot that is these bytes, each of them a key. Of a place only the offset counts.
class FakeSnapshotSource final : public SnapshotSource {
 public:
  FakeSnapshotSource(LogPosition last_included, std::string digest, std::string bytes)
      : bytes_(std::move(bytes)) {
    header_.last_included = last_included;
    header_.digest = std::move(digest);
    header_.key_count = bytes_.size();
  }
  const SnapshotHeader& header() const override { return header_; }
  absl::StatusOr<std::string> NextPiece(std::size_t bytes_max) override {
    std::string piece = bytes_.substr(offset_, bytes_max);
    offset_ += piece.size();
    return piece;
  }
  std::uint64_t keys_passed() const override { return offset_; }
  absl::Status GoTo(const SnapshotPlace& place) override {
    if (place.offset > bytes_.size()) return absl::InvalidArgumentError("it is shorter");
    offset_ = place.offset;
    return absl::OkStatus();
  }

 private:
  SnapshotHeader header_;
  const std::string bytes_;
  std::size_t offset_ = 0;
};

// Answers each command with "did <data>" and each read with its applied index.
class FakeStateMachine final : public KeyValueStore {
 public:
  FakeStateMachine() = default;
  explicit FakeStateMachine(LogPosition applied) : applied_(applied) {}

  ApplyOutcome Apply(std::span<const LogEntryPointer> entries) override {
    door.PassThrough();
    ApplyOutcome outcome;
    if (!failure.empty()) {
      outcome.failure = failure;
      return outcome;
    }
    std::vector<std::uint64_t> indexes;
    for (const LogEntryPointer& entry :
         entries.first(std::min(entries.size(), applied_at_once_max))) {
      outcome.results.push_back("did " + entry->data);
      applied_ = entry->position();
      indexes.push_back(entry->index.value());
    }
    batches.Write(std::move(indexes));
    return outcome;
  }
  LogPosition applied() const override { return applied_; }
  LogTimeMs log_time_ms() const override { return 0; }
  absl::Status Read(const v1::Query&, v1::ReadResponse* response) override {
    if (!read_failure.ok()) return read_failure;
    response->set_read_index(applied_.index.value());
    return absl::OkStatus();
  }
  std::string digest() const override { return std::to_string(applied_.index.value()); }
  absl::StatusOr<std::string> ScanDigest() override { return digest(); }
  std::uint64_t key_count() const override { return 0; }
  const IndexedConfiguration& configuration() const override { return configuration_; }
  absl::Status Checkpoint() override { return checkpoint_failure; }
  absl::StatusOr<std::unique_ptr<SnapshotSource>> OpenSnapshot() override {
    openings.Write(applied_.index.value());
    return std::make_unique<FakeSnapshotSource>(applied_, snapshot_digest, snapshot_bytes);
  }
  absl::Status CompleteInstall() override {
    completions.Write(applied_.index.value());
    return absl::OkStatus();
  }
  absl::Status MarkDiverged() override {
    if (!mark_failure.ok()) return mark_failure;
    marks.Write(applied_.index.value());
    diverged_ = true;
    return absl::OkStatus();
  }
  bool diverged() const override { return diverged_; }

  Door door;
  std::string failure;  // set before the thread starts
  std::size_t applied_at_once_max = 1000;
  absl::Status read_failure;  // set before the thread starts
  absl::Status checkpoint_failure;
  absl::Status mark_failure;
  std::string snapshot_bytes;
  std::string snapshot_digest;  // empty: a stream that breaks is not continued
  Notebook<std::uint64_t> openings;
  Notebook<std::uint64_t> completions;
  Notebook<std::uint64_t> marks;  // where it was applied when it was marked as diverged
  Notebook<std::vector<std::uint64_t>> batches;

 private:
  LogPosition applied_;
  bool diverged_ = false;
  const IndexedConfiguration configuration_{};
};

// Keeps what comes in memory. The bytes "damaged" are no snapshot.
class FakeInstaller final : public SnapshotInstaller {
 public:
  absl::StatusOr<std::unique_ptr<IncomingSnapshot>> Begin() override {
    if (!failure.ok()) return failure;
    steps.Write("begin");
    return std::make_unique<Incoming>(*this);
  }
  absl::StatusOr<std::unique_ptr<KeyValueStore>> Switch() override {
    if (!failure.ok()) return failure;
    steps.Write("switch");
    return std::make_unique<FakeStateMachine>(header.last_included);
  }
  void Discard() override { steps.Write("discard"); }
  void RemoveReplaced() override { removals.Write(stored.Read().size()); }

  absl::Status failure;            // set before the thread starts
  SnapshotHeader header;           // of whatever comes
  Notebook<std::string> steps;     // "begin", "finish", "drop" (before finish), "switch", "discard"
  Notebook<std::string> stored;    // the bytes of what was finished
  Notebook<std::size_t> removals;  // of replaced states: how many had been finished by then

 private:
  class Incoming final : public IncomingSnapshot {
   public:
    explicit Incoming(FakeInstaller& installer) : installer_(installer) {}
    ~Incoming() override {
      if (!finished_) installer_.steps.Write("drop");
    }
    absl::Status Add(std::string_view piece) override {
      if (piece == "damaged") return absl::DataLossError("checksum mismatch");
      bytes_.append(piece);
      ++pieces_;
      return absl::OkStatus();
    }
    std::optional<SnapshotPlace> place() const override {
      if (pieces_ == 0) return std::nullopt;
      return SnapshotPlace{.offset = bytes_.size(), .piece_count = pieces_, .last_key = {}};
    }
    absl::StatusOr<SnapshotHeader> Finish() override {
      finished_ = true;
      installer_.steps.Write("finish");
      installer_.stored.Write(bytes_);
      return installer_.header;
    }

   private:
    FakeInstaller& installer_;
    bool finished_ = false;
    std::string bytes_;
    std::uint64_t pieces_ = 0;
  };
};

class FakePeers final : public PeerOutlet {
 public:
  void BeginTurn() override {}
  void Reconfigure(const ConfigurationInForce& in_force) override {
    configurations.Write(in_force.index.value());
  }
  void SendRequest(OutgoingRequest request) override { requests.Write(request.to); }
  void SendResponse(OutgoingResponse response) override { responses.Write(response.to.peer); }
  void SendSnapshot(const SnapshotToSend& snapshot) override {
    snapshots.Write("send to " + std::to_string(snapshot.to.value()));
  }
  void StoreSnapshot(const SnapshotToStore& snapshot) override {
    snapshots.Write("store of " + std::to_string(snapshot.sender.peer.value()));
  }
  void AbandonSnapshots() override { snapshots.Write("abandon"); }
  void DiscardSnapshot() override { snapshots.Write("discard"); }

  Notebook<std::uint64_t> configurations;
  Notebook<ServerId> requests;
  Notebook<ServerId> responses;
  Notebook<std::string> snapshots;
};

// A client that writes down its answer: "applied 3: did x", "read at 3", "refused", "deadline",
// "deadline at 3", "shutdown", "handed over", "not handed over".
class FakeClient final : public ClientCall {
 public:
  explicit FakeClient(std::uint64_t min_applied_index = 0)
      : ClientCall(LogIndex(min_applied_index)) {}

  void OnApplied(LogPosition position, std::string result, const Standing&) override {
    answers.Write("applied " + std::to_string(position.index.value()) + ": " + result);
  }
  absl::Status OnReadable(KeyValueStore& state, LogIndex read_index, const Standing&) override {
    v1::ReadResponse response;
    absl::Status read = state.Read(v1::Query(), &response);
    if (read.ok()) answers.Write("read at " + std::to_string(read_index.value()));
    return read;
  }
  void OnRefused(const Refusal& refusal) override {
    last_refusal = refusal;
    answers.Write("refused");
  }
  void OnTransferEnded(const TransferEnded& ended) override {
    answers.Write(ended.outcome == TransferOutcome::kDone ? "handed over" : "not handed over");
  }
  void OnDeadlinePassed(std::optional<LogPosition> appended) override {
    answers.Write(appended ? "deadline at " + std::to_string(appended->index.value()) : "deadline");
  }
  void OnShuttingDown(std::optional<LogPosition>) override { answers.Write("shutdown"); }

  // The one answer, once it came.
  std::string Answer() const {
    if (!answers.WaitForCount(1)) return "no answer in time";
    const std::vector<std::string> all = answers.Read();
    return all.size() == 1 ? all.front() : "answered more than once";
  }
  bool answered() const { return !answers.Read().empty(); }

  Refusal last_refusal{};  // read it after Answer()
  Notebook<std::string> answers;
};

inline SteadyTime FarFuture() { return std::chrono::steady_clock::now() + std::chrono::hours(1); }
inline SteadyTime LongAgo() { return std::chrono::steady_clock::now() - std::chrono::hours(1); }

}  // namespace raft
