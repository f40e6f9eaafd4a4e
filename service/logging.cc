#include "service/logging.h"

#include <spdlog/async.h>
#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace raft {
namespace {

constexpr std::size_t kQueuedLinesMax = 8192;

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

void StopLogging() { spdlog::shutdown(); }

void EndProcess(const absl::Status& failure, int exit_code) {
  const std::string line = absl::StrCat("raftd: ", failure.message(), "\n");
  // Past the queue, which may be full or stuck; nothing can be done if this write fails too.
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, line.data(), line.size());
  _exit(exit_code);
}

}  // namespace raft
