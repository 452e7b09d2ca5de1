// Random conditions and emitted expressions as text, over the fields that every event type of the
// generated cases has. Each is well typed; many are null for some events.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/model/random.h"

namespace tocsin::model {

// The fields of all generated types:
//   i: int, k: string?, l: string?, g: int?, x: int?, p: float?, s: string?, ok: bool?, t:
//   timestamp?, at: timestamp
class ConditionGenerator {
 public:
  // Every construct used is added to `constructs`.
  ConditionGenerator(Random& random, std::set<std::string>& constructs)
      : random_(random), constructs_(constructs) {}

  // A condition of a step that may read the variables `visible`: those that can be bound before.
  std::string condition(const std::vector<std::string>& visible);
  // A condition on a whole match, which binds some of `variables`.
  std::string having(const std::vector<std::string>& variables);
  // An expression to emit.
  std::string emitted(const std::vector<std::string>& variables);

 private:
  std::string local();
  std::string correlated(const std::vector<std::string>& visible);
  std::string over_loop(const std::string& variable);
  std::string number_of(const std::string& variable);
  std::string function_of(const std::string& variable);

  Random& random_;
  std::set<std::string>& constructs_;
};

}  // namespace tocsin::model
