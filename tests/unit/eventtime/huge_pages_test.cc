#include "eventtime/huge_pages.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace tocsin::eventtime {
namespace {

TEST(HugePages, BlocksStandOnLinesAndLargeOnesOnPages) {
  for (const size_t words : {size_t{1}, size_t{100}, kHugePageBytes / 8, kHugePageBytes / 2}) {
    const std::vector<uint64_t, HugePageAllocator<uint64_t>> block(words, 7);
    const auto address = reinterpret_cast<uintptr_t>(block.data());
    EXPECT_EQ(address % (words * 8 < kHugePageBytes ? kCacheLineBytes : kHugePageBytes), 0U);
    EXPECT_EQ(block.back(), 7U);
  }
}

}  // namespace
}  // namespace tocsin::eventtime
