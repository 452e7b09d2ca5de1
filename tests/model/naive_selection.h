// Which matches of a key are emitted (3.7), and which first events are reported because they came
// to nothing (3.8).
#pragma once

#include <vector>

#include "tests/model/naive_matcher.h"

namespace tocsin::model {

struct Emitted {
  std::vector<Bound> bound;
  Timestamp complete;
  bool is_timeout = false;
};

// In the order in which they are emitted; timeouts behind the matches, by first event.
std::vector<Emitted> select(const World& world, const Found& found);

}  // namespace tocsin::model
