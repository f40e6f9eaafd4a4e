// Who a data directory is: which server, which life of it, which cluster.
//
// Written at birth in state *forming*, completed once when the cluster is founded, then never
// changed. An emptied directory is a new life (another incarnation) and so never votes in the old
// one's name (trap D11).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.h"

namespace raft {

// 16 random bytes drawn once by the founder; empty while forming.
using ClusterId = std::string;

// Two hexadecimal digits per byte, for people.
std::string FormatHexadecimal(std::string_view bytes);

// 32 hexadecimal digits, for people.
std::string FormatClusterId(const ClusterId& cluster_id);

struct FoundingMember {
  ServerId server_id;
  std::string peer_address;  // a hint: where it was at the founding
  std::uint64_t incarnation = 0;

  friend bool operator==(const FoundingMember&, const FoundingMember&) = default;
};

// The configuration at log index 0, the same on every server for ever.
struct FoundingConfiguration {
  ClusterId cluster_id;
  LogTimeMs log_time_ms = 0;            // the founder's Unix time: where log time starts
  std::vector<FoundingMember> members;  // rising order of id

  friend bool operator==(const FoundingConfiguration&, const FoundingConfiguration&) = default;
};

struct Identity {
  ServerId server_id;
  std::uint64_t incarnation = 0;           // random, never 0
  std::uint64_t initial_members_hash = 0;  // of the --initial-members it was born with
  FoundingConfiguration founding;          // cluster_id empty: forming
  // Promise, log and state exist; from then on a missing one is a loss, never a beginning (S-6).
  bool storage_created = false;

  bool is_forming() const { return founding.cluster_id.empty(); }
};

}  // namespace raft
