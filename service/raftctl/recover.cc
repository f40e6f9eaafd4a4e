#include "persistence/recover.h"

#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "persistence/inspect.h"
#include "service/raftctl/directory_commands.h"
#include "service/raftctl/failure_report.h"
#include "service/raftctl/interrupt.h"
#include "service/raftctl/new_cluster_view.h"
#include "service/raftctl/recovery_view.h"

namespace raft::ctl {
namespace {

int FailRecover(absl::string_view why) {
  return Fail({kExitFailed, absl::StrCat("cannot recover: ", why)});
}

// The question goes to stderr: stdout may be a file.
bool IsAgreed(const std::string& directory) {
  std::fprintf(stderr, "Make a new cluster of one server in %s? Type yes: ", directory.c_str());
  std::string answer;
  return std::getline(std::cin, answer) && answer == "yes";
}

void PrintPlan(const std::vector<std::unique_ptr<InspectedDirectory>>& survivors,
               const RecoveryPlan& plan, OutputFormat format) {
  std::vector<DirectoryReport> reports;
  for (const auto& survivor : survivors) reports.push_back(survivor->report());
  const std::string text =
      format == OutputFormat::kJson
          ? SurvivorJson(reports, plan)
          : absl::StrCat(SurvivorTable(reports, plan), "\n", DescribePlan(reports, plan), "\n");
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

}  // namespace

int RunRecover(const GlobalOptions& global, const RecoverOptions& options) {
  std::vector<std::unique_ptr<InspectedDirectory>> survivors;
  for (const std::string& path : options.survivors) {
    auto survivor = InspectDirectory(path);
    if (!survivor.ok()) {
      return FailRecover(absl::StrCat(survivor.status().message(),
                                      ". If it is beyond help, leave its --from out"));
    }
    survivors.push_back(*std::move(survivor));
  }
  const absl::StatusOr<RecoveryPlan> plan = PlanRecovery(survivors);
  if (!plan.ok()) return FailRecover(plan.status().message());
  PrintPlan(survivors, *plan, global.output);
  if (!options.yes && !IsAgreed(options.server.data_dir)) {
    if (Interrupted()) return Fail({kExitInterrupted, "interrupted: nothing was made"});
    return Fail({kExitFailed, "nothing was made: the answer was not yes"});
  }
  const absl::StatusOr<NewClusterReport> made =
      RecoverInto(*survivors[plan->chosen], *plan, NewServerOf(options.server));
  if (!made.ok()) return FailRecover(made.status().message());
  PrintNewCluster(*made, options.server, global.output);
  return kExitOk;
}

}  // namespace raft::ctl
