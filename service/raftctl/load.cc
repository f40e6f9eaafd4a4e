#include "service/raftctl/load.h"

#include <errno.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "raft/v1/consensus_service.pb.h"
#include "service/raftctl/failure_report.h"
#include "service/raftctl/leader_client.h"
#include "service/raftctl/load_lines.h"
#include "service/raftctl/progress.h"

namespace raft::ctl {
namespace {

constexpr char kPropose[] = "/raft.v1.ConsensusService/Propose";
// Beyond either, reading waits for acknowledgements: memory stays bounded for any input.
constexpr size_t kWaitingLinesMax = 8'192;
constexpr size_t kWaitingBytesMax = 64 << 20;
constexpr std::uint64_t kFailuresShownMax = 10;
constexpr std::chrono::milliseconds kInputPollInterval{10};
constexpr std::chrono::milliseconds kProgressInterval{100};

struct LoadCounts {
  std::uint64_t acknowledged = 0;
  std::uint64_t failed = 0;
  std::uint64_t refusals_retried = 0;
  std::uint64_t unknown_outcomes_retried = 0;
};

// One put on its way: the messages must outlive the call.
struct PutInFlight {
  LoadLine line;
  std::uint64_t line_bytes = 0;  // With its TAB and its newline.
  v1::ProposeRequest request;
  v1::ProposeResponse response;
};

class Load {
 public:
  Load(const GlobalOptions& global, const LoadOptions& options)
      : global_(global),
        options_(options),
        client_(&engine_, global.endpoints, /*connections=*/1),
        progress_("lines"),
        start_(Clock::now()) {}

  int Run();

 private:
  using AckFile = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

  absl::Status OpenFiles();
  // Reads and sends what fits, and asks for another look when input is still to come.
  void Advance();
  void PollInput();
  void ReadLines();
  void Send(LoadLine line);
  void OnAnswer(const PutInFlight& put, const LeaderCallResult& result);
  void Acknowledge(const PutInFlight& put, std::uint64_t unknown_outcomes);
  void FailLine(std::uint64_t number, const FailureReport& report);
  void StopWith(const FailureReport& report);
  // Also while nothing is answered, which is when people look.
  void KeepShowingProgress();
  bool Finished() const;
  int Summarize(bool interrupted);
  void PrintSummary(bool interrupted, double seconds) const;

  const GlobalOptions& global_;
  const LoadOptions& options_;
  CallEngine engine_;
  LeaderClient client_;
  LineReader reader_;
  LoadQueue queue_;
  std::deque<LoadLine> lines_read_;
  AckFile acks_{nullptr, std::fclose};
  Progress progress_;
  const Clock::time_point start_;
  LoadCounts counts_;
  std::uint64_t line_count_ = 0;
  std::uint64_t bytes_answered_ = 0;  // Reading runs ahead, so it is no measure of progress.
  std::uint64_t failures_met_ = 0;    // Lines that failed for a reason of their own.
  int in_flight_ = 0;
  bool poll_is_set_ = false;
  bool stopped_ = false;        // No more lines are sent: reported by stop_code_.
  int stop_code_ = kExitOk;     // The exit code of what stopped the load.
  int failure_code_ = kExitOk;  // The exit code of the first line that failed.
};

int Load::Run() {
  const absl::Status opened = OpenFiles();
  if (!opened.ok()) return Fail({kExitFailed, std::string(opened.message())});
  Advance();
  KeepShowingProgress();
  const bool interrupted = !engine_.Run([this] { return Finished(); });
  progress_.Finish();
  return Summarize(interrupted);
}

absl::Status Load::OpenFiles() {
  absl::Status opened = reader_.Open(options_.path);
  if (!opened.ok() || options_.acks_path.empty()) return opened;
  acks_.reset(std::fopen(options_.acks_path.c_str(), "we"));
  if (acks_ != nullptr) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("cannot write the acknowledgement file ",
                                             options_.acks_path, ": ",
                                             std::generic_category().message(errno)));
}

void Load::Advance() {
  while (!stopped_ && in_flight_ < options_.outstanding) {
    if (queue_.waiting() == 0) ReadLines();
    std::optional<LoadLine> line = queue_.Take();
    // Lines that wait for their key do not keep later lines of other keys waiting.
    if (!line && queue_.waiting() > 0 && queue_.waiting() < kWaitingLinesMax) {
      ReadLines();
      line = queue_.Take();
    }
    if (!line) break;
    Send(*std::move(line));
  }
  if (!poll_is_set_ && !reader_.at_end() && !stopped_) PollInput();
}

// A slow pipe wakes nobody, so it is looked at a hundred times a second while there is room.
void Load::PollInput() {
  poll_is_set_ = true;
  engine_.After(kInputPollInterval, [this] {
    poll_is_set_ = false;
    Advance();
  });
}

void Load::ReadLines() {
  if (queue_.waiting_bytes() >= kWaitingBytesMax) return;
  const absl::Status read = reader_.ReadAvailable(&lines_read_);
  for (; !lines_read_.empty(); lines_read_.pop_front()) {
    ++line_count_;
    LoadLine& line = lines_read_.front();
    if (line.key.empty()) {
      FailLine(line.number, {kExitFailed, "the key (all before the first TAB) is empty"});
    } else {
      queue_.Add(std::move(line));
    }
  }
  if (!read.ok()) StopWith({kExitFailed, std::string(read.message())});
}

void Load::Send(LoadLine line) {
  auto put = std::make_shared<PutInFlight>();
  put->line = std::move(line);
  put->line_bytes = put->line.key.size() + put->line.value.size() + 2;
  v1::Put* command = put->request.mutable_command()->mutable_put();
  command->set_key(put->line.key);
  command->set_value(std::move(put->line.value));
  ++in_flight_;
  const bool endless = options_.deadline == Clock::duration::zero();
  client_.Start({.method = kPropose,
                 .request = &put->request,
                 .response = &put->response,
                 .deadline = endless ? Clock::time_point::max() : Clock::now() + options_.deadline,
                 .attempt_timeout = global_.timeout,
                 .retry_unknown_outcome = true},
                [this, put](const LeaderCallResult& result) { OnAnswer(*put, result); });
}

void Load::OnAnswer(const PutInFlight& put, const LeaderCallResult& result) {
  --in_flight_;
  bytes_answered_ += put.line_bytes;
  counts_.refusals_retried += result.refusals_retried;
  counts_.unknown_outcomes_retried += result.unknown_outcomes_retried;
  queue_.Finish(put.line.key);
  if (result.ok()) {
    Acknowledge(put, result.unknown_outcomes_retried);
  } else {
    const FailureReport report =
        ReportFailure("the put", Effect::kChanges, result, client_.Reach());
    if (result.ending == Ending::kNobodyReached) {
      if (!stopped_) StopWith(report);
      ++counts_.failed;
    } else {
      FailLine(put.line.number, report);
    }
  }
  Advance();
}

void Load::Acknowledge(const PutInFlight& put, std::uint64_t unknown_outcomes) {
  ++counts_.acknowledged;
  if (acks_ == nullptr) return;
  const std::string text = absl::StrCat(EscapeField(put.line.key), "\t", put.response.index(), "\t",
                                        unknown_outcomes, "\n");
  if (std::fputs(text.c_str(), acks_.get()) >= 0 && std::fflush(acks_.get()) == 0) return;
  StopWith({kExitFailed, absl::StrCat("cannot write the acknowledgement file ", options_.acks_path,
                                      ": ", std::generic_category().message(errno))});
  acks_.reset();
}

void Load::FailLine(std::uint64_t number, const FailureReport& report) {
  ++counts_.failed;
  if (++failures_met_ <= kFailuresShownMax) {
    progress_.Finish();
    std::fprintf(stderr, "line %llu: %s\n", static_cast<unsigned long long>(number),
                 report.sentence.c_str());
  }
  if (failure_code_ == kExitOk) failure_code_ = report.code;
}

void Load::StopWith(const FailureReport& report) {
  stopped_ = true;
  progress_.Finish();
  stop_code_ = Fail(report);
}

void Load::KeepShowingProgress() {
  const double fraction =
      reader_.bytes_total() == 0
          ? -1
          : static_cast<double>(bytes_answered_) / static_cast<double>(reader_.bytes_total());
  const std::uint64_t retried = counts_.refusals_retried + counts_.unknown_outcomes_retried;
  progress_.Update(counts_.acknowledged, fraction,
                   retried == 0 ? "" : absl::StrCat(WithThousands(retried), " retried"));
  engine_.After(kProgressInterval, [this] { KeepShowingProgress(); });
}

bool Load::Finished() const {
  if (in_flight_ > 0) return false;
  return stopped_ || (reader_.at_end() && queue_.waiting() == 0);
}

int Load::Summarize(bool interrupted) {
  const double seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  PrintSummary(interrupted, seconds);
  if (failures_met_ > kFailuresShownMax) {
    std::fprintf(stderr, "and %s more lines failed\n",
                 WithThousands(failures_met_ - kFailuresShownMax).c_str());
  }
  if (interrupted) return kExitInterrupted;
  return stop_code_ != kExitOk ? stop_code_ : failure_code_;
}

void Load::PrintSummary(bool interrupted, double seconds) const {
  const double rate = seconds > 0 ? static_cast<double>(counts_.acknowledged) / seconds : 0;
  if (global_.output == OutputFormat::kJson) {
    absl::PrintF(
        "{\"lines\":%u,\"acknowledged\":%u,\"failed\":%u,\"notAnswered\":%d,"
        "\"refusalsRetried\":%u,\"unknownOutcomesRetried\":%u,\"seconds\":%.3f,"
        "\"perSecond\":%.1f,\"interrupted\":%s}\n",
        line_count_, counts_.acknowledged, counts_.failed, in_flight_, counts_.refusals_retried,
        counts_.unknown_outcomes_retried, seconds, rate, interrupted ? "true" : "false");
    return;
  }
  absl::PrintF(
      "%s%s lines: %s acknowledged, %s failed, %d not answered; retried %s refusals and %s "
      "unknown outcomes; %.1f s, %s per second\n",
      interrupted ? "interrupted after " : "", WithThousands(line_count_),
      WithThousands(counts_.acknowledged), WithThousands(counts_.failed), in_flight_,
      WithThousands(counts_.refusals_retried), WithThousands(counts_.unknown_outcomes_retried),
      seconds, WithThousands(static_cast<std::uint64_t>(rate)));
}

}  // namespace

int RunLoad(const GlobalOptions& global, const LoadOptions& options) {
  return Load(global, options).Run();
}

}  // namespace raft::ctl
