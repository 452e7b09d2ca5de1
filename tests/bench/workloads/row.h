// One row of the benchmark's table: a workload's variant, how fast it went and whether the alerts
// were right.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tocsin::bench {

struct Settings {
  double scale = 0.2;
  int repeat = 3;     // the best counts
  double budget = 2;  // seconds of the CPU for a row, all passes
};

struct Row {
  std::string workload;
  std::string variant;
  uint64_t events = 0;  // timed
  double seconds = 0;   // of the best pass
  uint64_t alerts = 0;
  uint64_t expected = 0;
  bool right = true;  // the alerts of every pass
  bool whole = true;  // the budget has lasted
  double peer = 0;    // events/s of the fastest other engine on the same stream; 0: not measured
  std::vector<std::pair<std::string, double>> extras;
  std::string note;

  double events_per_second() const {
    return seconds > 0 ? static_cast<double>(events) / seconds : 0;
  }
};

// A table for people, an array of objects for programs.
std::string table_head();
std::string table_line(const Row& row);
std::string to_json(const std::vector<Row>& rows, const Settings& settings);

}  // namespace tocsin::bench
