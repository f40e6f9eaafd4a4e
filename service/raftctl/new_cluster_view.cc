#include "service/raftctl/new_cluster_view.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "service/raftctl/snapshot_view.h"

namespace raft::ctl {
namespace {

std::string NextSteps(const NewServerOptions& server) {
  return absl::StrCat("\nStart it, the only member of the new cluster:\n  raftd --server-id ",
                      server.server_id, " --data-dir ", server.data_dir, " --peer-address ",
                      server.peer_address,
                      " ...\nThen add others, each on an empty directory:\n"
                      "  raftd --join --server-id ID --data-dir DIR --peer-address HOST:PORT ...\n"
                      "  raftctl members add ID=HOST:PORT\n"
                      "Clients see a new cluster id; revisions go on where they were.\n");
}

}  // namespace

NewServer NewServerOf(const NewServerOptions& options) {
  return {.directory = options.data_dir,
          .server_id = ServerId(options.server_id),
          .peer_address = options.peer_address};
}

void PrintNewCluster(const NewClusterReport& made, const NewServerOptions& server,
                     OutputFormat format) {
  FactSheet sheet;
  sheet.Add("directory", server.data_dir);
  sheet.Add("cluster id", FormatClusterId(made.cluster_id));
  sheet.Add("server id", server.server_id);
  sheet.Add("peer address", server.peer_address);
  sheet.Add("applied index", made.applied.index.value());
  sheet.Add("last index", made.configuration.index.value());
  sheet.Add("term", made.configuration.term.value());
  sheet.Add("digest", made.digest);
  PrintFacts(sheet, format);
  if (format == OutputFormat::kTable) std::fputs(NextSteps(server).c_str(), stdout);
}

}  // namespace raft::ctl
