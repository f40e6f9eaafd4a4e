// N real raftd processes on loopback, in a temporary directory, and what tests ask of them.
//
// Servers are numbered 1 to N, as on the command line; more can be added, which start with --join
// and wait. Data and logs of all servers lie in one
// folder, which goes away with a test that passed and stays, named, with one that failed. Main
// thread only; clients may be used from any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/client.h"
#include "tests/integration/process.h"

namespace raft::integration {

using Id = std::uint64_t;

// Where the programs under test are.
std::string RaftdProgram();
std::string RaftctlProgram();

// The three addresses that one server binds.
struct Addresses {
  std::string client;
  std::string peer;
  std::string http;
};
Addresses FreeAddresses();

class Cluster {
 public:
  // Lays out a cluster; nothing runs yet.
  explicit Cluster(std::size_t servers);
  ~Cluster();

  // Lays out one more server, with the next number; nothing of it runs yet.
  Id AddServer();
  // From the next Start on the server binds and announces another peer address.
  void MovePeer(Id server);

  // From the next Start on the server waits to be added (--join).
  void Rejoin(Id server) { servers_.at(server).way_in = WayIn::kJoins; }

  // The others are told this address of the server instead of the one it binds: whoever listens
  // there passes on what they send. Before the first Start.
  void AdvertisePeer(Id server, const std::string& address);
  // Further options for every server's command line. Before the first Start.
  void AddOptions(const std::vector<std::string>& options);
  void Start(Id server);
  void StartAll();
  void Kill(Id server);  // kill -9, and waits for the end
  // SIGTERM, and waits for the end. The exit code.
  std::optional<int> Terminate(Id server);
  void Stop(Id server);  // SIGSTOP: it stands still but keeps its connections
  void Continue(Id server);

  std::vector<Id> ids() const;
  Process& process(Id server) { return *servers_.at(server).process; }
  bool IsUp(Id server) const { return servers_.at(server).process != nullptr; }
  Client& client(Id server) { return *servers_.at(server).client; }
  const Addresses& addresses(Id server) const { return servers_.at(server).addresses; }
  std::string data_dir(Id server) const;
  // A folder of this cluster for files of the test.
  const std::string& folder() const { return folder_; }
  // The command line that Start uses.
  std::vector<std::string> Arguments(Id server) const;
  std::string LogOf(Id server) const;
  // The client addresses of all servers, as raftctl's --endpoints wants them.
  std::string Endpoints() const;
  // Runs raftctl with these endpoints in front of `arguments`.
  Finished Raftctl(std::vector<std::string> arguments) const;

  // The leader that a majority of its voters names in one term, none of them silent in `excluded`.
  std::optional<Id> FindLeader(std::optional<Id> excluded = std::nullopt);
  // Waits for FindLeader; fails the test and returns 0 when there is none in time.
  Id WaitForLeader(std::optional<Id> excluded = std::nullopt);
  // Stores a value through whoever leads, trying again after any failure: for tests that need the
  // value there, not for those that ask what a failure means. Returns the revision, 0 on failure.
  std::uint64_t MustPut(const std::string& key, const std::string& value);
  // A linearizable read through whoever leads; "(absent)" when the key is not there.
  std::string MustGet(const std::string& key);
  // Waits until these servers have applied the same index, the last of the log; fails the test
  // otherwise.
  void WaitUntilEqual(const std::vector<Id>& servers);
  // WaitUntilEqual, and checks that digests agree with each other and with a full scan of each
  // server.
  void ExpectSameState(const std::vector<Id>& servers);
  // The server's own words about itself; nothing when it does not answer.
  std::optional<v1::GetStatusResponse> Status(Id server);
  // The value of a series on the server's metrics page; 0: it is not there.
  double Metric(Id server, const std::string& series) const;

 private:
  // How a server becomes part of the cluster.
  enum class WayIn { kInitialMember, kJoins, kIsIn };
  struct Server {
    Addresses addresses;
    std::string advertised_peer;
    WayIn way_in = WayIn::kInitialMember;
    std::unique_ptr<Process> process;  // null: not started, or killed
    std::unique_ptr<Client> client;
  };

  void LayOut(Id server, WayIn way_in);
  // Tries `attempt` on the leader of the moment until it succeeds or patience ends.
  bool TryOnLeader(const std::function<bool(Client&)>& attempt);
  void PrintLogs() const;

  std::string folder_;
  std::vector<std::string> options_;
  std::map<Id, Server> servers_;
};

}  // namespace raft::integration
