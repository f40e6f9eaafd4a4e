// Shell completion, generated from the command table so that it cannot fall behind it.
//
// Room: service/raftctl. Knows CLI11's tree of commands; nothing of what they do.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace raft::ctl {

enum class Shell { kBash, kZsh, kFish };

// The script to put where the shell looks for completions.
std::string CompletionScript(const CLI::App& app, Shell shell);

}  // namespace raft::ctl
