#include "service/conversion/peer_identity.h"

#include <random>

#include "absl/strings/str_cat.h"
#include "core/check.h"
#include "service/conversion/founding_conversion.h"

namespace raft {
namespace {

// The rules every header has to keep, wherever it comes from.
std::optional<HeaderRefusal> RefuseForm(const peer::v1::PeerHeader& header) {
  if (header.from() == 0 || header.to() == 0 || header.incarnation() == 0 ||
      header.to_incarnation() == 0 || header.process_nonce() == 0 || header.request_number() == 0) {
    return HeaderRefusal{HeaderProblem::kMalformed,
                         "header has a 0 where an id, an incarnation, a nonce or a number belongs"};
  }
  if (header.protocol_version() != kPeerProtocolVersion) {
    return HeaderRefusal{
        HeaderProblem::kProtocolVersion,
        absl::StrCat("speaks peer protocol ", header.protocol_version(), ", this server speaks ",
                     kPeerProtocolVersion, "; upgrade the older of the two")};
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t DrawProcessNonce() {
  std::random_device device;
  const std::uint64_t nonce = (std::uint64_t{device()} << 32) | device();
  return nonce == 0 ? 1 : nonce;
}

const char* ToString(HeaderProblem problem) {
  switch (problem) {
    case HeaderProblem::kMalformed:
      return "malformed";
    case HeaderProblem::kProtocolVersion:
      return "protocol_version";
    case HeaderProblem::kOtherCluster:
      return "other_cluster";
    case HeaderProblem::kNotAddressee:
      return "not_addressee";
    case HeaderProblem::kUnknownMember:
      return "unknown_member";
    case HeaderProblem::kSenderIncarnation:
      return "sender_incarnation";
    case HeaderProblem::kAddresseeIncarnation:
      return "addressee_incarnation";
  }
  return "unknown";
}

HeaderRules::HeaderRules(const LocalServer& local, const FoundingConfiguration& founding)
    : local_(local), founding_(founding) {
  const FoundingMember* self = FindMember(founding_, local_.server_id);
  RAFT_CHECK(self != nullptr && self->incarnation == local_.incarnation,
             "a server only starts in a cluster that lists this life of it");
}

std::optional<HeaderRefusal> HeaderRules::Refuse(const peer::v1::PeerHeader& header) const {
  if (auto refusal = RefuseForm(header)) return refusal;
  if (header.cluster_id() != founding_.cluster_id) {
    return HeaderRefusal{
        HeaderProblem::kOtherCluster,
        absl::StrCat("belongs to cluster ", FormatClusterId(header.cluster_id()), ", server ",
                     local_.server_id.value(), " to ", FormatClusterId(founding_.cluster_id),
                     "; check the addresses")};
  }
  if (header.to() != local_.server_id.value()) {
    return HeaderRefusal{HeaderProblem::kNotAddressee,
                         absl::StrCat("is addressed to server ", header.to(), ", this is server ",
                                      local_.server_id.value(), "; check the addresses")};
  }
  const FoundingMember* sender = FindMember(founding_, ServerId(header.from()));
  if (sender == nullptr || sender->server_id == local_.server_id) {
    return HeaderRefusal{HeaderProblem::kUnknownMember,
                         absl::StrCat("comes from server ", header.from(),
                                      ", which is no peer of server ", local_.server_id.value())};
  }
  if (header.incarnation() != sender->incarnation) {
    return HeaderRefusal{HeaderProblem::kSenderIncarnation,
                         absl::StrCat("comes from another life of server ", header.from(),
                                      "'s data directory; this cluster knows incarnation ",
                                      sender->incarnation, ", not ", header.incarnation())};
  }
  if (header.to_incarnation() != local_.incarnation) {
    return HeaderRefusal{
        HeaderProblem::kAddresseeIncarnation,
        absl::StrCat("is meant for incarnation ", header.to_incarnation(), " of server ",
                     local_.server_id.value(), ", this is ", local_.incarnation)};
  }
  return std::nullopt;
}

std::optional<HeaderRefusal> HeaderRules::RefuseAnswer(const peer::v1::PeerHeader& header,
                                                       ServerId asked) const {
  if (auto refusal = Refuse(header)) return refusal;
  if (header.from() != asked.value()) {
    return HeaderRefusal{HeaderProblem::kUnknownMember,
                         absl::StrCat("was answered by server ", header.from(), " where server ",
                                      asked.value(), " was asked; check the addresses")};
  }
  return std::nullopt;
}

void HeaderRules::Stamp(ServerId to, peer::v1::PeerHeader& header) const {
  const FoundingMember* addressee = FindMember(founding_, to);
  RAFT_CHECK(addressee != nullptr, "messages go to members only");
  header.set_cluster_id(founding_.cluster_id);
  header.set_from(local_.server_id.value());
  header.set_to(to.value());
  header.set_incarnation(local_.incarnation);
  header.set_to_incarnation(addressee->incarnation);
  header.set_process_nonce(local_.process_nonce);
  header.set_protocol_version(kPeerProtocolVersion);
}

}  // namespace raft
