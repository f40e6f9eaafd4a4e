// loadgen: one load generator for raftd and etcd, so that a comparison compares the servers.
//
// Room: tests/benchmark. One run is one operation at one number of outstanding calls; the result is
// one line of JSON for compare-with-etcd.py. Method and cautions: README.md beside this file.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "service/raftctl/interrupt.h"
#include "tests/benchmark/process_usage.h"
#include "tests/benchmark/target.h"

namespace raft::benchmark {
namespace {

enum class Api { kRaft, kEtcd };

struct Options {
  Api api = Api::kRaft;
  std::vector<std::string> endpoints;
  std::vector<pid_t> watched;
  ctl::BenchOperation operation = ctl::BenchOperation::kPut;
  ctl::BenchShape shape;
  double warmup_seconds = 1;
  double duration_seconds = 5;
  int connections = 8;
  std::uint64_t keys = 10'000;
  size_t value_bytes = 256;
  bool preload = false;
};

constexpr int kPreloadOutstanding = 64;

// Puts every key once, so that each read finds something. Returns false if one put failed.
bool Preload(ctl::CallEngine* engine, Target* target, std::uint64_t keys) {
  std::uint64_t started = 0;
  std::uint64_t finished = 0;
  bool all_succeeded = true;
  std::function<void()> start_next = [&] {
    if (started == keys || !all_succeeded) return;
    target->StartPutOf(started++, [&](bool succeeded) {
      ++finished;
      all_succeeded &= succeeded;
      start_next();
    });
  };
  for (int slot = 0; slot < kPreloadOutstanding; ++slot) start_next();
  const bool completed =
      engine->Run([&] { return finished == started && (started == keys || !all_succeeded); });
  if (!completed) engine->CancelAll();
  return completed && all_succeeded;
}

void PrintResult(const Options& options, const ctl::BenchReport& report, const UsageSample& begin,
                 const UsageSample& end) {
  const double per_thousand =
      report.operations > 0 ? 1'000.0 / static_cast<double>(report.operations) : 0;
  const double watched = end.watched_cpu_seconds - begin.watched_cpu_seconds;
  const double own = end.own_cpu_seconds - begin.own_cpu_seconds;
  const double machine = end.machine_cpu_seconds - begin.machine_cpu_seconds;
  const double other_cores = report.seconds > 0 ? (machine - watched - own) / report.seconds : 0;
  absl::PrintF(
      "{\"api\":\"%s\",\"outstanding\":%d,\"connections\":%d,\"rate\":%.0f,\"seconds\":%.3f,"
      "\"operations\":%u,\"errors\":%u,\"unfinished\":%u,\"ops_per_second\":%.1f,"
      "\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,"
      "\"server_cpu_seconds_per_1000\":%.4f,\"client_cpu_seconds_per_1000\":%.4f,"
      "\"resident_mib\":%.1f,\"other_cores\":%.2f}\n",
      options.api == Api::kRaft ? "raft" : "etcd", options.shape.outstanding, options.connections,
      options.shape.rate_per_second, report.seconds, report.operations, report.errors,
      report.unfinished, report.operations_per_second(), report.latency_ms(50),
      report.latency_ms(90), report.latency_ms(99), report.latency_ms(99.9), watched * per_thousand,
      own * per_thousand, end.watched_resident_mib, other_cores);
}

int FailWith(const std::string& sentence) {
  std::fprintf(stderr, "error: %s\n", sentence.c_str());
  return 1;
}

int Measure(const Options& options) {
  ctl::CallEngine engine;
  ctl::BenchData data(options.keys, options.value_bytes);
  const auto make = options.api == Api::kRaft ? MakeRaftTarget : MakeEtcdTarget;
  const std::unique_ptr<Target> target =
      make(&engine, options.endpoints, options.connections, &data);
  if (options.preload && !Preload(&engine, target.get(), options.keys)) {
    return FailWith(
        "a put of the preload failed: is the cluster up, and the first endpoint right?");
  }
  absl::StatusOr<UsageSample> begin = SampleUsage(options.watched);
  absl::StatusOr<UsageSample> end = begin;
  ctl::BenchRun run(&engine, options.shape, [&](ctl::BenchRun::OperationDone done) {
    target->Start(options.operation, std::move(done));
  });
  run.on_measure_begin = [&] { begin = SampleUsage(options.watched); };
  run.on_measure_end = [&] { end = SampleUsage(options.watched); };
  const bool completed = run.Run();
  if (!begin.ok()) return FailWith(std::string(begin.status().message()));
  if (!end.ok()) return FailWith(std::string(end.status().message()));
  PrintResult(options, run.report(), *begin, *end);
  if (!completed) return 130;
  return run.report().operations > 0 ? 0 : FailWith("no operation succeeded");
}

void AddOptions(CLI::App* app, Options* options) {
  app->add_option("--api", options->api, "What the servers speak")
      ->required()
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Api>{{"raft", Api::kRaft}, {"etcd", Api::kEtcd}}))
      ->option_text("raft|etcd");
  app->add_option("--endpoints", options->endpoints, "host:port,...; for etcd the leader's first")
      ->required()
      ->delimiter(',')
      ->allow_extra_args(false);
  app->add_option("--watch", options->watched, "Process ids of the servers")
      ->delimiter(',')
      ->allow_extra_args(false);
  app->add_option("--op", options->operation, "What to do")
      ->transform(CLI::CheckedTransformer(std::map<std::string, ctl::BenchOperation>{
          {"put", ctl::BenchOperation::kPut},
          {"get", ctl::BenchOperation::kGet},
          {"stale-get", ctl::BenchOperation::kStaleGet}}))
      ->option_text("put|get|stale-get [put]");
  app->add_option("--outstanding", options->shape.outstanding, "Operations at once")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app->add_option("--connections", options->connections, "Connections to the server")
      ->check(CLI::Range(1, 1'024))
      ->capture_default_str();
  app->add_option("--rate", options->shape.rate_per_second, "Per second, open loop; 0: closed loop")
      ->check(CLI::Range(0.0, 1e7))
      ->capture_default_str();
  app->add_option("--warmup", options->warmup_seconds, "Seconds before measuring")
      ->check(CLI::Range(0.0, 3'600.0))
      ->capture_default_str();
  app->add_option("--duration", options->duration_seconds, "Seconds measured")
      ->check(CLI::Range(0.001, 86'400.0))
      ->capture_default_str();
  app->add_option("--keys", options->keys, "How many keys")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{9'999'999'999}))
      ->capture_default_str();
  app->add_option("--value-size", options->value_bytes, "Bytes of each value")
      ->check(CLI::Range(size_t{0}, size_t{16} << 20))
      ->capture_default_str();
  app->add_flag("--preload", options->preload, "First put every key once");
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("loadgen: measures raftd or etcd with the same load.", "loadgen");
  AddOptions(&app, &options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return error.get_exit_code() == 0 ? app.exit(error) : (app.exit(error), 2);
  }
  const auto to_duration = [](double seconds) {
    return std::chrono::duration_cast<ctl::Clock::duration>(std::chrono::duration<double>(seconds));
  };
  options.shape.warmup = to_duration(options.warmup_seconds);
  options.shape.duration = to_duration(options.duration_seconds);
  ctl::CatchInterrupts();
  return Measure(options);
}

}  // namespace
}  // namespace raft::benchmark

int main(int argc, char** argv) { return raft::benchmark::Main(argc, argv); }
