// The workloads and their variants: W1 to W6, as other engines have been measured, and our own.
// Tested by tests/unit/workloads/cases_test.cc: each finds what it must, at a small scale.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/bench/workloads/row.h"

namespace tocsin::bench {

struct Case {
  std::string workload;
  std::string variant;
  std::function<Row(const Settings&)> run;  // leaves workload and variant of the row to us
  bool only_on_demand = false;              // takes long or much memory
};

std::vector<Case> all_cases();
Row run(const Case& one, const Settings& settings);

// Parts of all_cases().
std::vector<Case> peer_cases();
std::vector<Case> rule_set_cases();
std::vector<Case> key_cases();
std::vector<Case> window_cases();
std::vector<Case> match_cases();

}  // namespace tocsin::bench
