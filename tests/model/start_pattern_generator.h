// The text of random patterns that need no runs: their partial matches are nothing but their first
// events, or their conditions are local.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/model/condition_generator.h"
#include "tests/model/random.h"

namespace tocsin::model {

class StartPatternGenerator {
 public:
  StartPatternGenerator(Random& random, std::set<std::string>& constructs)
      : random_(random), constructs_(constructs), conditions_(random, constructs) {}

  // `pattern p { … }`, by first events (nfa/start_plan.h). Once, or
  std::string pattern();
  // by stacks (nfa/stack_plan.h).
  std::string stack_pattern();

 private:
  std::string pair();
  std::string absence();
  std::string loop();
  std::string loop_then();
  std::string single();
  std::string contiguity();
  std::string middle(size_t number);
  std::string steps();
  std::string around(const std::string& match, const std::string& having);
  std::string step(const std::string& variable);
  std::string later(const std::string& variable);
  std::string negations();
  std::string local();
  std::string comparison();
  std::string equality();
  std::string rounds();
  std::string key();
  std::string growing();
  std::string growing_term();
  std::string having();
  std::string window(size_t chance);
  std::string skip();
  std::string clauses_behind();
  std::string duration(int64_t most);
  std::string use(std::string construct, std::string text);

  Random& random_;
  std::set<std::string>& constructs_;
  ConditionGenerator conditions_;
  std::vector<std::string> variables_;
  std::vector<std::string> negated_;
  bool needs_window_ = false;
  bool loops_ = false;
};

}  // namespace tocsin::model
