#include "service/logging.h"

#include <poll.h>
#include <spdlog/async.h>
#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace raft {
namespace {

constexpr std::size_t kQueuedLinesMax = 8192;
constexpr std::chrono::seconds kStopPatience{1};
constexpr int kLastWordsPatienceMs = 100;

void AppendEscaped(std::string_view text, spdlog::memory_buf_t& line) {
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      line.push_back('\\');
      line.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(line), "\\u{:04x}", static_cast<int>(c));
    } else {
      line.push_back(c);
    }
  }
}

// {"ts":"2026-01-31T12:00:00.000001Z","level":"info","server":1,"msg":"..."}
class JsonFormatter final : public spdlog::formatter {
 public:
  explicit JsonFormatter(std::uint64_t server_id) : server_id_(server_id) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& line) override {
    time_.format(message, line);
    const spdlog::string_view_t level = spdlog::level::to_string_view(message.level);
    fmt::format_to(std::back_inserter(line), "\"level\":\"{}\",\"server\":{},\"msg\":\"", level,
                   server_id_);
    AppendEscaped({message.payload.data(), message.payload.size()}, line);
    constexpr std::string_view kEnd = "\"}\n";
    line.append(kEnd.data(), kEnd.data() + kEnd.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>(server_id_);
  }

 private:
  const std::uint64_t server_id_;
  spdlog::pattern_formatter time_{"{\"ts\":\"%Y-%m-%dT%H:%M:%S.%fZ\",",
                                  spdlog::pattern_time_type::utc, ""};
};

}  // namespace

void StartLogging(const LoggingOptions& options) {
  spdlog::init_thread_pool(kQueuedLinesMax, 1);
  auto sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>();
  auto logger =
      std::make_shared<spdlog::async_logger>("raftd", std::move(sink), spdlog::thread_pool(),
                                             spdlog::async_overflow_policy::overrun_oldest);
  const bool terminal = isatty(STDERR_FILENO) != 0;
  if (options.format == "json" || (options.format == "auto" && !terminal)) {
    logger->set_formatter(std::make_unique<JsonFormatter>(options.server_id));
  } else {
    logger->set_pattern(
        absl::StrCat("%Y-%m-%dT%H:%M:%S.%fZ %^%-5l%$ server ", options.server_id, ": %v"),
        spdlog::pattern_time_type::utc);
  }
  logger->set_level(spdlog::level::from_str(options.level));
  logger->flush_on(spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
}

bool StopLogging() {
  std::promise<void> stopped;
  const std::future<void> written = stopped.get_future();
  // On a thread of its own: spdlog joins its writer, which a full pipe may hold for ever.
  std::thread([stopped = std::move(stopped)]() mutable {
    spdlog::shutdown();
    stopped.set_value();
  }).detach();
  return written.wait_for(kStopPatience) == std::future_status::ready;
}

void EndProcess(const absl::Status& failure, int exit_code) {
  const std::string line = absl::StrCat("raftd: ", failure.message(), "\n");
  // Past the queue, which may be full or stuck. A pipe that nobody reads must not keep a server
  // alive that has to end, so the line is dropped where it finds no room.
  pollfd room = {.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (poll(&room, 1, kLastWordsPatienceMs) == 1) {
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
  }
  _exit(exit_code);
}

}  // namespace raft
