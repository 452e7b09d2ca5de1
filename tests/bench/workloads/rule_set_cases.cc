// Up to ten thousand rules over a log: what a rule costs that next to no event begins.
#include <fmt/format.h>

#include "tests/bench/workloads/cases.h"
#include "tests/bench/workloads/work.h"

namespace tocsin::bench {

std::vector<Case> rule_set_cases() {
  std::vector<Case> cases;
  for (const int64_t rules : {10, 100, 1000, 10'000}) {
    cases.push_back({"many", fmt::format("{} rules", rules), [=](const Settings& settings) {
                       return measure<LogEvent>({.patterns = log_patterns(rules),
                                                 .stream = log_stream(settings.scale),
                                                 .expected = expected_log_matches(rules)},
                                                settings);
                     }});
  }
  return cases;
}

}  // namespace tocsin::bench
