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

// The first pass is cut short where the budget ends; others are made only where it has room for a
// whole one, so that all are about the same events.
template <class E>
Row measure(const Work<E>& work, const Settings& settings) {
  const auto before = static_cast<double>(resident_bytes());
  Row row;
  row.peer = work.peer;
  Recorded recorded;
  double recorded_bytes = 0;
  double most_bytes = 0;
  double load_seconds = 0;
  double pass_seconds = 0;
  double left = settings.budget;
  for (int pass = 0; pass < settings.repeat && left >= pass_seconds; ++pass) {
    const double start = cpu_seconds();
    Runner runner(work.patterns, work.max_starts);
    load_seconds = cpu_seconds() - start;
    if (pass == 0) {
      const auto loaded = static_cast<double>(resident_bytes());
      recorded = record(runner.catalog(), work.stream, work.expected);
      recorded_bytes = static_cast<double>(resident_bytes()) - loaded;
    }
    add_pass(row, run_pass(runner, recorded, {1000 * (kFirstMillis + work.warm_up_millis)},
                           pass == 0 ? left : kNoBudget));
    most_bytes = std::max(most_bytes, static_cast<double>(resident_bytes()));
    pass_seconds = load_seconds + runner.seconds();
    left -= pass_seconds;
  }
  if (settings.scale == 1 && work.known > 0 && row.whole) {
    row.right = row.right && row.expected == work.known;
  }
  row.extras = {{"load_s", load_seconds}, {"mb", (most_bytes - before - recorded_bytes) / 1e6}};
  return row;
}

}  // namespace tocsin::bench
