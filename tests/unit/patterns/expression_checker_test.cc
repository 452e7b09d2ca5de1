// Tables: an expression as it is written, and the typed tree or the first mistake.
#include <gtest/gtest.h>

#include <string>

#include "patterns/front_end.h"
#include "patterns/pattern_dump.h"

namespace tocsin::patterns {
namespace {

constexpr const char* kCheckerEvents =
    "event E { ok: bool, n: int, m: int?, x: float, s: string, t: timestamp, d: duration,\n"
    "  at: timestamp } time at\n"
    "list names: string from 'l' list ports: int from 'l' list weights: float from 'l'\n"
    "list nets: cidr from 'nets'\n";

struct ExpressionCheckerCase {
  std::string text;
  std::string expected;  // the dump, or "code: message"
};

Loaded load_checked(const std::string& text) {
  std::vector<SourceFile> sources;
  sources.emplace_back("test.tocsin", kCheckerEvents + text);
  return load(std::move(sources), [](const std::string& path, size_t) {
    return eventtime::Result<std::string>(path == "nets" ? "10.0.0.0/8" : "10");
  });
}

std::string first_mistake(const Loaded& loaded) {
  for (const Diagnostic& item : loaded.diagnostics.items()) {
    if (item.severity == Severity::kError) return item.code + ": " + item.message;
  }
  return "nothing, but no patterns either";
}

// Of the condition of b in `match a: E then b: E[...]`.
std::string check_condition(const std::string& text) {
  const Loaded loaded =
      load_checked("pattern p { match a: E{1,3} then b: E[" + text + "] within 1h }");
  if (!loaded.patterns) return first_mistake(loaded);
  const Pattern& pattern = loaded.patterns->patterns[0];
  const std::optional<Expr>& condition = pattern.match.elements[1].step.condition;
  if (!condition) return "always";
  return dump(*condition, pattern, loaded.patterns->catalog.types.data());
}

// Of the value v in `emit v: ...`.
std::string check_value(const std::string& text) {
  const Loaded loaded =
      load_checked("pattern p { by s match a: E{1,3} then b: E within 1h emit v: " + text + " }");
  if (!loaded.patterns) return first_mistake(loaded);
  const Pattern& pattern = loaded.patterns->patterns[0];
  return dump(pattern.emit[0].value, pattern, nullptr);
}

void expect_conditions(const std::vector<ExpressionCheckerCase>& cases) {
  for (const ExpressionCheckerCase& test : cases)
    EXPECT_EQ(check_condition(test.text), test.expected) << test.text;
}

void expect_values(const std::vector<ExpressionCheckerCase>& cases) {
  for (const ExpressionCheckerCase& test : cases)
    EXPECT_EQ(check_value(test.text), test.expected) << test.text;
}

TEST(ExpressionChecker, ComparesOneTypeAndMixesIntWithFloat) {
  expect_conditions({
      {"n > 1", "(greater:bool n:int 1:int)"},
      {"n > 1.5", "(greater:bool (to_float:float n:int) 1.5:float)"},
      {"x > 1", "(greater:bool x:float 1.0:float)"},
      {"x == n", "(equal:bool x:float (to_float:float n:int))"},
      {"s < 'a'", "(less:bool s:string 'a':string)"},
      {"ok != true", "(not_equal:bool ok:bool true:bool)"},
      {"d >= 90s", "(greater_equal:bool d:duration 1m30s:duration)"},
      {"t <= timestamp('2026-03-01 10:00:00+01:00')",
       "(less_equal:bool t:timestamp timestamp('2026-03-01T09:00:00.000Z'):timestamp)"},
      {"n == 'a'", "type-mismatch: cannot compare int with string"},
      {"t > d", "type-mismatch: cannot compare timestamp with duration"},
      {"ok > false", "type-mismatch: bool has no order, so there is no '>'"},
  });
}

TEST(ExpressionChecker, KnowsTheTypesOfArithmetic) {
  expect_values({
      {"a.n + a.m", "(add:int a.n:int a.m:int)"},
      {"a.n * a.x", "(multiply:float (to_float:float a.n:int) a.x:float)"},
      {"a.n / a.m", "(divide:float (to_float:float a.n:int) (to_float:float a.m:int))"},
      {"a.n % 3", "(modulo:int a.n:int 3:int)"},
      {"a.x % 3", "(modulo:float a.x:float 3.0:float)"},
      {"a.t - b.t", "(subtract:duration a.t:timestamp b.t:timestamp)"},
      {"a.t - 5m", "(subtract:timestamp a.t:timestamp 5m:duration)"},
      {"a.t + 5m", "(add:timestamp a.t:timestamp 5m:duration)"},
      {"5m + a.t", "(add:timestamp a.t:timestamp 5m:duration)"},
      {"a.d - 5m", "(subtract:duration a.d:duration 5m:duration)"},
      {"a.d * 2", "(multiply:duration a.d:duration 2:int)"},
      {"0.5 * a.d", "(multiply:duration a.d:duration 0.5:float)"},
      {"a.d / 2", "(divide:duration a.d:duration 2.0:float)"},
      {"a.d / 5m", "(divide:float a.d:duration 5m:duration)"},
      {"-a.d", "(negate:duration a.d:duration)"},
      {"a.t + b.t", "type-mismatch: cannot apply '+' to timestamp and timestamp"},
      {"a.d * b.d", "type-mismatch: cannot apply '*' to duration and duration"},
      {"a.s + 'x'", "type-mismatch: cannot apply '+' to string and string"},
      {"2 / a.d", "type-mismatch: cannot apply '/' to int and duration"},
      {"a.d + 1", "type-mismatch: cannot apply '+' to duration and int"},
      {"-a.t", "type-mismatch: '-' takes an int, float or duration, not timestamp"},
  });
}

TEST(ExpressionChecker, FoldsWhatIsExact) {
  expect_values({
      {"1 + 2 * 3", "7:int"},
      {"7 / 2", "3.5:float"},
      {"-(5)", "-5:int"},
      {"2 * 5m", "10m:duration"},
      {"1h - 15m", "45m:duration"},
      {"timestamp('2026-01-01') + 1d", "timestamp('2026-01-02T00:00:00.000Z'):timestamp"},
      {"9223372036854775807 + 1", "(add:int 9223372036854775807:int 1:int)"},
      {"1 / 0", "(divide:float 1.0:float 0.0:float)"},
      {"7 % 0", "(modulo:int 7:int 0:int)"},
      {"9007199254740993 + 0.5", "(add:float (to_float:float 9007199254740993:int) 0.5:float)"},
      {"1 < 2 and 'a' < 'b'", "true:bool"},
      {"if(1 > 2, 1, a.n)", "a.n:int"},
      {"coalesce(1, a.n)", "1:int"},
  });
}

TEST(ExpressionChecker, FoldsConditionsInThreeValuedLogic) {
  expect_conditions({
      {"true", "always"},
      {"not false and true", "always"},
      {"n > 1 and true", "(greater:bool n:int 1:int)"},
      {"n > 1 or true", "always"},
      {"n > 1 and false", "false:bool"},
      {"null", "false:bool"},
      {"n == null", "false:bool"},
      {"not (n == null)", "false:bool"},
      {"n == null or ok", "(or:bool null:null ok:bool)"},
      {"(n == null) is null", "always"},
      {"null is not null", "false:bool"},
      {"lower(null) == s", "false:bool"},
  });
}

TEST(ExpressionChecker, WritesOutSugar) {
  expect_conditions({
      {"n between 1 and 2.5",
       "(and:bool (greater_equal:bool n:int 1:int) (less_equal:bool (to_float:float n:int) "
       "2.5:float))"},
      {"n not between 1 and 2",
       "(not:bool (and:bool (greater_equal:bool n:int 1:int) (less_equal:bool n:int 2:int)))"},
      {"n in (1, 2.5, null)", "(in:bool (to_float:float n:int) 1.0:float 2.5:float null:null)"},
      {"s not in ('a')", "(not:bool (in:bool s:string 'a':string))"},
      {"s like 'it''s%'", "(like:bool s:string 'it''s%':string)"},
      {"s not ilike '_'", "(not:bool (ilike:bool s:string '_':string))"},
      {"m is null or m is not null", "(or:bool (is_null:bool m:int) (is_not_null:bool m:int))"},
      {"n in (1, 'a')", "type-mismatch: cannot compare int with string"},
      {"s like s", "bad-literal: the pattern of 'like' must be a text in quotes"},
      {"s matches 'a'", "(matches:bool s:string 'a':string)"},
      {"s not matches '^a'", "(not:bool (matches:bool s:string '^a':string))"},
      {"null matches 'a'", "false:bool"},
      {"s matches s", "bad-literal: the pattern of 'matches' must be a text in quotes"},
      {"s matches '('",
       "bad-regex: bad regular expression: missing close parenthesis for group started at index 0"},
      {"s in names", "(in_list:bool s:string)"},
      {"s not in names", "(not:bool (in_list:bool s:string))"},
      {"n in names", "type-mismatch: list 'names' holds string, not int"},
      {"s in nams", "unknown-list: there is no list 'nams'"},
      {"n in weights", "(in_list:bool (to_float:float n:int))"},
      {"x in ports", "(in_list:bool x:float)"},
      {"null in ports", "false:bool"},
      {"n in nets", "type-mismatch: list 'nets' holds cidr, not int"},
  });
}

TEST(ExpressionChecker, KnowsTheTypesOfFunctions) {
  expect_values({
      {"abs(a.d)", "(abs:duration a.d:duration)"},
      {"round(a.x)", "(round:float a.x:float)"},
      {"round(a.n)", "a.n:int"},
      {"round(a.n, -2)", "(round:int a.n:int -2:int)"},
      {"floor(a.n)", "a.n:int"},
      {"ceil(a.x)", "(ceil:float a.x:float)"},
      {"pow(a.n, 2)", "(pow:float (to_float:float a.n:int) 2.0:float)"},
      {"least(a.n, a.x, 3)", "(least:float (to_float:float a.n:int) a.x:float 3.0:float)"},
      {"greatest(a.t)", "a.t:timestamp"},
      {"coalesce(null, a.n)", "(coalesce:int null:null a.n:int)"},
      {"if(a.ok, a.n, null)", "(if:int a.ok:bool a.n:int null:null)"},
      {"if(a.ok, null, null)", "null:null"},
      {"concat(a.s, '-', a.s)", "(concat:string a.s:string '-':string a.s:string)"},
      {"substr(a.s, 2)", "(substr:string a.s:string 2:int)"},
      {"length(a.s)", "(length:int a.s:string)"},
      {"date_trunc('week', a.t)", "(date_trunc:timestamp 'week':string a.t:timestamp)"},
      {"day_of_week(a.t)", "(day_of_week:int a.t:timestamp)"},
      {"distance_km(a.x, 1, 2, 3)", "(distance_km:float a.x:float 1.0:float 2.0:float 3.0:float)"},
      {"time(a)", "time(a):timestamp"},
      {"ROUND(a.x)", "(round:float a.x:float)"},
      {"concat(a.s, 1)", "type-mismatch: argument 2 of 'concat' must be string, not int"},
      {"least(a.ok)",
       "type-mismatch: argument 1 of 'least' must be int, float, string, timestamp or duration, "
       "not bool"},
      {"round(a.x, 0.5)", "type-mismatch: argument 2 of 'round' must be int, not float"},
      {"date_trunc('hours', a.t)", "bad-unit: 'date_trunc' has no unit 'hours'"},
      {"timestamp('soon')", "bad-literal: 'soon' is no timestamp"},
      {"pow(2)", "wrong-argument-count: 'pow' takes 2 arguments, not 1"},
      {"rund(a.x)", "unknown-function: there is no function 'rund'"},
  });
}

TEST(ExpressionChecker, KnowsTheTypesOfAggregates) {
  expect_values({
      {"count(a)", "count(a):int"},
      {"sum(a.n)", "sum(a.n):int"},
      {"sum(a.x)", "sum(a.x):float"},
      {"sum(a.d)", "sum(a.d):duration"},
      {"avg(a.n)", "avg(a.n):float"},
      {"stddev(a.n)", "stddev(a.n):float"},
      {"min(a.s)", "min(a.s):string"},
      {"max(a.t)", "max(a.t):timestamp"},
      {"distinct(a.ok)", "distinct(a.ok):int"},
      {"first(a.ok)", "first(a.ok):bool"},
      {"last(a.n)", "a.n:int"},
      {"(collect(a.s))", "collect(a.s):string"},
      {"s", "s:string"},
      {"avg(a.d)", "type-mismatch: 'avg' takes a field of int or float; 'd' is duration"},
      {"sum(a.s)", "type-mismatch: 'sum' takes a field of int, float or duration; 's' is string"},
      {"sum(a)", "bad-argument: 'sum' takes a field of a variable"},
      {"count(a.n)", "bad-argument: 'count' takes a variable"},
      {"concat(collect(a.s))",
       "not-here: 'collect' can stand only as the whole value of an 'emit'"},
      {"n", "not-in-by: 'n' is not a field of 'by'"},
      {"prev.n", "not-here: 'prev' can stand only in the condition of a step"},
      {"time()", "not-here: 'time()' can stand only in the condition of a step"},
  });
}

TEST(ExpressionChecker, RefersToWhatMayBeBound) {
  expect_conditions({
      {"n > a.n", "(greater:bool n:int a.n:int)"},
      {"n > prev.n", "(greater:bool n:int prev.n:int)"},
      {"count(b) == 0", "(equal:bool count(b):int 0:int)"},
      {"time() - time(a) < 5m",
       "(less:bool (subtract:duration time():timestamp time(a):timestamp) 5m:duration)"},
      {"n > b.n", "unbound-variable: 'b' is not bound before its own condition is true"},
      {"n > c.n", "unknown-variable: there is no variable 'c'"},
      {"collect(a.n) == 1", "not-here: 'collect' can stand only as the whole value of an 'emit'"},
  });
}

TEST(ExpressionChecker, RefusesWhatWouldGrowWithoutBound) {
  std::string text = "n";
  for (int i = 0; i < 20; ++i) text = "if(" + text + " between 1 and 2, 1, 2)";
  EXPECT_EQ(check_condition(text + " == 1"), "too-many: too many 'between' in one another");
}

TEST(ExpressionChecker, PrintsReadableConditions) {
  const std::vector<std::string> same = {
      "n > 1 and (ok or m is null)",
      "not (ok and n == 1)",
      "n - (m - 1) > n - m - 1",
      "x * (x + 1.5) > -x",
      "s not in ('it''s', s)",
      "n in (1, 2) and s like 'a%'",
      "if(ok, a.n, count(a)) > greatest(n, m, 3)",
  };
  for (std::string text : same) {
    const Loaded loaded =
        load_checked("pattern p { match a: E then b: E[" + text + "] within 1h }");
    ASSERT_TRUE(loaded.patterns) << render(loaded.diagnostics, loaded.sources);
    const Pattern& pattern = loaded.patterns->patterns[0];
    if (text.starts_with("s not in")) text = "not s in ('it''s', s)";
    EXPECT_EQ(to_string(*pattern.match.elements[1].step.condition, pattern,
                        loaded.patterns->catalog.types.data()),
              text);
  }
}

}  // namespace
}  // namespace tocsin::patterns
