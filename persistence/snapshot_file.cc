#include "persistence/snapshot_file.h"

#include <algorithm>
#include <utility>

#include "persistence/byte_order.h"
#include "persistence/checksum.h"
#include "persistence/status_conversion.h"

namespace raft {
namespace {

constexpr std::string_view kMagic = "RAFTBACK";
constexpr std::uint8_t kVersion = 1;
// Magic, version, cluster id, checksum.
constexpr std::size_t kFileHeadBytes = kMagic.size() + 1 + kClusterIdBytes + sizeof(std::uint64_t);
// No command is larger than 64 MiB (service/options.h), so no record and no piece comes near this.
constexpr std::uint64_t kPieceBytesMax = 128 << 20;
// So that a length that rotted asks for no more memory than the file has bytes.
constexpr std::size_t kReadBytes = 1 << 20;

std::string EncodeFileHead(const ClusterId& cluster_id) {
  std::string bytes(kMagic);
  bytes.push_back(static_cast<char>(kVersion));
  bytes += cluster_id;
  AppendUint64(&bytes, Checksum64(bytes));
  return bytes;
}

absl::StatusOr<ClusterId> DecodeFileHead(std::string_view bytes) {
  if (!bytes.starts_with(kMagic.substr(0, std::min(bytes.size(), kMagic.size())))) {
    return absl::InvalidArgumentError("it is no snapshot file");
  }
  if (bytes.size() < kFileHeadBytes) return absl::DataLossError("it is cut short in its head");
  const std::string_view covered = bytes.substr(0, kFileHeadBytes - sizeof(std::uint64_t));
  if (Checksum64(covered) != LoadUint64(bytes.data() + covered.size())) {
    return absl::DataLossError("the checksum of its head is wrong, it is damaged");
  }
  const auto version = static_cast<std::uint8_t>(bytes[kMagic.size()]);
  if (version != kVersion) {
    return absl::InvalidArgumentError("its format version is " + std::to_string(version) +
                                      ", this program knows " + std::to_string(kVersion) +
                                      "; use the program version that wrote it");
  }
  return ClusterId(covered.substr(kMagic.size() + 1));
}

std::string DirectoryOf(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Of a name that two writers of one file do not share.
std::string TemporaryPath(Disk& disk, const std::string& path) {
  std::string random;
  AppendUint64(&random, disk.DrawRandom());
  return path + ".partial-" + FormatHexadecimal(random);
}

}  // namespace

SnapshotFileWriter::SnapshotFileWriter(Disk& disk, std::string path)
    : disk_(disk), path_(std::move(path)), temporary_path_(TemporaryPath(disk, path_)) {}

absl::StatusOr<std::unique_ptr<SnapshotFileWriter>> SnapshotFileWriter::Create(
    const std::string& path, Disk& disk, ExistingFile existing) {
  const absl::StatusOr<PathKind> found = disk.LookAt(path);
  if (!found.ok()) return found.status();
  if (*found != PathKind::kAbsent && existing == ExistingFile::kRefused) {
    return absl::AlreadyExistsError("cannot write snapshot " + path +
                                    ": there is something of that name, and it is not to be "
                                    "replaced");
  }
  if (*found != PathKind::kAbsent && *found != PathKind::kFile) {
    return absl::InvalidArgumentError("cannot write snapshot " + path + ": it is a directory");
  }
  std::unique_ptr<SnapshotFileWriter> writer(new SnapshotFileWriter(disk, path));
  leveldb::WritableFile* file = nullptr;
  absl::Status created = FromLevelDb("create", writer->temporary_path_,
                                     disk.env().NewWritableFile(writer->temporary_path_, &file));
  if (!created.ok()) return created;
  writer->file_.reset(file);
  return writer;
}

SnapshotFileWriter::~SnapshotFileWriter() {
  if (has_its_name_ || file_ == nullptr) return;
  file_.reset();
  // What stays has a name that says what it is.
  disk_.env().RemoveFile(temporary_path_);
}

absl::Status SnapshotFileWriter::Add(std::string_view bytes) {
  if (!failure_.ok()) return failure_;
  failure_ = verifier_.Add(bytes).status();
  if (failure_.ok() && verifier_.piece_count() == 1) {
    failure_ = Append(EncodeFileHead(verifier_.cluster_id()));
  }
  if (failure_.ok()) failure_ = Append(bytes);
  return failure_;
}

absl::Status SnapshotFileWriter::Append(std::string_view bytes) {
  file_bytes_ += bytes.size();
  return FromLevelDb("write", temporary_path_, file_->Append({bytes.data(), bytes.size()}));
}

absl::StatusOr<SnapshotFileReport> SnapshotFileWriter::Finish() {
  if (failure_.ok()) failure_ = verifier_.Finish().status();
  if (failure_.ok()) failure_ = Publish();
  if (!failure_.ok()) return failure_;
  return SnapshotFileReport{.cluster_id = verifier_.cluster_id(),
                            .header = verifier_.header(),
                            .piece_count = verifier_.piece_count(),
                            .file_bytes = file_bytes_};
}

absl::Status SnapshotFileWriter::Publish() {
  absl::Status done = FromLevelDb("sync", temporary_path_, file_->Sync());
  if (done.ok()) done = FromLevelDb("close", temporary_path_, file_->Close());
  if (done.ok()) done = disk_.Rename(temporary_path_, path_);
  has_its_name_ = done.ok();
  if (done.ok()) done = disk_.SyncDirectory(DirectoryOf(path_));
  return done;
}

SnapshotFileReader::SnapshotFileReader(std::string path,
                                       std::unique_ptr<leveldb::SequentialFile> file)
    : path_(std::move(path)), file_(std::move(file)) {}

absl::StatusOr<std::unique_ptr<SnapshotFileReader>> SnapshotFileReader::Open(
    const std::string& path, Disk& disk) {
  const absl::StatusOr<PathKind> found = disk.LookAt(path);
  if (!found.ok()) return found.status();
  if (*found == PathKind::kAbsent) {
    return absl::NotFoundError("cannot read snapshot " + path + ": there is no such file");
  }
  if (*found != PathKind::kFile) {
    return absl::InvalidArgumentError("cannot read snapshot " + path + ": it is a directory");
  }
  leveldb::SequentialFile* file = nullptr;
  absl::Status opened = FromLevelDb("open", path, disk.env().NewSequentialFile(path, &file));
  if (!opened.ok()) return opened;
  std::unique_ptr<SnapshotFileReader> reader(
      new SnapshotFileReader(path, std::unique_ptr<leveldb::SequentialFile>(file)));
  if (absl::Status status = reader->ReadFileHead(); !status.ok()) return status;
  return reader;
}

absl::Status SnapshotFileReader::ReadFileHead() {
  std::string bytes;
  if (absl::Status status = Read(kFileHeadBytes, &bytes); !status.ok()) return status;
  absl::StatusOr<ClusterId> cluster_id = DecodeFileHead(bytes);
  if (!cluster_id.ok()) return Named(cluster_id.status());
  cluster_id_ = *std::move(cluster_id);
  return absl::OkStatus();
}

absl::StatusOr<std::string> SnapshotFileReader::NextPiece() {
  if (verifier_.is_complete()) return std::string();
  std::string piece;
  if (absl::Status status = Read(kSnapshotPieceFrontBytes, &piece); !status.ok()) return status;
  if (piece.size() < kSnapshotPieceFrontBytes) return CutShort();
  const std::uint64_t length = SnapshotPieceLength(piece);
  if (length < piece.size() || length > kPieceBytesMax) {
    return Named(absl::DataLossError("piece " + std::to_string(verifier_.piece_count()) +
                                     " of the snapshot cannot be " + std::to_string(length) +
                                     " bytes long, it is damaged"));
  }
  if (absl::Status status = Read(length - piece.size(), &piece); !status.ok()) return status;
  if (piece.size() < length) return CutShort();
  if (const auto added = verifier_.Add(piece); !added.ok()) return Named(added.status());
  if (verifier_.cluster_id() != cluster_id_) {
    return Named(absl::DataLossError("its head and its stream name different clusters"));
  }
  if (!verifier_.is_complete()) return piece;
  if (absl::Status status = CheckEnd(); !status.ok()) return status;
  return piece;
}

absl::Status SnapshotFileReader::Read(std::size_t count, std::string* bytes) {
  std::string buffer(std::min(count, kReadBytes), '\0');
  while (count > 0) {
    leveldb::Slice got;
    const leveldb::Status read = file_->Read(std::min(count, buffer.size()), &got, buffer.data());
    if (!read.ok()) return FromLevelDb("read", path_, read);
    if (got.empty()) return absl::OkStatus();
    bytes->append(got.data(), got.size());
    count -= got.size();
    file_bytes_ += got.size();
  }
  return absl::OkStatus();
}

absl::Status SnapshotFileReader::CheckEnd() {
  const absl::StatusOr<StateSummary> whole = verifier_.Finish();
  if (!whole.ok()) return Named(whole.status());
  std::string more;
  if (absl::Status status = Read(1, &more); !status.ok()) return status;
  if (more.empty()) return absl::OkStatus();
  return Named(absl::DataLossError("something follows the end of the snapshot"));
}

absl::Status SnapshotFileReader::CutShort() const {
  return Named(absl::DataLossError(
      "it is cut short: it ends at byte " + std::to_string(file_bytes_) + ", where piece " +
      std::to_string(verifier_.piece_count()) + " is missing or not whole"));
}

absl::Status SnapshotFileReader::Named(const absl::Status& cause) const {
  return absl::Status(cause.code(),
                      "cannot read snapshot " + path_ + ": " + std::string(cause.message()));
}

SnapshotFileReport SnapshotFileReader::report() const {
  return {.cluster_id = cluster_id_,
          .header = verifier_.header(),
          .piece_count = verifier_.piece_count(),
          .file_bytes = file_bytes_};
}

absl::StatusOr<SnapshotFileReport> InspectSnapshotFile(const std::string& path, Disk& disk) {
  const absl::StatusOr<std::unique_ptr<SnapshotFileReader>> reader =
      SnapshotFileReader::Open(path, disk);
  if (!reader.ok()) return reader.status();
  while (true) {
    const absl::StatusOr<std::string> piece = (*reader)->NextPiece();
    if (!piece.ok()) return piece.status();
    if (piece->empty()) return (*reader)->report();
  }
}

}  // namespace raft
