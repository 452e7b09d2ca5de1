#include "nfa/fingerprint.h"

#include <gtest/gtest.h>

#include "nfa/compiler.h"
#include "tests/support/json_run.h"

namespace tocsin::nfa {
namespace {

std::string fingerprint(const std::string& clauses, const std::string& before = {}) {
  const patterns::PatternSet set =
      tests::load_patterns(before + tests::letter_pattern("by id " + clauses));
  PredicateSet predicates;
  const auto program = compile(set.patterns[0], set.catalog, predicates);
  EXPECT_TRUE(program);
  return automaton_fingerprint(*program, set.patterns[0], set.catalog);
}

std::string_view difference(const std::string& before, const std::string& now) {
  return automaton_difference(fingerprint(before), fingerprint(now));
}

constexpr std::string_view kSteps = "its steps, their order, times or negations are others";
constexpr std::string_view kValues =
    "other values of earlier events are kept for its conditions and results";
constexpr std::string_view kPlan = "it is evaluated by another plan";

TEST(Fingerprint, ConditionsAndResultsAreNotPartOfIt) {
  const std::string steps = "match a: A{2,} then b: B[n > 3 and n > sum(a.n)] ";
  const std::string within = " within 5m ";
  EXPECT_EQ(difference(steps + within,
                       "match a: A[n != 7]{2,} then b: B[n > 4 and n < sum(a.n)]" + within),
            "");
  EXPECT_EQ(
      difference(steps + "having sum(a.n) > 3" + within, steps + "having sum(a.n) < 9" + within),
      "");
  EXPECT_EQ(difference(steps + within + "emit x: sum(a.n)",
                       steps + within + "emit y: sum(a.n) * 2, z: 7"),
            "");
  EXPECT_EQ(difference(steps + within, steps + within + "meta severity: 'high'"), "");
}

TEST(Fingerprint, WhatRunsDependOnIs) {
  const std::string steps = "match a: A then b: B[n > 3] then c: C within 5m ";
  EXPECT_EQ(difference(steps, "match a: A then b: B[n > 3] then c: C within 6m"), kSteps);
  EXPECT_EQ(difference(steps, "match a: A next b: B[n > 3] then c: C within 5m"), kSteps);
  EXPECT_EQ(difference(steps, "match a: A then b: B{2} then c: C within 5m"), kSteps);
  EXPECT_EQ(difference(steps, "match a: A then b: B then c: D within 5m"), kSteps);
  EXPECT_EQ(difference(steps, "match a: A then not x: D then b: B then c: C within 5m"), kSteps);
  EXPECT_EQ(difference(steps, steps + "skip none"), kSteps);
  EXPECT_EQ(difference(steps, steps + "suppress 1h"), kSteps);
  EXPECT_EQ(difference(steps, steps + "emit x: a.n"), kValues);
  EXPECT_EQ(difference("match a: A[n > 1]{3} within 5m",
                       "match a: A[n > 1]{3} having avg(a.n) > 2 within 5m"),
            kValues);
  EXPECT_EQ(
      difference("match a: A then b: B[n > a.n] within 5m emit x: a.n, m: b.n",
                 "match a: A then b: B[n > a.n] having b.n > 1 within 5m emit x: a.n, m: b.n"),
      "");
}

TEST(Fingerprint, TheKeyAndThePlanAreParts) {
  const patterns::PatternSet set = tests::load_patterns(
      "event E { id: string, n: int, at: timestamp } time at\n"
      "pattern p { by id match a: E then b: E within 5m }\n"
      "pattern q { by n match a: E then b: E within 5m }\n");
  PredicateSet predicates;
  const auto p = compile(set.patterns[0], set.catalog, predicates);
  const auto q = compile(set.patterns[1], set.catalog, predicates);
  EXPECT_EQ(automaton_difference(automaton_fingerprint(*p, set.patterns[0], set.catalog),
                                 automaton_fingerprint(*q, set.patterns[1], set.catalog)),
            "its key is another");
  // The condition keeps the same value, and decides whether all loops are one list.
  EXPECT_EQ(difference("match a: A{2,} having sum(a.n) > 9 within 5m",
                       "match a: A{2,} having sum(a.n) < 9 within 5m"),
            kPlan);
}

TEST(Fingerprint, OtherDeclarationsDoNotMatter) {
  const std::string clauses = "match a: A then b: B[n > a.n] within 5m emit x: b.id";
  EXPECT_EQ(fingerprint(clauses),
            fingerprint(clauses, "event Z { z: float, at: timestamp } time at\n"));
}

}  // namespace
}  // namespace tocsin::nfa
