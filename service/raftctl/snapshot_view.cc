#include "service/raftctl/snapshot_view.h"

#include <cstdio>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "persistence/identity.h"

namespace raft::ctl {
namespace {

const char* RoleInBrackets(const Member& member) {
  if (member.leaves) return " (leaving)";
  switch (member.role) {
    case MemberRole::kLearner:
      return " (learner)";
    case MemberRole::kJoining:
      return " (joining)";
    case MemberRole::kVoter:
      break;
  }
  return "";
}

std::string DescribeMembers(const std::vector<Member>& members) {
  std::string text;
  for (const Member& member : members) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", member.server_id.value(), "=",
                    member.peer_address, RoleInBrackets(member));
  }
  return text;
}

}  // namespace

void AddSnapshotFacts(const SnapshotFileReport& report, FactSheet* sheet) {
  const SnapshotHeader& header = report.header;
  sheet->Add("cluster id", FormatClusterId(report.cluster_id));
  sheet->Add("index", header.last_included.index.value());
  sheet->Add("term", header.last_included.term.value());
  sheet->Add("log time", DescribeTime(header.log_time_ms));
  sheet->Add("keys", header.key_count);
  sheet->Add("digest", header.digest);
  sheet->Add("members", DescribeConfiguration(header.configuration.configuration));
  sheet->Add("members index", header.configuration.index.value());
  sheet->Add("bytes", report.file_bytes);
}

std::string DescribeConfiguration(const ClusterConfiguration& configuration) {
  const std::string members = DescribeMembers(configuration.members());
  if (!configuration.is_joint()) return members;
  return absl::StrCat(DescribeMembers(configuration.old_members()), " -> ", members);
}

std::string DescribeTime(LogTimeMs log_time_ms) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ",
                          absl::FromUnixMillis(static_cast<std::int64_t>(log_time_ms)),
                          absl::UTCTimeZone());
}

void PrintFacts(const FactSheet& sheet, OutputFormat format) {
  const std::string text = format == OutputFormat::kJson ? sheet.ToJson() + "\n" : sheet.ToText();
  std::fputs(text.c_str(), stdout);
}

}  // namespace raft::ctl
