#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "persistence/snapshot_file.h"
#include "persistence/snapshot_stream.h"
#include "service/raftctl/failure_report.h"
#include "service/raftctl/progress.h"
#include "service/raftctl/snapshot_commands.h"
#include "service/raftctl/snapshot_download.h"
#include "service/raftctl/snapshot_view.h"

namespace raft::ctl {
namespace {

// One `snapshot save`, from the first server asked to the file that bears its name.
class SnapshotSave {
 public:
  SnapshotSave(const GlobalOptions& global, const SnapshotSaveOptions& options,
               std::unique_ptr<SnapshotFileWriter> file)
      : global_(global), options_(options), file_(std::move(file)) {}

  int Run() {
    for (const std::string& endpoint : global_.endpoints) {
      const DownloadEnding ending = DownloadSnapshot(
          endpoint, options_.stall_timeout,
          [this](const v1::DownloadSnapshotResponse& piece) { return Take(piece); });
      progress_.Finish();
      if (ending.interrupted) return FailInterruptedSave();
      if (!ending.taken.ok()) return FailSave(kExitFailed, std::string(ending.taken.message()));
      if (ending.outcome.outcome == Outcome::kSucceeded) return Keep(endpoint);
      if (ending.began) return FailBroken(endpoint, ending);
      NoteRefusal(endpoint, ending);
    }
    return FailNobody();
  }

 private:
  absl::Status Take(const v1::DownloadSnapshotResponse& piece) {
    if (bytes_ == 0) server_id_ = piece.header().server_id();
    const absl::StatusOr<SnapshotPiece> decoded = decoder_.Decode(piece.data());
    if (!decoded.ok()) return decoded.status();
    keys_ += decoded->records.size();
    if (absl::Status written = file_->Add(piece.data()); !written.ok()) return written;
    bytes_ += piece.data().size();
    const std::uint64_t keys = decoder_.header().key_count;
    const double fraction = keys == 0 ? -1 : static_cast<double>(keys_) / static_cast<double>(keys);
    progress_.Update(bytes_, fraction, "");
    return absl::OkStatus();
  }

  int Keep(const std::string& endpoint) {
    const absl::StatusOr<SnapshotFileReport> report = file_->Finish();
    if (!report.ok()) return FailSave(kExitFailed, std::string(report.status().message()));
    FactSheet sheet;
    sheet.Add("file", options_.path);
    AddSnapshotFacts(*report, &sheet);
    sheet.Add("taken from", absl::StrCat("server ", server_id_, " at ", endpoint));
    PrintFacts(sheet, global_.output);
    return kExitOk;
  }

  void NoteRefusal(const std::string& endpoint, const DownloadEnding& ending) {
    const bool answered = !ending.outcome.reason.empty();
    anyone_answered_ |= answered;
    anyone_has_formed_ |= answered && ending.outcome.reason != "NO_LEADER";
    const std::string cause = ending.stalled ? "no answer in time"
                              : answered     ? ending.outcome.message
                                             : ShortCause(ending.outcome.message);
    absl::StrAppend(&refusals_, "; server at ", endpoint, ": ", cause);
  }

  int FailNobody() {
    const std::string asked = absl::StrCat("asked ", global_.endpoints.size(), refusals_);
    if (!anyone_answered_) {
      return FailSave(kExitCannotConnect,
                      absl::StrCat("no server answered (", asked,
                                   "). Check --endpoints and that the servers run"));
    }
    return FailSave(anyone_has_formed_ ? kExitFailed : kExitNoLeader,
                    absl::StrCat("no server gave a backup (", asked, "). Try: raftctl status"));
  }

  int FailBroken(const std::string& endpoint, const DownloadEnding& ending) {
    const std::string cause =
        ending.stalled ? std::string("nothing arrived for as long as --stall-timeout allows")
        : ending.outcome.message.empty() ? std::string("it broke")
                                         : ending.outcome.message;
    return FailSave(kExitFailed,
                    absl::StrCat("the backup from ", endpoint, " ended after ", bytes_, " bytes: ",
                                 cause, ". It cannot be continued; the same command begins again"));
  }

  int FailInterruptedSave() {
    return FailSave(kExitInterrupted, absl::StrCat("interrupted after ", bytes_, " bytes"));
  }

  // What is left on the disk is always said.
  int FailSave(ExitCode code, const std::string& what) {
    const bool is_written = file_->has_its_name();
    file_.reset();
    std::error_code unknown;
    const char* left = is_written ? "The file is there, but a loss of power may undo it"
                       : std::filesystem::exists(options_.path, unknown) ? "The file is as it was"
                       : unknown ? "The file was not touched"
                                 : "Nothing is left behind";
    return Fail(
        {code, absl::StrCat("cannot save a snapshot to ", options_.path, ": ", what, ". ", left)});
  }

  const GlobalOptions& global_;
  const SnapshotSaveOptions& options_;
  std::unique_ptr<SnapshotFileWriter> file_;
  Progress progress_{"bytes"};
  SnapshotDecoder decoder_;
  std::uint64_t bytes_ = 0;
  std::uint64_t keys_ = 0;
  std::uint64_t server_id_ = 0;
  std::string refusals_;
  bool anyone_answered_ = false;
  bool anyone_has_formed_ = false;
};

}  // namespace

int RunSnapshotSave(const GlobalOptions& global, const SnapshotSaveOptions& options) {
  auto file = SnapshotFileWriter::Create(
      options.path, LocalDisk(), options.force ? ExistingFile::kReplaced : ExistingFile::kRefused);
  if (file.ok()) return SnapshotSave(global, options, *std::move(file)).Run();
  std::string what = std::string(file.status().message());
  if (absl::IsAlreadyExists(file.status())) {
    what = "it exists. Choose another name, or replace it with --force";
  }
  return Fail({kExitFailed, absl::StrCat("cannot save a snapshot to ", options.path, ": ", what)});
}

}  // namespace raft::ctl
