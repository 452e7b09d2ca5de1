#include "nfa/code.h"

#include <gtest/gtest.h>

#include <optional>

#include "patterns/front_end.h"
#include "tests/support/json_run.h"

namespace tocsin::nfa {
namespace {

using patterns::PatternSet;

// The declarations of one event and a pattern over it. In `expression` a field is written "$i": it
// is read from the tested event in a condition, and from the bound event in `emit`.
std::string fields_as(const std::string& expression, const std::string& prefix) {
  std::string out;
  for (const char c : expression) {
    if (c == '$') {
      out += prefix;
    } else {
      out += c;
    }
  }
  return out;
}

constexpr const char* kEvent =
    "event E { i: int?, j: int?, f: float?, g: float?, s: string?, u: string?, t: timestamp?, "
    "b: bool?, c: bool?, at: timestamp } time at\n";
constexpr const char* kRecord =
    R"({"i":7,"j":-3,"f":2.5,"g":-0.5,"s":"Grüße an alle","u":" x ","t":"2026-03-05T13:45:30.5Z",)"
    R"("b":true,"c":false,"at":"2026-01-01T00:00:00Z"})";

constexpr const char* kNulls = R"({"at":"2026-01-01T00:00:00Z"})";

struct Result {
  std::string json;
  uint64_t errors = 0;
  friend bool operator==(const Result&, const Result&) = default;
  friend void PrintTo(const Result& result, std::ostream* out) {
    *out << result.json << " with " << result.errors << " errors";
  }
};

// A record, seen as the tested event and as the event bound last.
class CodeWorld {
 public:
  explicit CodeWorld(const PatternSet& set, const std::string& record)
      : layout_(set.patterns[0]), words_(layout_.words()) {
    batch_ = tests::JsonInput(set.catalog, 0).decode(std::vector<std::string>{record});
    layout_.clear(words_.data());
    uint64_t errors = 0;
    for (const Slot& slot : layout_.slots()) {
      Value value;
      const auto column = set.catalog.types[0].find(slot.field);
      if (column) value = batch_->tables[0].columns[*column].value(0);
      update_slot(slot, words_.data(), value, batch_->rows[0].time, errors);
    }
  }

  Result evaluate(const patterns::Expr& expr) {
    EvalContext context;
    context.table = batch_->tables.data();
    context.time = batch_->rows[0].time;
    context.slots = words_.data();
    context.layout = &layout_;
    eventtime::Arena scratch;
    context.scratch = &scratch;
    Result result;
    context.arithmetic_errors = &result.errors;
    append_json(result.json, Code::compile(expr).evaluate(context));
    return result;
  }

 private:
  SlotLayout layout_;
  std::vector<uint64_t> words_;
  std::shared_ptr<const eventtime::Batch> batch_;
};

Result in_emit(const std::string& expression, const std::string& record) {
  const PatternSet set = tests::load_patterns(
      kEvent + ("pattern p { match e: E emit v: " + fields_as(expression, "e.") + " }"));
  return CodeWorld(set, record).evaluate(set.patterns[0].emit[0].value);
}

// As the left side of a comparison, so that it may be of any type.
Result in_condition(const std::string& expression, const std::string& record) {
  const std::string bare = fields_as(expression, "");
  const PatternSet set =
      tests::load_patterns(kEvent + ("pattern p { match e: E[(" + bare + ") == (" + bare + ")] }"));
  const patterns::Expr& condition = *set.patterns[0].match.elements[0].step.condition;
  // What is null whatever the event is folded away, with the comparison.
  if (condition.operands.empty()) return in_emit(expression, record);
  return CodeWorld(set, record).evaluate(condition.operands[0]);
}

struct CodeCase {
  std::string expression;
  std::string json;
  uint64_t errors = 0;
};

void check_code(const std::vector<CodeCase>& cases, const std::string& record = kRecord) {
  for (const CodeCase& example : cases) {
    const Result expected{example.json, example.errors};
    EXPECT_EQ(in_emit(example.expression, record), expected) << example.expression;
    EXPECT_EQ(in_condition(example.expression, record), expected) << example.expression;
  }
}

TEST(Code, Arithmetic) {
  check_code({
      {"$i + $j", "4"},
      {"$i - $j", "10"},
      {"$i * $j", "-21"},
      {"$i / $j", "-2.3333333333333335"},
      {"$i % $j", "1"},
      {"$j % $i", "-3"},
      {"-$i", "-7"},
      {"-$f", "-2.5"},
      {"$i + $f", "9.5"},
      {"$f * $g", "-1.25"},
      {"$f - $i", "-4.5"},
      {"$f / $g", "-5.0"},
      {"$f % $g", "0.0"},
      {"-$f % 2", "-0.5"},
      {"$i + 2 * $j", "1"},
      {"($i + 2) * $j", "-27"},
      {"$i - 1 - 1", "5"},
  });
}

TEST(Code, TimesAndDurations) {
  check_code({
      {"$t + 1h", "\"2026-03-05T14:45:30.500Z\""},
      {"$t - 1d", "\"2026-03-04T13:45:30.500Z\""},
      {"$t - timestamp('2026-03-05T13:00:00Z')", "\"45m30s500ms\""},
      {"($t - $t) + 5s", "\"5s\""},
      {"($t - timestamp('2026-03-05T13:45:30Z')) * $i", "\"3s500ms\""},
      {"$f * ($t - timestamp('2026-03-05T13:45:30Z'))", "\"1s250ms\""},
      {"($t - timestamp('2026-03-05T13:45:30Z')) / $f", "\"200ms\""},
      {"($t - timestamp('2026-03-05T13:45:30Z')) / 2", "\"250ms\""},
      {"($t - timestamp('2026-03-05T13:45:30Z')) / 250ms", "2.0"},
      {"-($t - timestamp('2026-03-05T13:45:30Z'))", "\"-500ms\""},
      {"abs(timestamp('2026-03-05T13:45:30Z') - $t)", "\"500ms\""},
      {"hour($t)", "13"},
      {"day_of_week($t)", "4"},
      {"date_trunc('hour', $t)", "\"2026-03-05T13:00:00.000Z\""},
      {"date_trunc('week', $t)", "\"2026-03-02T00:00:00.000Z\""},
  });
}

TEST(Code, Comparisons) {
  check_code({
      {"$i > $j", "true"},
      {"$i < $f", "false"},
      {"$i == 7.0", "true"},
      {"$i != 7", "false"},
      {"$f >= 2.5", "true"},
      {"$f <= 2", "false"},
      {"$s < $u", "false"},
      {"$s == 'Grüße an alle'", "true"},
      {"$s != $u", "true"},
      {"$s >= 'Grüße an'", "true"},
      {"$b == $c", "false"},
      {"$t > timestamp('2026-03-05T13:45:30Z')", "true"},
      {"$i between 7 and 8", "true"},
      {"$i not between 7 and 8", "false"},
      {"$i in (1, 7)", "true"},
      {"$i not in (1, 7)", "false"},
      {"$f in (1, 2.5)", "true"},
      {"$s in ('a', 'b')", "false"},
      {"$i in (1, $i)", "true"},
      {"$i in (1, null)", "null"},
      {"$i in (7, null)", "true"},
      {"$i not in (1, null)", "null"},
      {"$s like 'Gr_ße%'", "true"},
      {"$s not like 'Gr_ße%'", "false"},
      {"$s ilike 'GRÜ%ALLE'", "true"},
      {"$s like null", "null"},
      {"not ($s ilike null)", "null"},
      {"$i is null", "false"},
      {"$i is not null", "true"},
      {"$i == null", "null"},
  });
}

TEST(Code, Functions) {
  check_code({
      {"abs($j)", "3"},
      {"abs($g)", "0.5"},
      {"round($f)", "3.0"},
      {"round(-$f)", "-3.0"},
      {"round($f / 10, 1)", "0.3"},
      {"round($i, -1)", "10"},
      {"floor($g)", "-1.0"},
      {"ceil($g)", "-0.0"},
      {"sqrt($i + 2)", "3.0"},
      {"pow($i, 2)", "49.0"},
      {"least($i, $j, 5)", "-3"},
      {"greatest($i, $f)", "7.0"},
      {"least($s, $u)", "\" x \""},
      {"greatest($s, 'zz')", "\"zz\""},
      {"coalesce($i, 1)", "7"},
      {"if($i > 5, 'big', 'small')", "\"big\""},
      {"if($i > 9, 'big', 'small')", "\"small\""},
      {"if($b, $i, $f)", "7.0"},
      {"lower($s)", "\"grüße an alle\""},
      {"upper($s)", "\"GRÜßE AN ALLE\""},
      {"trim($u)", "\"x\""},
      {"length($s)", "13"},
      {"substr($s, 3, 3)", "\"üße\""},
      {"substr($s, 7)", "\"an alle\""},
      {"contains($s, 'ße')", "true"},
      {"starts_with($s, 'Gr')", "true"},
      {"ends_with($s, 'Gr')", "false"},
      {"concat($s, ' und ', trim($u))", "\"Grüße an alle und x\""},
      {"upper(concat($u, $u))", "\" X  X \""},
      {"distance_km(0, 0, 0, $i - 7)", "0.0"},
  });
  // The tested event's time in a condition, the bound event's in `emit`.
  EXPECT_EQ(in_condition("time()", kRecord).json, "\"2026-01-01T00:00:00.000Z\"");
  EXPECT_EQ(in_emit("time(e)", kRecord).json, "\"2026-01-01T00:00:00.000Z\"");
}

// Out of range is null and counted, and what reads it goes on with null.
TEST(Code, ArithmeticErrorsAreNullAndCounted) {
  check_code({
      {"$i / 0", "null", 1},
      {"$i % 0", "null", 1},
      {"$f / 0.0", "null", 1},
      {"$f % 0", "null", 1},
      {"$i / ($i - 7)", "null", 1},
      {"9223372036854775807 + $i", "null", 1},
      {"$j - 9223372036854775807", "null", 1},
      {"$i * 9223372036854775807", "null", 1},
      {"-($j - 9223372036854775805)", "null", 1},
      {"abs($j - 9223372036854775805)", "null", 1},
      {"($j - 9223372036854775805) % ($i - 8)", "0"},
      {"sqrt($j)", "null", 1},
      {"pow($i, 1000)", "null", 1},
      {"pow(0 * $i, -1)", "null", 1},
      {"$f * 1e308 * 10", "null", 1},
      {"$i / 0 + 1 / ($i - 7)", "null", 2},
      {"coalesce($i / 0, 1.0)", "1.0", 1},
      {"$i / 0 > 1 or $b", "true", 1},
      {"$b or $i / 0 > 1", "true"},  // not looked at
      {"$c and $i / 0 > 1", "false"},
      {"if($b, 1.0, $i / 0)", "1.0"},
      {"round(9223372036854775807 + 0 * $i, -1)", "null", 1},
      {"($t - timestamp('2026-03-05T13:45:30Z')) / 0", "null", 1},
      {"($t - timestamp('2026-03-05T13:45:30Z')) * 1e300", "null", 1},
      {"($t - timestamp('2026-03-05T13:45:30Z')) / ($t - $t)", "null", 1},
  });
}

TEST(Code, NullInNullOut) {
  const std::string nothing = R"({"at":"2026-01-01T00:00:00Z"})";
  std::vector<CodeCase> cases;
  for (const char* expression : {"$i + 1",
                                 "1 - $i",
                                 "$f * $f",
                                 "1 / $i",
                                 "$i % 2",
                                 "-$f",
                                 "$t + 1h",
                                 "$i > 1",
                                 "$s < 'a'",
                                 "$b == true",
                                 "$i between 1 and 2",
                                 "$i in (1, 2)",
                                 "$s like '%'",
                                 "$s ilike '%'",
                                 "not $b",
                                 "abs($i)",
                                 "round($f)",
                                 "round($f, 2)",
                                 "round($i, -2)",
                                 "floor($f)",
                                 "ceil($f)",
                                 "sqrt($f)",
                                 "pow($f, 2)",
                                 "pow(2, $f)",
                                 "lower($s)",
                                 "upper($s)",
                                 "trim($s)",
                                 "length($s)",
                                 "substr($s, 1)",
                                 "substr('abc', $i)",
                                 "substr('abc', 1, $i)",
                                 "contains($s, 'a')",
                                 "contains('a', $s)",
                                 "starts_with($s, 'a')",
                                 "ends_with($s, 'a')",
                                 "concat('a', $s)",
                                 "hour($t)",
                                 "day_of_week($t)",
                                 "date_trunc('day', $t)",
                                 "distance_km(1, 2, 3, $f)",
                                 "distance_km($f, 2, 3, 4)",
                                 "coalesce($i, $j)",
                                 "least($i, $j)",
                                 "greatest($f, $g)",
                                 "if($b, 1, $i)",
                                 "$i / 0"}) {
    cases.push_back({expression, "null"});
  }
  cases.insert(cases.end(), {
                                {"$i is null", "true"},
                                {"$i is not null", "false"},
                                {"least($i, 4)", "null"},
                                {"greatest(4, $i, 5)", "null"},
                                {"coalesce($i, $j, 3)", "3"},
                                {"coalesce($s, 'none')", "\"none\""},
                                {"if($b, 1, 2)", "2"},
                            });
  check_code(cases, nothing);
}

// ---- three-valued logic ----

using Truth = std::optional<bool>;

std::string json_of(Truth truth) {
  if (!truth) return "null";
  return *truth ? "true" : "false";
}

Truth conjunction(Truth left, Truth right) {
  if (left == Truth(false) || right == Truth(false)) return false;
  if (!left || !right) return std::nullopt;
  return true;
}
Truth negation(Truth truth) {
  if (!truth) return truth;
  return !*truth;
}
Truth disjunction(Truth left, Truth right) {
  return negation(conjunction(negation(left), negation(right)));
}

TEST(Code, LogicHasThreeValues) {
  const std::vector<Truth> truths = {true, false, std::nullopt};
  for (const Truth b : truths) {
    for (const Truth c : truths) {
      const std::string record =
          R"({"b":)" + json_of(b) + R"(,"c":)" + json_of(c) + R"(,"at":"2026-01-01T00:00:00Z"})";
      check_code(
          {{"$b and $c", json_of(conjunction(b, c))},
           {"$b or $c", json_of(disjunction(b, c))},
           {"not $b", json_of(negation(b))},
           {"not ($b and $c)", json_of(negation(conjunction(b, c)))},
           {"$b and $c and $b", json_of(conjunction(b, c))},
           {"$c or $b or $b", json_of(disjunction(b, c))},
           {"$b and ($c or $b)", json_of(conjunction(b, disjunction(c, b)))},
           {"$b or $c and $b", json_of(disjunction(b, conjunction(c, b)))},
           {"$b or ($b and $c or $c)", json_of(disjunction(b, disjunction(conjunction(b, c), c)))},
           {"($b is null) or $c", json_of(disjunction(!b.has_value(), c))}},
          record);
    }
  }
}

TEST(Code, MatchesIsASearch) {
  check_code({{"$s matches 'ü.e an'", "true"},
              {"$s matches '^an'", "false"},
              {"$s not matches '^an'", "true"},
              {"$s matches '(?i)^GRÜSSE|ALLE\\z'", "true"},
              {"$u matches '^.x.\\z'", "true"},
              {"concat($u, $s) matches 'x G'", "true"},
              {"if($s matches 'Gr', 1, 2)", "1"}});
  check_code({{"$s matches 'a'", "null"}, {"$s not matches 'a'", "null"}}, kNulls);
}

TEST(Code, AListIsAskedByItsType) {
  const auto read = [](const std::string& path, size_t) -> eventtime::Result<std::string> {
    if (path == "texts") return std::string("a\nGrüße an alle\n");
    if (path == "numbers") return std::string("7\n9\n");
    return std::string("10.0.0.0/8\n2001:db8::/32\n");
  };
  const std::string lists =
      "list texts: string from 'texts'\nlist ints: int from 'numbers'\n"
      "list floats: float from 'numbers'\nlist nets: cidr from 'nets'\n";
  struct Asked {
    std::string expression;
    std::string json;
    std::string of_null = "null";
  };
  for (const Asked& asked : std::vector<Asked>{{"e.s in texts", "true"},
                                               {"e.s not in texts", "false"},
                                               {"e.u in texts", "false"},
                                               {"e.i in ints", "true"},
                                               {"e.j in ints", "false"},
                                               {"e.f in ints", "false"},
                                               {"e.f + 4.5 in ints", "true"},
                                               {"e.i in floats", "true"},
                                               {"e.f in floats", "false"},
                                               {"'10.1.2.3' in nets", "true", "true"},
                                               {"'11.1.2.3' not in nets", "true", "true"},
                                               {"e.s in nets", "false"},
                                               {"e.s not in nets", "true"},
                                               {"null in ints", "null"}}) {
    const patterns::Loaded loaded = patterns::load(
        {{"test.tocsin",
          kEvent + lists + "pattern p { match e: E emit v: " + asked.expression + " }"}},
        read);
    ASSERT_TRUE(loaded.patterns) << patterns::render(loaded.diagnostics, loaded.sources);
    const patterns::Expr& value = loaded.patterns->patterns[0].emit[0].value;
    EXPECT_EQ(CodeWorld(*loaded.patterns, kRecord).evaluate(value).json, asked.json)
        << asked.expression;
    EXPECT_EQ(CodeWorld(*loaded.patterns, kNulls).evaluate(value).json, asked.of_null)
        << asked.expression;
  }
}

TEST(Code, AConditionHoldsOnlyWhenItIsTrue) {
  for (const auto& [record, holds] : std::vector<std::pair<std::string, bool>>{
           {R"({"b":true,)", true}, {R"({"b":false,)", false}, {R"({"b":null,)", false}}) {
    const PatternSet set =
        tests::load_patterns(std::string(kEvent) + "pattern p { match e: E[b] }");
    const auto batch =
        tests::JsonInput(set.catalog, 0)
            .decode(std::vector<std::string>{record + R"("at":"2026-01-01T00:00:00Z"})"});
    EvalContext context;
    context.table = batch->tables.data();
    EXPECT_EQ(Code::compile(*set.patterns[0].match.elements[0].step.condition).holds(context),
              holds);
  }
}

// Long texts do not fit into a cell: constants point to what the code owns, wherever it moves.
TEST(Code, ConstantsOutliveAMove) {
  const PatternSet set = tests::load_patterns(
      std::string(kEvent) + "pattern p { match e: E[s != 'a text of more than twelve bytes'] }");
  const auto batch =
      tests::JsonInput(set.catalog, 0)
          .decode(std::vector<std::string>{R"({"s":"a text of more than twelve bytes","at":0})"});
  std::vector<Code> codes;
  for (int i = 0; i < 9; ++i) {
    codes.push_back(Code::compile(*set.patterns[0].match.elements[0].step.condition));
  }
  EvalContext context;
  context.table = batch->tables.data();
  for (const Code& code : codes) {
    EXPECT_EQ(code.evaluate(context).cell.integer, 0);
  }
}

}  // namespace
}  // namespace tocsin::nfa
