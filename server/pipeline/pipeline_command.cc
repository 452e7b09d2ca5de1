#include "server/pipeline/pipeline_command.h"

#include <fmt/core.h>

#include <algorithm>
#include <thread>

#include "patterns/diagnostic.h"
#include "runtime/engine.h"
#include "server/exit_status.h"
#include "server/machine_memory.h"
#include "server/make_sink.h"
#include "server/pattern_files.h"

namespace tocsin::server {
namespace {

using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

constexpr uint64_t kMaxThreads = 128;

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

std::string counted(size_t count, const char* what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

void add_inputs(const PipelineSource& source, const FileSourceSpec& files, RunOptions& options) {
  for (const std::string& path : files.paths) {
    options.inputs.push_back({path, source.event, source.event_field, source.format,
                              source.out_of_order, files.follow, source.idle_after});
  }
}

}  // namespace

Result<RunOptions> run_options(const Pipeline& pipeline) {
  RunOptions options;
  options.name = pipeline.name;
  options.patterns = pipeline.patterns;
  for (const PipelineSource& source : pipeline.sources) {
    const auto* files = std::get_if<FileSourceSpec>(&source.spec);
    if (files == nullptr) {
      const bool kafka = std::holds_alternative<connectors::KafkaSourceSpec>(source.spec);
      return eventtime::usage_error(
          fmt::format("source '{}': this version can check {} sources, but cannot run them yet",
                      source.name, kafka ? "kafka" : "zeromq"));
    }
    add_inputs(source, *files, options);
  }
  if (options.inputs.empty()) {
    return eventtime::usage_error("no source has a file, so there is nothing to read");
  }
  if (pipeline.metrics) {
    return eventtime::usage_error("this version can check [metrics], but cannot serve them yet");
  }
  options.sinks = pipeline.sinks;
  for (const RunSink& sink : options.sinks) {
    const auto made = make_sink(sink);
    if (!made) return Unexpected<Error>{made.error()};
  }
  options.late = pipeline.late;
  options.dead_letter = pipeline.dead_letter;
  if (pipeline.state) {
    options.state = pipeline.state->dir;
    options.checkpoint_every = pipeline.state->checkpoint_every;
    options.keep = pipeline.state->keep;
    options.on_change = pipeline.state->on_change;
  }
  const PipelineEngine& engine = pipeline.engine;
  options.threads = engine.threads.value_or(
      std::clamp<uint64_t>(std::thread::hardware_concurrency(), 1, kMaxThreads));
  options.memory = engine.memory.value_or(machine_memory() / 2);
  options.max_starts = engine.max_starts_per_key;
  options.events = engine.events;
  options.plan = engine.plan;
  return options;
}

int check_pipeline(const std::string& path) {
  int status = kDone;
  const std::optional<Pipeline> pipeline = read_shown(path, status);
  if (!pipeline) return status;
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
  return write_standard_output(
      fmt::format("ok: {}, {}, {}\n", counted(pipeline->sources.size(), "source"),
                  counted(pipeline->sinks.size(), "sink"), counted(count, "pattern")));
}

int run_pipeline(const PipelineRun& how) {
  int status = kDone;
  const std::optional<Pipeline> pipeline = read_shown(how.path, status);
  if (!pipeline) return status;
  Result<RunOptions> options = run_options(*pipeline);
  if (!options) return report(options.error());
  options->metrics = how.metrics;
  options->batch_size = how.batch_size;
  return run(*options, nullptr, [&](const patterns::PatternSet& set) -> Result<void> {
    Mistakes mistakes;
    check_names(*pipeline, set, mistakes);
    if (mistakes.empty()) return {};
    fmt::print(stderr, "{}", render(mistakes, shown(how.path)));
    return eventtime::input_error("the pipeline names what its patterns do not declare");
  });
}

}  // namespace tocsin::server
