#include "tests/bench/workloads/measure.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>

#include "eventtime/check.h"
#include "patterns/front_end.h"

namespace tocsin::bench {

namespace {

// The records have no bytes and the alerts show none.
class NoBytes final : public eventtime::RecordFormat {
 public:
  void append_json(std::string&, std::string_view, eventtime::TypeId) const override {}
};

patterns::PatternSet load(const std::string& text) {
  patterns::Loaded loaded = patterns::load({{"workload.tocsin", text}});
  if (!loaded.patterns) {
    std::fputs(patterns::render(loaded.diagnostics, loaded.sources).c_str(), stderr);
  }
  TOCSIN_CHECK(loaded.patterns, "the patterns of a workload are right");
  return std::move(*loaded.patterns);
}

std::unique_ptr<runtime::Engine> make_engine(const std::string& text, size_t max_starts) {
  runtime::EngineOptions options;
  options.events = runtime::EventDetail::kNone;
  options.max_starts = max_starts;
  auto engine = runtime::Engine::create(load(text), options);
  TOCSIN_CHECK(engine, "the patterns of a workload are within the engine's limits");
  return std::move(*engine);
}

}  // namespace

double cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

size_t resident_bytes() {
  ::malloc_trim(0);
  std::ifstream file("/proc/self/statm");
  size_t whole = 0;
  size_t resident = 0;
  file >> whole >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

Runner::Runner(const std::string& patterns, size_t max_starts)
    : engine_(make_engine(patterns, max_starts)), on_alert_([this](const runtime::Alert& alert) {
        ++alerts_;
        checksum_ += alert.end().micros;  // the alert is there, and read
      }) {
  static const NoBytes kFormat;
  engine_->add_input({0}, kFormat);
}

const eventtime::Catalog& Runner::catalog() const {
  return engine_->patterns().catalog;
}

void Runner::push(const std::shared_ptr<const eventtime::Batch>& batch) {
  const double start = cpu_seconds();
  engine_->push(batch, on_alert_, [](const runtime::Engine::Late&) {
    TOCSIN_CHECK(false, "the streams of the workloads are in order");
  });
  seconds_ += cpu_seconds() - start;
}

void Runner::finish() {
  const double start = cpu_seconds();
  engine_->finish(0, on_alert_);
  seconds_ += cpu_seconds() - start;
}

Pass run_pass(Runner& runner, const Recorded& recorded, eventtime::Timestamp warm_up,
              double budget) {
  Pass pass;
  double untimed = 0;
  for (size_t i = 0; i < recorded.batches.size() && runner.seconds() < budget; ++i) {
    const std::vector<eventtime::Row>& rows = recorded.batches[i]->rows;
    if (!pass.warm && rows.front().time >= warm_up) {
      pass.warm = true;
      pass.events = 0;
      untimed = runner.seconds();
    }
    runner.push(recorded.batches[i]);
    pass.events += rows.size();
    pass.expected = recorded.expected[i];
    pass.whole = i + 1 == recorded.batches.size();
  }
  pass.seconds = runner.seconds() - untimed;
  runner.finish();
  if (pass.whole) pass.seconds = runner.seconds() - untimed;
  pass.alerts = runner.alerts();
  return pass;
}

}  // namespace tocsin::bench
