// The engine on the same events as the model, its alerts read back from their JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "patterns/pattern.h"
#include "runtime/engine_options.h"
#include "tests/model/naive_run.h"

namespace tocsin::model {

struct EngineRun {
  NaiveRun run;
  std::string text;  // the alerts as they came out
};

// After each batch the engine's state may be saved and another engine go on with it.
enum class Restores : uint8_t { kNever, kAlways };
// Keys may go to the disk as soon as they can, and come back when they are needed.
enum class Spills : uint8_t { kNever, kAlways };

// `batch_size`: the most events that are pushed at once.
EngineRun run_engine(const patterns::PatternSet& set,
                     std::span<const std::vector<NaiveEvent>> inputs, Duration out_of_order,
                     size_t batch_size, const runtime::EngineOptions& options = {},
                     Restores restores = Restores::kNever, Spills spills = Spills::kNever);

}  // namespace tocsin::model
