#include "server/pattern_changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>

#include "nfa/fingerprint.h"

namespace tocsin::server {

namespace {

constexpr std::array<std::string_view, 8> kNames{"keep",   "migrate", "drain", "drain",
                                                 "forget", "reset",   "drop",  "add"};

// Of "p" 1, of "p@7" 7.
size_t version_number(const connectors::StoredPattern& stored) {
  size_t number = 1;
  if (stored.state.size() <= stored.name.size() + 1) return number;
  const char* end = stored.state.data() + stored.state.size();
  std::from_chars(stored.state.data() + stored.name.size() + 1, end, number);
  return number;
}

class Planner {
 public:
  Planner(const std::vector<OwnPattern>& own, const std::vector<connectors::StoredPattern>& before,
          const runtime::InputPlace& place, OnChange on_change)
      : before_(before), place_(place), on_change_(on_change) {
    for (const OwnPattern& pattern : own) own_[pattern.name] = &pattern;
    for (size_t i = 0; i < before.size(); ++i) {
      place_of_[before[i].state] = i;
      size_t& number = number_of_[before[i].name];
      number = std::max(number, version_number(before[i]));
    }
  }

  ChangePlan make(const std::vector<OwnPattern>& own) {
    for (const connectors::StoredPattern& stored : before_) {
      if (!stored.until) decide(stored);
    }
    for (const connectors::StoredPattern& stored : before_) {
      if (stored.until) decide_old(stored);
    }
    std::sort(plan_.old.begin(), plan_.old.end(), [&](const auto& left, const auto& right) {
      return place_of_.at(left.state) < place_of_.at(right.state);
    });
    for (const OwnPattern& pattern : own) {
      const auto known = now_.find(pattern.name);
      if (known == now_.end()) {
        plan_.changes.push_back({Fate::kAdded, pattern.name, {}, {}});
        plan_.now.push_back(begin(pattern));
      } else {
        plan_.now.push_back(known->second);
      }
    }
    return std::move(plan_);
  }

 private:
  void decide(const connectors::StoredPattern& stored) {
    const auto found = own_.find(stored.name);
    if (found == own_.end()) return add(Fate::kDropped, stored);
    const OwnPattern& now = *found->second;
    if (now.definition == stored.definition) {
      now_[stored.name] = stored;
      return add(Fate::kKept, stored);
    }
    if (on_change_ == OnChange::kReset) {
      reset_.insert(stored.name);
      now_[stored.name] = begin(now);
      return reset(stored);
    }
    std::string note;
    if (on_change_ == OnChange::kMigrate) {
      const std::string_view why = nfa::automaton_difference(stored.automaton, now.automaton);
      if (why.empty()) {
        plan_.migrated.push_back(stored);
        connectors::StoredPattern& migrated = now_[stored.name] = stored;
        migrated.definition = now.definition;
        return add(Fate::kMigrated, stored);
      }
      note = why;
    }
    plan_.old.push_back(stored);
    plan_.old.back().until = place_;
    now_[stored.name] = begin(now);
    add(Fate::kDrains, stored, std::move(note));
  }

  void decide_old(const connectors::StoredPattern& stored) {
    if (!own_.contains(stored.name)) return add(Fate::kDropped, stored);
    if (reset_.contains(stored.name)) return reset(stored);
    plan_.old.push_back(stored);
    add(Fate::kGoesOn, stored);
  }

  void reset(const connectors::StoredPattern& stored) {
    plan_.reset.push_back(stored);
    plan_.reset.back().until.emplace().records.assign(place_.records.size(), 0);
    add(Fate::kReset, stored);
  }

  void add(Fate fate, const connectors::StoredPattern& stored, std::string note = {}) {
    plan_.changes.push_back({fate, stored.name, stored.state, std::move(note)});
  }

  // With a state that no record of before is called by.
  connectors::StoredPattern begin(const OwnPattern& pattern) {
    connectors::StoredPattern begun;
    begun.name = pattern.name;
    begun.state = pattern.name;
    // Above all before it, because of those that have finished something may still be saved.
    const auto known = number_of_.find(pattern.name);
    size_t number = known == number_of_.end() ? 0 : known->second;
    if (number > 0) begun.state = fmt::format("{}@{}", pattern.name, ++number);
    while (!place_of_.emplace(begun.state, before_.size()).second) {
      begun.state = fmt::format("{}@{}", pattern.name, ++number);
    }
    begun.definition = pattern.definition;
    begun.automaton = pattern.automaton;
    begun.since = place_;
    return begun;
  }

  const std::vector<connectors::StoredPattern>& before_;
  const runtime::InputPlace& place_;
  OnChange on_change_;
  std::map<std::string, const OwnPattern*> own_;
  std::map<std::string, size_t> place_of_;   // in `before`, by state; of those that begin behind it
  std::map<std::string, size_t> number_of_;  // the highest of a pattern's states, by its name
  std::set<std::string> reset_;
  std::map<std::string, connectors::StoredPattern> now_;
  ChangePlan plan_;
};

}  // namespace

std::string_view name_of(Fate fate) {
  return kNames[static_cast<size_t>(fate)];
}

std::string PatternChange::text() const {
  const std::string why = note.empty() ? "" : fmt::format(" (not migrated, because {})", note);
  switch (fate) {
    case Fate::kKept:
      return fmt::format("pattern '{}' has not changed: it goes on", pattern);
    case Fate::kMigrated:
      return fmt::format(
          "pattern '{}' has changed: the new version goes on with the partial matches of the old",
          pattern);
    case Fate::kDrains:
      return fmt::format(
          "pattern '{}' has changed: the old version finishes its partial matches and begins "
          "none, the new version begins empty{}",
          pattern, why);
    case Fate::kGoesOn:
      return fmt::format("pattern '{}': an older version goes on finishing its partial matches",
                         pattern);
    case Fate::kForgotten:
      return fmt::format(
          "pattern '{}' has changed: the old version has nothing pending and is forgotten, the new "
          "version begins empty{}",
          pattern, why);
    case Fate::kReset:
      return fmt::format("pattern '{}' has changed: the partial matches of {} are dropped", pattern,
                         state == pattern ? "the old version" : "an old version");
    case Fate::kDropped:
      return fmt::format("pattern '{}' is gone: its partial matches are dropped", pattern);
    case Fate::kAdded:
      return fmt::format("pattern '{}' is new: it sees what comes from here on", pattern);
  }
  return {};
}

void ChangePlan::forget(const std::string& state) {
  if (std::erase_if(old, [&](const auto& stored) { return stored.state == state; }) == 0) return;
  for (PatternChange& change : changes) {
    if (change.state == state) change.fate = Fate::kForgotten;
  }
}

std::string name_of_state(std::string_view state) {
  return std::string(state.substr(0, state.find('@')));
}

ChangePlan plan_changes(const std::vector<OwnPattern>& own,
                        const std::vector<connectors::StoredPattern>& before,
                        const runtime::InputPlace& place, OnChange on_change) {
  return Planner(own, before, place, on_change).make(own);
}

}  // namespace tocsin::server
