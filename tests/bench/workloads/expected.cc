#include "tests/bench/workloads/expected.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>

namespace tocsin::bench {

namespace {

constexpr int64_t kMinute = 60'000;

// A rule whose first step was seen at that time.
using Open = std::pair<int64_t, int64_t>;  // time, rule

// A window over a key's events; `add` and `remove` keep what is measured.
struct Window {
  std::deque<Event> events;
  double sum = 0;
  std::unordered_map<int64_t, int64_t> ids;

  void add(const Event& event) {
    events.push_back(event);
    sum += event.amount;
    ++ids[event.id];
  }
  void remove_first() {
    const Event& first = events.front();
    sum -= first.amount;
    const auto id = ids.find(first.id);
    if (--id->second == 0) ids.erase(id);
    events.pop_front();
  }
};

template <class Measure>
Expected<Event> expected_windows(int64_t within, double threshold, Measure measure) {
  return [=, windows = std::unordered_map<int64_t, Window>(),
          alerts = uint64_t{0}](const Event& event) mutable {
    Window& window = windows[event.key];
    window.add(event);
    while (event.millis - window.events.front().millis > within) window.remove_first();
    if (measure(window) >= threshold) {
      ++alerts;
      window = {};
    }
    return alerts;
  };
}

// Starts that wait for an end, the oldest first.
template <class Ends>
Expected<Event> expected_starts(int64_t within, Ends ends) {
  return [=, starts = std::deque<Event>(), alerts = uint64_t{0}](const Event& event) mutable {
    if (event.kind == "start") {
      starts.push_back(event);
    } else if (event.amount > 999) {
      while (!starts.empty() && event.millis - starts.front().millis > within) starts.pop_front();
      alerts += std::erase_if(starts, [&](const Event& start) { return ends(start, event); });
    }
    return alerts;
  };
}

}  // namespace

Expected<Event> expected_withdrawals() {
  return [open = std::unordered_map<int64_t, std::vector<int64_t>>(),
          alerts = uint64_t{0}](const Event& event) mutable {
    if (event.kind == "withdraw") {
      for (const int64_t start : open[event.key]) alerts += event.millis - start <= kMinute;
      open.erase(event.key);
    } else if (event.amount > 900) {
      open[event.key].push_back(event.millis);
    }
    return alerts;
  };
}

Expected<Event> expected_card_tests() {
  return [small = std::unordered_map<int64_t, std::vector<int64_t>>(),
          alerts = uint64_t{0}](const Event& event) mutable {
    std::vector<int64_t>& times = small[event.key];
    if (event.amount < 2) times.push_back(event.millis);
    if (event.amount <= 200) return alerts;
    const auto live = std::ranges::count_if(
        times, [&](int64_t time) { return event.millis - time <= 10 * kMinute; });
    if (live >= 3) {
      ++alerts;
      times.clear();
    }
    return alerts;
  };
}

Expected<Event> expected_chains(size_t steps, double last) {
  using Seen = std::pair<int64_t, size_t>;  // time, step
  return [=, seen = std::deque<Seen>(), alerts = uint64_t{0}](const Event& event) mutable {
    const size_t step = std::stoul(std::string(event.kind.substr(1)));
    if (event.amount >= 100 || step >= steps) return alerts;
    while (!seen.empty() && event.millis - seen.front().first > 1000) seen.pop_front();
    if (step + 1 < steps) {
      seen.emplace_back(event.millis, step);
    } else if (event.amount < last) {
      std::vector<uint64_t> ways(steps - 1);  // to come so far
      for (const Seen& one : seen) ways[one.second] += one.second == 0 ? 1 : ways[one.second - 1];
      alerts += ways.back();
    }
    return alerts;
  };
}

Expected<Event> expected_ends_of_id(int64_t within_millis) {
  return [=, starts = std::unordered_map<int64_t, int64_t>(),
          alerts = uint64_t{0}](const Event& event) mutable {
    if (event.kind == "start") {
      starts[event.id] = event.millis;
    } else if (const auto start = starts.find(event.id); start != starts.end()) {
      alerts += event.millis - start->second <= within_millis;
      starts.erase(start);
    }
    return alerts;
  };
}

Expected<Event> expected_ends_above(int64_t within_millis, double threshold) {
  return expected_starts(
      within_millis, [=](const Event&, const Event& event) { return event.amount > threshold; });
}

Expected<Event> expected_ends_above_start(int64_t within_millis) {
  return expected_starts(within_millis, [](const Event& start, const Event& event) {
    return event.amount > start.amount;
  });
}

Expected<Event> expected_absences() {
  return [asked = std::unordered_map<int64_t, int64_t>(),
          alerts = uint64_t{0}](const Event& event) mutable {
    if (event.kind == "A") {
      asked[event.key] = event.millis;
      ++alerts;  // unless an answer comes
    } else {
      alerts -= event.millis - asked.at(event.key) <= 30'000;
    }
    return alerts;
  };
}

Expected<Event> expected_rule_matches(std::vector<AmountRule> rules) {
  return [rules = std::move(rules), open = std::unordered_map<int64_t, std::vector<Open>>(),
          alerts = uint64_t{0}](const Event& event) mutable {
    std::vector<Open>& waiting = open[event.key];
    if (event.kind == "withdraw") {
      std::erase_if(waiting, [&](const Open& one) {
        if (event.millis - one.first > kMinute) return true;
        if (event.amount <= rules[one.second].threshold) return false;
        ++alerts;
        return true;
      });
    }
    for (size_t i = 0; i < rules.size(); ++i) {
      if (event.amount >= rules[i].low && event.amount < rules[i].high) {
        waiting.emplace_back(event.millis, i);
      }
    }
    return alerts;
  };
}

Expected<LogEvent> expected_log_matches(int64_t rules) {
  return [=, open = std::unordered_map<int64_t, std::vector<Open>>(),
          alerts = uint64_t{0}](const LogEvent& event) mutable {
    std::vector<Open>& waiting = open[event.user];
    std::erase_if(waiting, [&](const Open& one) {
      if (!ends_rule(one.second, event)) return false;
      alerts += event.millis - one.first <= kMinute;
      return true;
    });
    if (event.rule >= 0 && event.rule < rules) waiting.emplace_back(event.millis, event.rule);
    return alerts;
  };
}

Expected<Event> expected_counts(int64_t within_millis, int64_t threshold) {
  return expected_windows(within_millis, static_cast<double>(threshold), [](const Window& window) {
    return static_cast<double>(window.events.size());
  });
}

Expected<Event> expected_sums(int64_t within_millis, int64_t threshold) {
  return expected_windows(within_millis, static_cast<double>(threshold),
                          [](const Window& window) { return window.sum; });
}

Expected<Event> expected_distinct_ids(int64_t within_millis, int64_t threshold) {
  return expected_windows(within_millis, static_cast<double>(threshold), [](const Window& window) {
    return static_cast<double>(window.ids.size());
  });
}

Expected<Event> expected_subsets() {
  return [rounds = 0, alerts = uint64_t{0}](const Event& event) mutable {
    rounds += event.kind == "B";
    if (event.kind == "C") alerts += (uint64_t{1} << rounds) - 1;
    return alerts;
  };
}

Expected<Event> expected_triples() {
  return [a = uint64_t{0}, b = uint64_t{0}, alerts = uint64_t{0}](const Event& event) mutable {
    a += event.kind == "A";
    b += event.kind == "B";
    if (event.kind == "C") alerts += a * b;
    return alerts;
  };
}

}  // namespace tocsin::bench
