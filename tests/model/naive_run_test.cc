// The model on small examples worked out by hand from the page: what the cases of
// ../shared/conformance, which state matches alone, do not show.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/model/case_runner.h"

namespace tocsin::model {
namespace {

// An event as "a 3 k x": its kind s, its time in ms, and the keys k and l ("-": null).
std::string record_of(const std::string& text) {
  const auto field = [&](size_t begin) -> std::string {
    const std::string value(1, text[begin]);
    return value == "-" ? "null" : "\"" + value + "\"";
  };
  return "{\"s\":" + field(0) + ",\"at\":" + text.substr(2, 1) + ",\"k\":" + field(4) +
         ",\"l\":" + field(6) + "}";
}

// Each alert on a line of its own; times without the date.
std::string alerts_of(const std::string& patterns, const std::vector<std::string>& events) {
  Case example;
  example.patterns =
      "event E { s: string, k: string?, l: string?, at: timestamp } time at\n" + patterns;
  example.inputs.emplace_back();
  for (const std::string& event : events) example.inputs[0].push_back(record_of(event));
  const Compiled compiled = compile(example.patterns);
  if (!compiled.set) return compiled.error;
  std::string out;
  for (const NaiveAlert& alert : run_model(*compiled.set, example).alerts) {
    std::string line = to_string(alert);
    const std::string date = "1970-01-01T00:00:00.00";
    const size_t at = line.find(date);
    out += line.replace(at, date.size(), "").replace(at + 1, 1, "ms") + "\n";
  }
  return out;
}

const std::string kStepA = "a: E[s == 'a']";

TEST(NaiveRun, ReportsAStartThatCameToNothing) {
  const std::string pattern = "pattern p { match " + kStepA +
                              " then b: E[s == 'b'] then c: E[s == 'c'] within 3ms"
                              " on timeout emit n: count(b) }";
  // The furthest partial match; the second start has a match.
  EXPECT_EQ(alerts_of(pattern, {"a 0 - -", "b 1 - -", "x 4 - -", "a 5 - -", "b 6 - -", "c 8 - -"}),
            "p {} at 3ms a[0] b[1] n=1 timeout\np {} at 8ms a[3] b[4] c[5]\n");
  // The later start, whose match excludes the earlier one before its window has passed.
  EXPECT_EQ(alerts_of(pattern, {"a 0 - -", "a 1 - -", "b 2 - -", "c 3 - -"}),
            "p {} at 3ms a[0] b[2] c[3]\n");
}

TEST(NaiveRun, ReportsWhatFailedInTheEnd) {
  const std::string having = "pattern p { match " + kStepA +
                             " then b: E[s == 'b'] having b.k == 'y' within 3ms"
                             " on timeout emit n: count(b) }";
  EXPECT_EQ(alerts_of(having, {"a 0 x -", "b 1 x -"}), "p {} at 3ms a[0] b[1] n=1 timeout\n");
  // A match that is still open when the window has passed, and then fails.
  const std::string open = "pattern p { match " + kStepA +
                           " then not x: E[s == 'x'] for 6ms within 3ms"
                           " on timeout emit n: count(a) }";
  EXPECT_EQ(alerts_of(open, {"a 0 - -", "x 5 - -"}), "p {} at 3ms a[0] n=1 timeout\n");
  EXPECT_EQ(alerts_of(open, {"a 0 - -", "x 7 - -"}), "p {} at 6ms a[0]\n");
}

TEST(NaiveRun, SuppressesWhatComesTooSoon) {
  const std::string pattern = "pattern p { by k match " + kStepA + " suppress 2ms";
  const std::vector<std::string> events{"a 0 x -", "a 1 x -", "a 1 y -", "a 2 x -", "a 5 y -"};
  EXPECT_EQ(alerts_of(pattern + " }", events),
            "p {\"k\":\"x\"} at 0ms a[0]\np {\"k\":\"y\"} at 1ms a[2]\n"
            "p {\"k\":\"x\"} at 2ms a[3] suppressed 1\np {\"k\":\"y\"} at 5ms a[4]\n");
  EXPECT_EQ(alerts_of(pattern + " by a.s }", events),
            "p {\"k\":\"x\"} at 0ms a[0]\np {\"k\":\"x\"} at 2ms a[3] suppressed 2\n"
            "p {\"k\":\"y\"} at 5ms a[4]\n");
}

TEST(NaiveRun, SuppressedAlertsStillExclude) {
  EXPECT_EQ(alerts_of("pattern p { match " + kStepA + " then any b: E[s == 'b'] suppress 3ms }",
                      {"a 0 - -", "b 1 - -", "a 2 - -", "a 2 - -", "b 3 - -", "b 4 - -"}),
            "p {} at 1ms a[0] b[1]\n");
}

TEST(NaiveRun, TestsAStepUnderItsOwnKeyOnly) {
  // Money through y: in at y, out of y. The second event is y's by both fields, and stands once in
  // its stream; the third is y's by the field of the first step alone.
  const std::string pattern = "pattern p { by who: in.l, out.k match in: E[s == 'a'] ";
  const std::vector<std::string> events{"a 0 x y", "a 1 y y", "a 2 z y", "a 3 y z"};
  EXPECT_EQ(alerts_of(pattern + "next out: E[s == 'a'] skip none }", events),
            "p {\"who\":\"y\"} at 1ms in[0] out[1]\np {\"who\":\"y\"} at 3ms in[2] out[3]\n");
  EXPECT_EQ(alerts_of(pattern + "then out: E[k != l] skip to next }", events),
            "p {\"who\":\"y\"} at 3ms in[0] out[3]\np {\"who\":\"y\"} at 3ms in[1] out[3]\n"
            "p {\"who\":\"y\"} at 3ms in[2] out[3]\n");
}

TEST(NaiveRun, FeedsMatchesBackAfterTheEventsOfTheirTime) {
  const std::string patterns =
      "event D { who: string?, n: int, at: timestamp } time at\n"
      "pattern later { match d: D[n == 2] then e: E then any f: D skip none emit n: f.n }\n"
      "pattern first { match v: E{1,2} strict skip none emit D { who: v.k, n: count(v) } }\n";
  // D of 1 after both events of 1: 1, 2 (of 0 and 1), 1, 2. At 3: 1, 2.
  EXPECT_EQ(alerts_of(patterns, {"a 0 x -", "a 1 y -", "a 3 z -"}),
            "first {} at 0ms v[0] who=\"x\" n=1\nfirst {} at 1ms v[0 1] who=\"y\" n=2\n"
            "first {} at 1ms v[1] who=\"y\" n=1\nfirst {} at 3ms v[1 2] who=\"z\" n=2\n"
            "first {} at 3ms v[2] who=\"z\" n=1\n"
            "later {} at 3ms d[emitted:1000] e[2] f[emitted:3000] n=2\n"
            "later {} at 3ms d[emitted:1000] e[2] f[emitted:3000] n=1\n");
}

TEST(NaiveRun, TakesFirstEventsInOrderWithLeftmost) {
  const std::string pattern =
      "pattern p { match " + kStepA + " then any b: E[s == 'b'] then any c: E[s == 'c'] skip ";
  const std::vector<std::string> events{"a 0 - -", "a 1 - -", "b 2 - -", "c 3 - -", "c 4 - -"};
  EXPECT_EQ(alerts_of(pattern + "past last leftmost }", events), "p {} at 3ms a[0] b[2] c[3]\n");
  // A longer match is preferred though a shorter one is complete earlier.
  EXPECT_EQ(alerts_of("pattern p { match v: E[s == 'b']+ within 9ms skip past last leftmost }",
                      {"b 0 - -", "b 1 - -", "x 2 - -", "b 3 - -"}),
            "p {} at 3ms v[0 1 3]\n");
}

// A timer comes after all events up to its time, also when the input ends before it; where there is
// no timer, what is open is decided at the largest event time of the whole input.
TEST(NaiveRun, DecidesWhatIsOpenWhenTheInputEnds) {
  EXPECT_EQ(alerts_of("pattern p { match " + kStepA + " then not x: E[s == 'x'] for 4ms }",
                      {"a 0 - -", "x 4 - -", "a 5 - -"}),
            "p {} at 9ms a[2]\n");
  EXPECT_EQ(alerts_of("pattern p { by k match " + kStepA + " next not x: E[s == 'x'] }",
                      {"a 0 x -", "a 1 y -", "b 7 z -"}),
            "p {\"k\":\"x\"} at 7ms a[0]\np {\"k\":\"y\"} at 7ms a[1]\n");
}

}  // namespace
}  // namespace tocsin::model
