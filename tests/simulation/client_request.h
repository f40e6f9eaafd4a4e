// What a simulated client sends to a server, and what it hears.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/types.h"
#include "raft/v1/consensus_service.pb.h"

namespace raft::simulation {

struct ClientAnswer {
  enum class Kind : std::uint8_t {
    kApplied,      // `position`, `result`
    kRead,         // `read_index`, `read`
    kRefused,      // certainly not appended, certainly not answered
    kUnreachable,  // nobody was there
  };
  Kind kind = Kind::kUnreachable;
  LogPosition position{};
  std::string result{};  // a serialised CommandResult
  LogIndex read_index{};
  raft::v1::ReadResponse read{};
  std::optional<ServerId> leader_hint{};
};

struct ClientRequest {
  bool is_read = false;
  std::string command;  // a serialised Command; empty for a read
  std::string key;      // of a read
  // Called at the client, never, once or (a copied answer) several times.
  std::function<void(const ClientAnswer&)> answer;
};

}  // namespace raft::simulation
