#include "nfa/start_plan.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "nfa/compiler.h"
#include "nfa/start_cells.h"
#include "tests/support/json_run.h"

namespace tocsin::nfa {
namespace {

using eventtime::Type;
using eventtime::Value;

Program program_of(const std::string& clauses) {
  const patterns::PatternSet set = tests::load_patterns(tests::letter_pattern(clauses));
  PredicateSet predicates;
  auto program = compile(set.patterns[0], set.catalog, predicates);
  EXPECT_TRUE(program) << clauses;
  return *std::move(program);
}

// "pair any, life 5s, kills 1, by a.n == n", or why there is none.
std::string start_plan_of(const std::string& clauses) {
  const Program program = program_of(clauses);
  const StartPlanning planning = plan_starts(program);
  if (!planning.plan) return planning.why_not;
  const StartPlan& plan = *planning.plan;
  constexpr const char* kNames[] = {"pair", "absence", "loop", "loop then"};
  std::string out = kNames[static_cast<size_t>(plan.kind)];
  if (plan.stays) out += " any";
  if (plan.kind == StartPlan::Kind::kLoop || plan.kind == StartPlan::Kind::kLoopThen) {
    out += " " + std::to_string(plan.minimum) + "..";
    if (plan.maximum != UINT32_MAX) out += std::to_string(plan.maximum);
  }
  if (plan.life) out += ", life " + eventtime::to_string(*plan.life);
  if (!plan.kills.empty()) out += ", kills " + std::to_string(plan.kills.size());
  if (plan.value_slot) out += ", by " + program.capture_texts[*plan.value_slot];
  if (plan.kill_by_value) out += " of the negation";
  if (plan.order) out += ", in the order of " + program.capture_texts[plan.order->slot];
  for (const GrowingTerm& term : plan.growing) {
    out += ", " + program.capture_texts[term.slot] + " to " + std::to_string(term.bound);
  }
  return out;
}

TEST(StartPlan, TwoStepsOfWhichTheFirstWaits) {
  EXPECT_EQ(start_plan_of("match a: A then b: B"), "pair");
  EXPECT_EQ(start_plan_of("match a: A then any b: B skip none"), "pair any");
  EXPECT_EQ(start_plan_of("match a: A then b: B within 9s"), "pair, life 9s");
  EXPECT_EQ(start_plan_of("match a: A then b: B in 5s"), "pair, life 5s");
  EXPECT_EQ(start_plan_of("match a: A then b: B in 5s within 9s"), "pair, life 5s");
  EXPECT_EQ(start_plan_of("match a: A then b: B in 9s within 5s"), "pair, life 5s");
  EXPECT_EQ(start_plan_of("match a: A then b: B having count(a) < 3"), "pair");
  EXPECT_EQ(start_plan_of("match a: A then not x: X then b: B"), "pair, kills 1");
  EXPECT_EQ(start_plan_of("match a: A then not x: X then not c: C then b: B"), "pair, kills 2");
}

TEST(StartPlan, AbsencesEndByTime) {
  EXPECT_EQ(start_plan_of("match a: A then not x: X for 5s"), "absence, life 5s, kills 1");
  EXPECT_EQ(start_plan_of("match a: A then not x: X for 5s within 3s"),
            "absence, life 5s, kills 1");
  EXPECT_EQ(start_plan_of("match a: A then not x: X within 3s"), "absence, life 3s, kills 1");
  EXPECT_EQ(start_plan_of("match a: A then not x: X[n == a.n] for 5s"),
            "absence, life 5s, kills 1, by a.n of the negation");
}

TEST(StartPlan, LoopsOverOneStep) {
  EXPECT_EQ(start_plan_of("match a: A"), "loop 1..1");
  EXPECT_EQ(start_plan_of("match a: A skip none"), "loop 1..1");
  EXPECT_EQ(start_plan_of("match a: A having sum(a.n) > 2"), "loop 1..1");
  EXPECT_EQ(start_plan_of("match a: A+"), "loop 1..");
  EXPECT_EQ(start_plan_of("match a: A{3} within 5s"), "loop 3..3, life 5s");
  EXPECT_EQ(start_plan_of("match a: A{2,4}"), "loop 2..4");
  EXPECT_EQ(start_plan_of("match a: A{2,}"), "loop 2..");
  EXPECT_EQ(start_plan_of("match a: A+ then b: B"), "loop then 1..");
  EXPECT_EQ(start_plan_of("match a: A+ then any b: B"), "loop then 1..")
      << "a later b leaves nothing to match";
  EXPECT_EQ(start_plan_of("match a: A{2,4} then b: B within 5s"), "loop then 2..4, life 5s");
}

TEST(StartPlan, HavingThatALoopMakesTrue) {
  EXPECT_EQ(start_plan_of("match a: A+ having count(a) >= 3"), "loop 1.., count(a) to 3.000000");
  EXPECT_EQ(start_plan_of("match a: A+ having 3 < count(a)"), "loop 1.., count(a) to 3.000000");
  EXPECT_EQ(start_plan_of("match a: A{2,} having distinct(a.id) > 2 and sum(a.n) >= 2"),
            "loop 2.., by distinct(a.id), distinct(a.id) to 2.000000, sum(a.n) to 2.000000");
  const std::string may_fall = "because `having` may refuse the longest loop and not a shorter one";
  for (const std::string having :
       {"count(a) <= 3", "3 >= count(a)", "count(a) == 3", "avg(a.n) > 3", "max(a.n) > 3",
        "not (count(a) < 3)", "count(a) >= 3 or a.n > 1", "count(a) >= 3 and a.n > 1",
        "sum(a.n) >= count(a)", "sum(a.n) >= 2.5", "count(a) + 1 > 3", "count(a) > null",
        "last(a.n) >= 3"}) {
    EXPECT_EQ(start_plan_of("match a: A+ having " + having), may_fall) << having;
  }
  EXPECT_EQ(start_plan_of("match a: A{2,4} having count(a) >= 3"),
            "because `having` may come true too late for the longest loop");
  EXPECT_EQ(start_plan_of("match a: A+ then b: B having count(a) >= 3"), may_fall);
}

TEST(StartPlan, ValuesInWhoseOrderTheyAreFound) {
  for (const std::string condition :
       {"n >= a.n", "a.n < n", "n < a.n and n != 3", "id != a.id and n <= a.n"}) {
    EXPECT_EQ(start_plan_of("match a: A then b: B[" + condition + "]"),
              "pair, in the order of a.n");
  }
  EXPECT_EQ(start_plan_of("match a: A then any b: B[n > a.n] skip none"),
            "pair any, in the order of a.n");
  EXPECT_EQ(start_plan_of("match a: A then not x: X[n == a.n] then b: B[n > a.n]"),
            "pair, kills 1, by a.n of the negation, in the order of a.n");
  EXPECT_EQ(start_plan_of("match a: A then b: B[id > a.id]"), "pair") << "a text";
  EXPECT_EQ(start_plan_of("match a: A then b: B[n > 2 * a.n]"), "pair");
  EXPECT_EQ(start_plan_of("match a: A then b: B[n > a.n or id == a.id]"), "pair");
}

TEST(StartPlan, ValuesThatALaterEventMustHave) {
  EXPECT_EQ(start_plan_of("match a: A then b: B[n == a.n]"), "pair, by a.n");
  EXPECT_EQ(start_plan_of("match a: A then b: B[a.id == id and n > a.n]"), "pair, by a.id");
  EXPECT_EQ(start_plan_of("match a: A then b: B[n > a.n and n == first(a.n)]"),
            "pair, by first(a.n)");
  EXPECT_EQ(start_plan_of("match a: A then b: B[n == prev.n]"), "pair, by prev.n");
  EXPECT_EQ(start_plan_of("match a: A then not x: X[n == a.n] then b: B"),
            "pair, kills 1, by a.n of the negation");
  EXPECT_EQ(start_plan_of("match a: A then not x: X[n == a.n] then b: B[id == a.id]"),
            "pair, kills 1, by a.id");
  for (const std::string condition :
       {"n != a.n", "n == a.n or n > 3", "n == sum(a.n)", "n + 1 == a.n", "not (n != a.n)",
        "n == count(a)", "n == 3", "time(a) == at"}) {
    EXPECT_EQ(start_plan_of("match a: A then b: B[" + condition + "]"), "pair") << condition;
  }
  EXPECT_EQ(start_plan_of("match a: A then not x: X[n == a.n] then not c: C then b: B"),
            "pair, kills 2");
}

TEST(StartPlan, OthersAreEvaluatedRunByRun) {
  const std::pair<const char*, const char*> kOthers[] = {
      {"match a: A then b: B then c: C", "it has more than two steps"},
      {"match a: A then b: B skip past last leftmost", "`leftmost`"},
      {"match a: A then b: B within 5s on timeout emit n: a.n", "`on timeout`"},
      {"match not x: X for 5s then a: A", "it looks back"},
      {"match a: A next b: B", "`next`"},
      {"match a: A next not x: X then b: B", "`next`"},
      {"match a: A then b: B without x: X", "its second step"},
      {"match a: A then not x: X for 5s then b: B", "more than a contiguity"},
      {"match a: A then b: B then not x: X for 5s", "its second step"},
      {"match a: A then not x: X for 5s then not c: C for 9s", ""},
      {"match a: A then b: B?", "its first step is followed"},
      {"match a: A+ any", "its loop has more"},
      {"match a: A+ strict", "`next`"},
      {"match a: A+ longest within 5s", "its loop has more"},
      {"match a: A+ until [n > 3]", "its first step is one"},
      {"match a: A+ skip none", "`skip none`"},
      {"match a: A[n > last(a.n) or count(a) == 0]+", "its first step is one"},
      {"match a: A+? then b: B", "its first step is followed"},
      {"match a: A+ then b: B in 5s", "more than a contiguity"},
      {"match a: A+ then b: B[n > last(a.n)]", "the last step's condition reads the loop"},
      {"match a: A+ then not x: X then b: B", "its loop has more"},
      {"match (a: A | a: B) then b: B", ""},
      {"match (a: A & b: B)", ""},
      {"match (a: A then b: B)+", ""},
      {"match a: A then b: B+", "its second step"},
  };
  for (const auto& [clauses, why] : kOthers) {
    const std::string found = start_plan_of(clauses);
    EXPECT_TRUE(found.starts_with("because " + std::string(why))) << clauses << ": " << found;
  }
}

TEST(ConditionShape, ComparisonsOfAFieldWithWhatIsBound) {
  const auto comparisons = [](const std::string& condition) {
    const Program program = program_of("match a: A then b: B[" + condition + "]");
    std::string out;
    for (const CaptureComparison& comparison : program.places[2].comparisons) {
      out += (out.empty() ? "" : ", ") + std::to_string(comparison.column) + " " +
             std::to_string(static_cast<int>(comparison.op)) + " " +
             program.capture_texts[comparison.slot];
    }
    return out;
  };
  using patterns::Op;
  const auto op = [](Op name) { return " " + std::to_string(static_cast<int>(name)) + " "; };
  EXPECT_EQ(comparisons("n == a.n"), "1" + op(Op::kEqual) + "a.n");
  EXPECT_EQ(comparisons("a.n < n"), "1" + op(Op::kGreater) + "a.n") << "the other way round";
  EXPECT_EQ(comparisons("a.n >= n and id != a.id"),
            "1" + op(Op::kLessEqual) + "a.n, 0" + op(Op::kNotEqual) + "a.id");
  EXPECT_EQ(comparisons("n == a.n or id == a.id"), "");
  EXPECT_EQ(comparisons("n > avg(a.n)"), "") << "an int and a float";
  EXPECT_EQ(comparisons("a.n == first(a.n)"), "");
}

// An event with a field of each type, then the same fields of nulls.
class StartCellsTest : public testing::Test {
 protected:
  static constexpr const char* kText =
      "event E { b: bool?, i: int?, f: float?, s: string?, u: string?, t: timestamp?, "
      "at: timestamp } time at\n"
      "pattern p { match a: E then x: E[b == a.b or i == a.i or f == a.f or s == a.s or u == a.u "
      "or t == a.t or sum(a.i) > 0 or count(a) > 1 or a.at < at] }\n";

  // What the updates of the first place read again, by the names of the captures.
  std::map<std::string, Value> round_trip(const std::string& line) {
    PredicateSet predicates;
    const Program program = *compile(set_.patterns[0], set_.catalog, predicates);
    const Place& place = program.places[kFirstPlace];
    store_.keep_text(0, 3);
    store_.keep_text(0, 4);
    auto batch = input_.decode(std::vector<std::string>{line});
    TestedEvent event;
    event.batch = batch.get();
    event.row = batch->rows.data();
    event.sequence = 1;
    store_.store(event);
    const StartCells cells(place, set_.catalog.types[0]);
    words_.assign(cells.words(), 0xAAAAAAAAAAAAAAAA);
    cells.write(words_.data(), event, store_);
    batch.reset();
    std::map<std::string, Value> values;
    for (size_t i = 0; i < place.updates.size(); ++i) {
      values[program.capture_texts[place.updates[i].slot]] = cells.read(words_.data(), i);
    }
    return values;
  }

  patterns::PatternSet set_ = tests::load_patterns(kText);
  tests::JsonInput input_{set_.catalog, 0};
  EventStore store_{1, false};
  std::vector<uint64_t> words_;
};

TEST_F(StartCellsTest, GiveBackWhatWasWritten) {
  auto values = round_trip(
      R"({"b":true,"i":-9223372036854775808,"f":-0.1,"s":"short","u":"more than twelve bytes",)"
      R"("t":1767225600001,"at":1767225600000})");
  EXPECT_EQ(values.at("a.b").type, Type::kBool);
  EXPECT_EQ(values.at("a.b").cell.integer, 1);
  EXPECT_EQ(values.at("a.i").type, Type::kInt);
  EXPECT_EQ(values.at("a.i").cell.integer, INT64_MIN);
  EXPECT_EQ(values.at("sum(a.i)").cell.integer, INT64_MIN);
  EXPECT_EQ(values.at("a.f").type, Type::kFloat);
  EXPECT_EQ(values.at("a.f").cell.number, -0.1);
  EXPECT_EQ(values.at("a.s").type, Type::kString);
  EXPECT_EQ(values.at("a.s").cell.text.view(), "short");
  EXPECT_EQ(values.at("a.u").cell.text.view(), "more than twelve bytes");
  EXPECT_EQ(values.at("a.t").type, Type::kTimestamp);
  EXPECT_EQ(values.at("a.t").cell.integer, 1767225600001000);
  EXPECT_EQ(values.at("a.at").cell.integer, 1767225600000000);
  EXPECT_TRUE(values.at("count(a)").is_null()) << "it takes nothing of the event";
}

TEST_F(StartCellsTest, KeepNulls) {
  auto values = round_trip(R"({"at":1767225600000,"f":0.0})");
  for (const char* name : {"a.b", "a.i", "a.s", "a.u", "a.t", "sum(a.i)"}) {
    EXPECT_TRUE(values.at(name).is_null()) << name;
  }
  EXPECT_EQ(values.at("a.f").type, Type::kFloat);
  EXPECT_EQ(values.at("a.f").cell.number, 0);
}

// More nulls than one word has bits.
TEST(StartCells, HaveRoomForAnyNumberOfFields) {
  constexpr size_t kFields = 130;
  std::string fields;
  std::string condition = "false";
  std::string line = "{";
  for (size_t i = 0; i < kFields; ++i) {
    const std::string name = "f" + std::to_string(i);
    fields += name + ": int?, ";
    condition += " or " + name + " == a." + name;
    if (i % 3 != 0) line += "\"" + name + "\":" + std::to_string(i) + ",";
  }
  const patterns::PatternSet set = tests::load_patterns(
      "event E { " + fields + "at: timestamp } time at\npattern p { match a: E then b: E[" +
      condition + "] }");
  PredicateSet predicates;
  const Program program = *compile(set.patterns[0], set.catalog, predicates);
  tests::JsonInput input(set.catalog, 0);
  const auto batch = input.decode(std::vector<std::string>{line + "\"at\":1}"});
  EventStore store(1, false);
  TestedEvent event;
  event.batch = batch.get();
  event.row = batch->rows.data();
  store.store(event);
  const Place& place = program.places[kFirstPlace];
  ASSERT_EQ(place.updates.size(), kFields);
  std::vector<std::string> saved;
  for (const StartCells::Room room : {StartCells::Room::kNone, StartCells::Room::kOwner}) {
    const StartCells cells(place, set.catalog.types[0], room);
    EXPECT_EQ(cells.words(), kFields + 3);
    std::vector<uint64_t> words(cells.words(), ~uint64_t{0});
    cells.write(words.data(), event, store);
    if (room == StartCells::Room::kOwner) {
      EXPECT_EQ(words[0] >> (64 - StartCells::kOwnerBits), 0U);
      words[0] |= ~uint64_t{0} << (64 - StartCells::kOwnerBits);  // the owner's
    }
    eventtime::Encoder out(saved.emplace_back());
    cells.save(out, words.data());
    eventtime::Decoder from(saved.back());
    std::vector<uint64_t> restored(cells.words(), ~uint64_t{0});
    cells.restore(from, restored.data(), store, event.stored);
    ASSERT_TRUE(from.is_complete());
    for (const std::vector<uint64_t>& each : {words, restored}) {
      for (size_t i = 0; i < kFields; ++i) {
        const uint32_t column = place.updates[i].column;
        const Value value = cells.read(each.data(), i);
        ASSERT_EQ(value.is_null(), column % 3 == 0) << column;
        if (!value.is_null()) {
          ASSERT_EQ(value.cell.integer, column);
        }
      }
    }
  }
  EXPECT_EQ(saved[0], saved[1]);
}

TEST(StartCells, OfTheOwnerHaveAWordWithoutFields) {
  const patterns::PatternSet set =
      tests::load_patterns("event E { at: timestamp } time at\npattern p { match a: E then b: E }");
  PredicateSet predicates;
  const Program program = *compile(set.patterns[0], set.catalog, predicates);
  const Place& place = program.places[kFirstPlace];
  EXPECT_EQ(StartCells(place, set.catalog.types[0]).words(), 0U);
  EXPECT_EQ(StartCells(place, set.catalog.types[0], StartCells::Room::kOwner).words(), 1U);
}

}  // namespace
}  // namespace tocsin::nfa
