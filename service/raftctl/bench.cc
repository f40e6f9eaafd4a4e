#include "service/raftctl/bench.h"

#include <cstdio>
#include <utility>

#include "absl/strings/str_format.h"
#include "raft/v1/consensus_service.pb.h"
#include "service/raftctl/failure_report.h"
#include "service/raftctl/progress.h"

namespace raft::ctl {
namespace {

constexpr char kPropose[] = "/raft.v1.ConsensusService/Propose";
constexpr char kRead[] = "/raft.v1.ConsensusService/Read";
constexpr size_t kPoolBytes = 1 << 20;

// The messages of one operation, alive until it is answered.
struct Putting {
  v1::ProposeRequest request;
  v1::ProposeResponse response;
};

struct Reading {
  v1::ReadRequest request;
  v1::ReadResponse response;
};

v1::ReadConsistency ConsistencyOf(BenchOperation operation) {
  return operation == BenchOperation::kStaleGet ? v1::READ_CONSISTENCY_STALE
                                                : v1::READ_CONSISTENCY_LINEARIZABLE;
}

void PrintReport(const BenchOptions& options, OutputFormat format, const BenchReport& report) {
  const double rate = report.operations_per_second();
  if (format == OutputFormat::kJson) {
    absl::PrintF(
        "{\"seconds\":%.3f,\"operations\":%u,\"errors\":%u,\"unfinished\":%u,"
        "\"operationsPerSecond\":%.1f,\"p50Ms\":%.3f,\"p90Ms\":%.3f,\"p99Ms\":%.3f,"
        "\"p999Ms\":%.3f}\n",
        report.seconds, report.operations, report.errors, report.unfinished, rate,
        report.latency_ms(50), report.latency_ms(90), report.latency_ms(99),
        report.latency_ms(99.9));
    return;
  }
  absl::PrintF("%s operations in %.1f s, %d outstanding, %d connections: %s per second\n",
               WithThousands(report.operations), report.seconds, options.shape.outstanding,
               options.connections, WithThousands(static_cast<std::uint64_t>(rate)));
  absl::PrintF("latency p50 %.3f ms, p90 %.3f ms, p99 %.3f ms, p99.9 %.3f ms\n",
               report.latency_ms(50), report.latency_ms(90), report.latency_ms(99),
               report.latency_ms(99.9));
  if (report.errors > 0 || report.unfinished > 0) {
    absl::PrintF("%s errors, %s unfinished\n", WithThousands(report.errors),
                 WithThousands(report.unfinished));
  }
}

// One read before the clock runs: it finds the leader, and says plainly when there is none.
int FindCluster(CallEngine* engine, LeaderClient* client, const GlobalOptions& global,
                BenchOperation operation) {
  Reading first;
  first.request.mutable_query()->mutable_get()->set_key(BenchData::KeyOf(0));
  first.request.set_consistency(ConsistencyOf(operation));
  LeaderCallResult answer;
  bool answered = false;
  client->Start({.method = kRead,
                 .request = &first.request,
                 .response = &first.response,
                 .deadline = Clock::now() + global.timeout,
                 .retry_unknown_outcome = true},
                [&](const LeaderCallResult& result) {
                  answer = result;
                  answered = true;
                });
  if (!engine->Run([&] { return answered; })) {
    engine->CancelAll();
    return kExitInterrupted;
  }
  if (answer.ok()) return kExitOk;
  return Fail(ReportFailure("bench", Effect::kReads, answer, client->Reach()));
}

}  // namespace

BenchData::BenchData(std::uint64_t keys, size_t value_bytes)
    : keys_(keys), value_bytes_(value_bytes), pool_(kPoolBytes + value_bytes, '\0') {
  for (char& byte : pool_) byte = static_cast<char>(random_());
}

std::string BenchData::KeyOf(std::uint64_t index) { return absl::StrFormat("bench-%010u", index); }

std::string BenchData::RandomKey() { return KeyOf(random_() % keys_); }

std::string BenchData::RandomValue() { return pool_.substr(random_() % kPoolBytes, value_bytes_); }

void StartBenchOperation(LeaderClient* client, BenchData* data, BenchOperation operation,
                         Clock::duration timeout, BenchRun::OperationDone done) {
  if (operation == BenchOperation::kPut) {
    std::string key = data->RandomKey();
    return StartBenchPut(client, std::move(key), data->RandomValue(), timeout, std::move(done));
  }
  auto messages = std::make_shared<Reading>();
  messages->request.mutable_query()->mutable_get()->set_key(data->RandomKey());
  messages->request.set_consistency(ConsistencyOf(operation));
  client->Start(
      {.method = kRead,
       .request = &messages->request,
       .response = &messages->response,
       .deadline = Clock::now() + timeout},
      [messages, done = std::move(done)](const LeaderCallResult& result) { done(result.ok()); });
}

void StartBenchPut(LeaderClient* client, std::string key, std::string value,
                   Clock::duration timeout, BenchRun::OperationDone done) {
  auto messages = std::make_shared<Putting>();
  v1::Put* put = messages->request.mutable_command()->mutable_put();
  put->set_key(std::move(key));
  put->set_value(std::move(value));
  client->Start(
      {.method = kPropose,
       .request = &messages->request,
       .response = &messages->response,
       .deadline = Clock::now() + timeout},
      [messages, done = std::move(done)](const LeaderCallResult& result) { done(result.ok()); });
}

int RunBench(const GlobalOptions& global, const BenchOptions& options) {
  CallEngine engine;
  LeaderClient client(&engine, global.endpoints, options.connections);
  const int found = FindCluster(&engine, &client, global, options.operation);
  if (found != kExitOk) return found;
  BenchData data(options.keys, options.value_bytes);
  BenchRun run(&engine, options.shape, [&](BenchRun::OperationDone done) {
    StartBenchOperation(&client, &data, options.operation, global.timeout, std::move(done));
  });
  const bool completed = run.Run();
  const BenchReport& report = run.report();
  PrintReport(options, global.output, report);
  if (!completed) return kExitInterrupted;
  if (report.operations > 0) return kExitOk;
  return Fail({kExitFailed, "no operation succeeded (" + DescribeReach(client.Reach()) +
                                "). Try: raftctl status"});
}

}  // namespace raft::ctl
