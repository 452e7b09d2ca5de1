#include "nfa/compiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/json_run.h"

namespace tocsin::nfa {
namespace {

eventtime::Result<Program> compiled(const std::string& clauses) {
  const patterns::PatternSet set = tests::load_patterns(tests::letter_pattern(clauses));
  PredicateSet predicates;
  return compile(set.patterns[0], set.catalog, predicates);
}

std::string to_string(const Program& program, const Edge& edge) {
  std::string out = edge.target == kEndPlace ? "end" : program.places[edge.target].text.variable;
  if (edge.target != kEndPlace && edge.contiguity == Contiguity::kStrict) out += " strict";
  if (edge.target != kEndPlace && edge.contiguity == Contiguity::kAny) out += " any";
  if (edge.in) out += " in " + eventtime::to_string(*edge.in);
  if (edge.after) out += " after " + eventtime::to_string(*edge.after);
  for (const CounterGuard& guard : edge.guards) {
    out += " if " + std::to_string(guard.minimum) + "<=#" + std::to_string(guard.counter);
    if (guard.mask != UINT32_MAX) out += "&" + std::to_string(guard.mask);
    if (guard.maximum != UINT32_MAX) out += "<=" + std::to_string(guard.maximum);
  }
  for (const CounterAction& action : edge.actions) {
    const bool adds = action.op == CounterOp::kIncrement;
    out += (adds                           ? " add #"
            : action.op == CounterOp::kSet ? " set #"
                                           : " or #") +
           std::to_string(action.counter);
    if (adds) out += "<=" + std::to_string(action.saturation);
    if (!adds && action.value != 1) out += "=" + std::to_string(action.value);
  }
  return out;
}

// Each place and its edges in the order of preference: "start: a | a: a, b strict | b: end".
std::string edges(const std::string& match) {
  const auto program = compiled("match " + match);
  if (!program) return program.error().message;
  std::string out;
  for (size_t i = 0; i < program->places.size(); ++i) {
    if (i > 0) out += " | ";
    out += (i == kStartPlace ? "start" : program->places[i].text.variable) + ": ";
    for (size_t j = 0; j < program->places[i].edges.size(); ++j) {
      if (j > 0) out += ", ";
      const Edge& edge = program->places[i].edges[j];
      std::string text = to_string(*program, edge);
      // The first step of a pattern is connected to nothing.
      if (i == kStartPlace) {
        EXPECT_EQ(edge.contiguity, Contiguity::kAny);
        text.erase(text.find(" any"), 4);
      }
      out += text;
    }
  }
  return out;
}

struct CompilerCase {
  std::string match;
  std::string edges;
};

void check_compiler(const std::vector<CompilerCase>& cases) {
  for (const CompilerCase& example : cases)
    EXPECT_EQ(edges(example.match), example.edges) << example.match;
}

TEST(Compiler, Connectors) {
  check_compiler({
      {"a: A", "start: a | a: end"},
      {"a: A then b: B next c: C then any d: D",
       "start: a | a: b | b: c strict | c: d any | d: end"},
      {"a: A then b: B in 5m", "start: a | a: b in 5m | b: end"},
  });
}

TEST(Compiler, OptionalElements) {
  check_compiler({
      {"a: A? then b: B", "start: a, b | a: b | b: end"},
      {"a: A then b: B? next c: C", "start: a | a: b, c strict | b: c strict | c: end"},
      {"a: A then b: B? then c: C?", "start: a | a: b, c, end | b: c, end | c: end"},
      {"a: A next (b: B? then c: C)", "start: a | a: b strict, c strict | b: c | c: end"},
      {"(a: A then b: B?)? then c: C", "start: a, c | a: b, c | b: c | c: end"},
      {"a: A? then b: B in 1m then c: C", "start: a, b in 1m | a: b in 1m | b: c | c: end"},
      {"a: A then (b: B? then c: C) in 1m", "start: a | a: b in 1m, c in 1m | b: c | c: end"},
      {"a: A then (b: B in 5m then c: C) in 1m", "start: a | a: b in 1m | b: c | c: end"},
  });
}

TEST(Compiler, LoopsOverAStep) {
  check_compiler({
      {"a: A+ then b: B", "start: a | a: a, b | b: end"},
      {"a: A+ strict next b: B", "start: a | a: a strict, b strict | b: end"},
      {"x: X then a: A* any next b: B", "start: x | x: a, b strict | a: a any, b strict | b: end"},
      {"a: A{3} then b: B", "start: a set #0 | a: a if 0<=#0<=2 add #0<=3, b if 3<=#0 | b: end"},
      {"a: A{2,4}", "start: a set #0 | a: a if 0<=#0<=3 add #0<=4, end if 2<=#0"},
      {"a: A{2,} then b: B", "start: a set #0 | a: a add #0<=2, b if 2<=#0 | b: end"},
      {"x: X then a: A{0,2} then b: B",
       "start: x | x: a set #0, b | a: a if 0<=#0<=1 add #0<=2, b | b: end"},
      {"a: A{1,100000}", "start: a set #0 | a: a if 0<=#0<=99999 add #0<=100000, end"},
      {"x: X then a: A+ in 1m", "start: x | x: a in 1m | a: a, end"},
  });
}

TEST(Compiler, LoopsOverGroups) {
  check_compiler({
      {"(a: A then b: B)+", "start: a | a: b | b: a, end"},
      {"(a: A next b: B){2} any then c: C",
       "start: a set #0 | a: b strict | b: a any if 0<=#0<=1 add #0<=2, c if 2<=#0 | c: end"},
      // The first step that a round binds takes the loop's contiguity.
      {"(a: A? next b: B)+ strict", "start: a, b | a: b strict | b: a strict, b strict, end"},
      {"(a: A then b: B?)+ then c: C", "start: a | a: b, a, c | b: a, c | c: end"},
      // Inner before outer before leaving.
      {"(a: A+ strict then b: B)+ any then c: C",
       "start: a | a: a strict, b | b: a any, c | c: end"},
      {"(a: A+ strict)+ any", "start: a | a: a strict, a any, end"},
      {"(a: A{2}){3}",
       "start: a set #0 set #1 | a: a if 0<=#1<=1 add #1<=2, "
       "a if 2<=#1 if 0<=#0<=2 add #0<=3 set #1, end if 2<=#1 if 3<=#0"},
      {"((a: A then b: B?){2} then c: C){2,}",
       "start: a set #0 set #1 | "
       "a: b, a if 0<=#1<=1 add #1<=2, c if 2<=#1 | "
       "b: a if 0<=#1<=1 add #1<=2, c if 2<=#1 | "
       "c: a add #0<=2 set #1, end if 2<=#0"},
  });
}

TEST(Compiler, RefusesMoreWaysThanAPlaceMayHave) {
  std::string match = "a: A";
  for (int i = 0; i < 63; ++i) match += " then v" + std::to_string(i) + ": B?";
  EXPECT_TRUE(compiled("match " + match)) << "64 ways: 63 steps and the end";
  const auto refused = compiled("match " + match + " then last: B?");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("more than 64 ways to go on"));
  // Nested groups multiply the ways; the walk must still end.
  std::string nested = "a: A?";
  for (int i = 0; i < 12; ++i) {
    const std::string n = std::to_string(i);
    nested = "(" + nested + " then l" + n + ": B? then r" + n + ": C)?";
  }
  static_cast<void>(compiled("match x: X then " + nested));
}

TEST(Compiler, KnowsWhatDecidesTheFuture) {
  const auto program =
      compiled("match a: A then b: B[n > a.n] then c: C[id == b.id] then d: D having count(a) > 0");
  std::vector<std::vector<std::string>> signatures;
  for (const Place& place : program->places) {
    signatures.emplace_back();
    for (const uint32_t slot : place.signature) {
      signatures.back().push_back(program->capture_texts[slot]);
    }
    std::sort(signatures.back().begin(), signatures.back().end());
  }
  const std::vector<std::vector<std::string>> expected = {
      {"a.n", "b.id", "count(a)"},  // start
      {"a.n", "b.id", "count(a)"},  // a: what b and c read is still ahead
      {"b.id", "count(a)"},        {"count(a)"}, {"count(a)"},
  };
  EXPECT_EQ(signatures, expected);
}

TEST(Compiler, KnowsHowLongARunCanWait) {
  const auto program =
      compiled("match a: A then b: B? in 2m then c: C in 5m then d: D? in 1m then e: X");
  ASSERT_EQ(program->places.size(), 6U);
  EXPECT_EQ(program->places[1].life, eventtime::Duration{300'000'000});  // b in 2m or c in 5m
  EXPECT_EQ(program->places[2].life, eventtime::Duration{300'000'000});
  EXPECT_EQ(program->places[3].life, std::nullopt);  // e has no bound
  EXPECT_TRUE(program->places[3].waits_by_time);
  EXPECT_FALSE(program->places[4].waits_by_time);
  EXPECT_FALSE(program->sees_every_event);
  EXPECT_TRUE(compiled("match a: A next b: B")->sees_every_event);
}

TEST(Compiler, KnowsWhereTwoWaysBindTheSame) {
  EXPECT_FALSE(compiled("match a: A+ then b: B?")->ambiguous);
  EXPECT_FALSE(compiled("match (a: A+ then b: B)+")->ambiguous);
  EXPECT_TRUE(compiled("match (a: A+)+")->ambiguous);
  EXPECT_TRUE(compiled("match (a: A+ then b: B?)+")->ambiguous);
}

TEST(Compiler, RefusesTooManyWaysHoweverTheyAreWritten) {
  std::string match = "match a: A";
  for (int i = 0; i < 9000; ++i) match += " then b" + std::to_string(i) + ": B??";
  const auto program = compiled(match + " within 1h");
  ASSERT_FALSE(program);
  EXPECT_NE(program.error().message.find("more than 64 ways"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::nfa
