// The HTTP port through a plain socket: every page, every refusal, slow and rude clients.
#include "metrics/http_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "metrics/raft_metrics.h"
#include "tests/metrics/raw_http.h"
#include "tests/metrics/sample_snapshot.h"

namespace raft {
namespace {

using ::testing::AllOf;
using testing::Connection;
using testing::Fetch;
using ::testing::HasSubstr;
using testing::HttpReply;
using ::testing::IsEmpty;
using testing::LeaderSnapshot;
using ::testing::StartsWith;

// One page for the whole suite: each stop takes up to two seconds.
class HttpPageTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    metrics_ = std::make_unique<RaftMetrics>(
        BuildFacts{.version = "0.1.0", .revision = "", .compiler = "GNU 12.2.0"},
        [] { return LeaderSnapshot(); });
    std::string error;
    page_ = HttpPage::Open({.address = "127.0.0.1:0", .version = "0.1.0", .client_timeout_ms = 300},
                           {.metrics_text = [] { return metrics_->Scrape(); },
                            .snapshot = MakeSnapshot,
                            .status_json = MakeJson},
                           &error);
    ASSERT_NE(page_, nullptr) << error;
  }
  static void TearDownTestSuite() {
    page_.reset();
    metrics_.reset();
  }
  void SetUp() override { ready_ = true, json_fails_ = false; }

  static MetricsSnapshot MakeSnapshot() {
    MetricsSnapshot snapshot = LeaderSnapshot();
    if (!ready_) snapshot.readyz[1].failure = "no leader for 2 s";
    return snapshot;
  }
  static std::string MakeJson() {
    if (json_fails_) throw std::runtime_error("out of paper");
    return "{\"role\":\"leader\"}";
  }
  static HttpReply Get(const std::string& target, const std::string& method = "GET") {
    return Fetch(page_->port(), method, target).value_or(HttpReply{});
  }

  static inline std::unique_ptr<RaftMetrics> metrics_;
  static inline std::unique_ptr<HttpPage> page_;
  static inline std::atomic<bool> ready_{true};
  static inline std::atomic<bool> json_fails_{false};
};

TEST_F(HttpPageTest, AnswersBesideSilentConnectionsBeforeTheyAreCutOff) {
  std::string error;
  const auto patient =
      HttpPage::Open({.address = "127.0.0.1:0", .version = "0.1.0", .client_timeout_ms = 60'000},
                     {.metrics_text = [] { return metrics_->Scrape(); },
                      .snapshot = MakeSnapshot,
                      .status_json = MakeJson},
                     &error);
  ASSERT_NE(patient, nullptr) << error;
  const Connection first(patient->port());
  const Connection second(patient->port());
  const Connection third(patient->port());
  ASSERT_TRUE(third.connected());

  EXPECT_EQ(Fetch(patient->port(), "GET", "/livez").value_or(HttpReply{}).status, 200);
}

TEST_F(HttpPageTest, ReportsTheRealPortWhenAskedForAnyPort) { EXPECT_GT(page_->port(), 0); }

TEST_F(HttpPageTest, ServesTheScrapeAsPrometheusText) {
  const HttpReply reply = Get("/metrics");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.headers, HasSubstr("Content-Type: text/plain; version=0.0.4"));
  EXPECT_THAT(reply.headers,
              HasSubstr("Content-Length: " + std::to_string(reply.body.size()) + "\r\n"));
  EXPECT_THAT(reply.body, AllOf(HasSubstr("raft_term 7\n"), HasSubstr("process_threads")));
}

TEST_F(HttpPageTest, ServesTheStatusPageForBrowsersAlone) {
  const HttpReply reply = Get("/status");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.headers, HasSubstr("Content-Type: text/html; charset=utf-8"));
  EXPECT_THAT(reply.headers, HasSubstr("Content-Security-Policy: default-src 'none'"));
  EXPECT_THAT(reply.headers, HasSubstr("Cache-Control: no-store"));
  EXPECT_THAT(reply.body, StartsWith("<!doctype html>"));
  EXPECT_THAT(reply.body, HasSubstr("raftd 0.1.0"));
}

TEST_F(HttpPageTest, ServesTheOwnersJson) {
  const HttpReply reply = Get("/status.json");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.headers, HasSubstr("Content-Type: application/json"));
  EXPECT_EQ(reply.body, "{\"role\":\"leader\"}");
}

TEST_F(HttpPageTest, HealthPagesAreOkAndListChecksWhenAsked) {
  EXPECT_EQ(Get("/livez").body, "ok\n");
  EXPECT_EQ(Get("/readyz").body, "ok\n");
  const std::string all = "[+]formed ok\n[+]has_leader ok\nreadyz check passed\n";
  EXPECT_EQ(Get("/readyz?verbose").body, all);
  EXPECT_EQ(Get("/readyz?verbose=1").body, all);
  EXPECT_EQ(Get("/readyz?timeout=1s&verbose").body, all);
  EXPECT_EQ(Get("/readyz?verbosely").body, "ok\n");
}

TEST_F(HttpPageTest, AFailedCheckMakesReadyzUnavailableAndLeavesLivezAlone) {
  ready_ = false;
  const HttpReply reply = Get("/readyz");
  EXPECT_EQ(reply.status, 503);
  EXPECT_THAT(reply.body, HasSubstr("[-]has_leader failed: no leader for 2 s\n"));
  EXPECT_EQ(Get("/livez").status, 200);
}

TEST_F(HttpPageTest, AnUnknownPathIsNotFoundAndNamesThePagesThereAre) {
  for (const char* path : {"/", "/metric", "/metrics/", "/status/..", "/favicon.ico",
                           "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/debug/pprof"}) {
    const HttpReply reply = Get(path);
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_THAT(reply.body, HasSubstr("/metrics, /livez, /readyz, /status")) << path;
  }
}

TEST_F(HttpPageTest, OtherMethodsAreNotAllowed) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"}) {
    const HttpReply reply = Get("/metrics", method);
    EXPECT_EQ(reply.status, 405) << method;
    EXPECT_THAT(reply.headers, HasSubstr("Allow: GET, HEAD\r\n")) << method;
  }
}

TEST_F(HttpPageTest, HeadAnswersWithTheHeadersAlone) {
  const HttpReply reply = Get("/livez", "HEAD");
  EXPECT_EQ(reply.status, 200);
  EXPECT_THAT(reply.headers, HasSubstr("Content-Length: 3\r\n"));
  EXPECT_THAT(reply.body, IsEmpty());
}

TEST_F(HttpPageTest, AnExceptionInAPageIsAnAnswerAndNotTheEndOfTheServer) {
  json_fails_ = true;
  const HttpReply reply = Get("/status.json");
  EXPECT_EQ(reply.status, 500);
  EXPECT_EQ(reply.body, "Making this page failed: out of paper\n");
  EXPECT_EQ(Get("/livez").status, 200);
}

TEST_F(HttpPageTest, SurvivesBytesThatAreNotHttp) {
  for (const std::string& bytes :
       {std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), std::string(100'000, 'A'),
        std::string("GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n\r\n"),
        std::string("GET /metrics HTTP/9.9\r\n\r\n"), std::string("\r\n\r\n"),
        std::string("GET\r\n\r\n"), std::string("GET /status\0x HTTP/1.1\r\n\r\n", 26)}) {
    Connection rude(page_->port());
    ASSERT_TRUE(rude.connected());
    rude.Send(bytes);
    EXPECT_THAT(rude.ReadAll(), ::testing::Not(StartsWith("HTTP/1.1 200")));
  }
  EXPECT_EQ(Get("/livez").status, 200);
}

TEST_F(HttpPageTest, CutsOffClientsThatNeverFinishTheirRequest) {
  // Given more silent clients than worker threads, each with half a request.
  std::vector<std::unique_ptr<Connection>> silent;
  for (int client = 0; client < 4; ++client) {
    silent.push_back(std::make_unique<Connection>(page_->port()));
    ASSERT_TRUE(silent.back()->Send("GET /livez HTTP/1.1\r\nHost: loc"));
  }
  // When another one asks properly, then it is answered well before its own patience (10 s) ends,
  // and the silent ones find their connections closed.
  EXPECT_EQ(Get("/livez").status, 200);
  for (const auto& client : silent) {
    EXPECT_THAT(client->ReadAll(), ::testing::Not(StartsWith("HTTP/1.1 200")));
  }
}

TEST_F(HttpPageTest, AnswersManyScrapesAtOnce) {
  std::atomic<int> good{0};
  std::vector<std::thread> clients;
  for (int client = 0; client < 8; ++client) {
    clients.emplace_back([&good] {
      for (int scrape = 0; scrape < 10; ++scrape) good += Get("/metrics").status == 200 ? 1 : 0;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 80);
}

TEST_F(HttpPageTest, ATakenPortFailsWithWhatWasTriedAndWhy) {
  const std::string address = "127.0.0.1:" + std::to_string(page_->port());
  std::string error;
  EXPECT_EQ(HttpPage::Open({.address = address, .version = ""}, {}, &error), nullptr);
  EXPECT_THAT(error, AllOf(HasSubstr(address), HasSubstr("Address already in use"),
                           HasSubstr("--http-address")));
}

TEST_F(HttpPageTest, AnAddressThatIsNoneFailsAndIsQuoted) {
  for (const char* address : {"", "nonsense", "127.0.0.1:99999", "127.0.0.1:-1", "300.1.1.1:80"}) {
    std::string error;
    EXPECT_EQ(HttpPage::Open({.address = address, .version = ""}, {}, &error), nullptr) << address;
    EXPECT_THAT(error, HasSubstr("\"" + std::string(address) + "\"")) << error;
  }
}

}  // namespace
}  // namespace raft
