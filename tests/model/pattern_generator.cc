#include "tests/model/pattern_generator.h"

#include <utility>

namespace tocsin::model {

std::string PatternGenerator::use(std::string construct, std::string text) {
  constructs_.insert(std::move(construct));
  return text;
}

std::string PatternGenerator::connector() {
  switch (random_.below(5)) {
    case 0:
      return use("next", " next ");
    case 1:
      return use("then any", " then any ");
    default:
      return use("then", " then ");
  }
}

// Only in a loop can the step itself be bound before.
std::string PatternGenerator::step(bool in_loop) {
  --steps_left_;
  const std::string variable = "v" + std::to_string(variables_.size() + 1);
  std::vector<std::string> visible = variables_;
  variables_.push_back(variable);
  if (in_loop) visible.push_back(variable);
  const std::string text = variable + ": " + random_.one_of({"A", "A", "B"});
  if (random_.percent(35)) return use("no condition", text);
  return text + "[" + conditions_.condition(visible) + "]";
}

std::string PatternGenerator::quantifier(bool must_bind, bool& optional) {
  const size_t choice = random_.below(must_bind ? 10 : 16);
  optional = choice >= 10;
  switch (choice) {
    case 0:
    case 1:
      return use("+", "+");
    case 2:
      return use("{n}", "{2}");
    case 3:
      return use("{n,m}", random_.percent(50) ? "{1,2}" : "{2,3}");
    case 4:
      return use("{n,}", "{2,}");
    case 10:
    case 11:
      return use("?", "?");
    case 12:
    case 13:
      return use("*", "*");
    case 14:
      return use("{0,m}", "{0,2}");
    default:
      optional = false;
      return "";
  }
}

std::string PatternGenerator::suffixes(const std::string& quantifier, bool follows) {
  std::string contiguity;
  if (!quantifier.empty() && quantifier != "?") {
    switch (random_.below(4)) {
      case 0:
        contiguity = use("loop strict", " strict");
        break;
      case 1:
        contiguity = use("loop any", " any");
        break;
      default:
        use("loop relaxed", "");
        break;
    }
  }
  std::string in;
  if (follows && random_.percent(20)) {
    in = use("in", " in " + std::to_string(random_.between(1, 6)) + "ms");
  }
  return random_.percent(50) ? contiguity + in : in + contiguity;
}

PatternGenerator::Part PatternGenerator::element(size_t depth, bool must_bind, bool in_loop) {
  Part part;
  const bool follows = in_loop || !variables_.empty();  // something can be bound before
  const std::string rounds = quantifier(must_bind, part.optional);
  const bool is_loop = in_loop || (!rounds.empty() && rounds != "?");
  if (depth < 2 && steps_left_ >= 1 && random_.percent(25)) {
    part.text =
        use(depth == 0 ? "group" : "group in group", "( " + sequence(depth + 1, is_loop) + " )");
  } else {
    part.text = step(is_loop);
  }
  part.text += rounds + suffixes(rounds, follows);
  return part;
}

// At least one element binds an event: a sequence that could match nothing is refused.
std::string PatternGenerator::sequence(size_t depth, bool in_loop) {
  const size_t length = 1 + random_.below(steps_left_ < 3 ? steps_left_ : 3);
  std::string text;
  bool all_optional = true;
  for (size_t i = 0; i < length; ++i) {
    const bool is_last = i + 1 == length || steps_left_ == 1;
    if (i > 0) text += connector();
    if (!is_last) --steps_left_;  // a group leaves a step for the last element
    const Part part = element(depth, is_last && all_optional, in_loop);
    text += part.text;
    if (is_last) break;
    ++steps_left_;
    all_optional = all_optional && part.optional;
  }
  return text;
}

std::string PatternGenerator::skip() {
  const std::string variable = random_.one_of(variables_);
  switch (random_.below(6)) {
    case 0:
      return use("skip past last", "");
    case 1:
      return use("skip past last", "  skip past last\n");
    case 2:
      return use("skip to next", "  skip to next\n");
    case 3:
      return use("skip to first", "  skip to first " + variable + "\n");
    case 4:
      return use("skip to last", "  skip to last " + variable + "\n");
    default:
      return use("skip none", "  skip none\n");
  }
}

std::string PatternGenerator::key() {
  switch (random_.below(4)) {
    case 0:
      use("no key", "");
      return "";
    case 1:
      key_ = {"k", "g"};
      return use("by several", "  by k, g\n");
    default:
      key_ = {"k"};
      return use("by one", "  by k\n");
  }
}

std::string PatternGenerator::emit() {
  if (random_.percent(40)) return "";
  std::string text;
  const size_t count = 1 + random_.below(4);
  for (size_t i = 0; i < count; ++i) {
    text += i > 0 ? ", " : "";
    if (!key_.empty() && random_.percent(10)) {
      text += "r" + std::to_string(i) + ": " + random_.one_of(key_);
    } else {
      text += "r" + std::to_string(i) + ": " + conditions_.emitted(variables_);
    }
  }
  return use("emit", "  emit " + text + "\n");
}

std::string PatternGenerator::pattern() {
  steps_left_ = 1 + random_.below(4);
  std::string text = "pattern p {\n";
  if (random_.percent(30)) text += use("on", "  on A, B, X\n");
  text += key();
  text += "  match " + sequence(0, false) + "\n";
  if (random_.percent(20))
    text += use("having", "  having " + conditions_.having(variables_) + "\n");
  if (random_.percent(50)) {
    text += use("within", "  within " + std::to_string(random_.between(0, 10)) + "ms\n");
  }
  text += skip();
  text += emit();
  return text + "}\n";
}

}  // namespace tocsin::model
