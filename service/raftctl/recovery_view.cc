#include "service/raftctl/recovery_view.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "service/raftctl/fact_sheet.h"
#include "service/raftctl/text_table.h"

namespace raft::ctl {
namespace {

std::string ServerName(const DirectoryReport& report) {
  return absl::StrCat("server ", report.identity.server_id.value());
}

// More than half of the members are here: whatever was acknowledged is on one of these disks.
bool AreMajority(const std::vector<DirectoryReport>& reports, const RecoveryPlan& plan) {
  std::set<ServerId> servers;
  for (const DirectoryReport& report : reports) servers.insert(report.identity.server_id);
  return reports[plan.chosen].configuration.configuration.IsMajority(servers);
}

std::string DescribeMark(const DirectoryReport& chosen) {
  if (!chosen.state_is_diverged) return "";
  return "WRONG: its state was found to be another than that of a majority of the servers, and no "
         "survivor has a\nbetter one. Restore a backup rather than this, if there is one.\n";
}

std::string DescribeKept(const RecoveryPlan& plan) {
  const std::uint64_t committed = plan.known_committed.index.value();
  const std::uint64_t last = plan.chosen_last.index.value();
  std::string text = committed == 0 ? "Certain: no survivor knows of an entry that was committed.\n"
                                    : absl::StrCat("Certain: entries up to index ", committed,
                                                   " were committed. They are kept.\n");
  if (last > committed) {
    absl::StrAppend(&text, "Uncertain: entries ", committed + 1, " to ", last,
                    " are in its log, and nobody here knows whether they were committed. They "
                    "are kept and\ntake effect, although their clients may never have had an "
                    "answer.\n");
  }
  return text;
}

std::string DescribeGivenUp(const std::vector<DirectoryReport>& reports, const RecoveryPlan& plan) {
  std::string text;
  for (const SurvivorStanding& standing : plan.survivors) {
    if (!standing.given_up_from) continue;
    const DirectoryReport& report = reports[standing.position];
    absl::StrAppend(&text, "Given up: what ", ServerName(report), " holds from index ",
                    standing.given_up_from->value(), " on, up to ", report.last.index.value(),
                    ", which the chosen log does not have.\n");
  }
  return text;
}

std::string DescribeLost(const std::vector<DirectoryReport>& reports, const RecoveryPlan& plan) {
  if (AreMajority(reports, plan)) {
    return "Lost: nothing that was acknowledged. These are a majority of the members: to start "
           "them again may be\nall that is needed, and keeps the old cluster.\n";
  }
  std::string text =
      absl::StrCat("Lost: whatever was acknowledged after index ", plan.chosen_last.index.value(),
                   " and is on none of these disks.\n");
  if (plan.later_terms_are_missing) {
    absl::StrAppend(&text, "Likely lost: a later term, up to ", plan.highest_term.value(),
                    ", was voted for, and no survivor holds an entry of a term after ",
                    plan.chosen_last.term.value(), ".\n");
  }
  return text;
}

}  // namespace

std::string SurvivorTable(const std::vector<DirectoryReport>& reports, const RecoveryPlan& plan) {
  TextTable table({"DIRECTORY", "SERVER", "TERM", "LAST INDEX", "LAST TERM", "APPLIED", "DIGEST",
                   "STATE", "BEST"});
  for (std::size_t survivor = 0; survivor < reports.size(); ++survivor) {
    const DirectoryReport& report = reports[survivor];
    table.AddRow({report.path, absl::StrCat(report.identity.server_id.value()),
                  absl::StrCat(report.promise.current_term.value()),
                  absl::StrCat(report.last.index.value()), absl::StrCat(report.last.term.value()),
                  absl::StrCat(report.applied.index.value()), report.digest,
                  report.state_is_diverged ? "diverged" : "",
                  survivor == plan.chosen ? "yes" : ""});
  }
  return table.ToString();
}

std::string SurvivorJson(const std::vector<DirectoryReport>& reports, const RecoveryPlan& plan) {
  std::string text;
  for (std::size_t survivor = 0; survivor < reports.size(); ++survivor) {
    const DirectoryReport& report = reports[survivor];
    FactSheet sheet;
    sheet.Add("directory", report.path);
    sheet.Add("server id", report.identity.server_id.value());
    sheet.Add("term", report.promise.current_term.value());
    sheet.Add("last index", report.last.index.value());
    sheet.Add("last term", report.last.term.value());
    sheet.Add("applied", report.applied.index.value());
    sheet.Add("digest", report.digest);
    sheet.Add("diverged", report.state_is_diverged ? "yes" : "no");
    sheet.Add("best", survivor == plan.chosen ? "yes" : "no");
    absl::StrAppend(&text, sheet.ToJson(), "\n");
  }
  FactSheet sheet;
  sheet.Add("certain up to", plan.known_committed.index.value());
  sheet.Add("kept up to", plan.chosen_last.index.value());
  sheet.Add("majority", AreMajority(reports, plan) ? "yes" : "no");
  sheet.Add("later terms are missing", plan.later_terms_are_missing ? "yes" : "no");
  return absl::StrCat(text, sheet.ToJson(), "\n");
}

std::string DescribePlan(const std::vector<DirectoryReport>& reports, const RecoveryPlan& plan) {
  const DirectoryReport& chosen = reports[plan.chosen];
  return absl::StrCat("The best is ", ServerName(chosen), " in ", chosen.path, ".\n",
                      DescribeMark(chosen), DescribeKept(plan), DescribeGivenUp(reports, plan),
                      DescribeLost(reports, plan),
                      "The new cluster has another id: the old servers cannot come back to it "
                      "until their directories are\nemptied, and the old directories are not "
                      "touched.\n");
}

}  // namespace raft::ctl
