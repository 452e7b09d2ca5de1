// A pipeline file (docs/pipeline.md) as plain data, checked: every value is right in itself, and
// the parts go together. What only the declarations of the patterns can tell is checked by
// check_names(). Tested by tests/unit/server/pipeline_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "connectors/file/file_sink_spec.h"
#include "connectors/kafka/kafka_spec.h"
#include "connectors/webhook/webhook_spec.h"
#include "connectors/zeromq/zeromq_spec.h"
#include "eventtime/result.h"
#include "eventtime/timestamp.h"
#include "patterns/pattern.h"
#include "server/metrics/metrics_listen.h"
#include "server/pipeline/config_section.h"
#include "server/pipeline/mistakes.h"
#include "server/run_command.h"

namespace tocsin::server {

struct FileSourceSpec {
  std::vector<std::string> paths;  // each an input of its own; "-" is standard input
  bool follow = false;
};

struct PipelineSource {
  std::string name;
  std::optional<InputFormat> format;  // nothing: by the name of the file, else JSON
  // How the event type of a record is told; at most one. Kafka and ZeroMQ know other ways, too.
  std::optional<std::string> event;
  std::optional<std::string> event_field;
  eventtime::Duration out_of_order;
  std::optional<eventtime::Duration> idle_after = eventtime::Duration{30'000'000};
  Place columns;  // of Kafka: where they stand
  // Those of Kafka repeat what stands above.
  std::variant<FileSourceSpec, connectors::KafkaSourceSpec, connectors::ZeroMqSourceSpec> spec;
};

struct PipelineState {
  std::string dir;
  eventtime::Duration checkpoint_every{10'000'000};
  uint64_t keep = 3;
  OnChange on_change = OnChange::kDrain;
};

struct PipelineEngine {
  std::optional<uint64_t> threads;  // nothing: all cores
  uint64_t max_starts_per_key = 100'000;
  std::optional<uint64_t> memory;  // nothing: half of the machine's
  EventsMode events = EventsMode::kFull;
  runtime::PlanChoice plan = runtime::PlanChoice::kBest;
};

// A name that the declarations of the patterns must know, or a pattern of names that must fit one.
struct NamedInPipeline {
  std::string name;
  Place place;
};

struct Pipeline {
  std::string name;
  std::vector<std::string> patterns;  // files
  std::vector<PipelineSource> sources;
  std::vector<RunSink> sinks;
  SideOutput late;
  SideOutput dead_letter;
  std::optional<PipelineState> state;
  PipelineEngine engine;
  std::optional<MetricsListen> metrics;

  std::vector<NamedInPipeline> event_types;
  std::vector<NamedInPipeline> alert_patterns;
};

// Nothing if there are mistakes; all of them are found.
std::optional<Pipeline> parse_pipeline(std::string_view text,
                                       const ConfigSurroundings& surroundings, Mistakes& mistakes);
// The same with the environment of the process. An error: the file cannot be read.
eventtime::Result<std::optional<Pipeline>> read_pipeline(const std::string& path,
                                                         Mistakes& mistakes);

// What the declarations do not know of what the pipeline names.
void check_names(const Pipeline& pipeline, const patterns::PatternSet& set, Mistakes& mistakes);

}  // namespace tocsin::server
