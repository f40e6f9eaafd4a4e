// The founding configuration on the wire, and the list of initial members that leads to it.
//
// Validates what a peer hands out (design section 5, "birth of a cluster"). Knows no gRPC and no
// disk. Pure functions; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "persistence/identity.h"
#include "raft/peer/v1/peer_service.pb.h"

namespace raft {

// One item of --initial-members: who is to be in the cluster at its birth, and where.
struct InitialMember {
  ServerId server_id;
  std::string peer_address;

  friend bool operator==(const InitialMember&, const InitialMember&) = default;
};

// "1=h1:7001,2=h2:7001", in rising order of id whatever the order of `members`.
std::string FormatInitialMembers(std::vector<InitialMember> members);

// Equal for equal lists, in whatever order they were written. The same on every machine and in
// every version, never 0: servers compare it while the cluster forms.
std::uint64_t HashOfInitialMembers(const std::vector<InitialMember>& members);

// INVALID_ARGUMENT: cluster id not 16 bytes, log time below 1, no members, ids or incarnations
// zero, addresses empty, ids not rising.
absl::StatusOr<FoundingConfiguration> FromProto(const peer::v1::FoundingConfiguration& message);
void ToProto(const FoundingConfiguration& founding, peer::v1::FoundingConfiguration& message);

// The member with this id; null: none.
const FoundingMember* FindMember(const FoundingConfiguration& founding, ServerId server);

}  // namespace raft
