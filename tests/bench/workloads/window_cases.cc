// Thresholds over sliding windows, as fraud rules have them: how many, how much, how many different
// within an hour, six, or a day, with ten events of a key an hour.
#include <fmt/format.h>

#include "tests/bench/workloads/cases.h"
#include "tests/bench/workloads/work.h"

namespace tocsin::bench {

namespace {

constexpr int64_t kHourMillis = 3'600'000;

// Thresholds lie about three standard deviations above what a window holds.
struct WindowLimits {
  const char* window = "";
  int64_t hours = 0;
  int64_t count = 0;
  int64_t sum = 0;
  int64_t distinct = 0;
};
constexpr WindowLimits kLimits[] = {
    {"1h", 1, 20, 1'050, 19}, {"6h", 6, 84, 4'350, 80}, {"24h", 24, 287, 14'700, 245}};

Row window(const Settings& settings, const WindowLimits& limits, const std::string& clauses,
           Expected<Event> expected) {
  return measure<Event>(
      {.patterns = fmt::format(
           "{}pattern p {{ by key match {} within {} }}\n", kEventDeclaration,
           fmt::format(fmt::runtime(clauses), limits.count, limits.sum, limits.distinct),
           limits.window),
       .stream = steady_charges(settings.scale),
       .expected = std::move(expected),
       .warm_up_millis = kHourMillis * limits.hours},
      settings);
}

using MakeExpected = Expected<Event> (*)(int64_t, int64_t);

void add(std::vector<Case>& cases, const char* name, const char* clauses, MakeExpected expected,
         int64_t WindowLimits::* limit) {
  for (const WindowLimits& limits : kLimits) {
    cases.push_back(
        {"windows", fmt::format("{} {}", name, limits.window), [=](const Settings& settings) {
           return window(settings, limits, clauses,
                         expected(kHourMillis * limits.hours, limits.*limit));
         }});
  }
}

}  // namespace

std::vector<Case> window_cases() {
  std::vector<Case> cases;
  add(cases, "loop", "p: Event{{{0},}}", expected_counts, &WindowLimits::count);
  add(cases, "count", "p: Event+ having count(p) >= {0}", expected_counts, &WindowLimits::count);
  add(cases, "sum", "p: Event+ having sum(p.amount) >= {1}", expected_sums, &WindowLimits::sum);
  add(cases, "distinct", "p: Event+ having distinct(p.id) >= {2}", expected_distinct_ids,
      &WindowLimits::distinct);
  return cases;
}

}  // namespace tocsin::bench
