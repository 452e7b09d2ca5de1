// What a run tells of itself to those who watch it: numbers of its sources, patterns, sinks,
// checkpoints and of the engine. Tested by tests/unit/server/metrics_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "eventtime/timestamp.h"
#include "runtime/engine.h"
#include "runtime/metric.h"
#include "runtime/source.h"
#include "server/run_command.h"
#include "server/run_outputs.h"
#include "server/run_state.h"

namespace tocsin::server {

// Of one input, since this process began.
struct InputCounters {
  uint64_t malformed = 0;
  uint64_t late = 0;
};

struct RunParts {
  const RunOptions& options;
  const runtime::Engine& engine;
  const std::vector<std::unique_ptr<runtime::Source>>& sources;
  const std::vector<uint64_t>& records;  // by input, since its beginning
  const std::vector<InputCounters>& inputs;
  const RunOutputs& outputs;
  const RunState* state;  // null: none
  runtime::Clock& clock;
};

runtime::Metrics run_metrics(const RunParts& parts);

}  // namespace tocsin::server
