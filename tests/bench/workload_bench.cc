// The engine alone: typed events in memory to alerts, on the streams on which other engines have
// been measured, and on our own. Every row counts its alerts; one that is wrong fails the program.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "tests/bench/workloads/cases.h"

namespace tocsin::bench {
namespace {

struct Choice {
  std::vector<std::string> workloads;  // names, or parts of "workload/variant"; none: the default
  std::string json;
  Settings settings;
};

bool is_chosen(const Case& one, const std::vector<std::string>& workloads) {
  if (workloads.empty()) return !one.only_on_demand;
  return std::ranges::any_of(workloads, [&](const std::string& name) {
    return name == one.workload || name == one.workload + "/" + one.variant;
  });
}

// What a rule more costs, as the ratio to the first row of its workload.
void compare_to_first(std::vector<Row>& rows) {
  Row& row = rows.back();
  if (row.workload != "many" && row.workload != "w6") return;
  const auto first = std::ranges::find(rows, row.workload, &Row::workload);
  const double rate = row.events_per_second();
  if (rate > 0) row.extras.emplace_back("cost_to_first", first->events_per_second() / rate);
}

bool run_all(const Choice& choice) {
  const auto known = all_cases();
  const bool any =
      std::ranges::any_of(known, [&](const Case& one) { return is_chosen(one, choice.workloads); });
  if (!any) {
    std::fputs("error: --workload names none of w1 to w6, many, keys, windows, matches\n", stderr);
    return false;
  }
  std::vector<Row> rows;
  std::fputs(table_head().c_str(), stdout);
  for (const Case& one : known) {
    if (!is_chosen(one, choice.workloads)) continue;
    rows.push_back(run(one, choice.settings));
    compare_to_first(rows);
    std::fputs(table_line(rows.back()).c_str(), stdout);
    std::fflush(stdout);
  }
  if (!choice.json.empty()) std::ofstream(choice.json) << to_json(rows, choice.settings);
  return std::ranges::all_of(rows, &Row::right);
}

}  // namespace
}  // namespace tocsin::bench

int main(int argc, char** argv) {
  const auto above_zero = [](const std::string& text) {
    return CLI::PositiveNumber(text).empty() ? std::string()
                                             : "'" + text + "' is no number above 0";
  };
  CLI::App app("workloads of Tocsin's engine over events in memory");
  tocsin::bench::Choice choice;
  app.add_option("--workload", choice.workloads,
                 "w1 to w6, many, keys, windows, matches, or one row: 'w4/id 10s'")
      ->delimiter(',');
  app.add_option("--scale", choice.settings.scale, "1: as others were measured")->check(above_zero);
  app.add_option("--repeat", choice.settings.repeat, "passes, of which the best counts")
      ->check(above_zero);
  app.add_option("--budget", choice.settings.budget, "seconds of the CPU for each row")
      ->check(above_zero);
  app.add_option("--json", choice.json, "a file for the results");
  app.allow_extras();  // flags of Google Benchmark, which `./dev bench` gives to all
  CLI11_PARSE(app, argc, argv);
  for (const std::string& extra : app.remaining()) {
    if (extra.starts_with("--benchmark_")) continue;
    std::fputs(fmt::format("there is no flag '{}'\n", extra).c_str(), stderr);
    return 2;
  }
  return tocsin::bench::run_all(choice) ? 0 : 1;
}
