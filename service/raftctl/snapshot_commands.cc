#include "service/raftctl/snapshot_commands.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "persistence/restore.h"
#include "persistence/snapshot_file.h"
#include "raft/v1/cluster_service.pb.h"
#include "service/raftctl/conversation.h"
#include "service/raftctl/failure_report.h"
#include "service/raftctl/json.h"
#include "service/raftctl/new_cluster_view.h"
#include "service/raftctl/snapshot_view.h"

namespace raft::ctl {

// Asked like a read: one too many does no harm.
int RunSnapshotCreate(const GlobalOptions& global) {
  v1::CreateSnapshotResponse response;
  const int code =
      Conversation(global).Read("snapshot create", "/raft.v1.ClusterService/CreateSnapshot",
                                v1::CreateSnapshotRequest(), &response);
  if (code != kExitOk) return code;
  const std::string said =
      global.output == OutputFormat::kJson
          ? ToJson(response)
          : absl::StrCat("server ", response.header().server_id(),
                         " holds its state durably through index ", response.snapshot_index());
  std::printf("%s\n", said.c_str());
  return kExitOk;
}

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
