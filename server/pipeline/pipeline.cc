#include "server/pipeline/pipeline.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <set>
#include <utility>

#include "connectors/kafka/log_records.h"
#include "patterns/diagnostic.h"
#include "server/flags.h"
#include "server/pattern_files.h"
#include "server/pipeline/pipeline_sinks.h"
#include "server/pipeline/pipeline_sources.h"
#include "server/thread_count.h"

namespace tocsin::server {
namespace {

using eventtime::Result;
using PlacedText = ConfigSection::PlacedText;

constexpr size_t kMaxBytes = size_t{1} << 20;
constexpr uint64_t kKeyGroups = runtime::KeyShare::kGroups;

bool is_address(const std::string& text) {
  in6_addr bytes{};  // large enough for both
  return ::inet_pton(AF_INET, text.c_str(), &bytes) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &bytes) == 1;
}

class PipelineReader {
 public:
  PipelineReader(const ConfigValue& root, ConfigContext context)
      : root_(root, "a pipeline", context), context_(context) {}

  Pipeline read() {
    std::vector<std::string> names;
    read_name(root_, pipeline_.name, names);
    read_patterns();
    // Before the sinks: some need it.
    read_state();
    read_engine();
    root_.require("source", "at least one [[source]]");
    pipeline_.sources = read_sources(root_.tables("source"), context_, pipeline_.event_types);
    root_.require("sink", "at least one [[sink]]");
    read_sinks();
    read_outputs();
    read_metrics();
    root_.finish();
    return std::move(pipeline_);
  }

 private:
  ConfigSection section(const ConfigValue& table, const std::string& name) {
    return {table, fmt::format("[{}]", name), context_};
  }

  void read_patterns() {
    root_.require("patterns", R"([patterns] with files = ["*.tocsin"])");
    const ConfigValue* table = root_.table("patterns");
    if (table == nullptr) return;
    ConfigSection patterns = section(*table, "patterns");
    patterns.require("files", R"(like files = ["patterns/*.tocsin"])");
    std::vector<PlacedText> files;
    if (patterns.texts("files", files) && files.empty()) {
      patterns.mistake(patterns.place("files"), "empty", "'files' is empty");
    }
    for (const PlacedText& file : files) {
      for (std::string& found : fitting(patterns, file)) {
        // Patterns of names may overlap.
        std::vector<std::string>& all = pipeline_.patterns;
        if (std::find(all.begin(), all.end(), found) == all.end()) all.push_back(std::move(found));
      }
    }
    patterns.finish();
  }

  std::vector<std::string> fitting(ConfigSection& patterns, const PlacedText& file) {
    std::vector<std::string> found = fitting_files(context_.surroundings, file.text);
    std::error_code none;
    if (found.empty()) {
      patterns.mistake(file.place, "no-file", fmt::format("no file fits '{}'", file.text),
                       "paths are relative to the folder of this file");
    } else if (!std::filesystem::exists(found.front(), none)) {
      patterns.mistake(file.place, "no-file", fmt::format("there is no file '{}'", found.front()),
                       "paths are relative to the folder of this file");
    }
    return found;
  }

  void read_state() {
    const ConfigValue* table = root_.table("state");
    if (table == nullptr) return;
    ConfigSection state = section(*table, "state");
    PipelineState read;
    state.require("dir", "the folder that checkpoints are kept in");
    state.path("dir", read.dir);
    state.duration("checkpoint_every", read.checkpoint_every);
    constexpr uint64_t kMostKept = 1000;
    state.count("keep", read.keep, 1, kMostKept);
    state.size("memory", pipeline_.engine.memory);
    state.choice("on_change", read.on_change,
                 {{"drain", OnChange::kDrain},
                  {"reset", OnChange::kReset},
                  {"migrate", OnChange::kMigrate}});
    state.finish();
    pipeline_.state = std::move(read);
  }

  void read_engine() {
    const ConfigValue* table = root_.table("engine");
    if (table == nullptr) return;
    ConfigSection engine = section(*table, "engine");
    PipelineEngine& read = pipeline_.engine;
    uint64_t count = 0;
    if (engine.count("threads", count, 1, kMaxThreads)) read.threads = count;
    if (engine.count("key_groups", count, 1, std::numeric_limits<int32_t>::max()) &&
        count != kKeyGroups) {
      engine.mistake(engine.place("key_groups"), "out-of-range",
                     fmt::format("'key_groups' is {} in this version", kKeyGroups));
    }
    engine.count("max_starts_per_key", read.max_starts_per_key, 1,
                 std::numeric_limits<uint32_t>::max());
    engine.choice("events", read.events,
                  {{"full", EventsMode::kFull}, {"none", EventsMode::kNone}});
    engine.choice("plan", read.plan,
                  {{"best", runtime::PlanChoice::kBest}, {"plain", runtime::PlanChoice::kPlain}});
    engine.finish();
  }

  void read_sinks() {
    SinkSurroundings beside;
    const bool has_kafka_source =
        std::any_of(pipeline_.sources.begin(), pipeline_.sources.end(), [](const auto& source) {
          return std::holds_alternative<connectors::KafkaSourceSpec>(source.spec);
        });
    beside.has_state = pipeline_.state.has_value();
    if (pipeline_.state) beside.state_dir = pipeline_.state->dir;
    if (has_kafka_source && !pipeline_.state) {
      root_.mistake(root_.place("source"), "missing-state",
                    "a kafka source needs a state directory: positions in Kafka alone do not hold "
                    "what is pending",
                    "add [state]");
    }
    pipeline_.sinks =
        server::read_sinks(root_.tables("sink"), context_, beside, pipeline_.alert_patterns);
  }

  void read_outputs() {
    const ConfigValue* table = root_.table("outputs");
    if (table == nullptr) return;
    ConfigSection outputs = section(*table, "outputs");
    read_output(outputs, "late", pipeline_.late);
    read_output(outputs, "dead_letter", pipeline_.dead_letter);
    outputs.finish();
  }

  // A file, or the name of a sink.
  void read_output(ConfigSection& outputs, const std::string& key, SideOutput& output) {
    std::string text;
    if (!outputs.text(key, text)) return;
    for (size_t i = 0; i < pipeline_.sinks.size(); ++i) {
      if (pipeline_.sinks[i].name == text) output.sink = i;
    }
    if (output.sink) return;
    output.path = path_beside(context_.surroundings, text);
    std::vector<std::string> others;
    for (const RunSink& sink : pipeline_.sinks) {
      const auto* file = std::get_if<connectors::FileSinkSpec>(&sink.spec);
      if (file != nullptr) others.push_back(file->path);
    }
    if (key == "dead_letter" && pipeline_.late.path) others.push_back(*pipeline_.late.path);
    if (std::find(others.begin(), others.end(), *output.path) == others.end()) return;
    outputs.mistake(outputs.place(key), "conflict",
                    fmt::format("'{}' is written by another output, too", *output.path),
                    "name the sink, if both are to go there");
  }

  void read_metrics() {
    const ConfigValue* table = root_.table("metrics");
    if (table == nullptr) return;
    ConfigSection metrics = section(*table, "metrics");
    metrics.require("listen", R"(like listen = "127.0.0.1:9464")");
    std::string text;
    if (metrics.text("listen", text)) read_listen(metrics, text);
    metrics.finish();
  }

  void read_listen(ConfigSection& metrics, const std::string& text) {
    const size_t colon = text.rfind(':');
    std::string address = text.substr(0, colon);
    if (address.starts_with('[') && address.ends_with(']')) {
      address = address.substr(1, address.size() - 2);
    }
    if (address == "localhost") address = "127.0.0.1";
    MetricsListen listen{address, 0};
    if (colon != std::string::npos) {
      const char* end = text.data() + text.size();
      const auto [behind, failed] = std::from_chars(text.data() + colon + 1, end, listen.port);
      if (failed == std::errc() && behind == end && is_address(address)) {
        pipeline_.metrics = std::move(listen);
        return;
      }
    }
    metrics.mistake(metrics.place("listen"), "wrong-value",
                    "'listen' is an IP address and a port, like 127.0.0.1:9464 or [::1]:9464");
  }

  ConfigSection root_;
  ConfigContext context_;
  Pipeline pipeline_;
};

std::string names_help(const std::string& name, const std::vector<std::string>& names) {
  std::string help = patterns::did_you_mean(name, names);
  return help.empty() ? fmt::format("declared are {}", fmt::join(names, ", ")) : help;
}

}  // namespace

std::optional<Pipeline> parse_pipeline(std::string_view text,
                                       const ConfigSurroundings& surroundings, Mistakes& mistakes) {
  const ConfigValue root = parse_config(text, mistakes);
  if (!mistakes.empty()) return std::nullopt;
  Pipeline pipeline = PipelineReader(root, {surroundings, mistakes}).read();
  return mistakes.empty() ? std::optional(std::move(pipeline)) : std::nullopt;
}

Result<std::optional<Pipeline>> read_pipeline(const std::string& path, Mistakes& mistakes) {
  const Result<std::string> text = read_text(path, kMaxBytes, "pipeline file");
  if (!text) return eventtime::Unexpected<eventtime::Error>{text.error()};
  const auto variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  const std::string directory = path == "-" ? "" : std::filesystem::path(path).parent_path();
  return parse_pipeline(*text, {directory, variable}, mistakes);
}

namespace {

// Whether the columns of CSV from Kafka hold what its events need.
void check_columns(const Place& place, const connectors::KafkaSourceSpec& source,
                   const eventtime::Catalog& catalog, Mistakes& mistakes) {
  std::set<std::optional<std::string>> types;
  for (const auto& [topic, type] : source.event_by_topic) types.insert(type);
  if (types.empty()) types.insert(source.event);
  for (const std::optional<std::string>& type : types) {
    connectors::DecodeOptions decoding;
    decoding.columns = source.columns;
    decoding.type_field = source.event_field;
    if (type) decoding.type = catalog.find(*type);
    if (type && !decoding.type) continue;  // that is told already
    const auto checked = connectors::LogRecords::check_columns(catalog, decoding, source.fields,
                                                               source.event_header.has_value());
    if (!checked) mistakes.add(place, "missing-column", checked.error().message);
  }
}

}  // namespace

void check_names(const Pipeline& pipeline, const patterns::PatternSet& set, Mistakes& mistakes) {
  std::vector<std::string> types;
  for (const eventtime::EventSchema& schema : set.catalog.types) types.push_back(schema.name);
  for (const NamedInPipeline& type : pipeline.event_types) {
    if (set.catalog.find(type.name)) continue;
    mistakes.add(type.place, "unknown-type", fmt::format("there is no event type '{}'", type.name),
                 names_help(type.name, types));
  }
  for (const PipelineSource& source : pipeline.sources) {
    const auto* kafka = std::get_if<connectors::KafkaSourceSpec>(&source.spec);
    if (kafka != nullptr) check_columns(source.columns, *kafka, set.catalog, mistakes);
  }
  std::vector<std::string> names;
  for (const patterns::Pattern& pattern : set.patterns) names.push_back(pattern.name);
  for (const NamedInPipeline& pattern : pipeline.alert_patterns) {
    const bool fits = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return fits_any({pattern.name}, name);
    });
    if (fits) continue;
    mistakes.add(pattern.place, "unknown-pattern",
                 fmt::format("no pattern fits '{}'", pattern.name),
                 names_help(pattern.name, names));
  }
}

}  // namespace tocsin::server
