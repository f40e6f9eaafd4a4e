#include "service/raftctl/config_file.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"

namespace raft::ctl {
namespace {

absl::Status ApplyItem(const std::string& path, const CLI::ConfigItem& item, CLI::App* app) {
  for (const std::string& parent : item.parents) {
    app = app->get_subcommand(parent);  // Throws for an unknown one.
  }
  if (item.name == "++" || item.name == "--") return absl::OkStatus();  // A section begins or ends.
  CLI::Option* option = app->get_option_no_throw("--" + item.name);
  if (option == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": there is no option \"", item.fullname(), "\""));
  }
  if (option->count() > 0) return absl::OkStatus();
  option->add_result(item.inputs);
  option->run_callback();
  return absl::OkStatus();
}

}  // namespace

absl::Status ApplyConfigFile(const std::string& path, CLI::App* app) {
  // CLI11 reports by exceptions; they end here.
  try {
    for (const CLI::ConfigItem& item : app->get_config_formatter()->from_file(path)) {
      const absl::Status applied = ApplyItem(path, item, app);
      if (!applied.ok()) return applied;
    }
  } catch (const CLI::Error& error) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", error.what()));
  }
  return absl::OkStatus();
}

}  // namespace raft::ctl
