// Kinds of options that several commands have: an address, a duration.
//
// Room: service/raftctl. Knows CLI11 and the forms of text; nothing of commands.
#pragma once

#include <string>

#include "service/raftctl/call_engine.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace raft::ctl {

// For CLI11's check: empty when `endpoint` is "host:port", else what is wrong with it.
std::string CheckEndpoint(const std::string& endpoint);

// "500ms", "5s", "1m30s". CLI11 would take "5" and guess a unit.
CLI::Option* AddDuration(CLI::App* app, const std::string& name, Clock::duration* target,
                         Clock::duration least, const std::string& description);

}  // namespace raft::ctl
