// The text of random sequences, of at most five steps, with everything that can stand in `match`.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/model/condition_generator.h"
#include "tests/model/random.h"

namespace tocsin::model {

class SequenceGenerator {
 public:
  // `types`: the event types to choose from; the one that is to be chosen more often stands twice.
  // `plain`: steps, groups and loops alone, in the most usual forms.
  SequenceGenerator(Random& random, std::set<std::string>& constructs,
                    std::vector<std::string> types, bool plain)
      : random_(random),
        constructs_(constructs),
        conditions_(random, constructs),
        types_(std::move(types)),
        plain_(plain) {}

  // What stands behind `match`. Once.
  std::string match();
  // A step that is never bound, as negations and `without` have it.
  std::string negated_step(const std::vector<std::string>& visible);

  // The names of what may be bound, in the order of the text, and of what must not happen.
  const std::vector<std::string>& variables() const { return variables_; }
  const std::vector<std::string>& negated() const { return negated_; }
  // A negation may come to stand at the end of a match: the pattern must have a window.
  bool needs_window() const { return needs_window_; }
  ConditionGenerator& conditions() { return conditions_; }

 private:
  struct Part {
    std::string text;
    bool optional = false;  // may bind nothing
    bool loop = false;
  };
  struct Rounds {
    std::string text;
    bool optional = false;
    bool loop = false;
    bool reluctant = false;
  };

  std::string sequence(size_t depth, bool in_loop);
  Part element(size_t depth, bool must_bind, bool in_loop);
  std::string group(size_t depth, bool in_loop);
  std::string alternatives(size_t depth, bool in_loop);
  std::string parts_in_any_order(size_t depth, bool in_loop);
  std::string step(bool in_loop);
  std::string new_variable();
  Rounds rounds(bool must_bind);
  std::string suffixes(const Rounds& rounds, bool is_step, bool follows);
  std::string negations(size_t chance);
  std::string negation();
  std::string look_back(const std::string& rest);
  std::string connector();
  std::string duration();
  bool extra(size_t chance) { return !plain_ && random_.percent(chance); }
  void set_visible(const std::string& variable);
  std::string use(std::string construct, std::string text);

  Random& random_;
  std::set<std::string>& constructs_;
  ConditionGenerator conditions_;
  std::vector<std::string> types_;
  std::vector<std::string> variables_;
  std::vector<std::string> negated_;
  std::vector<std::string> visible_;   // what can be bound before the place that is written now
  std::vector<std::string> reusable_;  // of the other alternatives of a group
  bool plain_;
  size_t steps_left_ = 0;
  size_t negations_left_ = 2;
  bool needs_window_ = false;
};

}  // namespace tocsin::model
