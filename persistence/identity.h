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

#include "core/cluster_configuration.h"
#include "core/types.h"

namespace raft {

// 16 random bytes drawn once by the founder; empty while forming.
using ClusterId = std::string;
inline constexpr std::size_t kClusterIdBytes = 16;

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

// Whether a founder would write this: it has a cluster id, its log time is one, its members rise by
// id, have incarnations, and can be voters of one configuration.
bool IsSound(const FoundingConfiguration& founding);

// The configuration that the cluster starts with: the founding members, all of them voters.
// Requires: IsSound.
ClusterConfiguration ConfigurationOf(const FoundingConfiguration& founding);

struct Identity {
  ServerId server_id;
  std::uint64_t incarnation = 0;  // random, never 0
  // Of the --initial-members it was born with; 0: born to join a cluster that exists.
  std::uint64_t initial_members_hash = 0;
  FoundingConfiguration founding;  // cluster_id empty: forming
  // Promise, log and state exist; from then on a missing one is a loss, never a beginning (S-6).
  bool storage_created = false;

  bool is_forming() const { return founding.cluster_id.empty(); }
};

}  // namespace raft
