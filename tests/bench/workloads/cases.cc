#include "tests/bench/workloads/cases.h"

#include <iterator>

namespace tocsin::bench {

std::vector<Case> all_cases() {
  std::vector<Case> all;
  for (const auto& part : {peer_cases, rule_set_cases, key_cases, window_cases, match_cases}) {
    std::vector<Case> cases = part();
    all.insert(all.end(), std::make_move_iterator(cases.begin()),
               std::make_move_iterator(cases.end()));
  }
  return all;
}

Row run(const Case& one, const Settings& settings) {
  Row row = one.run(settings);
  row.workload = one.workload;
  row.variant = one.variant;
  return row;
}

}  // namespace tocsin::bench
