#include "service/raftctl/entry_view.h"

#include <algorithm>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/cluster_configuration.h"
#include "raft/v1/key_value.pb.h"
#include "service/raftctl/snapshot_view.h"

namespace raft::ctl {
namespace {

constexpr std::size_t kExcerptBytes = 40;

std::string DescribeRange(const v1::DeleteRange& range) {
  return absl::StrCat("delete from ", Excerpt(range.start()), " up to ",
                      range.end().empty() ? "the end" : Excerpt(range.end()));
}

std::string DescribeCommand(const v1::Command& command) {
  switch (command.kind_case()) {
    case v1::Command::kPut:
      return absl::StrCat("put ", Excerpt(command.put().key()), " = ",
                          Excerpt(command.put().value()));
    case v1::Command::kDelete:
      return absl::StrCat("delete ", Excerpt(command.delete_().key()));
    case v1::Command::kCompareAndSet:
      return absl::StrCat("cas ", Excerpt(command.compare_and_set().key()), " at revision ",
                          command.compare_and_set().expected_revision(), " = ",
                          Excerpt(command.compare_and_set().value()));
    case v1::Command::kTransaction:
      return absl::StrCat("transaction: ", command.transaction().compares_size(),
                          " compares, then ", command.transaction().then_size(), ", otherwise ",
                          command.transaction().otherwise_size());
    case v1::Command::kDeleteRange:
      return DescribeRange(command.delete_range());
    case v1::Command::kOpaque:
      return absl::StrCat("opaque ", Excerpt(command.opaque()));
    case v1::Command::KIND_NOT_SET:
      break;
  }
  return "a command that this version does not know";
}

}  // namespace

std::string KindName(EntryKind kind) {
  switch (kind) {
    case EntryKind::kCommand:
      return "command";
    case EntryKind::kNoOp:
      return "no-op";
    case EntryKind::kConfiguration:
      return "configuration";
  }
  return absl::StrCat("kind ", static_cast<int>(kind));
}

std::string DescribeEntry(const LogEntry& entry) {
  if (entry.kind == EntryKind::kNoOp) return "";
  if (entry.kind == EntryKind::kConfiguration) {
    const auto configuration = ClusterConfiguration::Decode(entry.data);
    return configuration ? "members " + DescribeConfiguration(*configuration)
                         : "a configuration that this version does not know";
  }
  v1::Command command;
  if (!command.ParseFromString(entry.data)) return "a command that cannot be read";
  return DescribeCommand(command);
}

std::string Excerpt(std::string_view bytes) {
  const std::string begin =
      absl::CHexEscape(absl::string_view(bytes.data(), std::min(bytes.size(), kExcerptBytes)));
  if (bytes.size() <= kExcerptBytes) return absl::StrCat("\"", begin, "\"");
  return absl::StrCat("\"", begin, "...\" (", bytes.size(), " bytes)");
}

}  // namespace raft::ctl
