#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "persistence/snapshot_file.h"
#include "persistence/snapshot_stream.h"
#include "service/raftctl/failure_report.h"
#include "service/raftctl/part_file.h"
#include "service/raftctl/progress.h"
#include "service/raftctl/snapshot_commands.h"
#include "service/raftctl/snapshot_download.h"
#include "service/raftctl/snapshot_view.h"

namespace raft::ctl {
namespace {

// One `snapshot save`, from the first server asked to the file that bears its name.
class SnapshotSave {
 public:
  SnapshotSave(const GlobalOptions& global, const SnapshotSaveOptions& options, PartFile part)
      : global_(global), options_(options), part_(std::move(part)) {}

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
    if (part_.bytes() == 0) server_id_ = piece.header().server_id();
    const absl::StatusOr<SnapshotPiece> decoded = decoder_.Decode(piece.data());
    if (!decoded.ok()) return decoded.status();
    keys_ += decoded->records.size();
    if (absl::Status written = part_.Add(piece.data()); !written.ok()) return written;
    const std::uint64_t keys = decoder_.header().key_count;
    const double fraction = keys == 0 ? -1 : static_cast<double>(keys_) / static_cast<double>(keys);
    progress_.Update(part_.bytes(), fraction, "");
    return absl::OkStatus();
  }

  // What is on the disk is what counts, so that is read back before it gets its name.
  int Keep(const std::string& endpoint) {
    if (const absl::Status synced = part_.Sync(); !synced.ok()) {
      return FailSave(kExitFailed, std::string(synced.message()));
    }
    const absl::StatusOr<SnapshotFileFacts> facts = VerifySnapshotFile(part_.part_path());
    if (!facts.ok()) {
      return FailSave(kExitFailed, absl::StrCat(facts.status().message(),
                                                ". Try again, or another server with --endpoints"));
    }
    if (const absl::Status published = part_.Publish(); !published.ok()) {
      return FailSave(kExitFailed, std::string(published.message()));
    }
    FactSheet sheet;
    sheet.Add("file", options_.path);
    AddSnapshotFacts(*facts, &sheet);
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
    return FailSave(
        kExitFailed,
        absl::StrCat("the backup from ", endpoint, " ended after ", part_.bytes(),
                     " bytes: ", cause, ". It cannot be continued; the same command begins again"));
  }

  int FailInterruptedSave() {
    return FailSave(kExitInterrupted, absl::StrCat("interrupted after ", part_.bytes(), " bytes"));
  }

  // What is left on the disk is always said.
  int FailSave(ExitCode code, const std::string& what) {
    return Fail({code, absl::StrCat("cannot save a snapshot to ", options_.path, ": ", what, ". ",
                                    part_.part_path(), " is removed; ", options_.path,
                                    std::filesystem::exists(options_.path) ? " is as it was"
                                                                           : " was not made")});
  }

  const GlobalOptions& global_;
  const SnapshotSaveOptions& options_;
  PartFile part_;
  Progress progress_{"bytes"};
  SnapshotDecoder decoder_;
  std::uint64_t keys_ = 0;
  std::uint64_t server_id_ = 0;
  std::string refusals_;
  bool anyone_answered_ = false;
  bool anyone_has_formed_ = false;
};

}  // namespace

int RunSnapshotSave(const GlobalOptions& global, const SnapshotSaveOptions& options) {
  if (!options.force && std::filesystem::exists(options.path)) {
    return Fail({kExitFailed, absl::StrCat("cannot save a snapshot to ", options.path,
                                           ": it exists. Choose another name, or replace it with "
                                           "--force")});
  }
  absl::StatusOr<PartFile> part = PartFile::Begin(options.path);
  if (!part.ok()) {
    return Fail({kExitFailed, absl::StrCat("cannot save a snapshot to ", options.path, ": ",
                                           part.status().message())});
  }
  return SnapshotSave(global, options, *std::move(part)).Run();
}

}  // namespace raft::ctl
