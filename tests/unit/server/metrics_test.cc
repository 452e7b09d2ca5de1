// Metrics over HTTP: what is served, to whom it is refused, and what a run tells of itself.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "server/metrics/metrics_server.h"
#include "server/metrics/prometheus.h"
#include "server/pattern_files.h"
#include "server/run_loop.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

using runtime::Metric;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class Client {
 public:
  explicit Client(uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { ::close(socket_); }

  void send(const std::string& text) const {
    EXPECT_EQ(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // Until the other side closes.
  std::string receive() const {
    std::string all;
    char buffer[4096];
    for (ssize_t count = 1; count > 0;) {
      count = ::recv(socket_, buffer, sizeof(buffer), 0);
      if (count > 0) all.append(buffer, static_cast<size_t>(count));
    }
    return all;
  }

 private:
  int socket_;
};

std::string get(uint16_t port, const std::string& target, const std::string& method = "GET") {
  const Client client(port);
  client.send(method + " " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
  return client.receive();
}

TEST(Prometheus, TextFormat) {
  using Kind = Metric::Kind;
  EXPECT_EQ(prometheus_text({{"a_total", "Of \\ two\nlines \"x\".", Kind::kCounter, {}, 12345678},
                             {"b", "B.", Kind::kGauge, {{"p", "a\"\\\n"}, {"q", "2"}}, 0.5},
                             {"a_total", "Other.", Kind::kCounter, {{"x", "y"}}, -1e300}}),
            "# HELP tocsin_a_total Of \\\\ two\\nlines \"x\".\n"
            "# TYPE tocsin_a_total counter\n"
            "tocsin_a_total 12345678\n"
            "tocsin_a_total{x=\"y\"} -1e+300\n"
            "# HELP tocsin_b B.\n"
            "# TYPE tocsin_b gauge\n"
            "tocsin_b{p=\"a\\\"\\\\\\n\",q=\"2\"} 0.5\n");
}

class MetricsServerTest : public testing::Test {
 protected:
  MetricsServerTest() {
    auto server = MetricsServer::start({"127.0.0.1", 0});
    EXPECT_TRUE(server) << server.error().message;
    server_ = *std::move(server);
  }

  std::unique_ptr<MetricsServer> server_;
};

TEST_F(MetricsServerTest, ServesWhatWasPublishedLast) {
  EXPECT_THAT(get(server_->port(), "/metrics"), EndsWith("\r\n\r\n"));
  server_->publish("a 1\n");
  server_->publish("a 2\n");
  EXPECT_THAT(get(server_->port(), "/metrics"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("version=0.0.4"),
                    HasSubstr("Content-Length: 4\r\n"), HasSubstr("Connection: close\r\n"),
                    EndsWith("\r\n\r\na 2\n")));
  EXPECT_THAT(get(server_->port(), "/metrics?x=y"), EndsWith("\r\n\r\na 2\n"));
  EXPECT_THAT(get(server_->port(), "/metrics", "HEAD"),
              AllOf(HasSubstr("Content-Length: 4\r\n"), EndsWith("\r\n\r\n")));
}

TEST_F(MetricsServerTest, HealthAndReadiness) {
  EXPECT_THAT(get(server_->port(), "/healthz"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(get(server_->port(), "/readyz"), StartsWith("HTTP/1.1 503 "));
  server_->set_ready();
  EXPECT_THAT(get(server_->port(), "/readyz"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(MetricsServerTest, WhatIsNotServed) {
  EXPECT_THAT(get(server_->port(), "/"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(get(server_->port(), "/metrics", "DELETE"), StartsWith("HTTP/1.1 405 "));
  const Client garbage(server_->port());
  garbage.send("\x16\x03\x01 this is TLS\r\n\r\n");
  EXPECT_THAT(garbage.receive(), StartsWith("HTTP/1.1 400 "));
  const Client endless(server_->port());
  endless.send("GET /metrics HTTP/1.1\r\nX: " + std::string(10'000, 'x'));
  // What it had not read when it closed may reset the connection before the answer is read.
  const std::string answer = endless.receive();
  EXPECT_TRUE(answer.empty() || answer.starts_with("HTTP/1.1 400 ")) << answer;
}

TEST_F(MetricsServerTest, ARequestMayComeInPieces) {
  server_->publish("a 1\n");
  const Client client(server_->port());
  for (const char c : std::string("GET /metrics HTTP/1.0\r\n\r\n")) client.send({c});
  EXPECT_THAT(client.receive(), EndsWith("a 1\n"));
}

// One that says nothing is sent away in time, and nobody who hands over texts waits for it.
TEST_F(MetricsServerTest, ASilentClientHoldsNobodyUpForLong) {
  const Client silent(server_->port());
  const Client gone_at_once(server_->port());
  const auto start = std::chrono::steady_clock::now();
  for (int n = 0; n < 1000; ++n) server_->publish("a 1\n");
  {
    const std::lock_guard lock(server_->quiet());
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
  EXPECT_EQ(silent.receive(), "");
  EXPECT_THAT(get(server_->port(), "/healthz"), HasSubstr("200"));
}

TEST_F(MetricsServerTest, EndsThoughAClientIsThere) {
  const Client silent(server_->port());
  const auto start = std::chrono::steady_clock::now();
  server_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST_F(MetricsServerTest, APortInUseIsNamed) {
  const auto second = MetricsServer::start({"127.0.0.1", server_->port()});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "cannot serve metrics on 127.0.0.1 port " +
                                        std::to_string(server_->port()) +
                                        ": Address already in use");
}

// While it runs: of a source, a pattern, a sink, checkpoints and the engine.
TEST(RunMetrics, ARunTellsOfItself) {
  const tests::TemporaryDirectory directory;
  const std::string patterns =
      directory.write("p.tocsin",
                      "event E { k: string, at: timestamp } time at\n"
                      "pattern pair { by k match a: E then b: E within 365d }\n");
  const auto event = [](const std::string& k, const std::string& at) {
    return R"({"k":")" + k + R"(","at":"2026-03-01T)" + at + "Z\"}\n";
  };
  const std::string records = event("x", "10:00:00") + event("x", "10:00:00") + "no event\n" +
                              event("y", "09:00:00") + event("z", "10:00:05") +
                              event("w", "10:00:09");
  RunOptions options;
  options.patterns = {patterns};
  options.inputs = {{.path = directory.write("in", records),
                     .follow = true,
                     .idle_after = std::nullopt,
                     .source = "payments"}};
  options.sinks = {file_sink(directory.path("out"))};
  options.state = directory.path("state");
  options.listen = MetricsListen{"127.0.0.1", 0};
  tests::ManualClock clock;
  std::string told;
  RunLoop* running = nullptr;
  const auto stop = [&] {
    told = get(running->metrics_port(), "/metrics");
    return told.find("tocsin_checkpoints_total ") != std::string::npos &&
           told.find("tocsin_checkpoint_bytes ") != std::string::npos;
  };
  // A second of the clock for each look, so that checkpoints become due.
  clock.on_sleep = [&] { clock.go_on({1'000'000}); };
  RunLoop loop(options, clock, stop);
  running = &loop;
  auto files = read_patterns(options.patterns);
  auto own = own_patterns(*files, {});
  const auto opened = loop.open(*std::move(files->patterns), *std::move(own));
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_THAT(get(loop.metrics_port(), "/readyz"), HasSubstr("503"));
  const auto read = loop.read_all();
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_THAT(get(loop.metrics_port(), "/readyz"), HasSubstr("200"));
  ASSERT_TRUE(loop.close());
  const std::string labels = R"({source="payments",input=")" + directory.path("in") + "\"} ";
  for (const std::string& wanted :
       {"tocsin_source_records_total" + labels + "6\n",
        "tocsin_source_malformed_total" + labels + "1\n",
        "tocsin_source_late_total" + labels + "1\n",
        "tocsin_source_watermark_seconds" + labels + "1772359209\n",
        std::string("tocsin_pattern_alerts_total{pattern=\"pair\"} 1\n"),
        std::string("tocsin_pattern_pending_keys{pattern=\"pair\"} 2\n"),
        std::string("tocsin_sink_alerts_total{sink=\"alerts\"} 1\n"),
        std::string("tocsin_events_total 5\n"), std::string("tocsin_checkpoint_failures_total 0\n"),
        std::string("# TYPE tocsin_checkpoint_bytes gauge\n")}) {
    EXPECT_THAT(told, HasSubstr(wanted));
  }
}

}  // namespace
}  // namespace tocsin::server
