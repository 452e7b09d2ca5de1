#include "server/pipeline/pipeline_command.h"

#include <fmt/core.h>

#include "connectors/kafka/kafka_client.h"
#include "connectors/webhook/webhook_check.h"
#include "connectors/zeromq/zeromq_socket.h"
#include "patterns/diagnostic.h"
#include "runtime/engine.h"
#include "server/counted.h"
#include "server/exit_status.h"
#include "server/kafka_command.h"
#include "server/log_inputs.h"
#include "server/machine_memory.h"
#include "server/pattern_files.h"
#include "server/thread_count.h"

namespace tocsin::server {
namespace {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

std::string shown(const std::string& path) {
  return path == "-" ? "<stdin>" : path;
}

// Nothing if it has mistakes, which have been shown, or cannot be read: `status` says how to end.
std::optional<Pipeline> read_shown(const std::string& path, int& status) {
  Mistakes mistakes;
  Result<std::optional<Pipeline>> read = read_pipeline(path, mistakes);
  if (!read) {
    status = report(read.error());
    return std::nullopt;
  }
  fmt::print(stderr, "{}", render(mistakes, shown(path)));
  status = *read ? kDone : kInputWrong;
  return *std::move(read);
}

uint64_t threads(const PipelineEngine& engine) {
  return engine.threads.value_or(all_cores());
}

uint64_t memory(const PipelineEngine& engine) {
  return engine.memory.value_or(machine_memory() / 2);
}

void add_inputs(const PipelineSource& source, const FileSourceSpec& files, RunOptions& options) {
  for (const std::string& path : files.paths) {
    options.inputs.push_back({path, source.event, source.event_field, source.format,
                              source.out_of_order, files.follow, source.idle_after, source.name});
  }
}

}  // namespace

Result<RunOptions> run_options(const Pipeline& pipeline) {
  RunOptions options;
  options.name = pipeline.name;
  options.patterns = pipeline.patterns;
  for (const PipelineSource& source : pipeline.sources) {
    const auto* files = std::get_if<FileSourceSpec>(&source.spec);
    const auto* zeromq = std::get_if<connectors::ZeroMqSourceSpec>(&source.spec);
    const auto* kafka = std::get_if<connectors::KafkaSourceSpec>(&source.spec);
    if (files != nullptr) add_inputs(source, *files, options);
    if (kafka != nullptr) {
      auto partitions = find_log_inputs(*kafka, pipeline.name, pipeline.metrics.has_value());
      if (!partitions) return Unexpected<Error>{partitions.error()};
      for (RunInput& input : *partitions) options.inputs.push_back(std::move(input));
    }
    if (zeromq == nullptr) continue;
    options.inputs.push_back({source.name, source.event, source.event_field, source.format,
                              source.out_of_order, true, source.idle_after, source.name,
                              std::make_shared<const connectors::ZeroMqSourceSpec>(*zeromq)});
  }
  if (options.inputs.empty()) {
    return eventtime::usage_error("no source has a file, so there is nothing to read");
  }
  options.listen = pipeline.metrics;
  options.sinks = pipeline.sinks;
  options.late = pipeline.late;
  options.dead_letter = pipeline.dead_letter;
  if (pipeline.state) {
    options.state = pipeline.state->dir;
    options.checkpoint_every = pipeline.state->checkpoint_every;
    options.keep = pipeline.state->keep;
    options.on_change = pipeline.state->on_change;
  }
  const PipelineEngine& engine = pipeline.engine;
  options.threads = threads(engine);
  options.memory = memory(engine);
  options.max_starts = engine.max_starts_per_key;
  options.events = engine.events;
  options.plan = engine.plan;
  return options;
}

namespace {

Result<void> named(const char* what, const std::string& name, const Result<void>& checked) {
  if (checked) return checked;
  return Unexpected<Error>{
      {fmt::format("{} '{}': {}", what, name, checked.error().message), checked.error().blame}};
}

// What only the libraries of the connectors know, without a network. An error names the part.
struct ConnectorCheck {
  Result<void> operator()(const FileSourceSpec& /*spec*/) const { return {}; }
  Result<void> operator()(const connectors::FileSinkSpec& /*spec*/) const { return {}; }
  Result<void> operator()(const connectors::KafkaSourceSpec& spec) const {
    return named("source", spec.name, connectors::check_kafka_settings(spec.librdkafka));
  }
  Result<void> operator()(const connectors::KafkaSinkSpec& spec) const {
    return named("sink", spec.name, connectors::check_kafka_settings(spec.librdkafka));
  }
  Result<void> operator()(const connectors::ZeroMqSourceSpec& spec) const {
    return connectors::check_zeromq(spec);
  }
  Result<void> operator()(const connectors::ZeroMqSinkSpec& spec) const {
    return connectors::check_zeromq(spec);
  }
  Result<void> operator()(const connectors::WebhookSpec& spec) const {
    return connectors::check_webhook(spec);
  }
};

Result<void> check_connectors(const Pipeline& pipeline) {
  for (const PipelineSource& source : pipeline.sources) {
    const Result<void> checked = std::visit(ConnectorCheck{}, source.spec);
    if (!checked) return checked;
  }
  for (const RunSink& sink : pipeline.sinks) {
    const Result<void> checked = std::visit(ConnectorCheck{}, sink.spec);
    if (!checked) return checked;
  }
  return {};
}

}  // namespace

int check_pipeline(const std::string& path) {
  int status = kDone;
  const std::optional<Pipeline> pipeline = read_shown(path, status);
  if (!pipeline) return status;
  const Result<void> checked = check_connectors(*pipeline);
  if (!checked) return report(checked.error());
  Result<patterns::Loaded> loaded = read_patterns(pipeline->patterns);
  if (!loaded) return report(loaded.error());
  fmt::print(stderr, "{}", patterns::render(loaded->diagnostics, loaded->sources));
  if (!loaded->patterns) return kInputWrong;
  Mistakes mistakes;
  check_names(*pipeline, *loaded->patterns, mistakes);
  fmt::print(stderr, "{}", render(mistakes, shown(path)));
  if (!mistakes.empty()) return kInputWrong;
  const size_t count = loaded->patterns->patterns.size();
  const auto engine = runtime::Engine::create(*std::move(loaded->patterns), {});
  if (!engine) return report(engine.error());
  return write_standard_output(fmt::format(
      "ok: {}, {}, {}\n", counted(pipeline->sources.size(), "source", "sources"),
      counted(pipeline->sinks.size(), "sink", "sinks"), counted(count, "pattern", "patterns")));
}

namespace {

// The parts of a pipeline from Kafka to Kafka, for which the position of what was read and the
// alerts can be committed together, by each process for its own partitions (kafka_run.h).
struct LogToLog {
  const connectors::KafkaSourceSpec* source;
  const connectors::KafkaSinkSpec* sink;
};

const std::string& brokers(const connectors::KafkaSettings& settings) {
  const auto found = settings.find("bootstrap.servers");
  return found != settings.end() ? found->second : settings.at("metadata.broker.list");
}

std::optional<LogToLog> log_to_log(const Pipeline& pipeline) {
  if (pipeline.sources.size() != 1 || pipeline.sinks.size() != 1) return std::nullopt;
  const LogToLog parts{
      std::get_if<connectors::KafkaSourceSpec>(&pipeline.sources[0].spec),
      std::get_if<connectors::KafkaSinkSpec>(&pipeline.sinks[0].spec),
  };
  if (parts.source == nullptr || parts.sink == nullptr || !parts.sink->exactly_once ||
      brokers(parts.source->librdkafka) != brokers(parts.sink->librdkafka) || pipeline.late.sink ||
      pipeline.dead_letter.sink || pipeline.sinks[0].format != AlertForm::kJson) {
    return std::nullopt;
  }
  return parts;
}

KafkaPipeline kafka_pipeline(const Pipeline& pipeline, const LogToLog& parts) {
  KafkaPipeline kafka;
  kafka.name = pipeline.name;
  kafka.metrics = pipeline.metrics;
  kafka.patterns = pipeline.patterns;
  kafka.source = *parts.source;
  kafka.sink = *parts.sink;
  kafka.goes_out = [patterns = pipeline.sinks[0].patterns](const std::string& name) {
    return fits_any(patterns, name);
  };
  kafka.late = pipeline.late.path;
  kafka.dead_letter = pipeline.dead_letter.path;
  kafka.state = pipeline.state->dir;
  kafka.checkpoint_every = pipeline.state->checkpoint_every;
  kafka.keep = pipeline.state->keep;
  kafka.on_change = pipeline.state->on_change;
  kafka.engine.threads = threads(pipeline.engine);
  kafka.engine.memory = memory(pipeline.engine);
  kafka.engine.max_starts = pipeline.engine.max_starts_per_key;
  kafka.engine.plan = pipeline.engine.plan;
  if (pipeline.engine.events == EventsMode::kNone) {
    kafka.engine.events = runtime::EventDetail::kNone;
  }
  return kafka;
}

}  // namespace

int run_pipeline(const PipelineRun& how) {
  int status = kDone;
  const std::optional<Pipeline> pipeline = read_shown(how.path, status);
  if (!pipeline) return status;
  const auto check = [&](const patterns::PatternSet& set) -> Result<void> {
    Mistakes mistakes;
    check_names(*pipeline, set, mistakes);
    if (mistakes.empty()) return {};
    fmt::print(stderr, "{}", render(mistakes, shown(how.path)));
    return eventtime::input_error("the pipeline names what its patterns do not declare");
  };
  const Result<void> checked = check_connectors(*pipeline);
  if (!checked) return report(checked.error());
  if (const std::optional<LogToLog> parts = log_to_log(*pipeline)) {
    return run_kafka(kafka_pipeline(*pipeline, *parts), check);
  }
  Result<RunOptions> options = run_options(*pipeline);
  if (!options) return report(options.error());
  options->metrics = how.metrics;
  options->batch_size = how.batch_size;
  return run(*options, nullptr, check);
}

}  // namespace tocsin::server
