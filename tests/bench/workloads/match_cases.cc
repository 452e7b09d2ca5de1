// A few events with a million matches: what it costs to write them out. At other scales than 1
// there are that many times as many.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tests/bench/workloads/cases.h"
#include "tests/bench/workloads/work.h"

namespace tocsin::bench {

namespace {

constexpr double kMatches = 1e6;

std::string pattern_then(const char* middle) {
  return fmt::format(
      "{}pattern p {{ match a: Event[kind == 'A'] then any b: Event[kind == 'B']{} "
      "then any c: Event[kind == 'C'] within 1h skip none }}\n",
      kEventDeclaration, middle);
}

void add_matched(Row& row, double matched) {
  row.extras.emplace_back("matched_per_second", row.seconds > 0 ? matched / row.seconds : 0);
}

int at_least_two(double rounds) {
  return std::max(2, static_cast<int>(std::lround(rounds)));
}

// All ways to choose some of the B.
Row subsets(const Settings& settings) {
  const int rounds = at_least_two(std::log2(kMatches * settings.scale));
  Row row = measure<Event>({.patterns = pattern_then("+ any"),
                            .stream = one_chain(rounds),
                            .expected = expected_subsets()},
                           settings);
  add_matched(row, static_cast<double>(row.alerts) * (2 + 0.5 * rounds));
  return row;
}

Row triples(const Settings& settings) {
  const int rounds = at_least_two(std::cbrt(kMatches * settings.scale));
  Row row = measure<Event>({.patterns = pattern_then(""),
                            .stream = three_blocks(rounds),
                            .expected = expected_triples()},
                           settings);
  add_matched(row, 3 * static_cast<double>(row.alerts));
  return row;
}

}  // namespace

std::vector<Case> match_cases() {
  return {{"matches", "subsets", subsets}, {"matches", "triples", triples}};
}

}  // namespace tocsin::bench
