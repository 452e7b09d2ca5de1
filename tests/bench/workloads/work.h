// Patterns over a stream, measured: what most workloads are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "tests/bench/workloads/batches.h"
#include "tests/bench/workloads/measure.h"
#include "tests/bench/workloads/row.h"

namespace tocsin::bench {

template <class E>
struct Work {
  std::string patterns;
  Stream<E> stream;
  Expected<E> expected;
  int64_t warm_up_millis = 0;  // of the stream, not timed
  size_t max_starts = 100'000;
  double peer = 0;
  uint64_t known = 0;  // alerts at scale 1, counted by others; 0: nobody has
};

// A pass into the row: the best one stays, all have to be right.
inline void add_pass(Row& row, const Pass& pass) {
  const double rate = pass.seconds > 0 ? static_cast<double>(pass.events) / pass.seconds : 0;
  row.right = row.right && pass.alerts == pass.expected;
  row.whole = row.whole && pass.whole;
  if (row.events > 0 && rate <= row.events_per_second()) return;
  row.events = pass.events;
  row.seconds = pass.seconds;
  row.alerts = pass.alerts;
  row.expected = pass.expected;
  row.note = pass.warm ? "" : "while the window fills";
}

template <class E>
Row measure(const Work<E>& work, const Settings& settings) {
  const size_t before = resident_bytes();
  Row row;
  row.peer = work.peer;
  Recorded recorded;
  size_t recorded_bytes = 0;
  size_t most_bytes = 0;
  double load_seconds = 0;
  double left = settings.budget;
  for (int pass = 0; pass < settings.repeat && (pass == 0 || left > 0); ++pass) {
    const double start = cpu_seconds();
    Runner runner(work.patterns, work.max_starts);
    load_seconds = cpu_seconds() - start;
    if (pass == 0) {
      const size_t loaded = resident_bytes();
      recorded = record(runner.catalog(), work.stream, work.expected);
      recorded_bytes = resident_bytes() - loaded;
    }
    add_pass(row, run_pass(runner, recorded, {1000 * (kFirstMillis + work.warm_up_millis)}, left));
    most_bytes = std::max(most_bytes, resident_bytes());
    left -= load_seconds + runner.seconds();
  }
  if (settings.scale == 1 && work.known > 0 && row.whole) {
    row.right = row.right && row.expected == work.known;
  }
  row.extras = {{"load_s", load_seconds},
                {"mb", (static_cast<double>(most_bytes) - static_cast<double>(before) -
                        static_cast<double>(recorded_bytes)) /
                           1e6}};
  return row;
}

}  // namespace tocsin::bench
