#include "service/raftctl/backup_command_line.h"

#include <CLI/CLI.hpp>

#include "service/raftctl/directory_commands.h"
#include "service/raftctl/option_kinds.h"
#include "service/raftctl/snapshot_commands.h"
#include "service/whole_number.h"

namespace raft::ctl {
namespace {

void AddNewServer(CLI::App* command, const std::string& directory_option,
                  NewServerOptions* server) {
  command
      ->add_option(directory_option, server->data_dir,
                   "Data directory of the new server: empty, or not there yet")
      ->required();
  command->add_option("--server-id", server->server_id, "Its id")
      ->required()
      ->check(CheckWholeNumber)
      ->check(CLI::PositiveNumber);
  command->add_option("--peer-address", server->peer_address, "Where other servers will reach it")
      ->required()
      ->check(CheckEndpoint);
}

}  // namespace

struct BackupCommandLine::Options {
  std::string path;  // FILE or DIR
  SnapshotSaveOptions save;
  NewServerOptions server;
  LogInspectOptions log;
  RecoverOptions recover;
};

BackupCommandLine::BackupCommandLine(const GlobalOptions& global)
    : global_(global), options_(std::make_unique<Options>()) {}

BackupCommandLine::~BackupCommandLine() = default;

void BackupCommandLine::AddTo(CLI::App* app, const AddCommand& add) {
  AddSnapshot(app, add);
  AddLog(app, add);
  AddRecover(app, add);
}

void BackupCommandLine::AddSnapshot(CLI::App* app, const AddCommand& add) {
  CLI::App* snapshot = app->add_subcommand("snapshot", "Backups: save, inspect, restore.");
  snapshot->require_subcommand(1);

  add(snapshot, "create", "Have a server make its state durable now.",
      [this] { return RunSnapshotCreate(global_); });

  CLI::App* save = add(snapshot, "save", "Save the state of a running server to a file.",
                       [this] { return RunSnapshotSave(global_, options_->save); });
  save->add_option("FILE", options_->save.path, "The file to make")->required();
  save->add_flag("--force", options_->save.force, "Replace a file that exists");
  AddDuration(save, "--stall-timeout", &options_->save.stall_timeout, std::chrono::milliseconds(1),
              "Give up when nothing arrives for this long");

  CLI::App* inspect = add(snapshot, "inspect", "Verify a snapshot file and say what it holds.",
                          [this] { return RunSnapshotInspect(global_, options_->path); });
  inspect->add_option("FILE", options_->path, "The file")->required();

  CLI::App* restore =
      add(snapshot, "restore", "Make a new cluster of one server from a snapshot file.",
          [this] { return RunSnapshotRestore(global_, options_->path, options_->server); });
  restore->add_option("FILE", options_->path, "The file")->required();
  AddNewServer(restore, "--data-dir", &options_->server);
}

void BackupCommandLine::AddLog(CLI::App* app, const AddCommand& add) {
  CLI::App* log = app->add_subcommand("log", "The log of a stopped server.");
  log->require_subcommand(1);
  CLI::App* inspect =
      add(log, "inspect", "Show what a stopped server's data directory holds; changes nothing.",
          [this] { return RunLogInspect(global_, options_->log); });
  inspect->add_option("DIR", options_->log.directory, "Its data directory")->required();
  inspect->add_option("--from", options_->log.from, "First index to show; 0: the first there is")
      ->check(CheckWholeNumber)
      ->capture_default_str();
  inspect->add_option("--to", options_->log.to, "Last index to show; 0: the last there is")
      ->check(CheckWholeNumber)
      ->capture_default_str();
  inspect->add_option("--limit", options_->log.limit, "Show at most this many entries; 0: all")
      ->check(CheckWholeNumber)
      ->capture_default_str();
}

void BackupCommandLine::AddRecover(CLI::App* app, const AddCommand& add) {
  CLI::App* recover = add(app, "recover",
                          "Make a new cluster of one server from what is left of one that has lost "
                          "its majority.",
                          [this] { return RunRecover(global_, options_->recover); });
  recover
      ->add_option("--from", options_->recover.survivors,
                   "Data directory of a survivor, stopped; once for each")
      ->required()
      ->allow_extra_args(false);
  AddNewServer(recover, "--to", &options_->recover.server);
  recover->add_flag("--yes", options_->recover.yes, "Do not ask before it is made");
}

}  // namespace raft::ctl
