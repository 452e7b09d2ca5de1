// The text of random patterns: a sequence with all clauses around it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/model/random.h"
#include "tests/model/sequence_generator.h"

namespace tocsin::model {

class PatternGenerator {
 public:
  // `plain`: few clauses, around a plain sequence. `feeds`: its matches become events of the type
  // D; `fed`: it uses them.
  struct Options {
    std::string name = "p";
    bool plain = false;
    bool feeds = false;
    bool fed = false;
  };

  PatternGenerator(Random& random, std::set<std::string>& constructs, Options options);

  // `pattern p { … }`. Once.
  std::string pattern();

 private:
  std::string on();
  std::string key();
  std::string key_by_step();
  std::string without();
  std::string having();
  std::string skip();
  std::string emit();
  std::string values();
  std::string event_values();
  std::string on_timeout();
  std::string suppress();
  bool extra(size_t chance) { return !options_.plain && random_.percent(chance); }
  std::string any_variable() { return random_.one_of(sequence_.variables()); }
  std::string use(std::string construct, std::string text);

  Random& random_;
  std::set<std::string>& constructs_;
  Options options_;
  SequenceGenerator sequence_;
  std::vector<std::string> key_;  // the names of its parts
};

}  // namespace tocsin::model
