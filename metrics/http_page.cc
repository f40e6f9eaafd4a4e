#include "metrics/http_page.h"

#include <civetweb.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <string_view>
#include <utility>

#include "metrics/health_page.h"
#include "metrics/process_families.h"
#include "metrics/status_page.h"

namespace raft {
namespace {

// A connection that says nothing holds a thread until it is cut off, and browsers open such ones on
// suspicion: liveness must not wait behind them.
constexpr char kThreads[] = "16";

struct HttpAnswer {
  int status = 200;
  const char* content_type = "text/plain; charset=utf-8";
  std::string body;
};

const char* ReasonOf(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 503:
      return "Service Unavailable";
    default:
      return "Internal Server Error";
  }
}

// True for "?verbose", alone or among others, with or without a value.
bool AsksVerbose(const char* query) {
  std::string_view rest = query == nullptr ? "" : query;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    if (pair.substr(0, pair.find('=')) == "verbose") return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

HttpAnswer HealthAnswer(std::string_view name, const std::vector<HealthCheck>& checks,
                        const char* query) {
  HealthPage page = MakeHealthPage(name, checks, AsksVerbose(query));
  return {.status = page.healthy ? 200 : 503, .body = std::move(page.text)};
}

HttpAnswer Answer(const HttpPageOptions& options, const HttpPageSources& sources,
                  std::string_view path, const char* query) {
  if (path == "/metrics") {
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8",
            .body = sources.metrics_text()};
  }
  if (path == "/livez") return HealthAnswer("livez", sources.snapshot().livez, query);
  if (path == "/readyz") return HealthAnswer("readyz", sources.snapshot().readyz, query);
  if (path == "/status.json") {
    return {.content_type = "application/json", .body = sources.status_json()};
  }
  if (path == "/status") {
    return {
        .content_type = "text/html; charset=utf-8",
        .body = MakeStatusPage(sources.snapshot(), {.version = options.version,
                                                    .process_age_seconds = ProcessAgeSeconds()})};
  }
  return {.status = 404,
          .body = "No such page. There are /metrics, /livez, /readyz, /status and /status.json.\n"};
}

// The status page may style itself and fetch itself again, and nothing else.
constexpr char kSecurityHeaders[] =
    "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; connect-src 'self'; img-src data:\r\n";

void Write(mg_connection* connection, const HttpAnswer& answer, bool with_body) {
  mg_printf(connection,
            "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n%s%sConnection: close"
            "\r\n\r\n",
            answer.status, ReasonOf(answer.status), answer.content_type, answer.body.size(),
            answer.status == 405 ? "Allow: GET, HEAD\r\n" : "", kSecurityHeaders);
  if (with_body) mg_write(connection, answer.body.data(), answer.body.size());
}

}  // namespace

struct HttpPage::Server {
  HttpPageOptions options;
  HttpPageSources sources;
  mg_context* context = nullptr;
  std::uint16_t port = 0;
  // Civetweb says why it could not start through its log only; later log lines are of no use to us.
  std::atomic<bool> starting{true};
  std::string start_log;

  // Returns what went wrong, or nothing.
  std::string Start();
  HttpAnswer AnswerTo(const mg_request_info& request) const;

  static int OnRequest(mg_connection* connection);
  static int OnLog(const mg_connection* connection, const char* message);
};

HttpAnswer HttpPage::Server::AnswerTo(const mg_request_info& request) const {
  const std::string_view method = request.request_method;
  if (method != "GET" && method != "HEAD") {
    return {.status = 405, .body = "These pages are read-only: use GET.\n"};
  }
  // The last door before C code: whatever a library throws becomes an answer, not the server's end.
  try {
    return Answer(options, sources, request.local_uri, request.query_string);
  } catch (const std::exception& problem) {
    return {.status = 500,
            .body = std::string("Making this page failed: ") + problem.what() + "\n"};
  }
}

// Civetweb's first look at every request; a status above 0 means that it is answered.
int HttpPage::Server::OnRequest(mg_connection* connection) {
  const auto* server = static_cast<const Server*>(mg_get_user_data(mg_get_context(connection)));
  const mg_request_info& request = *mg_get_request_info(connection);
  const HttpAnswer answer = server->AnswerTo(request);
  Write(connection, answer, std::string_view(request.request_method) != "HEAD");
  return answer.status;
}

int HttpPage::Server::OnLog(const mg_connection* connection, const char* message) {
  auto* server = static_cast<Server*>(mg_get_user_data(mg_get_context(connection)));
  if (server->starting)
    server->start_log += (server->start_log.empty() ? "" : "; ") + std::string(message);
  return 1;  // Handled: civetweb prints nothing of its own.
}

std::string HttpPage::Server::Start() {
  const std::string timeout = std::to_string(options.client_timeout_ms);
  std::array<const char*, 9> settings = {
      "listening_ports", options.address.c_str(), "num_threads", kThreads, "request_timeout_ms",
      timeout.c_str(),   "enable_keep_alive",     "no",          nullptr};
  mg_callbacks callbacks{};
  callbacks.begin_request = &Server::OnRequest;
  callbacks.log_message = &Server::OnLog;
  context = mg_start(&callbacks, this, settings.data());
  starting = false;
  if (context == nullptr) return start_log.empty() ? "civetweb gave no reason" : start_log;
  mg_server_port bound{};
  if (mg_get_server_ports(context, 1, &bound) != 1) return "the bound port cannot be read";
  port = static_cast<std::uint16_t>(bound.port);
  return {};
}

std::unique_ptr<HttpPage> HttpPage::Open(const HttpPageOptions& options, HttpPageSources sources,
                                         std::string* error) {
  mg_init_library(MG_FEATURES_DEFAULT);
  auto server = std::make_unique<Server>();
  server->options = options;
  server->sources = std::move(sources);
  const std::string problem = server->Start();
  std::unique_ptr<HttpPage> page(new HttpPage(std::move(server)));
  if (problem.empty()) return page;
  *error = "cannot serve HTTP (metrics, health, status) on \"" + options.address +
           "\": " + problem + ". Choose another --http-address, or stop what listens there.";
  return nullptr;
}

HttpPage::HttpPage(std::unique_ptr<Server> server) : server_(std::move(server)) {}

HttpPage::~HttpPage() {
  if (server_->context != nullptr) mg_stop(server_->context);
  mg_exit_library();
}

std::uint16_t HttpPage::port() const { return server_->port; }

}  // namespace raft
