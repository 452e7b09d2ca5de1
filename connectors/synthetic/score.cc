#include "connectors/synthetic/score.h"

#include <fmt/core.h>
#include <simdjson.h>

#include <algorithm>
#include <functional>
#include <utility>

namespace tocsin::connectors::synthetic {
namespace {

using eventtime::Result;
using simdjson::dom::element;
using Ids = std::vector<std::string>;

constexpr std::string_view kNothingPlanted = "nothing planted";

// Calls `read` with each line's object; an error names the line and says that it is no `what`.
Result<void> for_each_line(const std::string& path, std::string_view what,
                           const std::function<bool(const element&, std::string_view)>& read) {
  simdjson::padded_string text;
  if (const auto error = simdjson::padded_string::load(path).get(text)) {
    return eventtime::world_error(
        fmt::format("cannot read '{}': {}", path, simdjson::error_message(error)));
  }
  simdjson::dom::parser parser;
  const std::string_view all = text;
  uint64_t number = 0;
  for (size_t at = 0; at < all.size();) {
    const size_t end = std::min(all.find('\n', at), all.size());
    const std::string_view line = all.substr(at, end - at);
    at = end + 1;
    ++number;
    element object;
    // What follows the line in `text` serves as its padding.
    const bool parsed = parser.parse(line.data(), line.size(), false).get(object) == 0;
    if (!parsed || !read(object, line)) {
      return eventtime::input_error(fmt::format("{}:{}: this is no {}", path, number, what));
    }
  }
  return {};
}

std::string text_of(const element& object, std::string_view path) {
  std::string_view text;
  if (object.at_pointer(path).get(text) != simdjson::SUCCESS) return {};
  return std::string(text);
}

bool append_ids(const element& array_of_ids, Ids& ids) {
  simdjson::dom::array array;
  if (array_of_ids.get(array) != simdjson::SUCCESS) return false;
  for (const element each : array) {
    std::string_view id;
    if (each.get(id) != simdjson::SUCCESS) return false;
    ids.emplace_back(id);
  }
  return true;
}

}  // namespace

struct Scorer::Alert {
  std::string kind;
  Ids ids;

  // False if the object is no alert with its events.
  bool read(const element& object) {
    kind = text_of(object, "/meta/kind");
    if (kind.empty()) kind = text_of(object, "/pattern");
    simdjson::dom::object variables;
    if (kind.empty() || object["events"].get(variables) != simdjson::SUCCESS) return false;
    for (const auto& variable : variables) {
      simdjson::dom::array events;
      if (variable.value.get(events) != simdjson::SUCCESS) return false;
      for (const element event : events) ids.push_back(text_of(event, "/id"));
    }
    return true;
  }
};

Result<void> Scorer::read_labels(const std::string& path) {
  return for_each_line(
      path, "label of an incident", [this](const element& label, std::string_view /*line*/) {
        Incident incident;
        incident.kind = text_of(label, "/kind");
        element array;
        Ids ids;
        if (incident.kind.empty() || label["fraud"].get(incident.fraud) != simdjson::SUCCESS ||
            label["ids"].get(array) != simdjson::SUCCESS || !append_ids(array, ids)) {
          return false;
        }
        const auto index = static_cast<uint32_t>(incidents_.size());
        for (std::string& id : ids) incident_of_.emplace(std::move(id), index);
        if (incident.fraud) {
          KindScore& score = scores_[incident.kind];
          score.kind = incident.kind;
          ++score.planted;
        }
        incidents_.push_back(std::move(incident));
        return true;
      });
}

Result<void> Scorer::read_alerts(const std::string& path) {
  return for_each_line(path, "alert with its events",
                       [this](const element& object, std::string_view line) {
                         Alert alert;
                         if (!alert.read(object)) return false;
                         judge(alert, line);
                         return true;
                       });
}

void Scorer::judge(const Alert& alert, std::string_view line) {
  KindScore& score = scores_[alert.kind];
  score.kind = alert.kind;
  ++score.alerts;
  std::map<uint32_t, size_t> events_of;  // by incident
  for (const std::string& id : alert.ids) {
    const auto found = incident_of_.find(id);
    if (found != incident_of_.end()) ++events_of[found->second];
  }
  bool is_true = false;
  for (const auto& [index, events] : events_of) {
    Incident& incident = incidents_[index];
    if (!incident.fraud || incident.kind != alert.kind || events * 2 < alert.ids.size()) continue;
    incident.found = true;
    is_true = true;
  }
  if (is_true) {
    ++score.true_alerts;
    true_alerts_.try_emplace(alert.kind, line);
    return;
  }
  const auto most =
      std::max_element(events_of.begin(), events_of.end(),
                       [](auto& left, auto& right) { return left.second < right.second; });
  ++score.mistaken[most == events_of.end() ? std::string(kNothingPlanted)
                                           : incidents_[most->first].kind];
}

std::vector<KindScore> Scorer::scores() const {
  std::map<std::string, KindScore> scores = scores_;
  for (const Incident& incident : incidents_) {
    if (incident.found) ++scores[incident.kind].found;
  }
  std::vector<KindScore> result;
  for (auto& [kind, score] : scores) result.push_back(std::move(score));
  return result;
}

KindScore Scorer::total() const {
  KindScore total;
  total.kind = "all";
  for (const KindScore& score : scores()) {
    total.planted += score.planted;
    total.found += score.found;
    total.alerts += score.alerts;
    total.true_alerts += score.true_alerts;
    for (const auto& [kind, alerts] : score.mistaken) total.mistaken[kind] += alerts;
  }
  return total;
}

std::string Scorer::true_alert(std::string_view kind) const {
  const auto wanted = true_alerts_.find(std::string(kind));
  if (wanted != true_alerts_.end()) return wanted->second;
  return true_alerts_.empty() ? std::string() : true_alerts_.begin()->second;
}

}  // namespace tocsin::connectors::synthetic
