// What operators ask of the members, turned into the members wanted, or into the reason why not.
//
// Pure functions of the configuration in force and of what the servers to be added said when they
// were greeted. What needs to know who answers and who lags is the core's to judge. Any thread.
#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <optional>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "core/cluster_configuration.h"
#include "persistence/identity.h"
#include "raft/v1/cluster_service.pb.h"
#include "service/conversion/greeting.h"
#include "service/errors.h"

namespace raft {

// Members with incarnation 0 are newcomers: they have to be greeted first.
using MembersOrError = std::variant<std::vector<Member>, ServiceError>;

// `member` joins, as a learner for ever or to become a voter.
MembersOrError PlanAddition(const ClusterConfiguration& now, const v1::Member& member);
// A learner becomes a voter, at once.
MembersOrError PlanPromotion(const ClusterConfiguration& now, ServerId server);
MembersOrError PlanRemoval(const ClusterConfiguration& now, ServerId server);
// Exactly these members. If there are new voters among them, those that go stay until then.
MembersOrError PlanReplacement(const ClusterConfiguration& now,
                               const google::protobuf::RepeatedPtrField<v1::Member>& wanted);

// None: the newcomer waits to be added, and `greeting` tells its incarnation. `greeting` is what
// came of greeting it as a server of `cluster`.
std::optional<ServiceError> JudgeNewcomer(const Member& newcomer,
                                          const absl::StatusOr<Greeting>& greeting,
                                          const ClusterId& cluster);

}  // namespace raft
