// Runs patterns over recorded batches, and what the workloads measure with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "runtime/detector.h"
#include "tests/bench/workloads/batches.h"

namespace tocsin::bench {

// Of this thread, so that what else runs on the machine does not count.
double cpu_seconds();
// Resident memory of this process, after the allocator has given back what it can.
size_t resident_bytes();

// Of the alerts that came out.
struct Seen {
  uint64_t alerts = 0;
  uint64_t checksum = 0;
};

// A detector with one input in order, and its alerts, which are counted and not kept.
class Runner {
 public:
  // The patterns are ours, so mistakes in them end the program.
  Runner(const std::string& patterns, size_t max_starts);
  Runner(const Runner&) = delete;  // the detector writes into it
  Runner& operator=(const Runner&) = delete;

  const eventtime::Catalog& catalog() const;
  void push(const std::shared_ptr<const eventtime::Batch>& batch);
  void finish();
  uint64_t alerts() const { return seen_.alerts; }
  double seconds() const { return seconds_; }  // of the CPU, in push() and finish()
  runtime::EngineStats stats() const { return detector_->stats(); }

 private:
  Seen seen_;
  std::unique_ptr<runtime::Detector> detector_;
  double seconds_ = 0;
};

struct Pass {
  uint64_t events = 0;  // that are timed
  double seconds = 0;   // for these
  uint64_t alerts = 0;  // of all that were pushed
  uint64_t expected = 0;
  bool whole = false;  // the budget has lasted to the end
  bool warm = false;   // and for all that was to be pushed before the timing begins
};

inline constexpr double kNoBudget = 1e9;

// Pushes all batches, or as many as `budget` seconds allow. Those that begin before `warm_up` are
// not timed, unless it is all that could be done.
Pass run_pass(Runner& runner, const Recorded& recorded, eventtime::Timestamp warm_up,
              double budget);

}  // namespace tocsin::bench
