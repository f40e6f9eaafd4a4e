// The HTTP port: /metrics, /livez, /readyz, /status and /status.json, all read-only.
//
// Room: metrics/. Knows civetweb and the snapshot; knows nothing of consensus threads and never
// waits for one (trap J3): each page is made from callbacks that return published values. Two
// worker threads serve everything, and a client that is slow to ask or to read is cut off, so the
// port costs little memory and cannot be tied up for long.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "metrics/metrics_snapshot.h"

namespace raft {

struct HttpPageOptions {
  // Where to listen, "host:port" with a numeric host, IPv6 in brackets. Port 0: any free port.
  std::string address;
  // The version shown on the status page.
  std::string version;
  // A client that takes longer to send its request, or to read a piece of the answer, is cut off.
  std::uint32_t client_timeout_ms = 2'000;
};

// What the pages show. Called on the two HTTP threads, at once on both; must not block on the event
// loop, the disk or the apply thread.
struct HttpPageSources {
  std::function<std::string()> metrics_text;  // RaftMetrics::Scrape
  MetricsSource snapshot;
  std::function<std::string()> status_json;  // GetStatusResponse by protobuf's JSON printer
};

class HttpPage {
 public:
  // Binds and serves. On failure returns null and says in `*error` what was tried, why it failed
  // and what to do.
  static std::unique_ptr<HttpPage> Open(const HttpPageOptions& options, HttpPageSources sources,
                                        std::string* error);
  // Stops serving and joins the threads. Takes up to 2 s (civetweb looks at its stop flag between
  // polls of 2 s): stop it last, when storage is closed.
  ~HttpPage();
  HttpPage(const HttpPage&) = delete;
  HttpPage& operator=(const HttpPage&) = delete;

  // The port really bound, also when 0 was asked for.
  std::uint16_t port() const;

 private:
  struct Server;
  explicit HttpPage(std::unique_ptr<Server> server);

  std::unique_ptr<Server> server_;
};

}  // namespace raft
