#include "tests/simulation/simulated_disk.h"

#include <cerrno>
#include <limits>
#include <utility>

#include "persistence/status_conversion.h"

namespace raft::simulation {
namespace {

constexpr std::uint64_t kFreeBytes = std::uint64_t{1} << 40;

absl::Status ToStatus(const std::string& operation, const std::string& path, int error_number) {
  if (error_number == 0) return absl::OkStatus();
  return ErrnoStatus(operation, path, error_number);
}

class SimulatedFile final : public DiskFile {
 public:
  SimulatedFile(DiskOperations& disk, const ProcessLife& life, std::string path, FilePointer file)
      : disk_(disk), life_(life), path_(std::move(path)), file_(std::move(file)) {}

  absl::Status WriteAndSync(std::string_view bytes) override {
    if (life_.is_over()) return ToStatus("write", path_, EIO);
    const int error_number = disk_.Overwrite(path_, *file_, bytes);
    return error_number == 0 ? Sync() : ToStatus("write", path_, error_number);
  }

  absl::Status TruncateAndSync(std::uint64_t bytes) override {
    if (life_.is_over()) return ToStatus("truncate", path_, EIO);
    const int error_number = disk_.Truncate(path_, *file_, bytes);
    return error_number == 0 ? Sync() : ToStatus("truncate", path_, error_number);
  }

 private:
  absl::Status Sync() { return ToStatus("sync", path_, disk_.Sync(path_, *file_)); }

  DiskOperations& disk_;
  const ProcessLife& life_;
  const std::string path_;
  const FilePointer file_;
};

class SimulatedLock final : public DiskLock {
 public:
  SimulatedLock(ProcessLife& life, std::string path) : life_(life), path_(std::move(path)) {}
  ~SimulatedLock() override { life_.Unlock(path_); }

 private:
  ProcessLife& life_;
  const std::string path_;
};

class SimulatedWorker final : public BackgroundWorker {
 public:
  explicit SimulatedWorker(ProcessLife& life) : life_(life) {}

  void Schedule(void (*work)(void*), void* argument) override { life_.Schedule(work, argument); }
  bool has_thread() const override { return false; }
  void Settle() override { life_.DoScheduledWork(); }

 private:
  ProcessLife& life_;
};

}  // namespace

SimulatedDisk::SimulatedDisk(std::uint64_t seed) : operations_(seed), incarnations_(~seed) {
  BeginLife();
}

void SimulatedDisk::BeginLife() {
  operations_.faults().RestorePower();
  lives_.push_back(std::make_unique<Life>(operations_));
  life_ = lives_.back().get();
}

void SimulatedDisk::PowerLoss() {
  life_->process.End();
  operations_.LosePower();
  BeginLife();
}

void SimulatedDisk::ProcessExit() {
  life_->process.End();
  BeginLife();
}

void SimulatedDisk::Wipe(const std::string& directory) {
  DiskContents& contents = operations_.contents();
  for (const DirectoryMember& member : contents.List(directory)) {
    contents.Remove(directory + "/" + member.name);
  }
  contents.SyncDirectory(directory);
}

std::unique_ptr<BackgroundWorker> SimulatedDisk::NewBackgroundWorker() {
  return std::make_unique<SimulatedWorker>(life_->process);
}

absl::StatusOr<PathKind> SimulatedDisk::LookAt(const std::string& path) {
  if (operations_.contents().HasDirectory(path)) return PathKind::kDirectory;
  return operations_.contents().FindFile(path) ? PathKind::kFile : PathKind::kAbsent;
}

absl::StatusOr<std::string> SimulatedDisk::ReadFile(const std::string& path) {
  const FilePointer file = operations_.contents().FindFile(path);
  if (file == nullptr) {
    return absl::NotFoundError("cannot open " + path + ": it does not exist");
  }
  return file->bytes();
}

std::vector<DirectoryMember> SimulatedDisk::List(const std::string& directory) {
  return operations_.contents().List(directory);
}

std::uint64_t SimulatedDisk::FreeBytes(const std::string&) {
  return operations_.faults().is_full() ? 0 : kFreeBytes;
}

absl::StatusOr<std::unique_ptr<DiskFile>> SimulatedDisk::OpenFile(const std::string& path,
                                                                  OldContents old_contents) {
  FilePointer file;
  int error_number = operations_.Open(path, &file);
  const bool drops = old_contents == OldContents::kDropped;
  if (error_number == 0 && drops && !file->bytes().empty()) {
    error_number = operations_.Truncate(path, *file, 0);
  }
  if (error_number != 0) return ToStatus("open", path, error_number);
  return std::make_unique<SimulatedFile>(operations_, life_->process, path, std::move(file));
}

absl::Status SimulatedDisk::Rename(const std::string& from, const std::string& to) {
  return ToStatus("rename " + from + " to", to, operations_.Rename(from, to));
}

absl::Status SimulatedDisk::CreateDirectory(const std::string& path) {
  const int error_number = operations_.CreateDirectory(path);
  if (error_number != 0 && error_number != EEXIST)
    return ToStatus("create directory", path, error_number);
  return SyncDirectory(path.substr(0, path.rfind('/')));
}

absl::Status SimulatedDisk::SyncDirectory(const std::string& path) {
  return ToStatus("sync directory", path, operations_.SyncDirectory(path));
}

absl::StatusOr<std::unique_ptr<DiskLock>> SimulatedDisk::LockDirectory(const std::string& path) {
  FilePointer file;
  const std::string lock_path = path + "/LOCK";
  const int error_number = operations_.Open(lock_path, &file);
  if (error_number != 0) return ToStatus("open", lock_path, error_number);
  if (!life_->process.Lock(path)) {
    return absl::FailedPreconditionError("cannot lock data directory " + path +
                                         ": this process uses it already");
  }
  return std::make_unique<SimulatedLock>(life_->process, path);
}

std::uint64_t SimulatedDisk::DrawRandom() {
  constexpr std::uint32_t kMax = std::numeric_limits<std::uint32_t>::max();
  const std::uint64_t high = incarnations_.Between(0, kMax);
  return high << 32 | incarnations_.Between(0, kMax);
}

}  // namespace raft::simulation
