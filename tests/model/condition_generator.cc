#include "tests/model/condition_generator.h"

namespace tocsin::model {

namespace {

// Puts `variable` in the place of every `$`.
std::string with(std::string form, const std::string& variable) {
  for (size_t at = form.find('$'); at != std::string::npos; at = form.find('$', at)) {
    form.replace(at, 1, variable);
    at += variable.size();
  }
  return form;
}

}  // namespace

std::string ConditionGenerator::local() {
  constructs_.insert("local condition");
  return random_.one_of({
      "s == 'a'",
      "s == 'a'",
      "s == 'b'",
      "s != 'b'",
      "s in ('a', 'Ab')",
      "s not in ('a', 'b')",
      "s like 'a%'",
      "s like '_b'",
      "s ilike 'AB'",
      "x > 0",
      "x > 1",
      "x >= 2",
      "x < 2",
      "x <= 1",
      "x == 1",
      "x != 0",
      "x is null",
      "x is not null",
      "p is null or p < 2.5",
      "x between 0 and 2",
      "p not between 1 and 3",
      "p > 1",
      "p >= x",
      "x + g > 1",
      "x - g <= 0",
      "x * 2 < g + 2",
      "x % 2 == 0",
      "x / g >= 1",
      "-x < 1",
      "not (x > 1)",
      "ok",
      "not ok",
      "ok == true or x == 0",
      "coalesce(x, g, 1) > 0",
      "if(ok, x, g) >= 1",
      "least(x, g) > 0",
      "greatest(x, 1) == 1",
      "abs(x) == 1",
      "round(p) == 2",
      "floor(p) <= 1",
      "length(s) == 1",
      "upper(s) == 'AB'",
      "starts_with(s, 'a')",
      "contains(s, 'b')",
      "ends_with(s, 'b')",
      "substr(s, 2) == 'b'",
      "concat(s, 'b') == 'ab'",
      "time() == at",
      "t < at",
      "at - t <= 2ms",
      "day_of_week(at) == 4 and hour(at) == 0",
      "x > 9223372036854775807 + x",
      "null is null",
      "x == null or g == 1",
  });
}

// Conditions that read a variable, whether it is bound or not.
std::string ConditionGenerator::over_loop(const std::string& variable) {
  constructs_.insert("aggregate");
  return with(random_.one_of({
                  "count($) < 2",
                  "count($) == 0 or x > last($.x)",
                  "count($) == 0 or x >= first($.x)",
                  "count($) == 0 or p <= $.p",
                  "sum($.x) is null or sum($.x) < 3",
                  "coalesce(sum($.x), 0) + x <= 4",
                  "coalesce(sum($.p), 0) < 5",
                  "x > avg($.x)",
                  "p <= avg($.p) or avg($.p) is null",
                  "x > min($.x)",
                  "coalesce(max($.x), 1) >= x",
                  "p < max($.p) or max($.p) is null",
                  "coalesce(stddev($.p), 0) < 1.3",
                  "stddev($.x) is null or stddev($.x) > 0.3",
                  "distinct($.s) < 2",
                  "distinct($.x) == count($)",
                  "first($.s) == s or first($.s) is null",
                  "last($.s) != s or last($.s) is null",
                  "min($.s) <= s or count($) == 0",
                  "max($.t) <= t or max($.t) is null",
              }),
              variable);
}

std::string ConditionGenerator::correlated(const std::vector<std::string>& visible) {
  if (random_.percent(25)) {
    constructs_.insert("prev");
    return random_.one_of({"x > prev.x", "x >= prev.x or prev.x is null", "s != prev.s",
                           "s == prev.s", "p <= prev.p", "prev.i is null or i > prev.i + 1",
                           "time() - prev.at <= 2ms or prev.at is null", "g == prev.g or x == 1",
                           "coalesce(prev.ok, ok)"});
  }
  const std::string& variable = random_.one_of(visible);
  if (random_.percent(60)) return over_loop(variable);
  constructs_.insert("v.f");
  return with(random_.one_of({"x == $.x", "x > $.x", "x >= $.x", "x < $.x or $.x is null",
                              "x != $.x", "s == $.s", "p >= $.p * 1.5", "g == $.g and x >= 0",
                              "time() - time($) <= 3ms", "at > $.at or time($) is null",
                              "$.s is null or length($.s) < 2", "if($.ok, x > 0, x < 2)",
                              "at - $.t < 10ms"}),
              variable);
}

std::string ConditionGenerator::condition(const std::vector<std::string>& visible) {
  const size_t choice = random_.below(100);
  if (choice < 50 || visible.empty()) return local();
  if (choice < 75) return correlated(visible);
  const std::string left = random_.percent(50) ? local() : correlated(visible);
  const std::string right = random_.percent(50) ? local() : correlated(visible);
  const char* connective = random_.percent(60) ? " or " : " and ";
  const std::string both = "(" + left + ")" + connective + "(" + right + ")";
  return random_.percent(10) ? "not (" + both + ")" : both;
}

// A number of a whole match, null where nothing is bound. A deviation is rounded: the model and the
// engine may add it up differently.
std::string ConditionGenerator::number_of(const std::string& variable) {
  return with(random_.one_of({"count($)", "sum($.x)", "avg($.x)", "min($.x)", "max($.p)",
                              "round(stddev($.p), 6)", "first($.x)", "last($.p)", "distinct($.s)",
                              "$.g", "sum($.p)", "avg($.p)"}),
              variable);
}

std::string ConditionGenerator::having(const std::vector<std::string>& variables) {
  const std::string& v = random_.one_of(variables);
  const std::string& w = random_.one_of(variables);
  const std::string number = number_of(v);
  const std::string other = number_of(w);
  switch (random_.below(4)) {
    case 0:
      return number + random_.one_of({" >= ", " < ", " != "}) + other;
    case 1:
      return "coalesce(" + number + ", 0)" + random_.one_of({" <= 2", " > 1"});
    case 2:
      return "time(" + w + ") - time(" + v + ") < 6ms or " + number + " > 1";
    default:
      return with("not (first($.x) > last($.x))", v) + with(" and count($) < 4", w);
  }
}

std::string ConditionGenerator::function_of(const std::string& variable) {
  return with(random_.one_of({
                  "collect($.x)",
                  "collect($.s)",
                  "collect($.t)",
                  "first($.at)",
                  "time($)",
                  "last($.at) - first($.at)",
                  "(last($.at) - first($.at)) * 2",
                  "(last($.at) - first($.at)) / 2ms",
                  "time($) + 1h30m",
                  "date_trunc('hour', $.t)",
                  "date_trunc('day', time($))",
                  "hour($.t)",
                  "day_of_week($.at)",
                  "lower($.s)",
                  "upper(first($.s))",
                  "trim(concat(' ', $.s, ' '))",
                  "substr($.s, 1, 1)",
                  "length($.s)",
                  "concat($.s, '-', first($.s))",
                  "$.s like '%b'",
                  "$.ok or $.x > 0",
                  "$.ok and $.x > 0",
                  "not $.ok",
                  "$.x in (1, 2, null)",
                  "if($.x > 1, 'many', 'few')",
                  "coalesce($.x, -1)",
                  "$.x + $.p",
                  "$.x - $.g * 3",
                  "$.x / $.g",
                  "$.x % $.g",
                  "-7 % $.x",
                  "$.p % 2",
                  "-$.p",
                  "round($.p)",
                  "round($.x, -1)",
                  "round(avg($.x), 1)",
                  "upper(lower($.s))",
                  "substr($.s, 0, 2)",
                  "round((last($.at) - first($.at)) / 3ms)",
                  "(last($.at) - first($.at)) / 3",
                  "floor(-$.p)",
                  "ceil($.p)",
                  "abs($.x)",
                  "sqrt(abs($.p))",
                  "pow($.x, 2)",
                  "least($.x, $.g)",
                  "greatest($.p, $.x)",
                  "$.x * 4611686018427387904",
                  "round(distance_km($.p, $.x, 10.5, 20), 3)",
                  "min($.s)",
                  "max($.at)",
              }),
              variable);
}

std::string ConditionGenerator::emitted(const std::vector<std::string>& variables) {
  const std::string& v = random_.one_of(variables);
  return random_.percent(40) ? number_of(v) : function_of(v);
}

}  // namespace tocsin::model
