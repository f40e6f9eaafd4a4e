#include "service/conversion/peer_identity.h"

#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/check.h"

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

ServerLife SenderOf(const peer::v1::PeerHeader& header) {
  return {.server_id = ServerId(header.from()), .incarnation = header.incarnation()};
}

// Large enough that two processes hardly ever use the same numbers, small enough to be few bytes.
std::uint64_t FirstMomentOf(const LocalServer& local) { return 1 + (local.process_nonce >> 32); }

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
    case HeaderProblem::kRegressed:
      return "regressed";
    case HeaderProblem::kDoubled:
      return "doubled";
  }
  return "unknown";
}

HeaderRules::HeaderRules(const LocalServer& local, const FoundingConfiguration& founding)
    : local_(local),
      founding_(founding),
      configuration_(std::make_shared<const ClusterConfiguration>()),
      processes_(std::make_unique<ProcessWatch>(FirstMomentOf(local))) {
  RAFT_CHECK(!founding_.cluster_id.empty(), "headers are judged once the cluster is founded");
}

void HeaderRules::Follow(std::shared_ptr<const ClusterConfiguration> configuration) {
  RAFT_CHECK(configuration != nullptr, "some configuration is always in force");
  MutexLock lock(mutex_);
  configuration_.swap(configuration);
}

void HeaderRules::NoteStart(const StartingPoint& start) {
  MutexLock lock(mutex_);
  start_ = start;
}

std::optional<StartingPoint> HeaderRules::start() const {
  MutexLock lock(mutex_);
  return start_;
}

std::shared_ptr<const ClusterConfiguration> HeaderRules::configuration() const {
  MutexLock lock(mutex_);
  return configuration_;
}

bool HeaderRules::Lists(const ServerLife& life) const {
  const std::shared_ptr<const ClusterConfiguration> configuration = this->configuration();
  const Member* listed = configuration->Find(life.server_id);
  return listed != nullptr && listed->incarnation == life.incarnation;
}

std::optional<HeaderRefusal> HeaderRules::Refuse(const peer::v1::PeerHeader& header) const {
  if (auto refusal = RefuseFromLeader(header)) return refusal;
  const std::shared_ptr<const ClusterConfiguration> configuration = this->configuration();
  const Member* listed = configuration->Find(ServerId(header.from()));
  if (listed == nullptr || header.incarnation() == listed->incarnation) return std::nullopt;
  return HeaderRefusal{HeaderProblem::kSenderIncarnation,
                       absl::StrCat("comes from another life of server ", header.from(),
                                    "'s data directory; this cluster knows incarnation ",
                                    listed->incarnation, ", not ", header.incarnation())};
}

std::optional<HeaderRefusal> HeaderRules::RefuseFromLeader(
    const peer::v1::PeerHeader& header) const {
  if (auto refusal = RefuseForeign(header)) return refusal;
  if (ServerId(header.from()) == local_.server_id) {
    return HeaderRefusal{
        HeaderProblem::kUnknownMember,
        absl::StrCat("claims to come from server ", header.from(), ", which is this server")};
  }
  if (auto refusal = RefuseAddressee(header)) return refusal;
  if (auto refusal = RefuseRegressed(header)) return refusal;
  return RefuseDoubled(header);
}

std::optional<HeaderRefusal> HeaderRules::RefuseAnswer(const peer::v1::PeerHeader& header,
                                                       const ServerLife& asked) const {
  if (auto refusal = RefuseForeign(header)) return refusal;
  if (header.from() != asked.server_id.value()) {
    return HeaderRefusal{HeaderProblem::kUnknownMember,
                         absl::StrCat("was answered by server ", header.from(), " where server ",
                                      asked.server_id.value(), " was asked; check the addresses")};
  }
  if (header.incarnation() != asked.incarnation) {
    return HeaderRefusal{HeaderProblem::kSenderIncarnation,
                         absl::StrCat("was answered by another life of server ", header.from(),
                                      "'s data directory: incarnation ", header.incarnation(),
                                      ", not ", asked.incarnation)};
  }
  if (auto refusal = RefuseAddressee(header)) return refusal;
  if (auto refusal = RefuseRegressed(header)) return refusal;
  return RefuseDoubled(header);
}

// What is malformed, of another cluster, or for somebody else.
std::optional<HeaderRefusal> HeaderRules::RefuseForeign(const peer::v1::PeerHeader& header) const {
  if (auto refusal = RefuseForm(header)) return refusal;
  if (header.cluster_id() != founding_.cluster_id) {
    return HeaderRefusal{
        HeaderProblem::kOtherCluster,
        absl::StrCat("belongs to cluster ", FormatClusterId(header.cluster_id()), ", server ",
                     local_.server_id.value(), " to ", FormatClusterId(founding_.cluster_id),
                     "; check the addresses")};
  }
  if (header.to() == local_.server_id.value()) return std::nullopt;
  return HeaderRefusal{HeaderProblem::kNotAddressee,
                       absl::StrCat("is addressed to server ", header.to(), ", this is server ",
                                    local_.server_id.value(), "; check the addresses")};
}

std::optional<HeaderRefusal> HeaderRules::RefuseAddressee(
    const peer::v1::PeerHeader& header) const {
  if (header.to_incarnation() == local_.incarnation) return std::nullopt;
  return HeaderRefusal{
      HeaderProblem::kAddresseeIncarnation,
      absl::StrCat("is meant for incarnation ", header.to_incarnation(), " of server ",
                   local_.server_id.value(), ", this is ", local_.incarnation)};
}

std::optional<HeaderRefusal> HeaderRules::RefuseRegressed(
    const peer::v1::PeerHeader& header) const {
  const auto regress = memory_->RegressOf(SenderOf(header), header.process_nonce());
  if (!regress) return std::nullopt;
  return HeaderRefusal{HeaderProblem::kRegressed,
                       absl::StrCat("comes from server ", header.from(),
                                    ", whose data directory was put back from an old copy: it ",
                                    Describe(*regress))};
}

std::optional<HeaderRefusal> HeaderRules::RefuseDoubled(const peer::v1::PeerHeader& header) const {
  if (!processes_->IsDoubled(SenderOf(header), header.process_nonce())) return std::nullopt;
  return DoubledRefusal(header);
}

HeaderRefusal HeaderRules::DoubledRefusal(const peer::v1::PeerHeader& header) {
  return {HeaderProblem::kDoubled,
          absl::StrCat("comes from one of two processes that run as server ", header.from(),
                       " on copies of one data directory; what they promise is promised twice")};
}

ProcessWatch::Finding HeaderRules::Hear(const peer::v1::PeerHeader& header) const {
  return processes_->Hear(SenderOf(header), header.process_nonce(),
                          {.moment = header.moment(), .heard = header.heard_moment()});
}

void HeaderRules::Stamp(const ServerLife& to, peer::v1::PeerHeader& header) const {
  header.set_cluster_id(founding_.cluster_id);
  header.set_from(local_.server_id.value());
  header.set_to(to.server_id.value());
  header.set_incarnation(local_.incarnation);
  header.set_to_incarnation(to.incarnation);
  header.set_process_nonce(local_.process_nonce);
  header.set_protocol_version(kPeerProtocolVersion);
  StampMoments(to, header);
}

void HeaderRules::StampMoments(const ServerLife& to, peer::v1::PeerHeader& header) const {
  const MessageMoments moments = processes_->Leave(to);
  header.set_moment(moments.moment);
  header.set_heard_moment(moments.heard);
}

}  // namespace raft
