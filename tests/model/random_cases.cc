#include "tests/model/random_cases.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace tocsin::model {

uint64_t environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

size_t batch_size_of(uint64_t seed) {
  return 1 + seed % 7;
}

void report(const Case& example, size_t batch_size, const Judge& judge_case,
            const std::string& repeat) {
  const Case small = shrink(
      example, [&](const Case& c) { return judge_case(c, batch_size).difference.has_value(); });
  ADD_FAILURE() << to_string(small) << judge_case(small, batch_size).difference.value_or("")
                << "\nrepeat with: " << repeat;
}

}  // namespace tocsin::model
