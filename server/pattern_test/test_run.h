// Runs one test: its arrivals as records of one input, decoded as `tocsin run` decodes them, and
// the alerts that come out. Tested by tests/golden/golden_test.cc, in every way in which the same
// must come out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors/json/alert_reader.h"
#include "eventtime/result.h"
#include "patterns/pattern.h"
#include "runtime/engine_options.h"
#include "server/pattern_test/checked_test.h"

namespace tocsin::server {

// Other ways to run a test than as it is written.
struct Replay {
  std::vector<size_t> order;  // of the arrivals, by their places; empty: as written
  std::optional<eventtime::Duration> out_of_order;
  size_t batch_size = SIZE_MAX;  // the most records that are decoded and matched at once
  runtime::PlanChoice plan = runtime::PlanChoice::kBest;
  bool restores = false;  // before each batch another engine goes on with the saved state
};

struct Played {
  std::string text;  // the alerts; each event in them is its place among the arrivals
  std::vector<connectors::AlertLine> alerts;
  std::vector<size_t> late;                             // places of arrivals
  std::vector<std::pair<size_t, std::string>> refused;  // records that are no events, and why
};

// An error tells of a pattern beyond the engine's limits.
eventtime::Result<Played> play(const patterns::PatternSet& set, const CheckedTest& test,
                               const Replay& replay = {});

}  // namespace tocsin::server
