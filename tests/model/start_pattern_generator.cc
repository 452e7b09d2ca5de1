#include "tests/model/start_pattern_generator.h"

#include <utility>

namespace tocsin::model {

std::string StartPatternGenerator::use(std::string construct, std::string text) {
  constructs_.insert(std::move(construct));
  return text;
}

std::string StartPatternGenerator::duration(int64_t most) {
  return std::to_string(random_.between(0, most)) + "ms";
}

std::string StartPatternGenerator::local() {
  return random_.one_of({"s == 'a'", "s != 'b'", "x > 0", "x <= 1", "p > 0.2", "ok", "x is null",
                         "length(s) > 12", "p >= x", "g == 1", "i % 3 != 0"});
}

// Of both kinds of sides, also between what only looks alike: an int and a float.
std::string StartPatternGenerator::equality() {
  use("equality", "");
  return random_.one_of({"s == v1.s",
                         "v1.s == s",
                         "x == v1.x",
                         "v1.x == x",
                         "p == v1.p",
                         "v1.p == p",
                         "ok == v1.ok",
                         "t == v1.t",
                         "g == v1.x",
                         "x == v1.p",
                         "i == v1.x",
                         "s == first(v1.s)",
                         "last(v1.x) == x",
                         "s == prev.s",
                         "x == sum(v1.x)",
                         "x == v1.x and p == v1.p",
                         "s == v1.s and x != v1.x",
                         "x >= v1.x and v1.s == s",
                         "s == v1.s and length(s) > 1",
                         "lower(s) == lower(v1.s) and g == v1.g",
                         "not (x != v1.x)",
                         "x == v1.x or s == v1.s"});
}

std::string StartPatternGenerator::comparison() {
  return random_.one_of({"x > v1.x", "v1.x >= x", "p < v1.p", "v1.p <= p", "s != v1.s", "s > v1.s",
                         "v1.ok != ok", "x > 2 * v1.x - 1", "at - v1.at <= 3ms",
                         "time() - time(v1) > 1ms", "x > max(v1.x) or s is null",
                         "upper(s) != upper(v1.s)", "i > v1.i + 2", "x > prev.x",
                         "distinct(v1.x) == x", "count(v1) < x", "concat(s, 'b') != v1.s"});
}

std::string StartPatternGenerator::step(const std::string& variable) {
  variables_.push_back(variable);
  const std::string text = variable + ": " + random_.one_of({"A", "A", "A", "B"});
  return random_.percent(55) ? text : text + "[" + local() + "]";
}

// A condition that may read v1.
std::string StartPatternGenerator::later(const std::string& variable) {
  const std::string text = variable + ": " + random_.one_of({"A", "B", "B", "X"});
  const size_t choice = random_.below(100);
  if (choice < 12) return text;
  if (choice < 24) return text + "[" + local() + "]";
  if (choice < 32) return text + "[" + conditions_.condition({"v1"}) + "]";
  if (choice < 70) return text + "[" + equality() + "]";
  if (choice < 85) return text + "[" + comparison() + "]";
  const std::string first = random_.percent(60) ? equality() : comparison();
  const std::string second = random_.percent(50) ? local() : comparison();
  return text + "[(" + first + ") and " + second + "]";
}

std::string StartPatternGenerator::negations() {
  std::string text;
  while (negated_.size() < 2 && random_.percent(30)) {
    negated_.push_back("n" + std::to_string(negated_.size() + 1));
    text += use("negation", " then not " + later(negated_.back()));
  }
  return text;
}

std::string StartPatternGenerator::pair() {
  std::string text = step("v1") + negations();
  text += random_.percent(35) ? use("then any", " then any ") : use("then", " then ");
  variables_.emplace_back("v2");
  text += later("v2");
  if (random_.percent(30)) text += use("in", " in " + duration(8));
  return text;
}

std::string StartPatternGenerator::absence() {
  std::string text = step("v1");
  negated_.emplace_back("n1");
  text += " then not " + later("n1");
  if (random_.percent(50)) return use("not for", text + " for " + duration(8));
  needs_window_ = true;
  return use("final not", text);
}

std::string StartPatternGenerator::rounds() {
  return random_.one_of(
      {"{2}", "{3}", "{5}", "{2,}", "{3,}", "{1,2}", "{2,3}", "{2,4}", "+", "+", "{1,}", "{4,}"});
}

std::string StartPatternGenerator::loop() {
  loops_ = true;
  const bool has_having = random_.percent(70);
  const std::string open = random_.one_of({"+", "+", "{2,}", "{3,}"});
  const std::string text = step("v1");
  if (!has_having) return use("loop", text + rounds());
  use("having over loop", "");
  return text + (random_.percent(90) ? open : rounds());
}

std::string StartPatternGenerator::loop_then() {
  std::string text = step("v1") + rounds();
  text += random_.percent(20) ? use("then any", " then any ") : use("then", " then ");
  variables_.emplace_back("v2");
  text += std::string("v2: ") + random_.one_of({"A", "B", "B"});
  if (random_.percent(60)) text += "[" + local() + "]";
  return use("loop then", text);
}

std::string StartPatternGenerator::single() {
  return use("single", step("v1"));
}

std::string StartPatternGenerator::growing_term() {
  const std::string aggregate = random_.one_of(
      {"count(v1)", "count(v1)", "distinct(v1.x)", "distinct(v1.s)", "distinct(v1.p)",
       "distinct(v1.ok)", "sum(v1.x)", "sum(v1.x)", "sum(v1.p)", "sum(v1.p)", "sum(v1.g)"});
  std::string bound;
  if (aggregate.starts_with("sum(v1.p)")) {
    bound = random_.one_of({"0.3", "0.6", "0.7", "1", "1.1", "2.5", "-0.5", "0", "4"});
  } else {
    bound = random_.one_of({"2", "2", "3", "3", "4", "5", "1", "0", "2.5", "-1"});
  }
  switch (random_.below(4)) {
    case 0:
      return bound + " <= " + aggregate;
    case 1:
      return aggregate + " > " + bound;
    case 2:
      return bound + " < " + aggregate;
    default:
      return aggregate + " >= " + bound;
  }
}

std::string StartPatternGenerator::growing() {
  std::string text = growing_term();
  while (random_.percent(30)) text += " and " + growing_term();
  return text;
}

std::string StartPatternGenerator::having() {
  const bool growing_form = constructs_.contains("having over loop");
  if (!growing_form && !random_.percent(constructs_.contains("single") ? 70 : 15)) return "";
  std::string text;
  if (random_.percent(growing_form ? 88 : 50)) {
    text = growing();
  } else if (random_.percent(50)) {
    text = random_.one_of({"count(v1) < 4", "avg(v1.p) > 0.4", "max(v1.x) >= 2", "v1.x > 0",
                           "first(v1.x) < last(v1.x)", "upper(v1.s) != 'A'", "not (count(v1) < 3)",
                           "count(v1) >= 2 or v1.ok", "sum(v1.x) != 3"});
  } else {
    text = conditions_.having(variables_);
  }
  return use("having", "  having " + text + "\n");
}

std::string StartPatternGenerator::key() {
  switch (random_.below(9)) {
    case 0:
      return use("no key", "");
    case 1:
      return use("by several", "  by k, g\n");
    case 2:
      return use("by several", "  by s, k\n");
    case 3:
    case 4: {
      std::string text;
      std::vector<std::string> all = variables_;
      all.insert(all.end(), negated_.begin(), negated_.end());
      for (const std::string& variable : all) {
        text += (text.empty() ? "" : ", ") + variable + random_.one_of({".k", ".k", ".l"});
      }
      return use("by step", "  by who: " + text + "\n");
    }
    default:
      return use("by one", "  by k\n");
  }
}

std::string StartPatternGenerator::window(size_t chance) {
  if (!needs_window_ && !random_.percent(chance)) return "";
  return use("within", "  within " + duration(random_.percent(50) ? 10 : 40) + "\n");
}

std::string StartPatternGenerator::skip() {
  const std::string& variable = random_.one_of(variables_);
  switch (random_.below(loops_ ? 6 : 7)) {
    case 0:
      return "";
    case 1:
      return use("skip past last", "  skip past last\n");
    case 2:
    case 3:
      return use("skip to next", "  skip to next\n");
    case 4:
      return use("skip to first", "  skip to first " + variable + "\n");
    case 5:
      return use("skip to last", "  skip to last " + variable + "\n");
    default:
      return use("skip none", "  skip none\n");
  }
}

std::string StartPatternGenerator::clauses_behind() {
  std::string text;
  if (random_.percent(60)) {
    text += "  emit r0: " + conditions_.emitted(variables_);
    if (random_.percent(60)) text += ", r1: " + conditions_.emitted(variables_);
    if (random_.percent(40)) {
      text += random_.one_of({", r2: collect(v1.s)", ", r2: sum(v1.p)", ", r2: avg(v1.p)",
                              ", r2: first(v1.s)", ", r2: max(v1.s)", ", r2: last(v1.t)",
                              ", r2: round(stddev(v1.p), 6)", ", r2: min(v1.p)"});
    }
    text += "\n";
  }
  if (random_.percent(20)) {
    text += use("suppress", "  suppress " + duration(4)) +
            random_.one_of({"", "", " by v1.x", " by first(v1.s)", " by count(v1)"}) + "\n";
  }
  return text;
}

std::string StartPatternGenerator::pattern() {
  std::string match;
  switch (random_.below(10)) {
    case 0:
    case 1:
    case 2:
      match = pair();
      break;
    case 3:
    case 4:
      match = absence();
      break;
    case 5:
    case 6:
    case 7:
      match = loop();
      break;
    case 8:
      match = loop_then();
      break;
    default:
      match = single();
  }
  return around(match, having());
}

std::string StartPatternGenerator::contiguity() {
  return random_.percent(50) ? use("then any", " then any ") : use("then", " then ");
}

// Steps of one type, so that an event may be several of them.
std::string StartPatternGenerator::middle(size_t number) {
  const std::string name = "m" + std::to_string(number);
  switch (random_.below(8)) {
    case 0:
      return use("stack loop", step(name) + "+");
    case 1:
      return use("stack loop of any", step(name) + "+ any");
    case 2:
      return use("optional step", step(name) + "?");
    case 3:
      return use("stack loop or none", step(name) + random_.one_of({"*", "* any"}));
    case 4:
      return use("alternatives", "(" + step(name) + " | " + step(name + "b") + ")");
    default:
      return step(name);
  }
}

std::string StartPatternGenerator::steps() {
  std::string text = step("v1");
  const size_t middles = 1 + random_.below(3);
  for (size_t i = 0; i < middles; ++i) text += contiguity() + middle(i);
  return text + contiguity() + step("v2");
}

std::string StartPatternGenerator::stack_pattern() {
  const std::string match = steps();
  const std::string condition = random_.one_of({"count(v1) == 1", "v1.x < 2", "v1.s != v2.s",
                                                "v1.p >= v2.p or v2.ok", "v2.at - v1.at > 3ms"});
  return around(match, random_.percent(15) ? use("having", "  having " + condition + "\n") : "");
}

std::string StartPatternGenerator::around(const std::string& match, const std::string& having) {
  std::string text = "pattern p {\n";
  if (random_.percent(25)) text += "  on A, B, X\n";
  text += key();
  text += "  match " + match + "\n";
  text += having;
  text += window(55);
  text += skip();
  text += clauses_behind();
  return text + "}\n";
}

}  // namespace tocsin::model
