#include "persistence/identity_file.h"

#include <utility>

#include "persistence/framed_file.h"
#include "raft/storage/v1/storage.pb.h"

namespace raft {
namespace {

constexpr FrameFormat kFormat{.magic = "RAFTIDEN", .version = 1};

void ToProto(const FoundingConfiguration& founding, raft::peer::v1::FoundingConfiguration* proto) {
  proto->set_cluster_id(founding.cluster_id);
  proto->set_log_time_ms(founding.log_time_ms);
  for (const FoundingMember& member : founding.members) {
    raft::peer::v1::FoundingMember* added = proto->add_members();
    added->set_server_id(member.server_id.value());
    added->set_peer_address(member.peer_address);
    added->set_incarnation(member.incarnation);
  }
}

FoundingConfiguration FromProto(const raft::peer::v1::FoundingConfiguration& proto) {
  FoundingConfiguration founding;
  founding.cluster_id = proto.cluster_id();
  founding.log_time_ms = proto.log_time_ms();
  for (const raft::peer::v1::FoundingMember& member : proto.members()) {
    founding.members.push_back({.server_id = ServerId(member.server_id()),
                                .peer_address = member.peer_address(),
                                .incarnation = member.incarnation()});
  }
  return founding;
}

// What a checksum cannot tell: whether the numbers are ones that a server would have written.
bool IsSensible(const Identity& identity, bool founded) {
  if (identity.server_id == ServerId(0) || identity.incarnation == 0) return false;
  if (!founded) return !identity.storage_created;
  return IsSound(identity.founding);
}

}  // namespace

absl::Status WriteIdentityFile(Disk& disk, const std::string& directory, const Identity& identity) {
  raft::storage::v1::Identity proto;
  proto.set_server_id(identity.server_id.value());
  proto.set_incarnation(identity.incarnation);
  proto.set_initial_members_hash(identity.initial_members_hash);
  proto.set_storage_created(identity.storage_created);
  if (!identity.is_forming()) ToProto(identity.founding, proto.mutable_founding());
  return ReplaceFramedFile(disk, directory, kIdentityFileName, kFormat, proto.SerializeAsString());
}

absl::StatusOr<Identity> ReadIdentityFile(Disk& disk, const std::string& directory) {
  const std::string path = directory + "/" + kIdentityFileName;
  const absl::StatusOr<std::string> payload = ReadFramedFile(disk, path, kFormat);
  if (!payload.ok()) return payload.status();
  raft::storage::v1::Identity proto;
  Identity identity;
  const bool parsed = proto.ParseFromString(*payload);
  identity.server_id = ServerId(proto.server_id());
  identity.incarnation = proto.incarnation();
  identity.initial_members_hash = proto.initial_members_hash();
  identity.storage_created = proto.storage_created();
  if (proto.has_founding()) identity.founding = FromProto(proto.founding());
  if (!parsed || !IsSensible(identity, proto.has_founding())) {
    return absl::DataLossError("cannot read " + path + ": no server writes such an identity");
  }
  return identity;
}

}  // namespace raft
