#include "tests/model/sequence_generator.h"

#include <algorithm>
#include <utility>

namespace tocsin::model {

std::string SequenceGenerator::use(std::string construct, std::string text) {
  constructs_.insert(std::move(construct));
  return text;
}

std::string SequenceGenerator::duration() {
  return std::to_string(random_.between(1, 6)) + "ms";
}

std::string SequenceGenerator::connector() {
  switch (random_.below(5)) {
    case 0:
      return use("next", " next ");
    case 1:
      return use("then any", " then any ");
    default:
      return use("then", " then ");
  }
}

// Different alternatives of a group may use the same name.
std::string SequenceGenerator::new_variable() {
  if (!reusable_.empty() && random_.percent(50)) {
    const size_t place = random_.below(reusable_.size());
    const std::string shared = reusable_[place];
    reusable_.erase(reusable_.begin() + static_cast<std::ptrdiff_t>(place));
    return use("shared name", shared);
  }
  variables_.push_back("v" + std::to_string(variables_.size() + 1));
  return variables_.back();
}

void SequenceGenerator::set_visible(const std::string& variable) {
  if (std::ranges::find(visible_, variable) == visible_.end()) visible_.push_back(variable);
}

// Only in a loop can the step itself be bound before.
std::string SequenceGenerator::step(bool in_loop) {
  --steps_left_;
  const std::string variable = new_variable();
  const std::string text = variable + ": " + random_.one_of(types_);
  std::vector<std::string> visible = visible_;
  if (in_loop && std::ranges::find(visible, variable) == visible.end()) {
    visible.push_back(variable);
  }
  set_visible(variable);
  if (random_.percent(35)) return use("no condition", text);
  return text + "[" + conditions_.condition(visible) + "]";
}

std::string SequenceGenerator::negated_step(const std::vector<std::string>& visible) {
  negated_.push_back("n" + std::to_string(negated_.size() + 1));
  const std::string text = negated_.back() + ": " + random_.one_of(types_);
  return random_.percent(15) ? text : text + "[" + conditions_.condition(visible) + "]";
}

std::string SequenceGenerator::negation() {
  --negations_left_;
  const std::string step = negated_step(visible_);
  switch (random_.below(8)) {
    case 0:
    case 1:
      return use("next not", " next not " + step);
    case 2:
    case 3:
      return use("not for", " then not " + step + " for " + duration());
    default:
      needs_window_ = true;
      return use("then not", " then not " + step);
  }
}

std::string SequenceGenerator::negations(size_t chance) {
  std::string text;
  while (negations_left_ > 0 && extra(chance)) text += negation();
  return text;
}

SequenceGenerator::Rounds SequenceGenerator::rounds(bool must_bind) {
  const size_t choice = random_.below(must_bind ? 10 : 16);
  Rounds made;
  made.optional = choice >= 10 && choice < 15;
  switch (choice) {
    case 0:
    case 1:
      made.text = use("+", "+");
      break;
    case 2:
      made.text = use("{n}", "{2}");
      break;
    case 3:
      made.text = use("{n,m}", random_.percent(50) ? "{1,2}" : "{2,3}");
      break;
    case 4:
      made.text = use("{n,}", "{2,}");
      break;
    case 10:
    case 11:
      made.text = use("?", "?");
      break;
    case 12:
    case 13:
      made.text = use("*", "*");
      break;
    case 14:
      made.text = use("{0,m}", "{0,2}");
      break;
    default:
      return made;
  }
  made.loop = made.text != "?";
  made.reluctant = made.text != "{2}" && extra(20);
  if (made.reluctant) made.text += use("reluctant", "?");
  return made;
}

// They may stand in any order.
std::string SequenceGenerator::suffixes(const Rounds& rounds, bool is_step, bool follows) {
  std::vector<std::string> suffixes;
  if (rounds.loop) {
    switch (random_.below(4)) {
      case 0:
        suffixes.push_back(use("loop strict", " strict"));
        break;
      case 1:
        suffixes.push_back(use("loop any", " any"));
        break;
      default:
        use("loop relaxed", "");
        break;
    }
    if (is_step && !rounds.reluctant && extra(33)) {
      suffixes.push_back(use("longest", " longest"));
    }
    if (extra(20)) {
      suffixes.push_back(use("until", " until [" + conditions_.condition(visible_) + "]"));
    }
  }
  if (follows && random_.percent(20)) suffixes.push_back(use("in", " in " + duration()));
  std::string text;
  while (!suffixes.empty()) {
    const size_t place = random_.below(suffixes.size());
    text += suffixes[place];
    suffixes.erase(suffixes.begin() + static_cast<std::ptrdiff_t>(place));
  }
  return text;
}

SequenceGenerator::Part SequenceGenerator::element(size_t depth, bool must_bind, bool in_loop) {
  const bool follows = in_loop || !visible_.empty();  // something can be bound before
  const Rounds times = rounds(must_bind);
  const bool is_group = depth < 2 && random_.percent(30);
  const bool looped = in_loop || times.loop;
  const std::string text = is_group ? group(depth + 1, looped) : step(looped);
  return {text + times.text + suffixes(times, !is_group, follows), times.optional, times.loop};
}

std::string SequenceGenerator::group(size_t depth, bool in_loop) {
  use(depth == 1 ? "group" : "group in group", "");
  const size_t choice = plain_ || steps_left_ < 2 ? 2 : random_.below(4);
  if (choice == 0) return use("|", "( " + alternatives(depth, in_loop) + " )");
  if (choice == 1) return use("&", "( " + parts_in_any_order(depth, in_loop) + " )");
  return "( " + sequence(depth, in_loop) + " )";
}

// Every alternative but the last leaves a step for those behind it. What one binds, another does
// not see.
std::string SequenceGenerator::alternatives(size_t depth, bool in_loop) {
  const size_t count = 2 + random_.below(std::min<size_t>(steps_left_ - 1, 2));
  const std::vector<std::string> before = visible_;
  const std::vector<std::string> outer = reusable_;
  std::vector<std::string> all;
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    visible_ = before;
    reusable_.clear();
    for (const std::string& name : all) {
      if (std::ranges::find(before, name) == before.end()) reusable_.push_back(name);
    }
    steps_left_ -= count - 1 - i;
    text += (i > 0 ? " | " : "") + sequence(depth, in_loop);
    steps_left_ += count - 1 - i;
    for (const std::string& name : visible_) {
      if (std::ranges::find(all, name) == all.end()) all.push_back(name);
    }
  }
  for (const std::string& name : all) set_visible(name);
  reusable_.clear();
  for (const std::string& name : outer) {
    if (std::ranges::find(all, name) == all.end()) reusable_.push_back(name);
  }
  return text;
}

std::string SequenceGenerator::parts_in_any_order(size_t depth, bool in_loop) {
  const size_t count = 2 + random_.below(std::min<size_t>(steps_left_ - 1, 2));
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    steps_left_ -= count - 1 - i;
    text += (i > 0 ? " & " : "") + element(depth, true, in_loop).text;
    steps_left_ += count - 1 - i;
  }
  return text;
}

// At least one element binds an event: a sequence that could match nothing is refused.
std::string SequenceGenerator::sequence(size_t depth, bool in_loop) {
  const size_t length = 1 + random_.below(steps_left_ < 3 ? steps_left_ : 3);
  std::string text;
  bool all_optional = true;
  bool is_behind_loop = false;
  for (size_t i = 0; i < length; ++i) {
    const bool is_last = i + 1 == length || steps_left_ == 1;
    if (i > 0) {
      text += negations(is_behind_loop ? 22 : 11);  // they reach back to the loop's first event
      text += connector();
    }
    if (!is_last) --steps_left_;  // a group leaves a step for the last element
    const Part part = element(depth, is_last && all_optional, in_loop);
    text += part.text;
    is_behind_loop = part.loop;
    if (is_last) break;
    ++steps_left_;
    all_optional = all_optional && part.optional;
  }
  const std::string trailing = negations(depth == 0 ? 18 : 6);
  if (!trailing.empty()) use(depth == 0 ? "trailing negation" : "trailing in group", "");
  return text + trailing;
}

// Its condition may read the step behind it, which is the first variable of the text.
std::string SequenceGenerator::look_back(const std::string& rest) {
  negated_.push_back("n" + std::to_string(negated_.size() + 1));
  std::string text = "not " + negated_.back() + ": " + random_.one_of(types_);
  const std::string first = variables_.front();
  switch (random_.below(4)) {
    case 0:
      text += "[s == " + first + ".s]";
      break;
    case 1:
      text += "[x >= " + first + ".x or " + first + ".x is null]";
      break;
    case 2:
      text += "[" + conditions_.condition({}) + "]";
      break;
    default:
      break;
  }
  return use("look-back", text + " for " + duration() + " then " + rest);
}

std::string SequenceGenerator::match() {
  steps_left_ = 1 + random_.below(4);
  if (random_.percent(10)) ++steps_left_;
  const std::string text = sequence(0, false);
  return extra(8) ? look_back(text) : text;
}

}  // namespace tocsin::model
