#include "runtime/alert.h"

#include <xxhash.h>

#include <algorithm>
#include <array>

#include "eventtime/check.h"
#include "nfa/matcher.h"

namespace tocsin::runtime {
namespace {

using eventtime::Type;
using eventtime::Value;
using nfa::NodeId;

void append_name(std::string& out, std::string_view name) {
  eventtime::append_json_string(out, name);
  out += ':';
}

void append_stamp(std::string& out, std::string_view name, eventtime::Timestamp time) {
  append_name(out, name);
  out += '"';
  eventtime::append_timestamp(out, time);
  out += "\",";
}

template <class Integer>
void append_bytes(std::string& out, Integer value) {
  for (size_t i = 0; i < sizeof(value); ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

void append_counted(std::string& out, std::string_view text) {
  append_bytes(out, static_cast<uint64_t>(text.size()));
  out += text;
}

void append_hex(std::string& out, uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[value >> shift & 15];
}

Value value_of(const patterns::Meta& meta) {
  switch (meta.type) {
    case Type::kFloat:
      return Value::of_float(meta.number);
    case Type::kString:
      return Value::of_text(eventtime::Text(meta.text));
    case Type::kNull:
      return Value::null();
    default:
      return {meta.type, eventtime::Cell(meta.integer)};
  }
}

}  // namespace

AlertFormat::AlertFormat(const patterns::Pattern& checked, const EngineOptions& options)
    : pattern(&checked), detail(options.events), origin(options.origin) {
  if (checked.meta.empty()) return;
  meta = "{";
  for (const patterns::Meta& entry : checked.meta) {
    if (meta.size() > 1) meta += ',';
    append_name(meta, entry.name);
    eventtime::append_json(meta, value_of(entry));
  }
  meta += '}';
}

const nfa::StoredEvent& Alert::event(NodeId node) const {
  return parts_.events.at(parts_.matcher.buffer().node(node).event);
}

uint32_t Alert::variable(NodeId node) const {
  return parts_.program.places[parts_.matcher.buffer().node(node).place].variable;
}

const std::vector<NodeId>& Alert::path() const {
  if (path_.empty()) parts_.matcher.buffer().path(node_, path_);
  return path_;
}

eventtime::Timestamp Alert::start() const {
  return event(path().front()).time;
}

eventtime::Timestamp Alert::end() const {
  return event(node_).time;
}

size_t Alert::event_count() const {
  return parts_.matcher.buffer().node(node_).depth;
}

std::vector<AlertEvent> Alert::events() const {
  std::vector<AlertEvent> events;
  for (const NodeId node : path()) {
    const nfa::StoredEvent& bound = event(node);
    events.push_back(
        {variable(node), bound.type, bound.input, bound.record, bound.time, bound.raw});
  }
  return events;
}

// Lengths stand before texts, so that different matches give different bytes.
AlertId Alert::id() const {
  std::string identity;
  append_counted(identity, pattern().name);
  append_bytes(identity, uint64_t{1});
  append_counted(identity, parts_.encoded_key);
  for (uint32_t v = 0; v < pattern().variables.size(); ++v) {
    bool named = false;
    for (const NodeId node : path()) {
      if (variable(node) != v) continue;
      if (!named) append_counted(identity, pattern().variables[v].name);
      named = true;
      append_bytes(identity, event(node).input);
      append_bytes(identity, event(node).record);
    }
  }
  identity += timeout_ ? '\1' : '\0';
  identity += parts_.format.origin;
  const XXH128_hash_t hash = XXH3_128bits(identity.data(), identity.size());
  return {hash.high64, hash.low64};
}

void Alert::append_key(std::string& out) const {
  out += '{';
  for (size_t i = 0; i < parts_.key.size(); ++i) {
    if (i > 0) out += ',';
    append_name(out, pattern().by[i].name);
    eventtime::append_json(out, parts_.key[i]);
  }
  out += '}';
}

bool Alert::append_record_key(std::string& out) const {
  if (parts_.key.empty()) return false;
  if (parts_.key.size() > 1) {
    append_key(out);
  } else if (const Value& only = parts_.key[0]; only.type == Type::kString) {
    out += only.cell.text.view();
  } else {
    eventtime::append_json(out, only);
  }
  return true;
}

void Alert::append_json(std::string& out) const {
  const AlertId number = id();
  out += "{\"id\":\"";
  append_hex(out, number.high);
  append_hex(out, number.low);
  out += "\",\"pattern\":";
  eventtime::append_json_string(out, pattern().name);
  out += ",\"version\":1,\"key\":";
  append_key(out);
  out += ',';
  append_stamp(out, "start", start());
  append_stamp(out, "end", end());
  append_stamp(out, "complete", complete_);
  out.pop_back();
  append_values(out);
  if (parts_.format.detail == EventDetail::kFull) append_events(out);
  if (!parts_.format.meta.empty()) out += ",\"meta\":" + parts_.format.meta;
  if (timeout_) out += ",\"timeout\":true";
  if (suppressed_ > 0) out += ",\"suppressed\":" + std::to_string(suppressed_);
  out += "}\n";
}

bool Alert::is_list(size_t result) const {
  TOCSIN_CHECK(result < results().size(), "a result of the pattern is asked for");
  const nfa::Program& program = parts_.program;
  return !(timeout_ ? program.timeout_emit : program.emit)[result];
}

Value Alert::value(size_t result) const {
  if (is_list(result)) return Value::null();
  const nfa::Program& program = parts_.program;
  const auto& codes = timeout_ ? program.timeout_emit : program.emit;
  return codes[result]->evaluate(parts_.matcher.context_of(node_, parts_.key));
}

std::optional<Value> Alert::value(std::string_view result) const {
  const auto found = std::ranges::find(results(), result, &patterns::Result::name);
  if (found == results().end()) return std::nullopt;
  return value(static_cast<size_t>(found - results().begin()));
}

// The field of each event of the variable: the companion slot as it was when that event was bound.
std::vector<Value> Alert::list(size_t result) const {
  std::vector<Value> values;
  if (!is_list(result)) return values;
  const nfa::SlotLayout& layout = parts_.program.layout;
  const nfa::Slot& slot = layout.slot(results()[result].value.index);
  for (const NodeId node : path()) {
    if (slot.variable != patterns::Capture::kPrevious && variable(node) != slot.variable) continue;
    values.push_back(layout.read(parts_.matcher.buffer().slots(node), slot.companion));
  }
  return values;
}

void Alert::append_values(std::string& out) const {
  if (results().empty()) return;
  out += ",\"values\":{";
  for (size_t i = 0; i < results().size(); ++i) {
    if (i > 0) out += ',';
    append_name(out, results()[i].name);
    if (is_list(i)) {
      append_list(out, i);
    } else {
      eventtime::append_json(out, value(i));
    }
  }
  out += '}';
}

void Alert::append_list(std::string& out, size_t result) const {
  out += '[';
  const std::vector<Value> values = list(result);
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    eventtime::append_json(out, values[i]);
  }
  out += ']';
}

void Alert::append_events(std::string& out) const {
  out += ",\"events\":{";
  bool first_variable = true;
  for (uint32_t v = 0; v < pattern().variables.size(); ++v) {
    bool open = false;
    for (const NodeId node : path()) {
      if (variable(node) != v) continue;
      if (!open) {
        if (!first_variable) out += ',';
        append_name(out, pattern().variables[v].name);
        out += '[';
      } else {
        out += ',';
      }
      open = true;
      first_variable = false;
      const nfa::StoredEvent& bound = event(node);
      parts_.formats[std::min<size_t>(bound.input, parts_.formats.size() - 1)]->append_json(
          out, bound.raw, bound.type);
    }
    if (open) out += ']';
  }
  out += '}';
}

}  // namespace tocsin::runtime
