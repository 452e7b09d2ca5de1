#include "eventtime/give_back.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tocsin::eventtime {
namespace {

TEST(GiveBack, LeavesNoMemory) {
  std::vector<int> numbers(1000);
  give_back(numbers);
  EXPECT_EQ(numbers.capacity(), 0U);
  std::string text(1000, 'x');
  give_back(text);
  EXPECT_EQ(text.capacity(), std::string().capacity());
}

}  // namespace
}  // namespace tocsin::eventtime
