// What the load generator measures: a system that takes puts and gets, behind one small face.
//
// Room: tests/benchmark. Both systems are driven by the same engine, keys, values and clock; only
// the messages differ.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "service/raftctl/bench.h"

namespace raft::benchmark {

class Target {
 public:
  virtual ~Target() = default;
  // Starts one operation on a random key; `done` runs on the engine's thread.
  virtual void Start(ctl::BenchOperation operation, ctl::BenchRun::OperationDone done) = 0;
  // Starts a put of key number `index`.
  virtual void StartPutOf(std::uint64_t index, ctl::BenchRun::OperationDone done) = 0;
};

// A raftd cluster: the leader is found through `endpoints` and gets every operation.
std::unique_ptr<Target> MakeRaftTarget(ctl::CallEngine* engine,
                                       const std::vector<std::string>& endpoints, int connections,
                                       ctl::BenchData* data);

// An etcd server: every operation goes to the first endpoint, which should be the leader's.
std::unique_ptr<Target> MakeEtcdTarget(ctl::CallEngine* engine,
                                       const std::vector<std::string>& endpoints, int connections,
                                       ctl::BenchData* data);

}  // namespace raft::benchmark
