#include "tests/simulation/storage_story.h"

#include <algorithm>
#include <utility>

#include "persistence/leveldb_key_value_store.h"
#include "tests/simulation/stored_server.h"

namespace raft::simulation {
namespace {

bool AreEqual(const std::vector<LogEntryPointer>& a, const std::vector<LogEntryPointer>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const LogEntryPointer& left, const LogEntryPointer& right) {
                      return left->position() == right->position() && left->kind == right->kind &&
                             left->log_time_ms == right->log_time_ms && left->data == right->data;
                    });
}

std::string Text(const Promise& promise, const std::vector<LogEntryPointer>& log) {
  return "term " + std::to_string(promise.current_term.value()) + ", vote " +
         std::to_string(promise.voted_for.value_or(ServerId(0)).value()) + ", log of " +
         std::to_string(log.size()) + " entries up to term " +
         std::to_string(log.empty() ? 0 : log.back()->term.value());
}

}  // namespace

StorageStory::StorageStory(std::uint64_t seed, Trouble trouble)
    : seed_(seed), trouble_(trouble), random_(seed), disk_(seed) {
  if (OneIn(64)) value_bytes_max_ = 400'000;  // so that whole tables are written while it works
}

void StorageStory::Problem(const std::string& what) {
  if (problem_.empty()) {
    problem_ = "RAFT_TEST_SEED=" + std::to_string(seed_) + ", start " + std::to_string(starts_) +
               ", operation " + std::to_string(disk_.operations()) + ": " + what;
  }
}

void StorageStory::LiveOnce() {
  if (!problem_.empty() || !refusal_.empty()) return;
  PlanTrouble();
  if (Start()) Work();
  End();
}

void StorageStory::PlanTrouble() {
  ++lives_;
  const std::uint64_t operations = random_.Between(1, 1u << random_.Between(0, 9));
  if (trouble_ == Trouble::kCrash) {
    if (!OneIn(4)) disk_.CutPowerAfter(operations);
    return;
  }
  if (lives_ % 2 == 0) return;  // every other life is on a healed disk
  const auto operation = static_cast<DiskOperation>(random_.Between(0, kDiskOperations - 1));
  if (OneIn(8)) {
    disk_.Fill();
  } else {
    disk_.Fail(operation, operations / 4, OneIn(2) ? FaultLasts::kOnce : FaultLasts::kForEver);
  }
}

bool StorageStory::Start() {
  ++starts_;
  const std::uint64_t failures_before = disk_.failures();
  const absl::Status opened = OpenEverything();
  if (!opened.ok()) {
    const bool is_excused = disk_.has_lost_power() || disk_.failures() != failures_before;
    if (is_excused) return false;
    if (disk_.failures() == 0)
      Problem("refused although the disk did nothing wrong: " + std::string(opened.message()));
    if (opened.message().empty()) Problem("refused without a reason");
    refusal_ = std::string(opened.message());
    return false;
  }
  CheckRecovered(*server_);
  CheckState(*server_->state);
  return problem_.empty();
}

absl::Status StorageStory::OpenEverything() {
  absl::StatusOr<std::unique_ptr<DataDirectory>> directory = OpenServerDirectory(disk_);
  if (!directory.ok()) return directory.status();
  directory_ = *std::move(directory);
  CheckIdentity(directory_->identity());
  absl::Status adopted = directory_->AdoptFounding(FoundingOf(incarnation_));
  if (!adopted.ok()) return adopted;
  founded_ = true;
  absl::StatusOr<OpenedServer> server = directory_->OpenServer();
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  return absl::OkStatus();
}

void StorageStory::CheckIdentity(const Identity& found) {
  if (incarnation_ != 0 && found.incarnation != incarnation_) {
    Problem("it forgot its incarnation");
  }
  if (founded_ && found.is_forming()) Problem("it forgot its founding");
  incarnation_ = found.incarnation;
}

void StorageStory::CheckRecovered(const OpenedServer& opened) {
  const Promise& promise = opened.recovered.promise;
  const std::vector<LogEntryPointer>& log = opened.recovered.entries;
  const bool old_promise = promise == promise_;
  const bool new_promise = under_way_ && promise == under_way_->promise;
  const bool old_log = AreEqual(log, log_);
  const bool new_log = under_way_ && AreEqual(log, under_way_->log);
  if (!(old_promise && old_log) && !(new_promise && (old_log || new_log))) {
    Problem("found " + Text(promise, log) + ", acknowledged was " + Text(promise_, log_) +
            (under_way_ ? ", under way was " + Text(under_way_->promise, under_way_->log) : ""));
  }
  if (under_way_ && new_log && !old_log) ++calls_that_came_back_;
  promise_ = promise;
  log_ = log;
  under_way_.reset();
}

void StorageStory::CheckState(KeyValueStore& state) {
  const LogIndex applied = state.applied().index;
  if (states_.count(applied) == 0) {
    return Problem("the state is at index " + std::to_string(applied.value()) +
                   ", where no batch ended; allowed from " +
                   std::to_string(states_.begin()->value()) + " to " +
                   std::to_string(states_.rbegin()->value()));
  }
  if (everything_written_stayed_ && applied < applied_) {
    Problem("the state forgot what was applied although the power stayed");
  }
  const absl::StatusOr<std::string> scanned = state.ScanDigest();
  if (!scanned.ok() || *scanned != DigestAt(applied) || state.digest() != *scanned) {
    Problem("the state at index " + std::to_string(applied.value()) +
            " does not hold what was applied");
  }
  // A start leaves what it found in synced tables.
  states_ = {applied};
  applied_ = applied;
  everything_written_stayed_ = true;
}

const std::string& StorageStory::DigestAt(LogIndex index) {
  const FoundingConfiguration founding = FoundingOf(incarnation_);
  if (reference_ == nullptr) {
    constexpr char kState[] = "/state";
    const absl::Status created = LevelDbKeyValueStore::Create(reference_disk_, kState, founding);
    if (!created.ok()) Problem("the reference has a problem: " + std::string(created.message()));
    reference_ = LevelDbKeyValueStore::Open(reference_disk_, kState, founding.cluster_id).value();
    digests_[LogIndex(0)] = reference_->digest();
  }
  while (reference_->applied().index < index) {
    const LogEntryPointer& next = log_[reference_->applied().index.value()];
    if (reference_->Apply({&next, 1}).failure) Problem("the reference cannot apply an entry");
    digests_[next->index] = reference_->digest();
  }
  return digests_[index];
}

void StorageStory::Work() {
  const std::uint32_t steps = random_.Between(0, 60);
  for (std::uint32_t step = 0; step < steps && !disk_.has_lost_power(); ++step) {
    const std::uint32_t choice = random_.Between(0, 9);
    if (choice < 6) {
      PersistSomething();
    } else if (choice < 9) {
      ApplySomething();
    } else {
      Checkpoint();
    }
  }
}

void StorageStory::PersistSomething() {
  Known after{.promise = promise_, .log = log_};
  std::vector<PersistRequest> requests;
  const std::uint32_t count = random_.Between(1, 3);
  while (requests.size() < count) requests.push_back(DrawRequest(&after));
  const bool succeeded = server_->storage->Persist(requests).ok();
  ExpectFailure(persist_failed_, succeeded, "Persist");
  if (succeeded) {
    promise_ = after.promise;
    log_ = std::move(after.log);
  } else if (!persist_failed_) {
    persist_failed_ = true;
    under_way_ = std::move(after);
  }
}

PersistRequest StorageStory::DrawRequest(Known* after) {
  PersistRequest request = testing::Append({});
  if (after->promise.current_term == Term(0) || OneIn(5)) {
    after->promise = {.current_term = after->promise.current_term.Next(),
                      .voted_for = OneIn(2) ? std::nullopt : std::optional(ServerId(2))};
    request.promise = after->promise;
  }
  if (after->log.size() > committed_.value() && OneIn(5)) {
    const auto from = random_.Between(static_cast<std::uint32_t>(committed_.value() + 1),
                                      static_cast<std::uint32_t>(after->log.size()));
    request.truncate_from = LogIndex(from);
    after->log.resize(from - 1);
  }
  const std::uint32_t count = OneIn(4) ? 0 : random_.Between(1, 4);
  for (std::uint32_t added = 0; added < count; ++added) {
    request.entries.push_back(DrawEntry(after->log.size() + 1, after->promise.current_term));
    after->log.push_back(request.entries.back());
  }
  return request;
}

LogEntryPointer StorageStory::DrawEntry(std::uint64_t index, Term term) {
  if (OneIn(8)) return testing::MakeNoOp(index, term.value());
  if (OneIn(12)) {
    return testing::MakeConfigurationEntry(index, term.value(), random_.Between(1, 5));
  }
  const std::string key = "key " + std::to_string(random_.Between(1, 12));
  const auto filling = static_cast<char>(random_.Between(0, 255));
  const std::string value(random_.Between(0, value_bytes_max_), filling);
  const raft::v1::Command command =
      OneIn(5) ? testing::DeleteCommand(key) : testing::PutCommand(key, value);
  return testing::MakeEntry(index, term.value(), command.SerializeAsString());
}

void StorageStory::ApplySomething() {
  const std::uint64_t first = applied_.value();
  const std::uint64_t last = std::min<std::uint64_t>(log_.size(), first + random_.Between(1, 6));
  // What is on disk only perhaps is not committed.
  if (first == last || persist_failed_) return;
  committed_ = std::max(committed_, LogIndex(last));
  const std::span<const LogEntryPointer> entries(log_.data() + first, last - first);
  const bool succeeded = !server_->state->Apply(entries).failure.has_value();
  ExpectFailure(apply_failed_, succeeded, "Apply");
  if (!apply_failed_) states_.insert(LogIndex(last));
  if (succeeded) {
    applied_ = LogIndex(last);
  } else {
    apply_failed_ = true;
  }
}

void StorageStory::Checkpoint() {
  const bool succeeded = server_->state->Checkpoint().ok();
  ExpectFailure(apply_failed_, succeeded, "Checkpoint");
  if (succeeded) {
    states_ = {applied_};
  } else {
    apply_failed_ = true;
  }
}

void StorageStory::ExpectFailure(bool failed_before, bool succeeded, const char* call) {
  if (succeeded && failed_before) Problem(std::string(call) + " succeeded after a failure");
  if (succeeded && disk_.has_lost_power()) {
    Problem(std::string(call) + " succeeded although the power went");
  }
  if (!succeeded && !failed_before && !disk_.has_lost_power() && disk_.failures() == 0) {
    Problem(std::string(call) + " failed although the disk did nothing wrong");
  }
  if (!succeeded && !failed_before && disk_.has_lost_power()) ++cuts_inside_a_call_;
}

void StorageStory::End() {
  const bool closes_before = OneIn(2);
  if (closes_before) Close();
  if (OneIn(2)) {
    disk_.PowerLoss();
    everything_written_stayed_ = false;
  } else {
    disk_.ProcessExit();
  }
  Close();
  disk_.Heal();
}

void StorageStory::Close() {
  server_.reset();
  directory_.reset();
  persist_failed_ = false;
  apply_failed_ = false;
}

}  // namespace raft::simulation
