// `raftctl bench`: what this cluster can do, measured by this machine.
//
// Room: service/raftctl. Builds the operations; bench_run.h keeps them going.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "service/raftctl/bench_run.h"
#include "service/raftctl/leader_client.h"
#include "service/raftctl/options.h"

namespace raft::ctl {

enum class BenchOperation { kPut, kGet, kStaleGet };

struct BenchOptions {
  BenchOperation operation = BenchOperation::kPut;
  BenchShape shape;
  int connections = 8;
  std::uint64_t keys = 10'000;
  size_t value_bytes = 256;
};

// Keys and values of a benchmark: 16-byte keys, values that do not compress.
class BenchData {
 public:
  BenchData(std::uint64_t keys, size_t value_bytes);
  // Key number `index`, "bench-0000000042".
  static std::string KeyOf(std::uint64_t index);
  std::string RandomKey();
  std::string RandomValue();

 private:
  const std::uint64_t keys_;
  const size_t value_bytes_;
  // One seed for all runs, so that two systems get the same keys.
  std::mt19937_64 random_{1};
  std::string pool_;
};

// Starts one operation of a benchmark against raftd. `data` and `client` must outlive it.
void StartBenchOperation(LeaderClient* client, BenchData* data, BenchOperation operation,
                         Clock::duration timeout, BenchRun::OperationDone done);

// The same for a put of one given key.
void StartBenchPut(LeaderClient* client, std::string key, std::string value,
                   Clock::duration timeout, BenchRun::OperationDone done);

// Returns an ExitCode. Prints the figures to stdout. Overwrites keys named "bench-...".
int RunBench(const GlobalOptions& global, const BenchOptions& options);

}  // namespace raft::ctl
