#include "tests/model/naive_run.h"

#include <algorithm>
#include <functional>
#include <tuple>

namespace tocsin::model {

namespace {

using patterns::KeyPart;
using patterns::Pattern;
using Key = std::vector<NaiveValue>;

// The events that are matched, in their order; one strictly behind the watermark of its own input
// is late.
std::vector<NaiveEvent> in_order(std::span<const std::vector<NaiveEvent>> inputs,
                                 Duration out_of_order, std::vector<RecordId>& late) {
  std::vector<NaiveEvent> events;
  for (const std::vector<NaiveEvent>& input : inputs) {
    Timestamp largest = eventtime::kMinTimestamp;
    for (const NaiveEvent& event : input) {
      if (event.time < largest - out_of_order) {
        late.push_back({event.input, event.record});
        continue;
      }
      largest = std::max(largest, event.time);
      events.push_back(event);
    }
  }
  std::sort(events.begin(), events.end(), [](const NaiveEvent& left, const NaiveEvent& right) {
    return std::tie(left.time, left.input, left.record) <
           std::tie(right.time, right.input, right.record);
  });
  return events;
}

Key key_of(const Pattern& pattern, const NaiveEvent& event) {
  Key key;
  for (const KeyPart& part : pattern.by) {
    key.push_back(event.fields[part.field_by_type[event.type].value()]);
  }
  return key;
}

std::string key_json(const Pattern& pattern, const Key& key) {
  std::string out = "{";
  for (size_t i = 0; i < key.size(); ++i) {
    if (i > 0) out += ",";
    eventtime::append_json_string(out, pattern.by[i].name);
    out += ":" + to_json(key[i]);
  }
  return out + "}";
}

// The input stream of a pattern, taken apart by key; keys in the order of their first event.
struct KeyStream {
  Key key;
  std::vector<NaiveEvent> events;
};
std::vector<KeyStream> split_by_key(const Pattern& pattern, std::span<const NaiveEvent> events) {
  std::vector<KeyStream> streams;
  for (const NaiveEvent& event : events) {
    if (std::ranges::find(pattern.inputs, event.type) == pattern.inputs.end()) continue;
    const Key key = key_of(pattern, event);
    if (std::ranges::any_of(key, &NaiveValue::is_null)) continue;
    auto stream = std::ranges::find(streams, key, &KeyStream::key);
    if (stream == streams.end()) stream = streams.insert(streams.end(), {key, {}});
    stream->events.push_back(event);
  }
  return streams;
}

NaiveAlert alert_of(const Pattern& pattern, const KeyStream& stream, const NaiveMatch& match) {
  NaiveAlert alert;
  alert.pattern = pattern.name;
  alert.key = key_json(pattern, stream.key);
  alert.start = stream.events[match.bound.front().event].time;
  alert.end = stream.events[match.bound.back().event].time;
  alert.complete = match.complete;
  for (uint32_t variable = 0; variable < pattern.variables.size(); ++variable) {
    std::vector<RecordId> records;
    for (const Bound& bound : match.bound) {
      const NaiveEvent& event = stream.events[bound.event];
      if (bound.variable == variable) records.push_back({event.input, event.record});
    }
    if (!records.empty()) alert.events.emplace_back(pattern.variables[variable].name, records);
  }
  for (const NaiveResult& result : match.emit) {
    std::string json;
    for (const NaiveValue& value : result.values) {
      json += (json.empty() ? "" : ",") + to_json(value);
    }
    alert.values.emplace_back(result.name, result.is_list ? "[" + json + "]" : json);
  }
  return alert;
}

void append_alerts(const Pattern& pattern, const KeyStream& stream,
                   std::span<const NaiveMatch> matches, std::vector<NaiveAlert>& alerts) {
  for (const NaiveMatch& match : select_matches(pattern, matches)) {
    alerts.push_back(alert_of(pattern, stream, match));
  }
}

}  // namespace

std::string to_string(const NaiveAlert& alert) {
  std::string out = alert.pattern + " " + alert.key + " at " + to_string(alert.complete);
  for (const auto& [variable, records] : alert.events) {
    out += " " + variable + "[";
    for (const RecordId& id : records) {
      if (out.back() != '[') out += " ";
      if (id.input > 0) out += std::to_string(id.input) + ":";
      out += std::to_string(id.record);
    }
    out += "]";
  }
  for (const auto& [name, json] : alert.values) out += " " + name + "=" + json;
  return out;
}

NaiveRun run_model(const patterns::PatternSet& set, std::span<const std::vector<NaiveEvent>> inputs,
                   Duration out_of_order) {
  NaiveRun run;
  const auto events = in_order(inputs, out_of_order, run.late);
  for (const Pattern& pattern : set.patterns) {
    for (const KeyStream& stream : split_by_key(pattern, events)) {
      const auto matches = find_matches(pattern, set.catalog, stream.events, stream.key);
      append_alerts(pattern, stream, matches, run.alerts);
    }
  }
  return run;
}

NaiveRun run_skip_variants(const patterns::PatternSet& set,
                           std::span<const std::vector<NaiveEvent>> inputs, Duration out_of_order) {
  NaiveRun run;
  const auto events = in_order(inputs, out_of_order, run.late);
  const Pattern& first = set.patterns.front();
  for (const KeyStream& stream : split_by_key(first, events)) {
    const auto matches = find_matches(first, set.catalog, stream.events, stream.key);
    for (const Pattern& variant : set.patterns) {
      append_alerts(variant, stream, matches, run.alerts);
    }
  }
  return run;
}

}  // namespace tocsin::model
