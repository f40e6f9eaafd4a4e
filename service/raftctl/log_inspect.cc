#include <algorithm>
#include <cstdio>
#include <limits>
#include <span>

#include "absl/strings/str_cat.h"
#include "persistence/inspect.h"
#include "service/raftctl/directory_commands.h"
#include "service/raftctl/entry_view.h"
#include "service/raftctl/failure_report.h"
#include "service/raftctl/snapshot_view.h"
#include "service/raftctl/text_table.h"

namespace raft::ctl {
namespace {

using Entries = std::span<const LogEntryPointer>;

// The entries wanted, and how many of those were left out for the limit.
struct Selection {
  Entries shown;
  std::size_t left_out = 0;
};

Selection Select(Entries entries, const LogInspectOptions& options) {
  const auto is_before = [](const LogEntryPointer& entry, std::uint64_t index) {
    return entry->index.value() < index;
  };
  const auto first = std::lower_bound(entries.begin(), entries.end(), options.from, is_before);
  auto last = entries.end();
  if (options.to != 0 && options.to != std::numeric_limits<std::uint64_t>::max()) {
    last = std::lower_bound(first, entries.end(), options.to + 1, is_before);
  }
  const auto wanted = static_cast<std::size_t>(last - first);
  const std::size_t count =
      options.limit == 0 ? wanted : std::min<std::size_t>(wanted, options.limit);
  return {.shown = Entries(first, count), .left_out = wanted - count};
}

std::string DescribePosition(LogPosition position) {
  if (position.index == LogIndex()) return "0";
  return absl::StrCat(position.index.value(), " (term ", position.term.value(), ")");
}

void AddIdentity(const Identity& identity, FactSheet* sheet) {
  sheet->Add("server id", identity.server_id.value());
  sheet->Add("incarnation", identity.incarnation);
  if (identity.is_forming()) {
    sheet->Add("cluster id", identity.initial_members_hash == 0 ? "none: waits to be added"
                                                                : "none: the cluster is forming");
    return;
  }
  sheet->Add("cluster id", FormatClusterId(identity.founding.cluster_id));
  sheet->Add("founded", DescribeTime(identity.founding.log_time_ms));
}

FactSheet SheetOf(const DirectoryReport& report) {
  FactSheet sheet;
  sheet.Add("directory", report.path);
  AddIdentity(report.identity, &sheet);
  if (report.identity.is_forming()) return sheet;
  sheet.Add("promised term", report.promise.current_term.value());
  sheet.Add("voted for", report.promise.voted_for
                             ? absl::StrCat("server ", report.promise.voted_for->value())
                             : "nobody");
  sheet.Add("log begins after", DescribePosition(report.base));
  sheet.Add("log ends at", DescribePosition(report.last));
  sheet.Add("applied", DescribePosition(report.applied));
  sheet.Add("log time", DescribeTime(report.applied_log_time_ms));
  sheet.Add("keys", report.key_count);
  sheet.Add("digest", report.digest);
  if (report.state_is_diverged) {
    sheet.Add("state", "diverged: a majority holds another one, and this waits for a snapshot");
  }
  sheet.Add("members", DescribeConfiguration(report.configuration.configuration));
  sheet.Add("members index", report.configuration.index.value());
  return sheet;
}

void PrintAsTable(const Selection& selection) {
  TextTable table({"INDEX", "TERM", "KIND", "BYTES", "WHAT"});
  for (const LogEntryPointer& entry : selection.shown) {
    table.AddRow({absl::StrCat(entry->index.value()), absl::StrCat(entry->term.value()),
                  KindName(entry->kind), absl::StrCat(entry->data.size()), DescribeEntry(*entry)});
  }
  if (!selection.shown.empty()) std::printf("\n%s", table.ToString().c_str());
  if (selection.left_out == 0) return;
  std::printf("%zu more: --from %llu shows the next ones, --limit 0 all\n", selection.left_out,
              static_cast<unsigned long long>(selection.shown.back()->index.value() + 1));
}

void PrintAsJson(const Selection& selection) {
  for (const LogEntryPointer& entry : selection.shown) {
    FactSheet sheet;
    sheet.Add("index", entry->index.value());
    sheet.Add("term", entry->term.value());
    sheet.Add("kind", KindName(entry->kind));
    sheet.Add("bytes", entry->data.size());
    sheet.Add("what", DescribeEntry(*entry));
    std::printf("%s\n", sheet.ToJson().c_str());
  }
}

}  // namespace

int RunLogInspect(const GlobalOptions& global, const LogInspectOptions& options) {
  if (options.to != 0 && options.to < options.from) {
    return Fail({kExitUsage, absl::StrCat("--to ", options.to, " lies before --from ", options.from,
                                          ". Try: raftctl log inspect --help")});
  }
  const auto directory = InspectDirectory(options.directory);
  if (!directory.ok()) {
    return Fail({kExitFailed, std::string(directory.status().message())});
  }
  PrintFacts(SheetOf((*directory)->report()), global.output);
  const Selection selection = Select((*directory)->entries(), options);
  global.output == OutputFormat::kJson ? PrintAsJson(selection) : PrintAsTable(selection);
  return kExitOk;
}

}  // namespace raft::ctl
