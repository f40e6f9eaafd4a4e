#include "persistence/database.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "leveldb/write_batch.h"
#include "persistence/status_conversion.h"
#include "persistence/write_ahead_scan.h"

namespace raft {
namespace {

constexpr int kBloomBitsPerKey = 10;
// Tables are mapped into memory while they are open; this bounds how many are.
constexpr int kOpenFilesMax = 128;
constexpr std::size_t kTableBytes = 4 << 20;

}  // namespace

Database::Database(Disk& disk, std::string path, const DatabaseOptions& options)
    : path_(std::move(path)),
      env_(disk),
      block_cache_(leveldb::NewLRUCache(options.block_cache_bytes)),
      filter_(options.point_reads ? leveldb::NewBloomFilterPolicy(kBloomBitsPerKey) : nullptr) {}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(Disk& disk, const std::string& path,
                                                         const DatabaseOptions& options) {
  if (options.create) {
    if (absl::Status status = disk.CreateDirectory(path); !status.ok()) return status;
  } else if (!DatabaseExists(disk, path)) {
    return absl::NotFoundError("cannot open database " + path + ": it is not there");
  }
  if (absl::Status status = TakeBackZeroedTails(disk, path); !status.ok()) return status;
  std::unique_ptr<Database> database(new Database(disk, path, options));
  leveldb::Options settings;
  settings.create_if_missing = options.create;
  settings.paranoid_checks = true;
  settings.env = &database->env_;
  settings.write_buffer_size = options.write_buffer_bytes;
  settings.max_open_files = kOpenFilesMax;
  settings.max_file_size = kTableBytes;
  settings.block_cache = database->block_cache_.get();
  settings.compression = leveldb::kNoCompression;
  settings.filter_policy = database->filter_.get();
  leveldb::DB* db = nullptr;
  const leveldb::Status opened = leveldb::DB::Open(settings, path, &db);
  database->db_.reset(db);
  if (!opened.ok()) return FromLevelDb("open database", path, opened);
  // A write-ahead file that was removed because its end was torn or never synced must not come back
  // in a power loss, beside what its successor will hold.
  if (absl::Status status = disk.SyncDirectory(path); !status.ok()) return status;
  database->env_.Settle();
  return database;
}

Database::~Database() { env_.Settle(); }

leveldb::ReadOptions Database::Verified(bool whole_table) {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = !whole_table;
  return options;
}

absl::Status Database::Write(leveldb::WriteBatch* batch, bool sync) {
  if (!failure_.ok()) return failure_;
  leveldb::WriteOptions options;
  options.sync = sync;
  const leveldb::Status written = db_->Write(options, batch);
  // The Env knows the file and the first cause; LevelDB may have told nobody (trap E4).
  failure_ = env_.failure();
  if (failure_.ok() && !written.ok()) failure_ = FromLevelDb("write to", path_, written);
  return failure_;
}

bool DatabaseExists(Disk& disk, const std::string& path) { return disk.Exists(path + "/CURRENT"); }

absl::Status RemoveDatabase(leveldb::Env& env, const std::string& path) {
  std::vector<std::string> names;
  // A directory that cannot be listed is absent, or its removal will say what is wrong with it.
  env.GetChildren(path, &names);
  std::partition(names.begin(), names.end(),
                 [](const std::string& name) { return name == "CURRENT"; });
  for (const std::string& name : names) {
    if (name == "." || name == "..") continue;
    const std::string file = path + "/" + name;
    const leveldb::Status removed = env.RemoveFile(file);
    if (!removed.ok() && !removed.IsNotFound()) return FromLevelDb("remove", file, removed);
  }
  const leveldb::Status removed = env.RemoveDir(path);
  return removed.IsNotFound() ? absl::OkStatus() : FromLevelDb("remove", path, removed);
}

}  // namespace raft
