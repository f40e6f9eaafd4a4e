#include "tests/simulation/simulated_env.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

namespace raft::simulation {
namespace {

leveldb::Status ToStatus(const std::string& path, int error_number) {
  if (error_number == 0) return leveldb::Status::OK();
  const std::string cause = std::generic_category().message(error_number);
  return error_number == ENOENT ? leveldb::Status::NotFound(path, cause)
                                : leveldb::Status::IOError(path, cause);
}

// Reads at most `count` bytes at `offset` into `scratch`: what a file holds may change later.
leveldb::Status ReadAt(const FileContents& file, std::uint64_t offset, std::size_t count,
                       leveldb::Slice* result, char* scratch) {
  const std::string& bytes = file.bytes();
  const std::size_t start = std::min<std::size_t>(bytes.size(), offset);
  const std::size_t length = std::min(count, bytes.size() - start);
  std::memcpy(scratch, bytes.data() + start, length);
  *result = leveldb::Slice(scratch, length);
  return leveldb::Status::OK();
}

class SequentialFile final : public leveldb::SequentialFile {
 public:
  explicit SequentialFile(FilePointer file) : file_(std::move(file)) {}

  leveldb::Status Read(std::size_t count, leveldb::Slice* result, char* scratch) override {
    leveldb::Status status = ReadAt(*file_, offset_, count, result, scratch);
    offset_ += result->size();
    return status;
  }
  leveldb::Status Skip(std::uint64_t count) override {
    offset_ += count;
    return leveldb::Status::OK();
  }

 private:
  const FilePointer file_;
  std::uint64_t offset_ = 0;
};

class RandomAccessFile final : public leveldb::RandomAccessFile {
 public:
  explicit RandomAccessFile(FilePointer file) : file_(std::move(file)) {}

  leveldb::Status Read(std::uint64_t offset, std::size_t count, leveldb::Slice* result,
                       char* scratch) const override {
    return ReadAt(*file_, offset, count, result, scratch);
  }

 private:
  const FilePointer file_;
};

class WritableFile final : public leveldb::WritableFile {
 public:
  WritableFile(DiskOperations& disk, ProcessLife& life, std::string path, FilePointer file)
      : disk_(disk), life_(life), path_(std::move(path)), file_(std::move(file)) {}

  leveldb::Status Append(const leveldb::Slice& bytes) override {
    // LevelDB appends with none of its locks held, but for a start, when nothing is scheduled yet.
    life_.BeforeAppend(bytes.size());
    if (life_.is_over()) return ToStatus(path_, EIO);
    return ToStatus(path_, disk_.Append(path_, *file_, {bytes.data(), bytes.size()}));
  }
  leveldb::Status Sync() override {
    if (life_.is_over()) return ToStatus(path_, EIO);
    return ToStatus(path_, disk_.Sync(path_, *file_));
  }
  leveldb::Status Flush() override { return leveldb::Status::OK(); }
  leveldb::Status Close() override { return leveldb::Status::OK(); }

 private:
  DiskOperations& disk_;
  ProcessLife& life_;
  const std::string path_;
  const FilePointer file_;
};

class FileLock final : public leveldb::FileLock {
 public:
  explicit FileLock(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

}  // namespace

template <typename Operation>
leveldb::Status SimulatedEnv::Try(const std::string& path, Operation operation) {
  return ToStatus(path, life_.is_over() ? EIO : operation());
}

leveldb::Status SimulatedEnv::NewSequentialFile(const std::string& path,
                                                leveldb::SequentialFile** file) {
  const FilePointer found = disk_.contents().FindFile(path);
  *file = found ? new SequentialFile(found) : nullptr;
  return ToStatus(path, found ? 0 : ENOENT);
}

leveldb::Status SimulatedEnv::NewRandomAccessFile(const std::string& path,
                                                  leveldb::RandomAccessFile** file) {
  const FilePointer found = disk_.contents().FindFile(path);
  *file = found ? new RandomAccessFile(found) : nullptr;
  return ToStatus(path, found ? 0 : ENOENT);
}

leveldb::Status SimulatedEnv::NewWritableFile(const std::string& path,
                                              leveldb::WritableFile** file) {
  return OpenForWriting(path, /*drops_contents=*/true, file);
}

leveldb::Status SimulatedEnv::NewAppendableFile(const std::string& path,
                                                leveldb::WritableFile** file) {
  return OpenForWriting(path, /*drops_contents=*/false, file);
}

leveldb::Status SimulatedEnv::OpenForWriting(const std::string& path, bool drops_contents,
                                             leveldb::WritableFile** file) {
  *file = nullptr;
  FilePointer opened;
  leveldb::Status status = Try(path, [&] {
    if (const int error_number = disk_.Open(path, &opened); error_number != 0) return error_number;
    const bool drops = drops_contents && !opened->bytes().empty();
    return drops ? disk_.Truncate(path, *opened, 0) : 0;
  });
  if (status.ok()) *file = new WritableFile(disk_, life_, path, opened);
  return status;
}

bool SimulatedEnv::FileExists(const std::string& path) {
  return disk_.contents().FindFile(path) != nullptr;
}

leveldb::Status SimulatedEnv::GetChildren(const std::string& path,
                                          std::vector<std::string>* names) {
  names->clear();
  for (const DirectoryMember& member : disk_.contents().List(path)) names->push_back(member.name);
  return ToStatus(path, disk_.contents().HasDirectory(path) ? 0 : ENOENT);
}

leveldb::Status SimulatedEnv::RemoveFile(const std::string& path) {
  return Try(path, [&] { return disk_.Remove(path); });
}

leveldb::Status SimulatedEnv::CreateDir(const std::string& path) {
  return Try(path, [&] { return disk_.CreateDirectory(path); });
}

leveldb::Status SimulatedEnv::RemoveDir(const std::string& path) {
  return Try(path, [&] { return disk_.RemoveDirectory(path); });
}

leveldb::Status SimulatedEnv::GetFileSize(const std::string& path, std::uint64_t* size) {
  const FilePointer found = disk_.contents().FindFile(path);
  *size = found ? found->bytes().size() : 0;
  return ToStatus(path, found ? 0 : ENOENT);
}

leveldb::Status SimulatedEnv::RenameFile(const std::string& from, const std::string& to) {
  return Try(from, [&] { return disk_.Rename(from, to); });
}

leveldb::Status SimulatedEnv::LockFile(const std::string& path, leveldb::FileLock** lock) {
  *lock = nullptr;
  FilePointer file;
  leveldb::Status opened = Try(path, [&] { return disk_.Open(path, &file); });
  if (!opened.ok()) return opened;
  if (!life_.Lock(path)) return leveldb::Status::IOError(path, "somebody holds this lock");
  *lock = new FileLock(path);
  return leveldb::Status::OK();
}

leveldb::Status SimulatedEnv::UnlockFile(leveldb::FileLock* lock) {
  const std::unique_ptr<FileLock> held(static_cast<FileLock*>(lock));
  life_.Unlock(held->path());
  return leveldb::Status::OK();
}

leveldb::Status SimulatedEnv::GetTestDirectory(std::string* path) {
  return leveldb::Status::NotSupported(*path, "there is no directory for tests");
}

leveldb::Status SimulatedEnv::NewLogger(const std::string& path, leveldb::Logger** logger) {
  *logger = nullptr;
  return leveldb::Status::NotSupported(path, "messages are not kept");
}

}  // namespace raft::simulation
