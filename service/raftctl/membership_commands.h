// members add, promote, remove, replace and leader transfer: what changes the cluster itself.
//
// Room: service/raftctl. Each function returns an ExitCode. A change of members is certain once the
// leader has answered; these then wait until it is settled and say on stderr what it waits for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/raftctl/options.h"

namespace raft::ctl {

// "4=host:7001".
struct MemberWord {
  std::uint64_t server_id = 0;
  std::string peer_address;
};
// Empty, with `member` filled, or what is wrong with the word.
std::string ParseMember(const std::string& word, MemberWord* member);

struct MembershipOptions {
  std::vector<MemberWord> members;        // of add (one) and replace
  std::uint64_t server_id = 0;            // of promote and remove
  bool learner = false;                   // of add: it stays one
  bool no_wait = false;                   // return as soon as the change is certain
  std::optional<std::uint64_t> expected;  // the configuration that must be in force; 0: founding
};

int RunMembersAdd(const GlobalOptions& global, const MembershipOptions& options);
int RunMembersPromote(const GlobalOptions& global, const MembershipOptions& options);
int RunMembersRemove(const GlobalOptions& global, const MembershipOptions& options);
int RunMembersReplace(const GlobalOptions& global, const MembershipOptions& options);

// `target` 0: whoever is furthest.
int RunLeaderTransfer(const GlobalOptions& global, std::uint64_t target);

}  // namespace raft::ctl
