// One raftd outside of a Cluster: on a data directory that was restored or recovered, or an empty
// one and told to join.
//
// Main thread only, but for the client.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/cluster.h"

namespace raft::integration {

class LoneServer {
 public:
  // `folder` takes its log. Nothing runs yet.
  LoneServer(Id id, const std::string& data_dir, const std::string& folder);
  // The same on addresses that are given.
  LoneServer(Id id, const std::string& data_dir, const std::string& folder, Addresses addresses);

  void Start(const std::vector<std::string>& options = {});
  void Kill() { process_.reset(); }
  Process& process() { return *process_; }

  Id id() const { return id_; }
  const std::string& data_dir() const { return data_dir_; }
  const Addresses& addresses() const { return addresses_; }
  Client& client() { return client_; }
  std::string Log() const { return ReadFile(log_path_); }

  std::optional<v1::GetStatusResponse> Status();
  // It leads, now or soon; fails the test otherwise.
  bool Leads();
  // Stores a value, trying again until it succeeds. The revision; 0 on failure.
  std::uint64_t MustPut(const std::string& key, const std::string& value);
  // The item, linearizable; nothing: it is not there, or nobody answered in time.
  std::optional<v1::KeyValue> MustGet(const std::string& key);

 private:
  const Id id_;
  const std::string data_dir_;
  const Addresses addresses_;
  const std::string log_path_;
  Client client_;
  std::unique_ptr<Process> process_;
};

// Runs raftctl to its end. `folder` takes its output.
Finished RunRaftctl(const std::vector<std::string>& arguments, const std::string& folder,
                    const std::string& input_path = "/dev/null");

// The value of a fact in what raftctl printed with -o json; "" when it is not there.
std::string JsonFact(const std::string& output, const std::string& name);

// Everything below `directory`, by name: the contents of each file, or "(directory)".
std::map<std::string, std::string> ContentsOf(const std::string& directory);

}  // namespace raft::integration
