// Alerts against expectations: which belong together, and what to say and write where they differ.
// Tested by tests/unit/server/test_command_test.cc.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "patterns/pattern.h"
#include "patterns/source_file.h"
#include "server/pattern_test/checked_test.h"
#include "server/pattern_test/test_run.h"

namespace tocsin::server {

// One way in which an alert is not the expected one.
struct Difference {
  std::string what;  // "at", or a name between the braces
  std::string expected;
  std::string found;
};

struct Verdict {
  static constexpr size_t kNone = SIZE_MAX;
  // Of each expectation: the alert that it expects, kNone if there is none.
  std::vector<size_t> alert_of;
  // Of an expectation without an alert: the one of its pattern that comes nearest, if one is left.
  std::vector<size_t> nearest_of;
  std::vector<size_t> unexpected;  // alerts that nothing expects, in their order
  std::vector<size_t> late;        // places of arrivals
  std::vector<std::pair<size_t, std::string>> refused;

  bool passed() const { return missing() == 0 && unexpected.empty() && refused.empty(); }
  size_t missing() const;
};

class Judge {
 public:
  // All outlive it.
  Judge(const patterns::PatternSet& set, const patterns::SourceFile& source,
        const CheckedTest& test)
      : set_(set), source_(source), test_(test) {}

  // As many expectations as possible get an alert of their own.
  Verdict judge(const Played& played) const;
  // What is wrong, for people; empty if nothing is.
  std::string explain(const Verdict& verdict, const Played& played) const;

  // The alert as an `expect`, with what `like` lists, or with all that can be written.
  std::string expect_text(const connectors::AlertLine& alert,
                          const CheckedExpectation* like = nullptr) const;

 private:
  std::vector<Difference> differences(const CheckedExpectation& expected,
                                      const connectors::AlertLine& alert) const;
  void compare(const Demand& demand, const connectors::AlertLine& alert,
               std::vector<Difference>& out) const;
  void compare_events(const Demand& demand, const connectors::AlertLine& alert,
                      std::vector<Difference>& out) const;
  void find_nearest(const Played& played, Verdict& verdict) const;
  std::string event_name(const std::string& event) const;
  std::string event_list(const std::vector<std::string>& events) const;
  std::string events_without_name(const connectors::AlertLine& alert) const;
  std::string event_names(const std::vector<size_t>& events) const;
  eventtime::Type type_of(const connectors::AlertLine& alert, std::string_view value) const;
  std::string line_of(patterns::Span span) const;

  const patterns::PatternSet& set_;
  const patterns::SourceFile& source_;
  const CheckedTest& test_;
};

}  // namespace tocsin::server
