#include "tests/integration/cluster.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>
#include <utility>

#include "tests/integration/free_ports.h"
#include "tests/metrics/raw_http.h"

namespace raft::integration {
namespace {

constexpr std::size_t kLogBytesShown = 4'000;
constexpr Milliseconds kStatusDeadline{1'000};

std::string Loopback(std::uint16_t port) { return "127.0.0.1:" + std::to_string(port); }

std::string MakeFolder() {
  std::string path = ::testing::TempDir() + "raftd-XXXXXX";
  if (mkdtemp(path.data()) == nullptr) {
    std::perror("cannot make a temporary folder");
    std::abort();
  }
  return path;
}

// The environment names a program elsewhere, for instance one with sanitizers.
std::string Program(const char* variable, const char* built) {
  const char* named = std::getenv(variable);
  return named != nullptr ? named : built;
}

}  // namespace

std::string RaftdProgram() { return Program("RAFT_TEST_RAFTD", RAFTD_PROGRAM); }
std::string RaftctlProgram() { return Program("RAFT_TEST_RAFTCTL", RAFTCTL_PROGRAM); }

Addresses FreeAddresses() {
  const std::vector<std::uint16_t> ports = FindFreePorts(3);
  return {.client = Loopback(ports[0]), .peer = Loopback(ports[1]), .http = Loopback(ports[2])};
}

Cluster::Cluster(std::size_t servers) : folder_(MakeFolder()) {
  for (Id id = 1; id <= servers; ++id) LayOut(id, WayIn::kInitialMember);
}

Id Cluster::AddServer() {
  const Id id = servers_.rbegin()->first + 1;
  LayOut(id, WayIn::kJoins);
  return id;
}

void Cluster::LayOut(Id id, WayIn way_in) {
  Server& server = servers_[id];
  server.addresses = FreeAddresses();
  server.advertised_peer = server.addresses.peer;
  server.way_in = way_in;
  server.client = std::make_unique<Client>(server.addresses.client);
}

void Cluster::MovePeer(Id id) {
  Server& server = servers_.at(id);
  server.addresses.peer = FreeAddresses().peer;
  server.advertised_peer = server.addresses.peer;
  server.way_in = WayIn::kIsIn;
}

Cluster::~Cluster() {
  for (auto& [id, server] : servers_) server.process.reset();
  if (::testing::Test::HasFailure()) {
    PrintLogs();
  } else {
    std::filesystem::remove_all(folder_);
  }
}

void Cluster::AdvertisePeer(Id server, const std::string& address) {
  servers_.at(server).advertised_peer = address;
}

void Cluster::AddOptions(const std::vector<std::string>& options) {
  options_.insert(options_.end(), options.begin(), options.end());
}

void Cluster::Start(Id server) {
  const std::string log = folder_ + "/server-" + std::to_string(server) + ".log";
  servers_.at(server).process = std::make_unique<Process>(
      ProcessOptions{.arguments = Arguments(server), .output_path = log, .error_path = log});
}

void Cluster::StartAll() {
  for (const Id id : ids()) Start(id);
}

void Cluster::Kill(Id server) { servers_.at(server).process.reset(); }
std::optional<int> Cluster::Terminate(Id server) {
  process(server).Signal(SIGTERM);
  const std::optional<int> exit_code = process(server).WaitForExit();
  Kill(server);
  return exit_code;
}
void Cluster::Stop(Id server) { process(server).Signal(SIGSTOP); }
void Cluster::Continue(Id server) { process(server).Signal(SIGCONT); }

std::vector<Id> Cluster::ids() const {
  std::vector<Id> ids;
  for (const auto& [id, server] : servers_) ids.push_back(id);
  return ids;
}

std::string Cluster::data_dir(Id server) const {
  return folder_ + "/server-" + std::to_string(server);
}

std::vector<std::string> Cluster::Arguments(Id server) const {
  std::string members;
  for (const auto& [id, member] : servers_) {
    if (member.way_in != WayIn::kInitialMember) continue;
    members += (members.empty() ? "" : ",") + std::to_string(id) + "=" + member.advertised_peer;
  }
  const Addresses& own = addresses(server);
  std::vector<std::string> arguments = {RaftdProgram(),
                                        "--server-id",
                                        std::to_string(server),
                                        "--data-dir",
                                        data_dir(server),
                                        "--log-format",
                                        "text",
                                        "--client-address",
                                        own.client,
                                        "--peer-address",
                                        own.peer,
                                        "--advertise-peer-address",
                                        servers_.at(server).advertised_peer,
                                        "--http-address",
                                        own.http};
  const WayIn way_in = servers_.at(server).way_in;
  if (way_in == WayIn::kInitialMember) {
    arguments.insert(arguments.end(), {"--initial-members", members});
  } else if (way_in == WayIn::kJoins) {
    arguments.push_back("--join");
  }
  arguments.insert(arguments.end(), options_.begin(), options_.end());
  return arguments;
}

std::string Cluster::LogOf(Id server) const { return ReadFile(data_dir(server) + ".log"); }

std::string Cluster::Endpoints() const {
  std::string endpoints;
  for (const auto& [id, server] : servers_) {
    endpoints += (endpoints.empty() ? "" : ",") + server.addresses.client;
  }
  return endpoints;
}

Finished Cluster::Raftctl(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {RaftctlProgram(), "--endpoints", Endpoints()});
  return RunToEnd(arguments, folder_);
}

std::optional<v1::GetStatusResponse> Cluster::Status(Id server) {
  const Answer<v1::GetStatusResponse> answer = client(server).GetStatus(false, kStatusDeadline);
  if (!answer.ok()) return std::nullopt;
  return answer.response;
}

double Cluster::Metric(Id server, const std::string& series) const {
  const std::string& address = addresses(server).http;
  const int port = std::stoi(address.substr(address.rfind(':') + 1));
  const auto page = testing::Fetch(static_cast<std::uint16_t>(port), "GET", "/metrics");
  if (!page) return 0;
  const std::size_t at = page->body.find("\n" + series + " ");
  return at == std::string::npos ? 0 : std::stod(page->body.substr(at + series.size() + 2));
}

std::optional<Id> Cluster::FindLeader(std::optional<Id> excluded) {
  // Who follows whom: (term, leader) -> servers that say so. The leader itself must be among them.
  std::map<std::pair<std::uint64_t, Id>, std::set<Id>> followed;
  std::map<Id, std::set<Id>> voters_of;  // as this server knows them
  for (const auto& [id, server] : servers_) {
    if (server.process == nullptr || id == excluded) continue;
    const std::optional<v1::GetStatusResponse> status = Status(id);
    if (!status.has_value() || status->header().leader_id() == 0) continue;
    followed[{status->header().term(), status->header().leader_id()}].insert(id);
    for (const v1::Member& member : status->members()) {
      if (member.role() == v1::MEMBER_ROLE_VOTER) voters_of[id].insert(member.server_id());
    }
  }
  for (const auto& [led, followers] : followed) {
    if (!followers.contains(led.second)) continue;
    const std::set<Id>& voters = voters_of[led.second];
    const auto agree = std::count_if(followers.begin(), followers.end(),
                                     [&](Id follower) { return voters.contains(follower); });
    if (static_cast<std::size_t>(agree) > voters.size() / 2) return led.second;
  }
  return std::nullopt;
}

Id Cluster::WaitForLeader(std::optional<Id> excluded) {
  std::optional<Id> leader;
  const bool found = WaitUntil([&] {
    leader = FindLeader(excluded);
    return leader.has_value();
  });
  EXPECT_TRUE(found) << "no leader that a majority follows";
  return leader.value_or(0);
}

bool Cluster::TryOnLeader(const std::function<bool(Client&)>& attempt) {
  return WaitUntil([&] {
    const std::optional<Id> leader = FindLeader();
    return leader.has_value() && attempt(client(*leader));
  });
}

std::uint64_t Cluster::MustPut(const std::string& key, const std::string& value) {
  std::uint64_t revision = 0;
  const bool done = TryOnLeader([&](Client& leader) {
    const Answer<v1::ProposeResponse> answer = leader.Put(key, value);
    revision = answer.response.index();
    return answer.ok();
  });
  EXPECT_TRUE(done) << "cannot put " << key;
  return revision;
}

std::string Cluster::MustGet(const std::string& key) {
  std::string value = "(absent)";
  const bool done = TryOnLeader([&](Client& leader) {
    const Answer<v1::ReadResponse> answer = leader.Get(key);
    if (answer.ok() && answer.response.items_size() == 1) value = answer.response.items(0).value();
    return answer.ok();
  });
  EXPECT_TRUE(done) << "cannot get " << key;
  return value;
}

void Cluster::WaitUntilEqual(const std::vector<Id>& servers) {
  std::string seen;
  const bool equal = WaitUntil([&] {
    std::set<std::uint64_t> positions;
    seen.clear();
    for (const Id id : servers) {
      const std::optional<v1::GetStatusResponse> status = Status(id);
      if (!status.has_value()) return false;
      positions.insert(status->last_log_index());
      positions.insert(status->header().applied_index());
      seen += " server " + std::to_string(id) + ": log " +
              std::to_string(status->last_log_index()) + " applied " +
              std::to_string(status->header().applied_index());
    }
    return positions.size() == 1;
  });
  EXPECT_TRUE(equal) << "the servers have not caught up:" << seen;
}

void Cluster::ExpectSameState(const std::vector<Id>& servers) {
  WaitUntilEqual(servers);
  std::map<std::pair<std::uint64_t, std::string>, std::vector<Id>> states;
  for (const Id id : servers) {
    const Answer<v1::GetStatusResponse> answer = client(id).GetStatus(true, kPatience);
    ASSERT_TRUE(answer.ok()) << "server " << id << ": " << answer.error.message;
    EXPECT_EQ(answer.response.state_digest(), answer.response.verified_state_digest())
        << "server " << id << " does not hold what its digest says";
    EXPECT_EQ(answer.response.state_digest().size(), 32u);
    states[{answer.response.header().applied_index(), answer.response.state_digest()}].push_back(
        id);
  }
  EXPECT_EQ(states.size(), 1u) << "the servers differ in applied index or digest";
}

void Cluster::PrintLogs() const {
  for (const Id id : ids()) {
    const std::string log = LogOf(id);
    const std::size_t shown = std::min(log.size(), kLogBytesShown);
    std::fprintf(stderr, "--- end of the log of server %llu\n%s\n",
                 static_cast<unsigned long long>(id), log.substr(log.size() - shown).c_str());
  }
  std::fprintf(stderr, "--- data and logs are kept in %s\n", folder_.c_str());
}

}  // namespace raft::integration
