#include "tests/benchmark/target.h"

#include <utility>

#include "etcd_kv.pb.h"
#include "raft/v1/consensus_service.pb.h"

namespace raft::benchmark {
namespace {

using ctl::BenchOperation;
using ctl::CallOutcome;
using ctl::Clock;
using ctl::Outcome;
using OperationDone = ctl::BenchRun::OperationDone;

constexpr std::chrono::seconds kOperationTimeout{10};

class RaftTarget final : public Target {
 public:
  RaftTarget(ctl::CallEngine* engine, const std::vector<std::string>& endpoints, int connections,
             ctl::BenchData* data)
      : client_(engine, endpoints, connections), data_(data) {}

  void Start(BenchOperation operation, OperationDone done) override {
    ctl::StartBenchOperation(&client_, data_, operation, kOperationTimeout, std::move(done));
  }

  void StartPutOf(std::uint64_t index, OperationDone done) override {
    ctl::StartBenchPut(&client_, ctl::BenchData::KeyOf(index), data_->RandomValue(),
                       kOperationTimeout, std::move(done));
  }

 private:
  ctl::LeaderClient client_;
  ctl::BenchData* const data_;
};

class EtcdTarget final : public Target {
 public:
  EtcdTarget(ctl::CallEngine* engine, const std::vector<std::string>& endpoints, int connections,
             ctl::BenchData* data)
      : engine_(engine), data_(data) {
    for (int connection = 0; connection < connections; ++connection) {
      connections_.push_back(std::make_unique<ctl::Connection>(endpoints.front()));
    }
  }

  void Start(BenchOperation operation, OperationDone done) override {
    if (operation == BenchOperation::kPut) return Put(data_->RandomKey(), std::move(done));
    etcdserverpb::RangeRequest request;
    request.set_key(data_->RandomKey());
    request.set_serializable(operation == BenchOperation::kStaleGet);
    Call<etcdserverpb::RangeResponse>("/etcdserverpb.KV/Range", request, std::move(done));
  }

  void StartPutOf(std::uint64_t index, OperationDone done) override {
    Put(ctl::BenchData::KeyOf(index), std::move(done));
  }

 private:
  void Put(std::string key, OperationDone done) {
    etcdserverpb::PutRequest request;
    request.set_key(std::move(key));
    request.set_value(data_->RandomValue());
    Call<etcdserverpb::PutResponse>("/etcdserverpb.KV/Put", request, std::move(done));
  }

  template <typename Response, typename Request>
  void Call(const char* method, const Request& request, OperationDone done) {
    auto response = std::make_shared<Response>();
    ctl::Connection* connection = connections_[next_++ % connections_.size()].get();
    engine_->Start(connection, method, request, response.get(), Clock::now() + kOperationTimeout,
                   [response, done = std::move(done)](const CallOutcome& outcome) {
                     done(outcome.outcome == Outcome::kSucceeded);
                   });
  }

  ctl::CallEngine* const engine_;
  ctl::BenchData* const data_;
  std::vector<std::unique_ptr<ctl::Connection>> connections_;
  size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Target> MakeRaftTarget(ctl::CallEngine* engine,
                                       const std::vector<std::string>& endpoints, int connections,
                                       ctl::BenchData* data) {
  return std::make_unique<RaftTarget>(engine, endpoints, connections, data);
}

std::unique_ptr<Target> MakeEtcdTarget(ctl::CallEngine* engine,
                                       const std::vector<std::string>& endpoints, int connections,
                                       ctl::BenchData* data) {
  return std::make_unique<EtcdTarget>(engine, endpoints, connections, data);
}

}  // namespace raft::benchmark
