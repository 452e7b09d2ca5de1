#include "runtime/stack_operator.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/support/json_run.h"
#include "tests/support/open_run.h"

namespace tocsin::runtime {
namespace {

using tests::letter_matches;
using tests::letter_pattern;
using tests::letters;
using tests::OpenRun;

TEST(StackOperator, FindsMatchesUnderEachStrategy) {
  const std::string steps = "match a: A then any b: B then c: C ";
  EXPECT_EQ(letter_matches(steps + "skip none", "A1 B1 A2 B2 C1 C2"),
            "a=A1 b=B1 c=C1 | a=A1 b=B2 c=C1 | a=A2 b=B2 c=C1");
  EXPECT_EQ(letter_matches(steps + "skip to next", "A1 B1 A2 B2 C1 C2"),
            "a=A1 b=B1 c=C1 | a=A2 b=B2 c=C1");
  EXPECT_EQ(letter_matches(steps, "A1 B1 A2 B2 C1 C2 A3 B3 C3"), "a=A1 b=B1 c=C1 | a=A3 b=B3 c=C3");
  EXPECT_EQ(letter_matches(steps + "skip to first b", "A1 A2 B1 A3 B2 C1"),
            "a=A1 b=B1 c=C1 | a=A3 b=B2 c=C1");
}

TEST(StackOperator, AnEventMayBeSeveralSteps) {
  EXPECT_EQ(letter_matches("match a: A then b: A then c: A skip none", "A1 A2 A3 A4"),
            "a=A1 b=A2 c=A3 | a=A2 b=A3 c=A4");
  EXPECT_EQ(letter_matches("match a: A then b: A then c: A", "A1 A2 A3 A4 A5 A6"),
            "a=A1 b=A2 c=A3 | a=A4 b=A5 c=A6")
      << "what ends a match begins none";
}

TEST(StackOperator, DropsTheOldestBeyondTheLimit) {
  EngineOptions options;
  options.max_starts = 2;
  OpenRun run(letter_pattern("match a: A then any b: B then c: C skip none"), options);
  run.push(letters("A1 A2 B1 A3 B2 C1"));
  run.pass("9s");
  EXPECT_EQ(run.ids(), "a=A2 b=B1 c=C1 | a=A2 b=B2 c=C1 | a=A3 b=B2 c=C1");
  EXPECT_EQ(run.dropped(), 1U);
}

TEST(StackOperator, ForgetsWhatIsDecided) {
  const auto left = [](const std::string& clauses, const std::string& events) {
    OpenRun run(letter_pattern(clauses));
    run.push(letters(events));
    run.pass("9s");
    return run.stats().live_events;
  };
  EXPECT_EQ(left("match a: A then b: B then c: C", "A1 B1 C1"), 0U);
  EXPECT_EQ(left("match a: A then b: B then c: C skip none", "A1 B1 C1"), 0U);
  EXPECT_EQ(left("match a: A then b: B then c: C skip none", "A1 B1 B2 C1 A2"), 1U)
      << "B2 follows nothing";
  EXPECT_EQ(left("match a: A then any b: B then c: C skip none", "A1 B1 B2 C1"), 1U);
  EXPECT_EQ(left("match a: A then any b: B then any c: C skip none", "A1 B1 B2 C1"), 3U);
  EXPECT_EQ(left("match a: A then b: B then c: C within 6s", "A1@1s B1@2s A2@4s B2@6s"), 2U)
      << "A1 and B1 have expired";
  EXPECT_EQ(left("match a: A then b: B then c: C", "B1 C1 B2"), 0U);
}

TEST(StackOperator, QuietKeysExpire) {
  OpenRun run(letter_pattern("by id match a: A then b: B then c: C within 10s"));
  run.push(letters("A1 A2 A3 A4@4s"));
  EXPECT_EQ(run.stats().live_keys, 4U);
  EXPECT_EQ(run.stats().timers, 4U);
  run.advance(60);
  EXPECT_EQ(run.stats().live_keys, 0U);
  EXPECT_EQ(run.stats().live_events, 0U);
  EXPECT_EQ(run.stats().timers, 0U);
}

// The table forgets its places, of which timers may still know.
TEST(StackOperator, ManyKeysLeaveNothingBehind) {
  OpenRun run(letter_pattern("by id match a: A then b: B then c: C within 10s"));
  for (int round = 0; round < 3; ++round) {
    std::string events;
    const int64_t begin = round * 100;
    for (int i = 0; i < 1500; ++i) {
      events += "A" + std::to_string(i) + "@" + std::to_string(begin + i / 250) + "s ";
    }
    run.push(letters(events));
    EXPECT_EQ(run.stats().live_keys, 1500U);
    run.push(letters("X0@" + std::to_string(begin + 9) + "s"));
    run.advance(begin + 60);
    EXPECT_EQ(run.stats().live_keys, 0U);
    EXPECT_EQ(run.stats().live_events, 0U);
  }
  EXPECT_EQ(run.stats().timers, 0U);
}

TEST(StackOperator, LeavesEventsInTheirBatchUntilItIsOld) {
  OpenRun run(letter_pattern("by id match a: A then b: B then c: C within 1h"));
  run.push(letters("A1 A2 A3 A4@4s"));
  EXPECT_EQ(run.stats().live_batches, 4U);
  for (int i = 1; i <= 66; ++i) run.push(letters("X1@" + std::to_string(4000 + i) + "ms"));
  EXPECT_EQ(run.stats().live_batches, 0U);
  EXPECT_EQ(run.stats().live_events, 4U) << "stored, each for itself";
}

// Counted though they leave as one.
TEST(StackOperator, CountsTheMatchesOfASet) {
  OpenRun run(letter_pattern("match a: A then any b: B+ any then c: C skip none"));
  run.push(letters("A1 B1 B2 B3 C1"));
  EXPECT_EQ(run.ids(), "") << "C1 may not be the last of its time";
  EXPECT_EQ(run.stats().patterns[0].alerts, 0U);
  run.pass("9s");
  EXPECT_EQ(run.ids(),
            "a=A1 b=B1,B2,B3 c=C1 | a=A1 b=B1,B2 c=C1 | a=A1 b=B1,B3 c=C1 | a=A1 b=B1 c=C1 | "
            "a=A1 b=B2,B3 c=C1 | a=A1 b=B2 c=C1 | a=A1 b=B3 c=C1");
  EXPECT_EQ(run.stats().patterns[0].alerts, 7U);
}

// "A1: b c", the first events that wait and what for.
std::string pending(const OpenRun& run) {
  std::string out;
  run.engine().visit_pending([&](const PendingKey& key) {
    for (const PendingMatch& match : key.matches) {
      const std::string_view raw = match.events.front().raw;
      const size_t id = raw.find(R"("id":")") + 6;
      out += (out.empty() ? "" : " | ") + std::string(raw.substr(id, 2)) + ":";
      for (const std::string_view next : match.next) out += " " + std::string(next);
    }
  });
  return out;
}

TEST(StackOperator, TellsWhatAFirstEventWaitsFor) {
  const std::map<std::string, std::string> cases = {
      {"A1", "A1: b"},
      {"A1 B1", "A1: c"},
      {"A1 B1 A2", "A1: c | A2: b"},
      {"A1 B1 A2 B2", "A1: c | A2: c"},
  };
  for (const auto& [events, expected] : cases) {
    OpenRun run(letter_pattern("match a: A then b: B then c: C skip none"));
    run.push(letters(events));
    run.pass("9s");
    EXPECT_EQ(pending(run), expected) << events;
  }
  OpenRun any(letter_pattern("match a: A then any b: B then any c: C skip none"));
  any.push(letters("A1 B1 A2 C1"));
  any.pass("9s");
  EXPECT_EQ(pending(any), "A1: b c | A2: b");
}

}  // namespace
}  // namespace tocsin::runtime
