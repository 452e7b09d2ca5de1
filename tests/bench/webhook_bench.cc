// Alerts to a webhook on this machine, single and in batches: through the queue on disk, signed,
// over kept-alive connections, until the endpoint has answered for all of them. The endpoint runs
// in the same process and shares its cores.
#include <benchmark/benchmark.h>
#include <fmt/core.h>

#include <string>

#include "connectors/webhook/webhook_sink.h"
#include "eventtime/check.h"
#include "server/machine_clock.h"
#include "tests/support/http_server.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::bench {
namespace {

constexpr int kAlerts = 20'000;

void deliver(benchmark::State& state) {
  tests::HttpServer server;
  server::MachineClock clock;
  const std::string event(300, 'x');
  for (auto _ : state) {
    tests::TemporaryDirectory directory;
    connectors::WebhookSpec spec;
    spec.name = "bench";
    spec.url = server.url();
    spec.secrets = {"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"};
    spec.batch = static_cast<uint32_t>(state.range(0));
    spec.max_in_flight = static_cast<uint32_t>(state.range(1));
    spec.allow_private_addresses = true;
    spec.queue = directory.path("queue");
    spec.close_within = {120'000'000};
    const auto sink = connectors::WebhookSink::open(spec, clock);
    TOCSIN_CHECK(sink, "the queue can be made");
    for (int i = 0; i < kAlerts; ++i) {
      const std::string id = fmt::format("{:032x}", i);
      const std::string json = fmt::format("{{\"id\":\"{}\",\"event\":\"{}\"}}", id, event);
      TOCSIN_CHECK((*sink)->write({"p", id, "{}", {i}, json}), "there is room");
      if (i % 100 == 0) TOCSIN_CHECK((*sink)->flush(), "there is room");
    }
    TOCSIN_CHECK((*sink)->close(), "the queue can be written");
    for (const runtime::Metric& metric : (*sink)->metrics()) {
      TOCSIN_CHECK(metric.name != "webhook_delivered_total" || metric.value == kAlerts,
                   "all alerts are delivered");
    }
  }
  state.SetItemsProcessed(state.iterations() * kAlerts);
}

BENCHMARK(deliver)
    ->ArgNames({"batch", "in_flight"})
    ->Args({1, 1})
    ->Args({1, 4})
    ->Args({1, 16})
    ->Args({100, 4})
    ->Args({1000, 4})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace tocsin::bench
