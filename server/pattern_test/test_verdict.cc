#include "server/pattern_test/test_verdict.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "patterns/token.h"
#include "server/pattern_test/test_literal.h"

namespace tocsin::server {

namespace {

using connectors::AlertLine;
using connectors::AlertValue;
using eventtime::Type;
using patterns::write_name;

constexpr size_t kNone = Verdict::kNone;

template <class T>
const T* find_named(const AlertLine::Named<T>& named, std::string_view name) {
  for (const auto& [key, value] : named) {
    if (key == name) return &value;
  }
  return nullptr;
}

// The arrival that an event of an alert is; nothing if it did not arrive.
std::optional<size_t> place_of(const std::string& event) {
  size_t place = 0;
  const auto [end, failed] = std::from_chars(event.data(), event.data() + event.size(), place);
  if (failed != std::errc() || end != event.data() + event.size()) return std::nullopt;
  return place;
}

bool same(const AlertValue& wanted, const AlertValue& found, Type type) {
  return wanted.is_list == found.is_list &&
         std::equal(wanted.items.begin(), wanted.items.end(), found.items.begin(),
                    found.items.end(),
                    [type](const auto& a, const auto& b) { return same_scalar(a, b, type); });
}

AlertValue text_value(std::string text) {
  return {false, {{false, std::move(text)}}};
}

// Pairs expectations and alerts along augmenting paths (Kuhn), so that no early choice stands in
// the way of a later one.
class Pairing {
 public:
  Pairing(const std::vector<std::vector<bool>>& fits, size_t alerts)
      : fits_(fits), owner_(alerts, kNone) {
    for (size_t i = 0; i < fits_.size(); ++i) {
      tried_.assign(alerts, false);
      give(i);
    }
  }

  size_t owner(size_t alert) const { return owner_[alert]; }

 private:
  struct Step {
    size_t expectation;
    size_t alert;  // the next to try
  };

  void give(size_t first) {
    std::vector<Step> path = {{first, 0}};
    while (!path.empty()) {
      Step& step = path.back();
      const size_t alert = step.alert++;
      if (alert == owner_.size()) {
        path.pop_back();
        continue;
      }
      if (tried_[alert] || !fits_[step.expectation][alert]) continue;
      tried_[alert] = true;
      if (owner_[alert] != kNone) {
        path.push_back({owner_[alert], 0});
        continue;
      }
      for (const Step& taken : path) owner_[taken.alert - 1] = taken.expectation;
      return;
    }
  }

  const std::vector<std::vector<bool>>& fits_;
  std::vector<size_t> owner_;  // of each alert
  std::vector<bool> tried_;
};

}  // namespace

size_t Verdict::missing() const {
  return static_cast<size_t>(std::count(alert_of.begin(), alert_of.end(), kNone));
}

// ---- comparing ----

Verdict Judge::judge(const Played& played) const {
  Verdict verdict;
  std::vector<std::vector<bool>> fits;
  for (const CheckedExpectation& expected : test_.expectations) {
    fits.emplace_back();
    for (const AlertLine& alert : played.alerts) {
      const bool same_pattern = expected.pattern == alert.pattern;
      fits.back().push_back(same_pattern && differences(expected, alert).empty());
    }
  }
  const Pairing pairing(fits, played.alerts.size());
  verdict.alert_of.assign(test_.expectations.size(), kNone);
  for (size_t alert = 0; alert < played.alerts.size(); ++alert) {
    const size_t owner = pairing.owner(alert);
    if (owner == kNone) {
      verdict.unexpected.push_back(alert);
    } else {
      verdict.alert_of[owner] = alert;
    }
  }
  verdict.late = played.late;
  verdict.refused = played.refused;
  find_nearest(played, verdict);
  return verdict;
}

// The nearest pairs first; each alert is the nearest of one expectation only.
void Judge::find_nearest(const Played& played, Verdict& verdict) const {
  verdict.nearest_of.assign(test_.expectations.size(), kNone);
  std::vector<std::tuple<size_t, size_t, size_t>> pairs;
  for (size_t i = 0; i < test_.expectations.size(); ++i) {
    if (verdict.alert_of[i] != kNone) continue;
    for (const size_t alert : verdict.unexpected) {
      if (played.alerts[alert].pattern != test_.expectations[i].pattern) continue;
      pairs.emplace_back(differences(test_.expectations[i], played.alerts[alert]).size(), i, alert);
    }
  }
  std::sort(pairs.begin(), pairs.end());
  std::vector<bool> taken(played.alerts.size(), false);
  for (const auto& [count, expectation, alert] : pairs) {
    if (taken[alert] || verdict.nearest_of[expectation] != kNone) continue;
    taken[alert] = true;
    verdict.nearest_of[expectation] = alert;
  }
}

std::vector<Difference> Judge::differences(const CheckedExpectation& expected,
                                           const AlertLine& alert) const {
  std::vector<Difference> out;
  if (expected.at && *expected.at != alert.complete) {
    out.push_back({"at", time_literal(*expected.at, test_.absolute),
                   time_literal(alert.complete, test_.absolute)});
  }
  for (const Demand& demand : expected.demands) compare(demand, alert, out);
  return out;
}

void Judge::compare(const Demand& demand, const AlertLine& alert,
                    std::vector<Difference>& out) const {
  if (demand.kind == Demand::Kind::kVariable) return compare_events(demand, alert, out);
  AlertValue mark;
  const AlertValue* found = &mark;
  switch (demand.kind) {
    case Demand::Kind::kTimeout:
      mark = text_value(alert.timeout ? "true" : "false");
      break;
    case Demand::Kind::kSuppressed:
      mark = text_value(std::to_string(alert.suppressed));
      break;
    case Demand::Kind::kKey:
      found = find_named(alert.key, demand.name);
      break;
    default:
      found = find_named(alert.values, demand.name);
      break;
  }
  if (found != nullptr && same(demand.value, *found, demand.type)) return;
  out.push_back(
      {demand.name, value_literal(demand.value, demand.type, test_.absolute),
       found == nullptr ? "nothing" : value_literal(*found, demand.type, test_.absolute)});
}

void Judge::compare_events(const Demand& demand, const AlertLine& alert,
                           std::vector<Difference>& out) const {
  static const std::vector<std::string> kNothing;
  const std::vector<std::string>* bound = find_named(alert.events, demand.name);
  const std::vector<std::string>& events = bound == nullptr ? kNothing : *bound;
  std::vector<std::string> wanted;
  for (const size_t place : demand.events) wanted.push_back(std::to_string(place));
  if (wanted == events) return;
  out.push_back({demand.name, event_list(wanted), event_list(events)});
}

// ---- showing ----

// An event by its name; without one, by its line.
std::string Judge::event_name(const std::string& event) const {
  const auto place = place_of(event);
  if (!place || *place >= test_.arrivals.size()) return event;
  const CheckedArrival& arrival = test_.arrivals[*place];
  return arrival.name.empty() ? "(" + line_of(arrival.span) + ")" : write_name(arrival.name);
}

std::string Judge::event_list(const std::vector<std::string>& events) const {
  std::string list = "[";
  for (const std::string& event : events) {
    if (list.size() > 1) list += ", ";
    list += event_name(event);
  }
  return list + "]";
}

std::string Judge::line_of(patterns::Span span) const {
  return "line " + std::to_string(source_.position(span.begin).line);
}

Type Judge::type_of(const AlertLine& alert, std::string_view value) const {
  for (const patterns::Pattern& pattern : set_.patterns) {
    if (pattern.name == alert.pattern) return value_type(pattern, value).value_or(Type::kNull);
  }
  return Type::kNull;
}

std::string Judge::expect_text(const AlertLine& alert, const CheckedExpectation* like) const {
  const auto listed = [like](Demand::Kind kind, std::string_view name) {
    return like == nullptr ||
           std::any_of(like->demands.begin(), like->demands.end(), [&](const Demand& demand) {
             return demand.kind == kind && (name.empty() || demand.name == name);
           });
  };
  std::vector<std::string> parts;
  const auto add = [&](std::string_view name, const std::string& value) {
    parts.push_back(write_name(name, patterns::Before::kDotOrColon) + ": " + value);
  };
  for (const auto& [variable, events] : alert.events) {
    const std::string list = event_list(events);
    const bool named = list.find('(') == std::string::npos && list.find('{') == std::string::npos;
    if (named && listed(Demand::Kind::kVariable, variable)) add(variable, list);
  }
  for (const auto& [name, value] : alert.values) {
    if (!listed(Demand::Kind::kValue, name)) continue;
    add(name, value_literal(value, type_of(alert, name), test_.absolute));
  }
  if (like != nullptr && !alert.key.empty() && listed(Demand::Kind::kKey, "")) {
    std::string key;
    for (const auto& [name, value] : alert.key) {
      if (!listed(Demand::Kind::kKey, name)) continue;
      key += (key.empty() ? "" : ", ") + write_name(name, patterns::Before::kDotOrColon) + ": " +
             value_literal(value, Type::kNull, test_.absolute);
    }
    add("key", "{" + key + "}");
  }
  if (alert.timeout) add("timeout", "true");
  if (alert.suppressed > 0) add("suppressed", std::to_string(alert.suppressed));
  std::string text = "expect " + write_name(alert.pattern);
  if (like == nullptr || like->at) text += " at " + time_literal(alert.complete, test_.absolute);
  if (parts.empty()) return text;
  text += " { ";
  for (size_t i = 0; i < parts.size(); ++i) text += (i > 0 ? ", " : "") + parts[i];
  return text + " }";
}

// "  // b: line 7": what the `expect` cannot name.
std::string Judge::events_without_name(const AlertLine& alert) const {
  std::string text;
  for (const auto& [variable, events] : alert.events) {
    const std::string list = event_list(events);
    if (list.find('(') == std::string::npos) continue;
    text += (text.empty() ? "  // " : ", ") + variable + ": " + list;
  }
  return text;
}

std::string Judge::explain(const Verdict& verdict, const Played& played) const {
  std::string out;
  for (const auto& [place, reason] : verdict.refused) {
    out += "  " + line_of(test_.arrivals[place].span) + ": the event is refused: " + reason + "\n";
  }
  std::vector<bool> shown(played.alerts.size(), false);
  for (size_t i = 0; i < test_.expectations.size(); ++i) {
    if (verdict.alert_of[i] != kNone) continue;
    const CheckedExpectation& expected = test_.expectations[i];
    out += "  " + line_of(expected.span) + ": missing\n    ";
    out += std::string(source_.text(expected.span)) + "\n";
    const size_t nearest = verdict.nearest_of[i];
    if (nearest == kNone) continue;
    shown[nearest] = true;
    const AlertLine& alert = played.alerts[nearest];
    out += "  instead came\n    " + expect_text(alert) + events_without_name(alert) + "\n";
    for (const Difference& difference : differences(expected, alert)) {
      out += "      " + difference.what + ": expected " + difference.expected + ", found " +
             difference.found + "\n";
    }
  }
  for (const size_t alert : verdict.unexpected) {
    if (shown[alert]) continue;
    out += "  not expected\n    " + expect_text(played.alerts[alert]) +
           events_without_name(played.alerts[alert]) + "\n";
  }
  if (out.empty()) return out;
  for (const size_t place : verdict.late) {
    out += "  " + line_of(test_.arrivals[place].span) + ": the event is late, nothing matches it\n";
  }
  return out;
}

}  // namespace tocsin::server
