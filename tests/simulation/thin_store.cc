#include "tests/simulation/thin_store.h"

#include "core/check.h"
#include "tests/simulation/thin_installer.h"

namespace raft::simulation {
namespace {

// FNV-1a.
std::uint64_t HashOf(std::string_view bytes, std::uint64_t hash = 14'695'981'039'346'656'037u) {
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 1'099'511'628'211u;
  }
  return hash;
}

std::uint64_t HashOf(const raft::v1::KeyValue& item) {
  std::uint64_t hash = HashOf(item.value(), HashOf(item.key()));
  hash ^= item.created_revision() * 3 + item.modified_revision() * 5 + item.version() * 7;
  return hash * 0x9E3779B97F4A7C15u;
}

std::string ResultOf(const raft::v1::CommandResult& result) { return result.SerializeAsString(); }

}  // namespace

ThinStore::ThinStore(ThinDisk& disk, Dice& dice)
    : disk_(disk), dice_(dice), state_(disk.checkpoint) {
  for (LogIndex index = state_.applied.index.Next(); index <= disk.applied.index;
       index = index.Next()) {
    Execute(*disk.At(index));
  }
}

LogPosition ThinStore::applied() const { return disk_.applied; }

ApplyOutcome ThinStore::Apply(std::span<const LogEntryPointer> entries) {
  ApplyOutcome outcome;
  // Not synced, so a power cut takes it as a whole; a disk that fails says so.
  bool done_by_half = false;
  if (!disk_.Step(dice_, &done_by_half)) {
    outcome.failure = "cannot write the state: the disk is broken";
    return outcome;
  }
  for (const LogEntryPointer& entry : entries) {
    RAFT_CHECK(entry->index == disk_.applied.index.Next(),
               "State Machine Safety: entries are applied in order, each once");
    outcome.results.push_back(Execute(*entry));
    disk_.applied = entry->position();
  }
  return outcome;
}

std::string ThinStore::Execute(const LogEntry& entry) {
  state_.log_time_ms = entry.log_time_ms;
  state_.applied = entry.position();
  if (entry.kind == EntryKind::kConfiguration) {
    auto configuration = ClusterConfiguration::Decode(entry.data);
    RAFT_CHECK(configuration.has_value(), "only configurations are appended as one");
    state_.configuration = {.index = entry.index, .configuration = *std::move(configuration)};
  }
  if (entry.kind != EntryKind::kCommand) return {};
  RAFT_CHECK(command_.ParseFromString(entry.data), "a simulated client sends commands");
  const std::uint64_t revision = entry.index.value();
  raft::v1::CommandResult result;
  if (command_.has_put()) {
    Put(command_.put().key(), command_.put().value(), revision);
    result.mutable_put()->set_revision(revision);
    return ResultOf(result);
  }
  if (command_.has_delete_()) {
    result.mutable_delete_()->set_deleted(Delete(command_.delete_().key()) ? 1 : 0);
    return ResultOf(result);
  }
  const raft::v1::CompareAndSet& swap = command_.compare_and_set();
  const auto found = state_.items.find(swap.key());
  const std::uint64_t current = found == state_.items.end() ? 0 : found->second.modified_revision();
  const bool succeeds = current == swap.expected_revision();
  result.mutable_compare_and_set()->set_succeeded(succeeds);
  if (succeeds) {
    Put(swap.key(), swap.value(), revision);
    result.mutable_compare_and_set()->set_revision(revision);
  } else if (found != state_.items.end()) {
    *result.mutable_compare_and_set()->mutable_current() = found->second;
  }
  return ResultOf(result);
}

void ThinStore::Put(const std::string& key, const std::string& value, std::uint64_t revision) {
  raft::v1::KeyValue& item = state_.items[key];
  if (item.version() != 0) state_.records_hash -= HashOf(item);
  item.set_key(key);
  item.set_value(value);
  if (item.created_revision() == 0) item.set_created_revision(revision);
  item.set_modified_revision(revision);
  item.set_version(item.version() + 1);
  state_.records_hash += HashOf(item);
}

bool ThinStore::Delete(const std::string& key) {
  const auto found = state_.items.find(key);
  if (found == state_.items.end()) return false;
  state_.records_hash -= HashOf(found->second);
  state_.items.erase(found);
  return true;
}

absl::Status ThinStore::Read(const raft::v1::Query& query, raft::v1::ReadResponse* response) {
  RAFT_CHECK(query.has_get(), "a simulated client reads key by key");
  const auto found = state_.items.find(query.get().key());
  if (found != state_.items.end()) *response->add_items() = found->second;
  return absl::OkStatus();
}

std::string ThinStore::digest() const {
  return std::to_string(state_.records_hash + disk_.distortion +
                        static_cast<std::uint64_t>(state_.log_time_ms) * 11 +
                        disk_.applied.index.value() * 13 + disk_.applied.term.value() * 17 +
                        state_.configuration.index.value() * 19 +
                        HashOf(state_.configuration.configuration.Encode()));
}

absl::Status ThinStore::Checkpoint() {
  bool done_by_half = false;
  if (!disk_.Step(dice_, &done_by_half)) return absl::UnavailableError("the disk is broken");
  disk_.checkpoint = state_;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<SnapshotSource>> ThinStore::OpenSnapshot() {
  return std::unique_ptr<SnapshotSource>(std::make_unique<ThinSource>(state_, digest()));
}

absl::Status ThinStore::CompleteInstall() {
  bool done_by_half = false;
  if (!disk_.Step(dice_, &done_by_half)) return absl::UnavailableError("the disk is broken");
  disk_.log_must_follow = false;
  return absl::OkStatus();
}

absl::Status ThinStore::MarkDiverged() {
  disk_.state_is_diverged = true;
  return absl::OkStatus();
}

}  // namespace raft::simulation
