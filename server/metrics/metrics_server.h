// Metrics, health and readiness over HTTP, for who watches a run:
//
//   GET /metrics   what was published last, in the text format of Prometheus
//   GET /healthz   200 as long as the program lives
//   GET /readyz    200 when the run has its state back and reads, 503 before
//
// A thread of its own serves one request after the other; the run only hands texts over and never
// waits for it. It has no say in what comes out. Tested by tests/unit/server/metrics_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "eventtime/result.h"
#include "eventtime/timestamp.h"
#include "server/metrics/metrics_listen.h"

namespace tocsin::server {

// How often a run hands over its metrics.
inline constexpr eventtime::Duration kPublishEvery{500'000};

class MetricsServer {
 public:
  // An error: nobody can listen there, or somebody else does.
  static eventtime::Result<std::unique_ptr<MetricsServer>> start(const MetricsListen& listen);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

  uint16_t port() const { return port_; }  // chosen by the system if it was told 0
  void publish(std::string text);
  void set_ready();

  // While it is locked, the thread of the server allocates nothing: for a fork.
  std::mutex& quiet();

 private:
  struct Shared;
  MetricsServer(std::unique_ptr<Shared> shared, uint16_t port);

  std::unique_ptr<Shared> shared_;
  uint16_t port_;
};

}  // namespace tocsin::server
