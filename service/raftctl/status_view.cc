#include "service/raftctl/status_view.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/raftctl/json.h"
#include "service/raftctl/members_view.h"
#include "service/raftctl/progress.h"
#include "service/raftctl/text_table.h"

namespace raft::ctl {
namespace {

constexpr size_t kDigestShown = 12;

// The leader of the highest term: an older one may not know yet that it was deposed.
const v1::GetStatusResponse* FindLeader(const std::vector<ServerAnswer>& answers) {
  const v1::GetStatusResponse* leader = nullptr;
  for (const ServerAnswer& answer : answers) {
    if (!answer.answered || answer.status.role() != v1::SERVER_ROLE_LEADER) continue;
    if (leader == nullptr || answer.status.header().term() > leader->header().term()) {
      leader = &answer.status;
    }
  }
  return leader;
}

const v1::PeerProgress* FindProgress(const v1::GetStatusResponse* leader, std::uint64_t server_id) {
  if (leader == nullptr) return nullptr;
  for (const v1::PeerProgress& peer : leader->peers()) {
    if (peer.server_id() == server_id) return &peer;
  }
  return nullptr;
}

std::string FlowName(v1::PeerFlow flow) {
  switch (flow) {
    case v1::PEER_FLOW_PROBE:
      return "probe";
    case v1::PEER_FLOW_REPLICATE:
      return "replicate";
    case v1::PEER_FLOW_SNAPSHOT:
      return "snapshot";
    default:
      return "";
  }
}

// "snapshot to server 4: 43.0 % of 2.0 GiB". Not in the row of who receives it: a newcomer often is
// no endpoint yet.
std::string SnapshotLine(const v1::PeerProgress& peer) {
  const std::string line = absl::StrCat("snapshot to server ", peer.server_id(), ": ");
  const std::uint64_t size_bytes = peer.snapshot_size_bytes();
  if (size_bytes == 0) return line + "not begun yet\n";
  if (peer.snapshot_sent_bytes() >= size_bytes) {
    return absl::StrCat(line, "all of ", HumanBytes(size_bytes), " sent, not taken over yet\n");
  }
  const double share =
      static_cast<double>(peer.snapshot_sent_bytes()) / static_cast<double>(size_bytes);
  return absl::StrFormat("%s%.1f %% of %s\n", line, share * 100, HumanBytes(size_bytes));
}

std::string SnapshotLines(const v1::GetStatusResponse* leader) {
  std::string lines;
  if (leader == nullptr) return lines;
  for (const v1::PeerProgress& peer : leader->peers()) {
    const bool is_under_way = peer.snapshot_size_bytes() != 0;
    if (is_under_way || peer.flow() == v1::PEER_FLOW_SNAPSHOT) lines += SnapshotLine(peer);
  }
  return lines;
}

double Seconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + static_cast<double>(duration.nanos()) / 1e9;
}

std::string ShownDigest(const v1::GetStatusResponse& status) {
  std::string shown = status.state_digest().substr(0, kDigestShown);
  if (status.diverged_index() != 0) shown += " QUARANTINED";
  if (status.verified_state_digest().empty()) return shown;
  const bool equal = status.verified_state_digest() == status.state_digest();
  return absl::StrCat(shown, equal ? " verified" : " WRONG");
}

// What it is to the cluster says more than that it follows.
std::string ShownRole(const v1::GetStatusResponse& status) {
  if (status.role() != v1::SERVER_ROLE_FOLLOWER) return RoleName(status.role());
  for (const v1::Member& member : status.members()) {
    if (member.server_id() != status.header().server_id()) continue;
    if (member.role() != v1::MEMBER_ROLE_VOTER) return MemberRoleName(member.role());
  }
  return RoleName(status.role());
}

std::vector<std::string> Row(const ServerAnswer& answer, const v1::GetStatusResponse* leader) {
  if (!answer.answered) {
    std::vector<std::string> cells(12);
    cells[1] = answer.endpoint;
    cells[2] = "unreachable";
    return cells;
  }
  const v1::GetStatusResponse& status = answer.status;
  const v1::PeerProgress* progress = FindProgress(leader, status.header().server_id());
  return {absl::StrCat(status.header().server_id()),
          answer.endpoint,
          ShownRole(status),
          absl::StrCat(status.header().term()),
          absl::StrCat(status.commit_index()),
          absl::StrCat(status.header().applied_index()),
          absl::StrCat(status.last_log_index()),
          progress == nullptr ? "" : absl::StrCat(progress->lag_entries()),
          progress == nullptr ? "" : absl::StrFormat("%.3f", Seconds(progress->lag())),
          progress == nullptr ? "" : FlowName(progress->flow()),
          ShownDigest(status),
          status.version()};
}

// Servers that applied the same index must hold the same state.
void CompareDigests(const std::vector<ServerAnswer>& answers, std::vector<std::string>* warnings) {
  std::map<std::uint64_t, const ServerAnswer*> first_at;
  for (const ServerAnswer& answer : answers) {
    if (!answer.answered || answer.status.state_digest().empty()) continue;
    const auto [first, added] = first_at.emplace(answer.status.header().applied_index(), &answer);
    if (added || first->second->status.state_digest() == answer.status.state_digest()) continue;
    warnings->push_back(absl::StrCat("STATES DIFFER: servers ",
                                     first->second->status.header().server_id(), " and ",
                                     answer.status.header().server_id(), " applied index ",
                                     first->first, " but their digests are not equal"));
  }
}

bool StatesDiffer(const std::vector<ServerAnswer>& answers) {
  std::vector<std::string> differences;
  CompareDigests(answers, &differences);
  return !differences.empty() ||
         std::any_of(answers.begin(), answers.end(), [](const ServerAnswer& answer) {
           if (answer.status.diverged_index() != 0) return true;
           const std::string& verified = answer.status.verified_state_digest();
           return !verified.empty() && verified != answer.status.state_digest();
         });
}

}  // namespace

std::string StatusTable(const std::vector<ServerAnswer>& answers) {
  TextTable table({"SERVER", "ENDPOINT", "ROLE", "TERM", "COMMIT", "APPLIED", "LAST", "LAG",
                   "LAG S", "FLOW", "DIGEST", "VERSION"});
  const v1::GetStatusResponse* leader = FindLeader(answers);
  for (const ServerAnswer& answer : answers) table.AddRow(Row(answer, leader));
  std::string text = table.ToString() + SnapshotLines(leader);
  for (const std::string& warning : StatusWarnings(answers)) {
    absl::StrAppend(&text, "warning: ", warning, "\n");
  }
  return text;
}

std::string StatusJson(const std::vector<ServerAnswer>& answers) {
  std::string json = "{\"servers\":[";
  for (const ServerAnswer& answer : answers) {
    if (&answer != &answers.front()) json += ",";
    absl::StrAppend(&json, "{\"endpoint\":", JsonString(answer.endpoint),
                    ",\"reachable\":", answer.answered ? "true,\"status\":" : "false,\"error\":",
                    answer.answered ? ToJson(answer.status) : JsonString(answer.failure), "}");
  }
  json += "],\"warnings\":[";
  const std::vector<std::string> warnings = StatusWarnings(answers);
  for (const std::string& warning : warnings) {
    if (&warning != &warnings.front()) json += ",";
    json += JsonString(warning);
  }
  return json + "]}";
}

std::vector<std::string> StatusWarnings(const std::vector<ServerAnswer>& answers) {
  std::vector<std::string> warnings;
  bool anyone_knows_a_leader = false;
  for (const ServerAnswer& answer : answers) {
    if (!answer.answered) {
      warnings.push_back(absl::StrCat(answer.endpoint, " unreachable: ", answer.failure));
      continue;
    }
    const v1::GetStatusResponse& status = answer.status;
    const std::string server = absl::StrCat("server ", status.header().server_id(), ": ");
    anyone_knows_a_leader |= status.header().leader_id() != 0;
    if (!status.forming().empty()) warnings.push_back(server + status.forming());
    for (const std::string& warning : status.warnings()) warnings.push_back(server + warning);
    if (!status.verified_state_digest().empty() &&
        status.verified_state_digest() != status.state_digest()) {
      warnings.push_back(server + "a full scan does not reproduce the state digest");
    }
  }
  if (!anyone_knows_a_leader) warnings.push_back("no server knows a leader");
  CompareDigests(answers, &warnings);
  return warnings;
}

ExitCode StatusVerdict(const std::vector<ServerAnswer>& answers) {
  bool anyone_answered = false;
  bool anyone_knows_a_leader = false;
  for (const ServerAnswer& answer : answers) {
    anyone_answered |= answer.answered;
    anyone_knows_a_leader |= answer.answered && answer.status.header().leader_id() != 0;
  }
  if (!anyone_answered) return kExitCannotConnect;
  if (StatesDiffer(answers)) return kExitFailed;
  return anyone_knows_a_leader ? kExitOk : kExitNoLeader;
}

std::string RoleName(v1::ServerRole role) {
  switch (role) {
    case v1::SERVER_ROLE_FOLLOWER:
      return "follower";
    case v1::SERVER_ROLE_PRE_CANDIDATE:
      return "pre-candidate";
    case v1::SERVER_ROLE_CANDIDATE:
      return "candidate";
    case v1::SERVER_ROLE_LEADER:
      return "leader";
    default:
      return "forming";
  }
}

}  // namespace raft::ctl
