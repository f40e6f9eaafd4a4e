#include "service/raftctl/snapshot_commands.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "persistence/restore.h"
#include "persistence/snapshot_file.h"
#include "service/raftctl/failure_report.h"
#include "service/raftctl/new_cluster_view.h"
#include "service/raftctl/snapshot_view.h"

namespace raft::ctl {

int RunSnapshotInspect(const GlobalOptions& global, const std::string& path) {
  const absl::StatusOr<SnapshotFileReport> report = InspectSnapshotFile(path);
  if (!report.ok()) {
    return Fail({kExitFailed, absl::StrCat(report.status().message(),
                                           ". This is no backup to rely on: save another one")});
  }
  FactSheet sheet;
  sheet.Add("file", path);
  AddSnapshotFacts(*report, &sheet);
  PrintFacts(sheet, global.output);
  return kExitOk;
}

int RunSnapshotRestore(const GlobalOptions& global, const std::string& path,
                       const NewServerOptions& server) {
  const absl::StatusOr<NewClusterReport> made = RestoreSnapshot(path, NewServerOf(server));
  if (!made.ok()) {
    return Fail({kExitFailed, absl::StrCat("cannot restore ", path, " into ", server.data_dir, ": ",
                                           made.status().message())});
  }
  PrintNewCluster(*made, server, global.output);
  return kExitOk;
}

}  // namespace raft::ctl
