#include "tests/model/naive_run.h"

#include <algorithm>
#include <tuple>

#include "eventtime/check.h"
#include "tests/model/naive_expression.h"
#include "tests/model/naive_key.h"
#include "tests/model/naive_selection.h"

namespace tocsin::model {

namespace {

using patterns::Pattern;

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

Timestamp largest_time(std::span<const NaiveEvent> events) {
  Timestamp largest = eventtime::kMinTimestamp;
  for (const NaiveEvent& event : events) largest = std::max(largest, event.time);
  return largest;
}

// ---- alerts ----

struct EmittedValue {
  bool is_list = false;  // of collect
  std::vector<NaiveValue> values;
};

std::vector<EmittedValue> values_of(const std::vector<patterns::Result>& results,
                                    const Scope& whole) {
  std::vector<EmittedValue> values;
  for (const patterns::Result& wanted : results) {
    const patterns::Expr& expr = wanted.value;
    const bool is_capture = expr.op == patterns::Op::kCapture;
    const patterns::Capture* capture = is_capture ? &whole.pattern.captures[expr.index] : nullptr;
    if (capture && capture->kind == patterns::CaptureKind::kCollect) {
      values.push_back({true, captured(*capture, whole)});
    } else {
      values.push_back({false, {evaluate(expr, whole)}});
    }
  }
  return values;
}

std::string json_of(const EmittedValue& value) {
  std::string json;
  for (const NaiveValue& one : value.values) json += (json.empty() ? "" : ",") + to_json(one);
  return value.is_list ? "[" + json + "]" : json;
}

// An alert, with what only the run needs: what `suppress by` sees, and the event it becomes.
struct RunAlert {
  NaiveAlert alert;
  std::vector<NaiveValue> suppressed_by;
  std::optional<NaiveEvent> event;
};

NaiveEvent event_of(const patterns::EmittedEvent& emitted, const Catalog& catalog, Timestamp time,
                    const std::vector<EmittedValue>& values) {
  const eventtime::EventSchema& schema = catalog.types[emitted.type];
  NaiveEvent event;
  event.type = emitted.type;
  event.time = time;
  event.input = RecordId::kEmitted;
  event.record = static_cast<uint64_t>(time.micros);
  for (size_t field = 0; field < schema.fields.size(); ++field) {
    const std::optional<uint32_t> result = emitted.result_by_field[field];
    event.fields.push_back(result ? values[*result].values.front() : NaiveValue::null());
  }
  event.fields[schema.time_field] = NaiveValue::of_micros(Type::kTimestamp, time.micros);
  return event;
}

RunAlert alert_of(const Pattern& pattern, const Catalog& catalog, const KeyStream& stream,
                  const Emitted& emitted) {
  RunAlert out;
  NaiveAlert& alert = out.alert;
  alert.pattern = pattern.name;
  alert.key = key_json(pattern, stream.key);
  alert.start = stream.events[emitted.bound.front().event].time;
  alert.end = stream.events[emitted.bound.back().event].time;
  alert.complete = emitted.complete;
  alert.is_timeout = emitted.is_timeout;
  for (uint32_t variable = 0; variable < pattern.variables.size(); ++variable) {
    std::vector<RecordId> records;
    for (const Bound& bound : emitted.bound) {
      const NaiveEvent& event = stream.events[bound.event];
      if (bound.variable == variable) records.push_back({event.input, event.record});
    }
    if (!records.empty()) alert.events.emplace_back(pattern.variables[variable].name, records);
  }
  const Scope whole{pattern, catalog, stream.events, emitted.bound, nullptr, stream.key};
  const auto& results = emitted.is_timeout ? pattern.on_timeout : pattern.emit;
  const std::vector<EmittedValue> values = values_of(results, whole);
  for (size_t i = 0; i < results.size(); ++i) {
    alert.values.emplace_back(results[i].name, json_of(values[i]));
  }
  if (pattern.suppress) {
    for (const patterns::Expr& by : pattern.suppress->by) {
      out.suppressed_by.push_back(evaluate(by, whole));
    }
    if (pattern.suppress->by.empty()) out.suppressed_by = stream.key;
  }
  const auto& becomes = emitted.is_timeout ? pattern.timeout_event : pattern.emitted_event;
  if (becomes) out.event = event_of(*becomes, catalog, alert.complete, values);
  return out;
}

// 3.9, over the alerts of a pattern as they are sorted: those that are left.
std::vector<RunAlert> suppress(const Pattern& pattern, const std::vector<RunAlert>& alerts) {
  struct Last {
    std::vector<NaiveValue> by;
    Timestamp complete;
    int64_t suppressed = 0;
  };
  std::vector<Last> lasts;
  std::vector<RunAlert> left;
  for (RunAlert one : alerts) {
    if (pattern.suppress && !one.alert.is_timeout) {
      const auto last = std::ranges::find(lasts, one.suppressed_by, &Last::by);
      if (last == lasts.end()) {
        lasts.push_back({one.suppressed_by, one.alert.complete, 0});
      } else if (one.alert.complete - last->complete < pattern.suppress->duration) {
        ++last->suppressed;
        continue;
      } else {
        one.alert.suppressed = last->suppressed;
        *last = {one.suppressed_by, one.alert.complete, 0};
      }
    }
    left.push_back(std::move(one));
  }
  return left;
}

// ---- runs ----

World world_of(const Pattern& pattern, const Catalog& catalog, const KeyStream& stream,
               Timestamp largest) {
  return {pattern, catalog, stream.events, stream.key, Clock(stream.events, largest)};
}

void append_alerts(const World& world, const KeyStream& stream, const Found& found,
                   std::vector<RunAlert>& alerts) {
  for (const Emitted& emitted : select(world, found)) {
    alerts.push_back(alert_of(world.pattern, world.catalog, stream, emitted));
  }
}

// Of one pattern: by completion, key, and as 3.7 emits them.
std::vector<RunAlert> alerts_of(const Pattern& pattern, const Catalog& catalog,
                                std::span<const NaiveEvent> events, Timestamp largest) {
  std::vector<RunAlert> alerts;
  for (const KeyStream& stream : split_by_key(pattern, events)) {
    const World world = world_of(pattern, catalog, stream, largest);
    append_alerts(world, stream, search(world), alerts);
  }
  std::ranges::stable_sort(alerts, {}, [](const RunAlert& one) { return one.alert.complete; });
  return suppress(pattern, alerts);
}

// What the patterns done so far have emitted as events, for those that come later.
struct Derived {
  std::string pattern;
  NaiveEvent event;
};

// An emitted event comes after all input events of its time; those of one time stand as the alerts
// do that they come from.
std::vector<NaiveEvent> with_derived(std::span<const NaiveEvent> events,
                                     std::vector<Derived> derived) {
  std::ranges::stable_sort(derived, {}, &Derived::pattern);
  std::vector<NaiveEvent> all(events.begin(), events.end());
  for (const Derived& one : derived) all.push_back(one.event);
  std::ranges::stable_sort(all, {}, &NaiveEvent::time);
  return all;
}

bool emits(const Pattern& pattern, TypeId type) {
  return (pattern.emitted_event && pattern.emitted_event->type == type) ||
         (pattern.timeout_event && pattern.timeout_event->type == type);
}

// The patterns so that each comes after those that emit one of its inputs.
std::vector<const Pattern*> in_order_of_feeding(const std::vector<Pattern>& patterns) {
  std::vector<const Pattern*> waiting;
  for (const Pattern& pattern : patterns) waiting.push_back(&pattern);
  std::vector<const Pattern*> order;
  while (!waiting.empty()) {
    const auto feeds = [&](const Pattern* from, const Pattern* to) {
      return std::ranges::any_of(to->inputs, [&](TypeId type) { return emits(*from, type); });
    };
    const auto is_ready = [&](const Pattern* to) {
      return std::ranges::none_of(waiting, [&](const Pattern* from) { return feeds(from, to); });
    };
    const auto ready = std::ranges::find_if(waiting, is_ready);
    TOCSIN_CHECK(ready != waiting.end(), "patterns that feed each other in a circle are refused");
    order.push_back(*ready);
    waiting.erase(ready);
  }
  return order;
}

}  // namespace

std::string to_string(const NaiveAlert& alert) {
  std::string out = alert.pattern + " " + alert.key + " at " + to_string(alert.complete);
  for (const auto& [variable, records] : alert.events) {
    out += " " + variable + "[";
    for (const RecordId& id : records) {
      if (out.back() != '[') out += " ";
      if (id.input == RecordId::kEmitted) {
        out += "emitted:";
      } else if (id.input > 0) {
        out += std::to_string(id.input) + ":";
      }
      out += std::to_string(id.record);
    }
    out += "]";
  }
  for (const auto& [name, json] : alert.values) out += " " + name + "=" + json;
  if (alert.suppressed > 0) out += " suppressed " + std::to_string(alert.suppressed);
  return out + (alert.is_timeout ? " timeout" : "");
}

NaiveRun run_model(const patterns::PatternSet& set, std::span<const std::vector<NaiveEvent>> inputs,
                   Duration out_of_order) {
  NaiveRun run;
  const auto events = in_order(inputs, out_of_order, run.late);
  std::vector<Derived> derived;
  for (const Pattern* pattern : in_order_of_feeding(set.patterns)) {
    const auto stream = with_derived(events, derived);
    for (RunAlert& one : alerts_of(*pattern, set.catalog, stream, largest_time(events))) {
      if (one.event) derived.push_back({pattern->name, *one.event});
      run.alerts.push_back(std::move(one.alert));
    }
  }
  return run;
}

NaiveRun run_skip_variants(const patterns::PatternSet& set,
                           std::span<const std::vector<NaiveEvent>> inputs, Duration out_of_order) {
  NaiveRun run;
  const auto events = in_order(inputs, out_of_order, run.late);
  const Timestamp largest = largest_time(events);
  std::vector<RunAlert> alerts;
  for (const KeyStream& stream : split_by_key(set.patterns.front(), events)) {
    const Found found = search(world_of(set.patterns.front(), set.catalog, stream, largest));
    for (const Pattern& variant : set.patterns) {
      append_alerts(world_of(variant, set.catalog, stream, largest), stream, found, alerts);
    }
  }
  for (RunAlert& one : alerts) run.alerts.push_back(std::move(one.alert));
  return run;
}

}  // namespace tocsin::model
