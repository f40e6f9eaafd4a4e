#include "service/cluster_birth.h"

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <condition_variable>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "raft/peer/v1/peer_service.grpc.pb.h"

namespace raft {
namespace {

constexpr std::chrono::milliseconds kRoundInterval{100};

ClusterId DrawClusterId() {
  std::random_device device;
  ClusterId cluster_id;
  while (cluster_id.size() < kClusterIdBytes) {
    cluster_id.push_back(static_cast<char>(device() & 0xff));
  }
  return cluster_id;
}

LogTimeMs UnixTimeMs() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count();
}

void SortById(std::vector<InitialMember>& members) {
  std::sort(members.begin(), members.end(), [](const InitialMember& a, const InitialMember& b) {
    return a.server_id < b.server_id;
  });
}

}  // namespace

// Another initial member, as this server sees it.
class ClusterBirth::Neighbour {
 public:
  Neighbour(const PeerLinkOptions& options, InitialMember member)
      : deadline_(options.greet_deadline),
        member_(std::move(member)),
        stub_(peer::v1::PeerService::NewStub(OpenPeerChannel(member_.peer_address, options))) {}

  // Blocks until the answer, the deadline or `stop`.
  absl::StatusOr<Greeting> Greet(const LocalServer& local, std::uint64_t round,
                                 const std::stop_token& stop) {
    peer::v1::GreetRequest request;
    WriteGreeting(local, nullptr, {.server_id = member_.server_id, .incarnation = 0}, request);
    request.mutable_header()->set_request_number(round);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + deadline_);
    const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
    peer::v1::GreetResponse response;
    const grpc::Status status = stub_->Greet(&context, request, &response);
    if (!status.ok()) {
      return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                          status.error_message());
    }
    return Read(response, local.server_id);
  }

  std::string Describe() const {
    return absl::StrCat("server ", member_.server_id.value(), " at ", member_.peer_address);
  }

 private:
  absl::StatusOr<Greeting> Read(const peer::v1::GreetResponse& response, ServerId self) const {
    absl::StatusOr<Greeting> greeting = ReadGreeting(response, self);
    if (greeting.ok() && greeting->from != member_.server_id) {
      return absl::FailedPreconditionError(
          absl::StrCat("server ", greeting->from.value(), " answers there; check the addresses"));
    }
    return greeting;
  }

  const std::chrono::milliseconds deadline_;
  const InitialMember member_;
  const std::unique_ptr<peer::v1::PeerService::Stub> stub_;
};

ClusterBirth::ClusterBirth(const PeerLinkOptions& options, LocalServer local,
                           std::vector<InitialMember> initial_members, DataDirectory& directory)
    : local_(std::move(local)),
      initial_members_(std::move(initial_members)),
      directory_(directory) {
  SortById(initial_members_);
  for (const InitialMember& member : initial_members_) {
    if (member.server_id == local_.server_id) continue;
    neighbours_.push_back(std::make_unique<Neighbour>(options, member));
  }
}

ClusterBirth::~ClusterBirth() = default;

absl::StatusOr<FoundingConfiguration> ClusterBirth::Run(std::stop_token stop) {
  if (neighbours_.size() == initial_members_.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot form a cluster: server ", local_.server_id.value(),
                     " is not among --initial-members ", FormatInitialMembers(initial_members_),
                     "; add it with its advertised peer address, or wait to be added to a cluster "
                     "that exists with --join"));
  }
  for (;;) {
    const Round round = GreetAll(stop);
    if (stop.stop_requested()) {
      return absl::CancelledError("stopped while waiting for the other initial members");
    }
    for (const Greeting& greeting : round.greetings) {
      if (!greeting.is_forming()) return Adopt(greeting);
    }
    if (round.problems.empty() && IsFounder()) return Found(round.greetings);
    NoteWaiting(round.problems);
    Pause(stop);
  }
}

std::string ClusterBirth::WaitingFor() const {
  MutexLock lock(mutex_);
  return waiting_for_;
}

ClusterBirth::Round ClusterBirth::GreetAll(const std::stop_token& stop) {
  Round round;
  ++rounds_;
  for (const auto& neighbour : neighbours_) {
    if (stop.stop_requested()) return round;
    absl::StatusOr<Greeting> greeting = neighbour->Greet(local_, rounds_, stop);
    if (!greeting.ok()) {
      round.problems.push_back(
          absl::StrCat(neighbour->Describe(), ": ", std::string(greeting.status().message())));
      continue;
    }
    if (greeting->is_forming() && greeting->initial_members_hash != local_.initial_members_hash) {
      round.problems.push_back(absl::StrCat(
          neighbour->Describe(), ": was started with other --initial-members (hash ",
          absl::Hex(greeting->initial_members_hash), " there, ",
          absl::Hex(local_.initial_members_hash), " here: ", FormatInitialMembers(initial_members_),
          "); start all with the same list"));
    }
    round.greetings.push_back(*std::move(greeting));
  }
  return round;
}

// The cluster exists already. This server belongs to it only in the life that was founded.
absl::StatusOr<FoundingConfiguration> ClusterBirth::Adopt(const Greeting& greeting) {
  const FoundingConfiguration& founding = *greeting.founding;
  const FoundingMember* self = FindMember(founding, local_.server_id);
  if (self == nullptr || self->incarnation != local_.incarnation) {
    return absl::FailedPreconditionError(absl::StrCat(
        "server ", local_.server_id.value(), " starts with the new data directory ",
        directory_.path(), ", but server ", greeting.from.value(), " already belongs to cluster ",
        FormatClusterId(founding.cluster_id), ", which ",
        self == nullptr ? "does not list this server at all"
                        : "knows this server by another life of its data directory",
        ". A server with an emptied disk has forgotten its votes and must not vote again. The way "
        "back: start it with the data directory it had. If that is lost, remove the server "
        "(raftctl members remove), start another with an empty directory, a new id and --join, "
        "and add that (raftctl members add). If --initial-members names an address of another "
        "cluster, correct it; if no "
        "data matters, empty the data directories of all members and start them again"));
  }
  if (absl::Status status = directory_.AdoptFounding(founding); !status.ok()) return status;
  spdlog::info("adopted cluster {} from server {}", FormatClusterId(founding.cluster_id),
               greeting.from.value());
  return founding;
}

// Every initial member was seen forming, with the same list, in one round.
absl::StatusOr<FoundingConfiguration> ClusterBirth::Found(const std::vector<Greeting>& greetings) {
  FoundingConfiguration founding{
      .cluster_id = DrawClusterId(), .log_time_ms = UnixTimeMs(), .members = {}};
  for (const InitialMember& member : initial_members_) {
    std::uint64_t incarnation = local_.incarnation;
    for (const Greeting& greeting : greetings) {
      if (greeting.from == member.server_id) incarnation = greeting.incarnation;
    }
    founding.members.push_back({.server_id = member.server_id,
                                .peer_address = member.peer_address,
                                .incarnation = incarnation});
  }
  if (absl::Status status = directory_.AdoptFounding(founding); !status.ok()) return status;
  spdlog::info("founded cluster {} of {}", FormatClusterId(founding.cluster_id),
               FormatInitialMembers(initial_members_));
  return founding;
}

bool ClusterBirth::IsFounder() const {
  return initial_members_.front().server_id == local_.server_id;
}

void ClusterBirth::NoteWaiting(const std::vector<std::string>& problems) {
  std::string waiting_for = absl::StrJoin(problems, "; ");
  if (problems.empty()) {
    waiting_for = absl::StrCat("server ", initial_members_.front().server_id.value(), " at ",
                               initial_members_.front().peer_address, " to found the cluster");
  }
  {
    MutexLock lock(mutex_);
    if (waiting_for == waiting_for_) return;
    waiting_for_ = waiting_for;
  }
  spdlog::warn("forming a cluster, waiting for {}", waiting_for);
}

void ClusterBirth::Pause(const std::stop_token& stop) {
  std::condition_variable_any stopped;
  Mutex nobody_else;
  MutexLock lock(nobody_else);
  stopped.wait_for(lock, stop, kRoundInterval, [] { return false; });
}

}  // namespace raft
