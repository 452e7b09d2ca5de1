// Thousands of two-step rules over a log, as a company's detection rules are: each asks for a
// process, a code or a piece of a command line that next to no event has.
//
// INVARIANT: an event of log_stream() satisfies the first step of the rule that it names, and of no
// other.
// Tested by tests/unit/workloads/cases_test.cc, by the alerts that the engine finds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/bench/workloads/streams.h"

namespace tocsin::bench {

inline constexpr int64_t kLogRules = 10'000;

struct LogEvent {
  int64_t millis = 0;
  int64_t user = 0;
  int64_t host = 0;
  int64_t action = 0;  // log_action()
  std::string process;
  std::string command;
  int64_t code = 0;
  bool quiet = false;  // the command says so
  int64_t rule = -1;   // whose first step this event is
};

std::string_view log_action(int64_t action);

// One event each millisecond, of 2,000 users; one in a thousand begins one of kLogRules rules, one
// of the first ten as often as one of the last nine thousand.
Stream<LogEvent> log_stream(double scale, double first_steps = 0.001);

// The declaration of `Log` and the first `rules` patterns.
std::string log_patterns(int64_t rules);
// What the second step of a rule asks.
bool ends_rule(int64_t rule, const LogEvent& event);

}  // namespace tocsin::bench
