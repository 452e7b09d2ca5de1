#include "server/pipeline/pipeline_sources.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "server/pipeline/shared_sections.h"

namespace tocsin::server {
namespace {

using connectors::KafkaSourceSpec;
using connectors::KafkaStart;
using connectors::ZeroMqSourceSpec;
using PlacedText = ConfigSection::PlacedText;

constexpr std::string_view kOneWay = "the event type of a record is told in one way";

enum class SourceType : uint8_t { kFile, kStdin, kKafka, kZeroMq, kHttp };

class SourceReader {
 public:
  SourceReader(ConfigSection& section, ConfigContext context, std::vector<NamedInPipeline>& types)
      : section_(section), context_(context), types_(types) {}

  PipelineSource read(SourceType type, std::string name) {
    source_.name = std::move(name);
    read_event();
    const bool reads_csv = type != SourceType::kZeroMq;
    const bool reads_files = type == SourceType::kFile || type == SourceType::kStdin;
    using Format = std::optional<InputFormat>;
    std::vector<std::pair<std::string, Format>> formats = {{"json", InputFormat::kJson}};
    if (reads_csv) formats.emplace_back("csv", InputFormat::kCsv);
    if (reads_files) formats.emplace_back("cloudevents", InputFormat::kCloudEvents);
    section_.choice("format", source_.format, formats);
    section_.duration("out_of_order", source_.out_of_order);
    if (reads_files) read_files(type);
    if (type == SourceType::kKafka) read_kafka();
    if (type == SourceType::kZeroMq) read_zeromq();
    return std::move(source_);
  }

 private:
  void read_event() {
    if (section_.text("event", source_.event)) {
      types_.push_back({*source_.event, section_.place("event")});
    }
    section_.text("event_field", source_.event_field);
  }

  void read_files(SourceType type) {
    FileSourceSpec spec;
    section_.truth("follow", spec.follow);
    if (type == SourceType::kStdin) {
      spec.paths = {"-"};
    } else {
      section_.require("paths", R"(like paths = ["in/*.jsonl"])");
      read_paths(spec);
    }
    section_.duration_or_never("idle_after", source_.idle_after);
    if (section_.has("idle_after") && !spec.follow) {
      section_.mistake(section_.place("idle_after"), "conflict",
                       "'idle_after' is of sources that are followed, and 'follow' is not true");
    }
    section_.at_most_one({"event", "event_field"}, kOneWay);
    source_.spec = std::move(spec);
  }

  void read_paths(FileSourceSpec& spec) {
    std::vector<PlacedText> paths;
    if (!section_.texts("paths", paths)) return;
    if (paths.empty()) section_.mistake(section_.place("paths"), "empty", "'paths' is empty");
    for (const PlacedText& path : paths) {
      const std::vector<std::string> files = fitting_files(context_.surroundings, path.text);
      if (files.empty() && !spec.follow) {
        section_.mistake(path.place, "no-file", fmt::format("no file fits '{}'", path.text),
                         "paths are relative to the folder of this file");
      }
      spec.paths.insert(spec.paths.end(), files.begin(), files.end());
    }
  }

  void read_kafka() {
    KafkaSourceSpec spec;
    spec.name = source_.name;
    section_.texts("topics", spec.topics);
    section_.text("topic_pattern", spec.topic_pattern);
    section_.at_most_one({"topics", "topic_pattern"},
                         "name the topics, or give a pattern of names");
    if (!section_.has("topics") && !section_.has("topic_pattern")) {
      section_.mistake(section_.place(), "missing-key",
                       "a kafka source needs the key 'topics' or 'topic_pattern'");
    }
    section_.text("event_header", spec.event_header);
    std::map<std::string, PlacedText> by_topic;
    section_.map("event_by_topic", by_topic);
    for (const auto& [topic, type] : by_topic) {
      spec.event_by_topic[topic] = type.text;
      types_.push_back({type.text, type.place});
    }
    section_.at_most_one({"event", "event_field", "event_header", "event_by_topic"}, kOneWay);
    section_.texts("key", spec.key);
    read_fields(spec);
    read_columns(spec);
    read_start(spec.start);
    section_.duration_or_never("idle_after", source_.idle_after);
    read_settings(section_, spec.librdkafka);
    spec.event = source_.event;
    spec.event_field = source_.event_field;
    spec.out_of_order = source_.out_of_order;
    spec.idle_after = source_.idle_after;
    source_.spec = std::move(spec);
  }

  void read_fields(KafkaSourceSpec& spec) {
    std::map<std::string, PlacedText> fields;
    section_.map("fields", fields);
    for (const auto& [field, from] : fields) {
      const auto origin = connectors::parse_field_origin(from.text);
      if (origin) {
        spec.fields.emplace_back(field, *origin);
        continue;
      }
      section_.mistake(from.place, "wrong-value",
                       fmt::format("'{}' is none of key, topic, partition, offset, timestamp, "
                                   "header:NAME",
                                   from.text));
    }
  }

  void read_columns(KafkaSourceSpec& spec) {
    const bool is_csv = source_.format == InputFormat::kCsv;
    std::vector<PlacedText> columns;
    const bool is_there = section_.texts("columns", columns);
    if (is_csv && !section_.has("columns")) {
      section_.mistake(section_.place("format"), "missing-key",
                       "records of Kafka have no header line: CSV from there needs 'columns'",
                       R"(like columns = ["card", "amount", "at"], in the order of the cells)");
    }
    if (!is_csv && section_.has("columns")) {
      section_.mistake(section_.place("columns"), "conflict",
                       "'columns' are those of CSV, and 'format' is not \"csv\"");
    }
    source_.columns = section_.place("columns");
    if (is_there && columns.empty()) {
      section_.mistake(source_.columns, "empty", "'columns' is empty");
    }
    for (const PlacedText& column : columns) {
      const bool is_field = std::ranges::any_of(
          spec.fields, [&](const auto& field) { return field.first == column.text; });
      if (is_field || std::ranges::find(spec.columns, column.text) != spec.columns.end()) {
        section_.mistake(column.place, "duplicate-name",
                         fmt::format("'{}' is a column {}", column.text,
                                     is_field ? "and one of 'fields'" : "twice"));
      }
      spec.columns.push_back(column.text);
    }
  }

  void read_start(KafkaStart& start) {
    constexpr std::string_view kLooks = "earliest, latest or a time like 2026-03-01T10:00:00Z";
    std::string text;
    if (!section_.text("start", text)) return;
    const std::optional<eventtime::Timestamp> time = eventtime::parse_timestamp(text);
    if (text == "latest") start.at = KafkaStart::At::kLatest;
    if (time) start = {KafkaStart::At::kTime, *time};
    if (text == "earliest" || text == "latest" || time) return;
    section_.mistake(section_.place("start"), "wrong-value",
                     fmt::format("'start' is none of {}", kLooks));
  }

  void read_zeromq() {
    using Socket = ZeroMqSourceSpec::Socket;
    ZeroMqSourceSpec spec;
    spec.name = source_.name;
    section_.require("socket", "sub or pull");
    section_.choice("socket", spec.socket, {{"sub", Socket::kSub}, {"pull", Socket::kPull}});
    read_endpoints(section_, spec.endpoints, context_);
    section_.texts("subscribe", spec.subscribe);
    if (section_.has("subscribe") && spec.socket == Socket::kPull) {
      section_.mistake(section_.place("subscribe"), "conflict",
                       "'subscribe' is of sub sockets, and this is a pull socket");
    }
    uint64_t frame = 0;
    constexpr uint64_t kMaxFrame = 100;
    if (section_.count("event_frame", frame, 0, kMaxFrame)) {
      spec.event_frame = static_cast<uint32_t>(frame);
    }
    section_.at_most_one({"event", "event_field", "event_frame"}, kOneWay);
    section_.duration_or_never("idle_after", source_.idle_after);
    source_.spec = std::move(spec);
  }

  ConfigSection& section_;
  ConfigContext context_;
  std::vector<NamedInPipeline>& types_;
  PipelineSource source_;
};

bool is_stdin(const PipelineSource& source) {
  const auto* files = std::get_if<FileSourceSpec>(&source.spec);
  return files != nullptr && files->paths == std::vector<std::string>{"-"};
}

}  // namespace

void read_name(ConfigSection& section, std::string& name, std::vector<std::string>& taken) {
  section.require("name");
  if (!section.text("name", name)) return;
  constexpr size_t kMaxSize = 100;
  const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  if (!is_plain || name.front() == '.' || name.size() > kMaxSize) {
    section.mistake(section.place("name"), "name",
                    "a name has at most 100 letters, digits, '.', '_' and '-', no '.' first");
  }
  if (std::find(taken.begin(), taken.end(), name) != taken.end()) {
    section.mistake(section.place("name"), "duplicate-name",
                    fmt::format("there are two called '{}'", name));
  }
  taken.push_back(name);
}

void read_settings(ConfigSection& section, connectors::KafkaSettings& settings) {
  section.require("librdkafka", R"(at least librdkafka = { "bootstrap.servers" = "HOST:PORT" })");
  if (!section.settings("librdkafka", settings)) return;
  if (settings.contains("bootstrap.servers") || settings.contains("metadata.broker.list")) return;
  section.mistake(section.place("librdkafka"), "missing-key",
                  "'librdkafka' needs the key 'bootstrap.servers'");
}

std::vector<PipelineSource> read_sources(const std::vector<const ConfigValue*>& tables,
                                         ConfigContext context,
                                         std::vector<NamedInPipeline>& event_types) {
  std::vector<PipelineSource> sources;
  std::vector<std::string> names;
  for (const ConfigValue* table : tables) {
    ConfigSection section(*table, "a source", context);
    std::string name;
    read_name(section, name, names);
    section.require("type", "file, stdin, kafka or zeromq");
    SourceType type{};
    const bool is_known = section.choice("type", type,
                                         {{"file", SourceType::kFile},
                                          {"stdin", SourceType::kStdin},
                                          {"kafka", SourceType::kKafka},
                                          {"zeromq", SourceType::kZeroMq},
                                          {"http", SourceType::kHttp}});
    if (!is_known) continue;
    if (type == SourceType::kHttp) {
      section.mistake(section.place("type"), "not-here",
                      "http sources belong to 'tocsin serve', which this version does not have");
      continue;
    }
    constexpr std::array<std::string_view, 4> kNames{"a file source", "a stdin source",
                                                     "a kafka source", "a zeromq source"};
    section.set_kind(std::string(kNames[static_cast<size_t>(type)]));
    PipelineSource source = SourceReader(section, context, event_types).read(type, name);
    section.finish();
    const bool two_stdin =
        is_stdin(source) && std::any_of(sources.begin(), sources.end(), is_stdin);
    if (two_stdin) {
      section.mistake(section.place("type"), "conflict", "two sources read standard input");
    }
    sources.push_back(std::move(source));
  }
  return sources;
}

}  // namespace tocsin::server
