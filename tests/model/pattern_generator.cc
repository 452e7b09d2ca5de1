#include "tests/model/pattern_generator.h"

#include <utility>

namespace tocsin::model {

namespace {

std::vector<std::string> types_for(const PatternGenerator::Options& options) {
  if (options.fed) return {"D", "D", "A", "B"};
  return {"A", "A", "B"};
}

}  // namespace

PatternGenerator::PatternGenerator(Random& random, std::set<std::string>& constructs,
                                   Options options)
    : random_(random),
      constructs_(constructs),
      options_(std::move(options)),
      sequence_(random, constructs, types_for(options_), options_.plain) {}

std::string PatternGenerator::use(std::string construct, std::string text) {
  constructs_.insert(std::move(construct));
  return text;
}

std::string PatternGenerator::on() {
  if (!random_.percent(30)) return "";
  return use("on", options_.fed ? "  on A, B, D, X\n" : "  on A, B, X\n");
}

std::string PatternGenerator::key() {
  switch (random_.below(options_.plain ? 7 : 8)) {
    case 0:
    case 1:
      use("no key", "");
      return "";
    case 2:
    case 3:
      key_ = {"k", "g"};
      return use("by several", "  by k, g\n");
    case 7:
      return key_by_step();
    default:
      key_ = {"k"};
      return use("by one", "  by k\n");
  }
}

// Every variable has a field of its own, those that are never bound among them.
std::string PatternGenerator::key_by_step() {
  key_ = {"who"};
  std::string text = "  by who: ";
  std::vector<std::string> all = sequence_.variables();
  all.insert(all.end(), sequence_.negated().begin(), sequence_.negated().end());
  for (const std::string& variable : all) {
    if (&variable != &all.front()) text += ", ";
    text += variable + random_.one_of({".k", ".k", ".l"});
  }
  if (random_.percent(15)) {
    key_.emplace_back("ok");
    text += ", ok";
  }
  return use("by step", text + "\n");
}

std::string PatternGenerator::without() {
  if (!extra(22)) return "";
  std::string text = "  without ";
  const size_t count = random_.percent(80) ? 1 : 2;
  for (size_t i = 0; i < count; ++i) {
    if (i > 0) text += ", ";
    text += sequence_.negated_step(sequence_.variables());
    if (!random_.percent(50)) continue;
    const std::string after = any_variable();
    const std::string before = any_variable();
    text += use("without between", " between " + after + " and " + before);
  }
  return use("without", text + "\n");
}

std::string PatternGenerator::having() {
  if (!random_.percent(20)) return "";
  return use("having", "  having " + sequence_.conditions().having(sequence_.variables()) + "\n");
}

std::string PatternGenerator::skip() {
  std::string text;
  const std::string variable = any_variable();
  switch (random_.below(6)) {
    case 0:
      return use("skip past last", "");
    case 1:
      text = use("skip past last", "  skip past last");
      break;
    case 2:
      text = use("skip to next", "  skip to next");
      break;
    case 3:
      text = use("skip to first", "  skip to first " + variable);
      break;
    case 4:
      text = use("skip to last", "  skip to last " + variable);
      break;
    default:
      return use("skip none", "  skip none\n");
  }
  // An event that a match becomes would stand before what has already been passed on.
  if (!options_.feeds && extra(20)) text += use("leftmost", " leftmost");
  return text + "\n";
}

std::string PatternGenerator::values() {
  std::string text;
  const size_t count = 1 + random_.below(4);
  for (size_t i = 0; i < count; ++i) {
    text += i > 0 ? ", r" : "r";
    text += std::to_string(i) + ": ";
    if (!key_.empty() && random_.percent(10)) {
      text += random_.one_of(key_);
    } else {
      text += sequence_.conditions().emitted(sequence_.variables());
    }
  }
  return text;
}

// What a match becomes: an event with the fields that all generated types have.
std::string PatternGenerator::event_values() {
  std::string text = "D { i: count(" + any_variable() + ")";
  text += ", k: " + any_variable() + ".k";
  if (random_.percent(50)) text += ", g: first(" + any_variable() + ".g)";
  text += ", x: max(" + any_variable() + ".x)";
  if (random_.percent(70)) text += ", p: sum(" + any_variable() + ".x)";
  text += ", s: last(" + any_variable() + ".s)";
  if (random_.percent(50)) text += ", t: time(" + any_variable() + ")";
  return text + " }";
}

std::string PatternGenerator::emit() {
  if (options_.feeds) return use("emit event", "  emit " + event_values() + "\n");
  if (random_.percent(40)) return "";
  return use("emit", "  emit " + values() + "\n");
}

// A start that comes to nothing is reported when its last match is decided; where that may be after
// the window's end, an event would stand before what has already been passed on.
std::string PatternGenerator::on_timeout() {
  const std::string text = use("on timeout", "  on timeout emit ");
  const bool may_wait = constructs_.contains("not for");
  if (options_.feeds && !may_wait && random_.percent(50)) {
    return text + use("timeout event", event_values()) + "\n";
  }
  return text + values() + "\n";
}

std::string PatternGenerator::suppress() {
  if (!extra(20)) return "";
  std::string text = "  suppress " + std::to_string(random_.between(1, 3)) + "ms";
  switch (random_.below(5)) {
    case 0:
      text += use("suppress by", " by first(" + any_variable() + ".s)");
      break;
    case 1:
      text += use("suppress by", " by " + any_variable() + ".x, count(" + any_variable() + ")");
      break;
    case 2:
      text += use("suppress by", " by count(" + any_variable() + ") > 0");  // over all keys
      break;
    default:
      break;
  }
  return use("suppress", text + "\n");
}

std::string PatternGenerator::pattern() {
  const std::string match = "  match " + sequence_.match() + "\n";
  const std::string not_inside = without();
  std::string text = "pattern " + options_.name + " {\n" + on();
  text += key();
  text += match + not_inside + having();
  const bool has_window = sequence_.needs_window() || random_.percent(50);
  if (has_window) {
    text += use("within", "  within " + std::to_string(random_.between(0, 10)) + "ms\n");
  }
  text += skip();
  text += emit();
  if (has_window && extra(20)) text += on_timeout();
  text += suppress();
  return text + "}\n";
}

}  // namespace tocsin::model
