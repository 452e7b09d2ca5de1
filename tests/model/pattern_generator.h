// The text of random patterns, of at most four steps.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/model/condition_generator.h"
#include "tests/model/random.h"

namespace tocsin::model {

class PatternGenerator {
 public:
  PatternGenerator(Random& random, std::set<std::string>& constructs)
      : random_(random), constructs_(constructs), conditions_(random, constructs) {}

  // `pattern p { … }`
  std::string pattern();

 private:
  struct Part {
    std::string text;
    bool optional = false;  // may bind nothing
  };

  std::string sequence(size_t depth, bool in_loop);
  Part element(size_t depth, bool must_bind, bool in_loop);
  std::string step(bool in_loop);
  std::string quantifier(bool must_bind, bool& optional);
  std::string suffixes(const std::string& quantifier, bool follows);
  std::string connector();
  std::string skip();
  std::string emit();
  std::string key();
  std::string use(std::string construct, std::string text);

  Random& random_;
  std::set<std::string>& constructs_;
  ConditionGenerator conditions_;
  std::vector<std::string> variables_;  // so far, in the order of the text
  std::vector<std::string> key_;
  size_t steps_left_ = 0;
};

}  // namespace tocsin::model
