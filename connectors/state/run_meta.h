// What a checkpoint of a run says besides the engine's records: where its inputs and outputs stood,
// and which patterns it has state of. Their texts are records (run_state.h): they may be long.
// One JSON object, so that people and scripts can read it (`tocsin state list --format json`).
// Of older programs, which knew one sink and wrote it as "alerts", all is read. Tested by
// tests/unit/connectors/run_meta_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/file/line_writer.h"
#include "eventtime/result.h"
#include "runtime/engine_options.h"
#include "runtime/pattern_version.h"
#include "runtime/source.h"

namespace tocsin::connectors {

// A version of a pattern that the state is of.
struct StoredPattern {
  std::string name;
  std::string state;       // what the engine's records call it
  std::string definition;  // digest of its text
  std::string automaton;   // nfa/fingerprint.h
  std::optional<runtime::InputPlace> since;
  std::optional<runtime::InputPlace> until;  // it drains
  friend bool operator==(const StoredPattern&, const StoredPattern&) = default;
};

// Of a partition of a log (server/partition_machine.h).
struct LogPlace {
  uint64_t first = 0;    // where it was begun to be read
  uint64_t alerts = 0;   // so many were found
  uint64_t journal = 0;  // ticks before this offset of the journal have been applied
  friend bool operator==(const LogPlace&, const LogPlace&) = default;
};

struct RunMeta {
  struct Output {
    std::string path;
    OutputPosition position;
  };
  struct Sink {
    std::string name;
    std::string position;  // as the sink says it
    friend bool operator==(const Sink&, const Sink&) = default;
  };

  std::string name;  // of the pipeline; "" of a run without one

  std::vector<std::pair<std::string, runtime::SourcePosition>> inputs;  // with their names
  std::vector<Sink> sinks;
  std::optional<Output> late;
  std::optional<Output> dead_letters;
  std::optional<LogPlace> log;
  uint64_t malformed = 0;
  std::vector<StoredPattern> patterns;  // those that drain first
  // Where events that patterns emit are told apart from those to come.
  eventtime::Timestamp derived = eventtime::kMinTimestamp;
  // What the records can be read with.
  runtime::EventDetail events = runtime::EventDetail::kFull;
  runtime::PlanChoice plan = runtime::PlanChoice::kBest;

  runtime::InputPlace place() const;
};

std::string print_run_meta(const RunMeta& meta);
eventtime::Result<RunMeta> parse_run_meta(std::string_view json);

}  // namespace tocsin::connectors
