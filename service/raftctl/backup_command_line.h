// The part of the command table that backs up, restores, looks into a directory and rescues.
//
// Room: service/raftctl. Knows CLI11 (hidden in the .cc) and which options these commands have.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "service/raftctl/options.h"

namespace CLI {
class App;
}

namespace raft::ctl {

class BackupCommandLine {
 public:
  using AddCommand =
      std::function<CLI::App*(CLI::App* parent, const std::string& name,
                              const std::string& description, std::function<int()> run)>;

  // `global` outlives this, and is filled when a command runs.
  explicit BackupCommandLine(const GlobalOptions& global);
  ~BackupCommandLine();

  // Once. What is added uses this object for as long as `app` lives.
  void AddTo(CLI::App* app, const AddCommand& add);

 private:
  struct Options;

  void AddSnapshot(CLI::App* app, const AddCommand& add);
  void AddLog(CLI::App* app, const AddCommand& add);
  void AddRecover(CLI::App* app, const AddCommand& add);

  const GlobalOptions& global_;
  const std::unique_ptr<Options> options_;
};

}  // namespace raft::ctl
