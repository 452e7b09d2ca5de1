#include "connectors/state/run_meta.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <array>

#include "connectors/file/file_sink.h"
#include "eventtime/value.h"

namespace tocsin::connectors {

namespace dom = simdjson::dom;
using eventtime::Result;

namespace {

// By LineState.
constexpr std::array<std::string_view, 4> kLineStates{"ended", "open", "quoted", "skipping"};

void append_member(std::string& out, std::string_view name, std::string_view text) {
  fmt::format_to(std::back_inserter(out), "\"{}\":", name);
  eventtime::append_json_string(out, text);
}

void append_output(std::string& out, std::string_view name, const RunMeta::Output& output) {
  fmt::format_to(std::back_inserter(out), ",\"{}\":{{", name);
  append_member(out, "path", output.path);
  fmt::format_to(std::back_inserter(out), ",\"bytes\":{},\"tail_hash\":{}}}", output.position.bytes,
                 output.position.tail_hash);
}

bool read_output(const dom::element& json, RunMeta::Output& output) {
  std::string_view path;
  const bool whole = json["path"].get(path) == simdjson::SUCCESS &&
                     json["bytes"].get(output.position.bytes) == simdjson::SUCCESS &&
                     json["tail_hash"].get(output.position.tail_hash) == simdjson::SUCCESS;
  output.path = path;
  return whole;
}

bool read_optional_output(const dom::element& json, std::string_view name,
                          std::optional<RunMeta::Output>& output) {
  dom::element found;
  if (json[name].get(found) != simdjson::SUCCESS) return true;
  return read_output(found, output.emplace());
}

bool read_text(const dom::element& json, std::string_view name, std::string& text) {
  std::string_view found;
  if (json[name].get(found) != simdjson::SUCCESS) return false;
  text = found;
  return true;
}

bool read_sinks(const dom::element& json, RunMeta& meta) {
  dom::element alerts;
  if (json["alerts"].get(alerts) == simdjson::SUCCESS) {
    RunMeta::Output one;
    if (!read_output(alerts, one)) return false;
    meta.sinks.push_back({"alerts", print_output_position(one.position, one.path)});
    return true;
  }
  dom::array sinks;
  if (json["sinks"].get(sinks) != simdjson::SUCCESS) return false;
  for (const dom::element sink : sinks) {
    RunMeta::Sink& read = meta.sinks.emplace_back();
    if (!read_text(sink, "name", read.name) || !read_text(sink, "position", read.position)) {
      return false;
    }
  }
  return true;
}

void append_sinks(std::string& out, const RunMeta& meta) {
  out += ",\"sinks\":[";
  for (const RunMeta::Sink& sink : meta.sinks) {
    if (out.back() == '}') out += ',';
    out += '{';
    append_member(out, "name", sink.name);
    out += ',';
    append_member(out, "position", sink.position);
    out += '}';
  }
  out += ']';
}

bool read_input(const dom::element& json, RunMeta& meta) {
  std::string_view name;
  std::string_view line;
  runtime::SourcePosition position;
  const bool whole = json["name"].get(name) == simdjson::SUCCESS &&
                     json["records"].get(position.records) == simdjson::SUCCESS &&
                     json["bytes"].get(position.bytes) == simdjson::SUCCESS &&
                     json["head_hash"].get(position.head_hash) == simdjson::SUCCESS &&
                     json["tail_hash"].get(position.tail_hash) == simdjson::SUCCESS &&
                     json["line"].get(line) == simdjson::SUCCESS;
  if (!whole) return false;
  for (size_t i = 0; i < kLineStates.size(); ++i) {
    if (kLineStates[i] != line) continue;
    position.line = static_cast<runtime::LineState>(i);
    meta.inputs.emplace_back(name, position);
    return true;
  }
  return false;
}

void append_place(std::string& out, std::string_view name,
                  const std::optional<runtime::InputPlace>& place) {
  if (!place) return;
  fmt::format_to(std::back_inserter(out), ",\"{}\":{{\"records\":[{}],\"derived\":{}}}", name,
                 fmt::join(place->records, ","), place->derived.micros);
}

void append_patterns(std::string& out, const std::vector<StoredPattern>& patterns) {
  out += ",\"patterns\":[";
  for (const StoredPattern& pattern : patterns) {
    if (out.back() == '}') out += ',';
    out += '{';
    append_member(out, "name", pattern.name);
    out += ',';
    append_member(out, "state", pattern.state);
    out += ',';
    append_member(out, "definition", pattern.definition);
    out += ',';
    append_member(out, "automaton", pattern.automaton);
    append_place(out, "since", pattern.since);
    append_place(out, "until", pattern.until);
    out += '}';
  }
  out += ']';
}

bool read_place(const dom::element& json, std::string_view name,
                std::optional<runtime::InputPlace>& place) {
  dom::element found;
  if (json[name].get(found) != simdjson::SUCCESS) return true;
  dom::array records;
  runtime::InputPlace& read = place.emplace();
  if (found["records"].get(records) != simdjson::SUCCESS) return false;
  for (const dom::element record : records) {
    if (record.get(read.records.emplace_back()) != simdjson::SUCCESS) return false;
  }
  return found["derived"].get(read.derived.micros) == simdjson::SUCCESS;
}

bool read_log(const dom::element& json, std::optional<LogPlace>& log) {
  dom::element found;
  if (json["log"].get(found) != simdjson::SUCCESS) return true;
  LogPlace& read = log.emplace();
  return found["first"].get(read.first) == simdjson::SUCCESS &&
         found["alerts"].get(read.alerts) == simdjson::SUCCESS &&
         found["journal"].get(read.journal) == simdjson::SUCCESS;
}

bool read_patterns(const dom::element& json, RunMeta& meta) {
  dom::array patterns;
  if (json["patterns"].get(patterns) != simdjson::SUCCESS) return false;
  for (const dom::element pattern : patterns) {
    StoredPattern& read = meta.patterns.emplace_back();
    const bool whole =
        read_text(pattern, "name", read.name) && read_text(pattern, "state", read.state) &&
        read_text(pattern, "definition", read.definition) &&
        read_text(pattern, "automaton", read.automaton) &&
        read_place(pattern, "since", read.since) && read_place(pattern, "until", read.until);
    if (!whole) return false;
  }
  std::string events;
  std::string plan;
  if (!read_text(json, "events", events) || !read_text(json, "plan", plan)) return false;
  if (events == "none") meta.events = runtime::EventDetail::kNone;
  if (plan == "plain") meta.plan = runtime::PlanChoice::kPlain;
  return json["derived"].get(meta.derived.micros) == simdjson::SUCCESS;
}

bool read(const dom::element& json, RunMeta& meta) {
  dom::array inputs;
  if (json["inputs"].get(inputs) != simdjson::SUCCESS) return false;
  for (const dom::element input : inputs) {
    if (!read_input(input, meta)) return false;
  }
  std::string_view name;
  if (json["pipeline"].get(name) == simdjson::SUCCESS) meta.name = name;
  return read_sinks(json, meta) && read_optional_output(json, "late", meta.late) &&
         read_log(json, meta.log) &&
         read_optional_output(json, "dead_letters", meta.dead_letters) &&
         json["malformed"].get(meta.malformed) == simdjson::SUCCESS && read_patterns(json, meta);
}

}  // namespace

runtime::InputPlace RunMeta::place() const {
  runtime::InputPlace place;
  for (const auto& [source, position] : inputs) place.records.push_back(position.records);
  place.derived = derived;
  return place;
}

std::string print_run_meta(const RunMeta& meta) {
  std::string out = "{";
  if (!meta.name.empty()) {
    append_member(out, "pipeline", meta.name);
    out += ',';
  }
  out += "\"inputs\":[";
  for (const auto& [name, position] : meta.inputs) {
    if (out.back() == '}') out += ',';
    out += '{';
    append_member(out, "name", name);
    fmt::format_to(
        std::back_inserter(out),
        ",\"records\":{},\"bytes\":{},\"head_hash\":{},\"tail_hash\":{},\"line\":\"{}\"}}",
        position.records, position.bytes, position.head_hash, position.tail_hash,
        kLineStates[static_cast<size_t>(position.line)]);
  }
  out += ']';
  append_sinks(out, meta);
  if (meta.late) append_output(out, "late", *meta.late);
  if (meta.dead_letters) append_output(out, "dead_letters", *meta.dead_letters);
  if (meta.log) {
    fmt::format_to(std::back_inserter(out),
                   ",\"log\":{{\"first\":{},\"alerts\":{},\"journal\":{}}}", meta.log->first,
                   meta.log->alerts, meta.log->journal);
  }
  fmt::format_to(std::back_inserter(out),
                 ",\"malformed\":{},\"derived\":{},\"events\":\"{}\",\"plan\":\"{}\"",
                 meta.malformed, meta.derived.micros,
                 meta.events == runtime::EventDetail::kFull ? "full" : "none",
                 meta.plan == runtime::PlanChoice::kBest ? "best" : "plain");
  append_patterns(out, meta.patterns);
  out += '}';
  return out;
}

Result<RunMeta> parse_run_meta(std::string_view json) {
  dom::parser parser;
  dom::element element;
  RunMeta meta;
  const simdjson::padded_string padded(json);
  if (parser.parse(padded).get(element) != simdjson::SUCCESS || !read(element, meta)) {
    return eventtime::world_error("what the checkpoint says of inputs and outputs is not readable");
  }
  return meta;
}

}  // namespace tocsin::connectors
