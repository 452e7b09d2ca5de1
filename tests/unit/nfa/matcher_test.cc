#include "nfa/matcher.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>

#include "nfa/compiler.h"
#include "tests/support/json_run.h"

namespace tocsin::nfa {
namespace {

using tests::letter_matches;

struct MatcherCase {
  std::string clauses;
  std::string events;
  std::string matches;
};

void check_matcher(const std::vector<MatcherCase>& cases) {
  for (const MatcherCase& example : cases) {
    EXPECT_EQ(letter_matches(example.clauses, example.events), example.matches)
        << example.clauses << " over " << example.events;
  }
}

TEST(Matcher, ContiguitySaysWhatMayLieBetween) {
  check_matcher({
      {"match a: A then b: B skip none", "A1 X1 B1 B2", "a=A1 b=B1"},
      {"match a: A then any b: B skip none", "A1 X1 B1 B2", "a=A1 b=B1 | a=A1 b=B2"},
      {"match a: A next b: B skip none", "A1 X1 B1 A2 B2", "a=A2 b=B2"},
      {"match a: A then b: B skip none", "A1 A2 B1 B2", "a=A1 b=B1 | a=A2 b=B1"},
      {"match a: A then any b: B skip none", "A1 A2 B1 B2",
       "a=A1 b=B1 | a=A2 b=B1 | a=A1 b=B2 | a=A2 b=B2"},
      {"match a: A next b: B skip none", "A1 A2 B1 B2", "a=A2 b=B1"},
  });
}

// The relaxed connector waits for the first event that satisfies the condition given the same
// bindings, whatever else that event is.
TEST(Matcher, RelaxedLooksAtTheConditionAlone) {
  check_matcher({
      {"match a: A then b: B[n > a.n] skip none", "A5 B3 B7 B9", "a=A5 b=B7"},
      {"match a: A then b: B in 1s skip none", "A1@1s B1@3s B2@3s", ""},
      // The second A is consumed by the loop and by the exit alike.
      {"match a: A then b: A then c: C skip none", "A1 A2 A3 C1",
       "a=A1 b=A2 c=C1 | a=A2 b=A3 c=C1"},
      // An exit that was passed over is dead, though the loop goes on.
      {"match a: A+ then b: B[n == last(a.n)] skip none", "A1 B2 A2 B2",
       "a=A1,A2 b=B2 | a=A2 b=B2"},
      {"match a: A then b: A+ then c: A skip none", "A1 A2 A3 A4",
       "a=A1 b=A2 c=A3 | a=A1 b=A2,A3 c=A4 | a=A2 b=A3 c=A4"},
  });
}

TEST(Matcher, StrictSeesEveryEventOfTheKeysInput) {
  check_matcher({
      {"match a: A next b: B? next c: C skip none", "A1 C1 A2 B2 C2 A3 X1 C3",
       "a=A1 c=C1 | a=A2 b=B2 c=C2"},
      {"match a: A+ strict then b: B skip none", "A1 A2 X1 A3 B1",
       "a=A1,A2 b=B1 | a=A1 b=B1 | a=A2 b=B1 | a=A3 b=B1"},
  });
}

TEST(Matcher, OptionalElementsArePresentBeforeAbsent) {
  check_matcher({
      {"match a: A then b: B? then c: C", "A1 B1 C1", "a=A1 b=B1 c=C1"},
      {"match a: A then b: B? then c: C", "A1 C1 B1", "a=A1 c=C1"},
      {"match a: A then b: B? then c: C skip none", "A1 B1 C1", "a=A1 b=B1 c=C1 | a=A1 c=C1"},
      {"match a: A? then b: B", "A1 B1", "a=A1 b=B1"},
      {"match a: A? then b: B", "B1 A1 B2", "b=B1 | a=A1 b=B2"},
      {"match a: A? then b: B skip none", "A1 B1", "a=A1 b=B1 | b=B1"},
      // Completes at once: never reports the optional element.
      {"match a: A then b: B?", "A1 B1 A2", "a=A1 | a=A2"},
      {"match a: A then b: B? skip none", "A1 B1", "a=A1 | a=A1 b=B1"},
      // The first step that a group binds is connected as the group is.
      {"match a: A next (b: B? then c: C) skip none", "A1 C1 A2 X1 C2 A3 B1 X2 C3",
       "a=A1 c=C1 | a=A3 b=B1 c=C3"},
      // What is left out leaves its successor's own connector.
      {"match a: A then b: B? next c: C skip none", "A1 X1 C1 A2 C2", "a=A2 c=C2"},
  });
}

TEST(Matcher, LoopsCountTheirRounds) {
  check_matcher({
      {"match a: A{3}", "A1 A2 A3 A4 A5 A6 A7", "a=A1,A2,A3 | a=A4,A5,A6"},
      {"match a: A{2,3} then b: B skip none", "A1 A2 A3 A4 B1",
       "a=A1,A2,A3 b=B1 | a=A1,A2 b=B1 | a=A2,A3,A4 b=B1 | a=A2,A3 b=B1 | a=A3,A4 b=B1"},
      {"match a: A{2,} then b: B", "A1 B1 A2 A3 B2", "a=A1,A2,A3 b=B2"},
      {"match a: A{1,2} then b: B", "A1 A2 A3 B1", "a=A1,A2 b=B1"},
      {"match a: A{0,2} then b: B", "B1 A1 A2 A3 B2", "b=B1 | a=A1,A2 b=B2"},
      {"match x: X then a: A* then b: B", "X1 B1 X2 A2 B2", "x=X1 b=B1 | x=X2 a=A2 b=B2"},
      // A loop at the end completes when its minimum is reached, and again with each event.
      {"match a: A{2,3} skip none", "A1 A2 A3", "a=A1,A2 | a=A1,A2,A3 | a=A2,A3"},
      {"match a: A{2,}", "A1 A2 A3 A4", "a=A1,A2 | a=A3,A4"},
  });
}

TEST(Matcher, NestedLoopsCountEachForItself) {
  check_matcher({
      {"match (a: A{2} then b: B){2}", "A1 A2 B1 A3 A4 B2", "a=A1,A2,A3,A4 b=B1,B2"},
      {"match (a: A{2} then b: B){2}", "A1 A2 B1 A3 B2 A4 B3", "a=A1,A2,A3,A4 b=B1,B3"},
      {"match (a: A{1,2} next b: B){2} skip none", "A1 B1 A2 A3 B2 A4 B3",
       "a=A1,A2,A3 b=B1,B2 | a=A2,A3,A4 b=B2,B3 | a=A3,A4 b=B2,B3"},
      {"match ((a: A then b: B?){2} then c: C){2}", "A1 B1 A2 C1 A3 A4 B4 C2",
       "a=A1,A2,A3,A4 b=B1,B4 c=C1,C2"},
      {"match (a: A then b: B){2,3} then c: C", "A1 B1 A2 B2 A3 B3 A4 B4 C1",
       "a=A1,A2,A3 b=B1,B2,B3 c=C1"},
      {"match (a: A then b: B)+ strict then c: C", "A1 B1 A2 B2 X1 A3 B3 C1",
       "a=A1,A2 b=B1,B2 c=C1"},
      {"match (a: A+ then b: B?){2} then c: C", "A1 A2 C1", "a=A1,A2 c=C1"},
  });
}

TEST(Matcher, WindowsAreInclusive) {
  check_matcher({
      {"match a: A then b: B within 2s", "A1@1s B1@3s", "a=A1 b=B1"},
      {"match a: A then b: B within 2s", "A1@1s B1@3001ms", ""},
      {"match a: A then b: B in 2s", "A1@1s B1@3s", "a=A1 b=B1"},
      {"match a: A then b: B in 2s", "A1@1s B1@3001ms", ""},
      // `in` bounds the way to the element's first event, not its loop.
      {"match a: A then b: B{2} in 2s then c: C", "A1@1s B1@2s B2@9s C1@20s", "a=A1 b=B1,B2 c=C1"},
      {"match a: A then (b: B? then c: C) in 2s", "A1@1s C1@4s A2@5s B2@6s C2@20s",
       "a=A2 b=B2 c=C2"},
      {"match a: A? then b: B in 2s", "B1@1s A1@10s B2@20s", "b=B1 | b=B2"},
      // An expired start leaves its place to a later one.
      {"match a: A then b: B within 2s", "A1@1s A2@3s B1@5s", "a=A2 b=B1"},
      {"match a: A within 0s", "A1 A2", "a=A1 | a=A2"},
  });
}

TEST(Matcher, SkipStrategiesExcludeByTheFirstEvent) {
  const std::string match = "match a: A+ then b: B ";
  const std::string events = "A1 A2 A3 B1 B2";
  check_matcher({
      {match, events, "a=A1,A2,A3 b=B1"},
      {match + "skip past last", events, "a=A1,A2,A3 b=B1"},
      {match + "skip to next", events, "a=A1,A2,A3 b=B1 | a=A2,A3 b=B1 | a=A3 b=B1"},
      {match + "skip to first a", events, "a=A1,A2,A3 b=B1 | a=A2,A3 b=B1 | a=A3 b=B1"},
      {match + "skip to last a", events, "a=A1,A2,A3 b=B1 | a=A3 b=B1"},
      {match + "skip to first b", events, "a=A1,A2,A3 b=B1"},
      {"match a: A then x: X? then b: B skip to first x", "A1 A2 X1 A3 B1",
       "a=A1 x=X1 b=B1 | a=A3 b=B1"},
      // Nothing more where the variable is not bound.
      {"match a: A then x: X? then b: B skip to first x", "A1 A2 B1", "a=A1 b=B1 | a=A2 b=B1"},
      {"match a: A then b: B then c: A skip to last c", "A1 B1 A2 B2 A3",
       "a=A1 b=B1 c=A2 | a=A2 b=B2 c=A3"},
      {"match a: A then b: B then c: A", "A1 B1 A2 B2 A3", "a=A1 b=B1 c=A2"},
      {"match a: A then any b: B skip to next", "A1 B1 B2", "a=A1 b=B1"},
  });
}

// Several candidates of one start complete at one moment: another round before leaving, present
// before absent, for the same step the earlier event.
TEST(Matcher, ThePreferredOfAStartWins) {
  check_matcher({
      {"match a: A+ any then b: B", "A1 A2 A3 B1", "a=A1,A2,A3 b=B1"},
      {"match a: A then any b: B then c: C", "A1 B1 B2 C1", "a=A1 b=B1 c=C1"},
      {"match a: A then any b: B? then any c: C", "A1 B1 B2 C1", "a=A1 b=B1 c=C1"},
      {"match (a: A then any b: B?)+ any then c: C", "A1 A2 B2 C1", "a=A1 b=B2 c=C1"},
      {"match a: A then any b: B[n > a.n] then c: C[n == b.n]", "A1 B2 B3 B2 C3", "a=A1 b=B3 c=C3"},
      {"match a: A{1,2} any then b: A? then c: C", "A1 A2 A3 C1", "a=A1,A2 b=A3 c=C1"},
  });
}

TEST(Matcher, CandidatesThatFailHavingDoNotCount) {
  check_matcher({
      {"match a: A+ then any b: B having sum(a.n) == 3", "A1 A2 A3 B1", "a=A1,A2 b=B1"},
      {"match a: A+ any then any b: B having sum(a.n) == 3", "A1 A2 A3 B1", "a=A1,A2 b=B1"},
      {"match a: A+ any then any b: B having sum(a.n) == 4 skip to next", "A1 A2 A3 B1",
       "a=A1,A3 b=B1"},
      {"match a: A then any b: B having b.n == 2", "A1 B1 B2", "a=A1 b=B2"},
      {"match a: A+ any then any b: B having distinct(a.n) == 2", "A1 A1 A2 B1", "a=A1,A1,A2 b=B1"},
  });
}

// Ways that differ in no binding are one match, also where nothing is skipped.
TEST(Matcher, OneMatchForAllWaysToTheSameBindings) {
  check_matcher({
      {"match (a: A+)+ then b: B skip none", "A1 A2 B1", "a=A1,A2 b=B1 | a=A1 b=B1 | a=A2 b=B1"},
      {"match (a: A{1,2} any){1,2} any then b: B skip none", "A1 A2 B1",
       "a=A1,A2 b=B1 | a=A1 b=B1 | a=A2 b=B1"},
      {"match (a: A then b: B?)+ skip none", "A1 B1 A2",
       "a=A1 | a=A1 b=B1 | a=A1,A2 b=B1 | a=A1,A2 | a=A2"},
  });
}

TEST(Matcher, ConditionsReadTheRunSoFar) {
  check_matcher({
      {"match a: A then b: B[n > prev.n]+ then c: C", "A1 B2 B1 B3 C1", "a=A1 b=B2,B3 c=C1"},
      {"match a: A{2} then b: B[n > avg(a.n)]", "A2 A4 B3 B4", "a=A2,A4 b=B4"},
      {"match a: A[a.n is null]+ then b: B", "A1 A2 B1", "a=A1 b=B1"},
      {"match a: A[count(a) < 2]+ then b: B[count(a) == 2]", "A1 A2 A3 B1", "a=A1,A2 b=B1"},
      {"match a: A+ then b: B[n == first(a.n)]", "A3 A4 B5 B3", "a=A3,A4 b=B3"},
      {"match a: A then b: B[time() - time(a) >= 3s]", "A1 B1 B2 B3", "a=A1 b=B3"},
  });
}

TEST(Matcher, EventsOfOneTimeKeepTheirOrder) {
  check_matcher({
      {"match a: A next b: B then c: C", "A1@1s B1@1s C1@1s", "a=A1 b=B1 c=C1"},
      {"match a: A then b: B", "B1@1s A1@1s", ""},
  });
}

// ---- the state of a key ----

// A matcher with one key, its events fed one by one.
class OneKey {
 public:
  explicit OneKey(const std::string& clauses, size_t max_starts = 1000)
      : set_(tests::load_patterns(tests::letter_pattern(clauses))),
        program_(*compile(set_.patterns[0], set_.catalog, predicates_)),
        store_(set_.catalog.types.size(), true),
        matcher_(program_, store_, max_starts),
        input_(set_.catalog, 0) {}

  // Returns the number of matches.
  size_t feed(const std::string& events) {
    const auto batch = input_.decode(tests::letters(events));
    PredicateResults results;
    predicates_.evaluate(*batch, results);
    std::vector<Match> matches;
    for (const eventtime::Row& row : batch->rows) {
      TestedEvent event;
      event.batch = batch.get();
      event.row = &row;
      event.sequence = ++sequence_;
      matcher_.on_event(state_, event, results, {}, matches);
      if (event.stored != kNoEvent) store_.release(event.stored);
    }
    for (const Match& match : matches) matcher_.buffer().release(match.node);
    return matches.size();
  }

  Matcher& matcher() { return matcher_; }
  KeyState& state() { return state_; }
  size_t live_nodes() const { return matcher_.buffer().live(); }
  size_t live_events() const { return store_.live(); }

 private:
  patterns::PatternSet set_;
  PredicateSet predicates_;
  Program program_;
  EventStore store_;
  Matcher matcher_;
  tests::JsonInput input_;
  KeyState state_;
  uint64_t sequence_ = 0;
};

std::string repeated(const std::string& word, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) out += word + ' ';
  return out;
}

TEST(Matcher, DeadlinesAreInclusive) {
  OneKey key("match a: A then b: B within 5s");
  EXPECT_EQ(key.matcher().next_deadline(key.state()), eventtime::kMaxTimestamp);
  key.feed("A1@2s A2@4s");
  EXPECT_EQ(key.matcher().next_deadline(key.state()), eventtime::Timestamp{7'000'000});
  EXPECT_EQ(key.state().starts, 2U);
  std::vector<Match> matches;
  key.matcher().advance(key.state(), {7'000'000}, {}, matches);
  EXPECT_EQ(key.state().starts, 2U);
  key.matcher().advance(key.state(), {7'000'001}, {}, matches);
  EXPECT_EQ(key.state().starts, 1U);
  EXPECT_EQ(key.live_nodes(), 1U);
  key.matcher().drop_all(key.state());
  EXPECT_TRUE(key.state().empty());
  EXPECT_EQ(key.live_nodes(), 0U);
  EXPECT_EQ(key.live_events(), 0U);
}

TEST(Matcher, KeepsOneRunOfEachFuture) {
  // One for each start, not one for each subset.
  OneKey loop("match a: A+ any then b: B skip to next");
  loop.feed(repeated("A1", 50));
  EXPECT_EQ(loop.state().runs.size(), 50U);
  // Two that differ in what is still to be read are two.
  OneKey read("match a: A+ any then b: B[n > last(a.n)]");
  read.feed("A1 A2 A3");
  EXPECT_EQ(read.state().runs.size(), 3U + 2U + 1U);
  OneKey all("match a: A+ any then b: B skip none");
  all.feed("A1 A2 A3 A4");
  EXPECT_EQ(all.state().runs.size(), 15U);
}

// Each event fits a dozen places, and each place can go on to all that follow.
TEST(Matcher, OptionalStepsInARowDoNotMultiply) {
  std::string clauses = "match a: A";
  for (int i = 0; i < 12; ++i) clauses += " then any b" + std::to_string(i) + ": B?";
  OneKey key(clauses + " then any c: C");
  key.feed("A1");
  for (int i = 0; i < 16; ++i) {
    key.feed("B1");
    ASSERT_LE(key.state().runs.size(), 13U) << "after " << i + 1 << " events";
  }
  EXPECT_EQ(key.feed("C1"), 1U);
  EXPECT_EQ(key.live_nodes(), 0U);
}

TEST(Matcher, NothingLeaks) {
  const std::vector<std::string> patterns = {
      "match a: A then b: B within 7s",
      "match a: A+ any then b: B? then any c: C[n >= first(a.n)] within 5s skip to next",
      "match (a: A{1,2} any then b: B?){1,3} any then c: C within 9s skip none",
      "match a: A? next b: B then c: C+ in 2s skip to last b",
      "match a: A then b: B in 1s then any c: C having distinct(a.n) == 1 skip to first b",
      "match (a: A+)+ then b: B+ strict within 4s skip none",
  };
  std::mt19937_64 random(9);
  for (const std::string& clauses : patterns) {
    OneKey key(clauses, 6);
    size_t matches = 0;
    int64_t now = 0;
    for (int i = 0; i < 400; ++i) {
      now += static_cast<int64_t>(random() % 3);
      matches += key.feed(std::string(1, "ABCX"[random() % 4]) + std::to_string(random() % 3) +
                          "@" + std::to_string(now) + "s");
      EXPECT_LE(key.state().starts, 6U);
      size_t starts = 0;
      uint64_t last = 0;
      for (const nfa::Run& run : key.state().runs) {
        EXPECT_GE(run.start, last) << "runs stand in the order of their first events";
        starts += run.start != last ? 1 : 0;
        last = run.start;
      }
      EXPECT_EQ(key.state().starts, starts);
    }
    EXPECT_GT(matches, 0U) << clauses;
    key.matcher().drop_all(key.state());
    EXPECT_EQ(key.live_nodes(), 0U) << clauses;
    EXPECT_EQ(key.live_events(), 0U) << clauses;
  }
}

}  // namespace
}  // namespace tocsin::nfa
