#include "runtime/alert.h"

#include <xxhash.h>

#include <algorithm>
#include <array>

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

// One alert while it is written.
class AlertWriter {
 public:
  AlertWriter(std::string& out, const AlertFormat& format, nfa::Matcher& matcher,
              const nfa::EventStore& events, const nfa::Match& match)
      : out_(out),
        format_(format),
        pattern_(*format.pattern),
        matcher_(matcher),
        events_(events),
        match_(match) {
    matcher.buffer().path(match.node, path_);
  }

  uint64_t write(std::span<const Value> key, std::string_view encoded_key,
                 std::span<const eventtime::RecordFormat* const> formats) {
    out_ += "{\"id\":\"";
    const uint64_t id = append_id(encoded_key);
    out_ += "\",\"pattern\":";
    eventtime::append_json_string(out_, pattern_.name);
    out_ += ",\"version\":1,\"key\":{";
    for (size_t i = 0; i < key.size(); ++i) {
      if (i > 0) out_ += ',';
      append_name(out_, pattern_.by[i].name);
      eventtime::append_json(out_, key[i]);
    }
    out_ += "},";
    append_stamp(out_, "start", event(path_.front()).time);
    append_stamp(out_, "end", event(path_.back()).time);
    append_stamp(out_, "complete", match_.complete);
    out_.pop_back();
    const auto& results = match_.timeout ? pattern_.on_timeout : pattern_.emit;
    const auto& codes = match_.timeout ? matcher_.program().timeout_emit : matcher_.program().emit;
    if (!results.empty()) append_values(key, results, codes);
    if (format_.detail == EventDetail::kFull) append_events(formats);
    if (!format_.meta.empty()) out_ += ",\"meta\":" + format_.meta;
    if (match_.timeout) out_ += ",\"timeout\":true";
    out_ += "}\n";
    return id;
  }

 private:
  const nfa::StoredEvent& event(NodeId node) const {
    return events_.at(matcher_.buffer().node(node).event);
  }
  uint32_t variable(NodeId node) const {
    return matcher_.program().places[matcher_.buffer().node(node).place].variable;
  }

  // 128 bits over pattern, version, key, each variable with the positions of its events, and
  // whether it is a timeout; lengths stand before texts, so that different matches give different
  // bytes.
  uint64_t append_id(std::string_view encoded_key) {
    std::string identity;
    append_counted(identity, pattern_.name);
    append_bytes(identity, uint64_t{1});
    append_counted(identity, encoded_key);
    for (uint32_t v = 0; v < pattern_.variables.size(); ++v) {
      bool named = false;
      for (const NodeId node : path_) {
        if (variable(node) != v) continue;
        if (!named) append_counted(identity, pattern_.variables[v].name);
        named = true;
        append_bytes(identity, event(node).input);
        append_bytes(identity, event(node).record);
      }
    }
    identity += match_.timeout ? '\1' : '\0';
    const XXH128_hash_t hash = XXH3_128bits(identity.data(), identity.size());
    append_hex(hash.high64);
    append_hex(hash.low64);
    return hash.high64;
  }

  void append_hex(uint64_t value) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    for (int shift = 60; shift >= 0; shift -= 4) out_ += kDigits[value >> shift & 15];
  }

  void append_values(std::span<const Value> key, const std::vector<patterns::Result>& results,
                     const std::vector<std::optional<nfa::Code>>& codes) {
    out_ += ",\"values\":{";
    for (size_t i = 0; i < results.size(); ++i) {
      if (i > 0) out_ += ',';
      append_name(out_, results[i].name);
      if (codes[i]) {
        eventtime::append_json(out_, codes[i]->evaluate(matcher_.context_of(match_.node, key)));
      } else {
        append_collected(results[i].value.index);
      }
    }
    out_ += '}';
    matcher_.scratch().clear();
  }

  // The field of each event of the variable: the companion slot as it was when that event was
  // bound.
  void append_collected(uint32_t capture) {
    const nfa::Slot& slot = matcher_.program().layout.slot(capture);
    out_ += '[';
    bool first = true;
    for (const NodeId node : path_) {
      if (slot.variable != patterns::Capture::kPrevious && variable(node) != slot.variable)
        continue;
      if (!first) out_ += ',';
      first = false;
      eventtime::append_json(
          out_, matcher_.program().layout.read(matcher_.buffer().slots(node), slot.companion));
    }
    out_ += ']';
  }

  void append_events(std::span<const eventtime::RecordFormat* const> formats) {
    out_ += ",\"events\":{";
    bool first_variable = true;
    for (uint32_t v = 0; v < pattern_.variables.size(); ++v) {
      bool open = false;
      for (const NodeId node : path_) {
        if (variable(node) != v) continue;
        if (!open) {
          if (!first_variable) out_ += ',';
          append_name(out_, pattern_.variables[v].name);
          out_ += '[';
        } else {
          out_ += ',';
        }
        open = true;
        first_variable = false;
        const nfa::StoredEvent& bound = event(node);
        formats[std::min<size_t>(bound.input, formats.size() - 1)]->append_json(out_, bound.raw,
                                                                                bound.type);
      }
      if (open) out_ += ']';
    }
    out_ += '}';
  }

  std::string& out_;
  const AlertFormat& format_;
  const patterns::Pattern& pattern_;
  nfa::Matcher& matcher_;
  const nfa::EventStore& events_;
  const nfa::Match& match_;
  std::vector<NodeId> path_;
};

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

AlertFormat::AlertFormat(const patterns::Pattern& checked, EventDetail events)
    : pattern(&checked), detail(events) {
  if (checked.meta.empty()) return;
  meta = "{";
  for (const patterns::Meta& entry : checked.meta) {
    if (meta.size() > 1) meta += ',';
    append_name(meta, entry.name);
    eventtime::append_json(meta, value_of(entry));
  }
  meta += '}';
}

uint64_t append_alert(std::string& out, const AlertFormat& format, nfa::Matcher& matcher,
                      const nfa::EventStore& events, const nfa::Match& match,
                      std::span<const Value> key, std::string_view encoded_key,
                      std::span<const eventtime::RecordFormat* const> formats) {
  return AlertWriter(out, format, matcher, events, match).write(key, encoded_key, formats);
}

}  // namespace tocsin::runtime
