#include "tests/bench/workloads/measure.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <utility>

#include "eventtime/check.h"

namespace tocsin::bench {

namespace {

std::unique_ptr<runtime::Detector> make_detector(const std::string& text, size_t max_starts,
                                                 Seen& seen) {
  runtime::DetectorOptions options;
  options.engine.max_starts = max_starts;
  options.on_alert = [&seen](const runtime::Alert& alert) {
    ++seen.alerts;
    seen.checksum += static_cast<uint64_t>(alert.end().micros);  // the alert is there, and read
  };
  options.on_late = [](const runtime::Engine::Late&) {
    TOCSIN_CHECK(false, "the streams of the workloads are in order");
  };
  auto detector = runtime::Detector::create({{"workload.tocsin", text}}, std::move(options));
  if (!detector) std::fputs(detector.error().message.c_str(), stderr);
  TOCSIN_CHECK(detector, "the patterns of a workload are right");
  return *std::move(detector);
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
    : detector_(make_detector(patterns, max_starts, seen_)) {}

const eventtime::Catalog& Runner::catalog() const {
  return detector_->patterns().catalog;
}

void Runner::push(const std::shared_ptr<const eventtime::Batch>& batch) {
  const double start = cpu_seconds();
  const bool pushed = detector_->push(batch).has_value();
  TOCSIN_CHECK(pushed, "the batches of a workload are whole");
  seconds_ += cpu_seconds() - start;
}

void Runner::finish() {
  const double start = cpu_seconds();
  const bool finished = detector_->finish().has_value();
  TOCSIN_CHECK(finished, "a workload ends once");
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
