#include "server/run_meta.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>

#include "eventtime/value.h"

namespace tocsin::server {

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

bool read(const dom::element& json, RunMeta& meta) {
  dom::array inputs;
  dom::element alerts;
  if (json["inputs"].get(inputs) != simdjson::SUCCESS) return false;
  if (json["alerts"].get(alerts) != simdjson::SUCCESS) return false;
  for (const dom::element input : inputs) {
    if (!read_input(input, meta)) return false;
  }
  return read_output(alerts, meta.alerts) && read_optional_output(json, "late", meta.late) &&
         read_optional_output(json, "dead_letters", meta.dead_letters) &&
         json["malformed"].get(meta.malformed) == simdjson::SUCCESS;
}

}  // namespace

std::string print_run_meta(const RunMeta& meta) {
  std::string out = "{\"inputs\":[";
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
  append_output(out, "alerts", meta.alerts);
  if (meta.late) append_output(out, "late", *meta.late);
  if (meta.dead_letters) append_output(out, "dead_letters", *meta.dead_letters);
  fmt::format_to(std::back_inserter(out), ",\"malformed\":{}}}", meta.malformed);
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

}  // namespace tocsin::server
