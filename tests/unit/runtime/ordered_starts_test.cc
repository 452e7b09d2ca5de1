#include "runtime/ordered_starts.h"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>
#include <set>
#include <tuple>

namespace tocsin::runtime {
namespace {

using eventtime::Value;

TEST(OrderedStarts, RanksFollowValues) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double numbers[] = {-kInfinity, -1e300, -1, -1e-300, 0, 1e-300, 1, 1e300, kInfinity};
  for (size_t i = 1; i < std::size(numbers); ++i) {
    EXPECT_LT(OrderedStarts::rank_of(Value::of_float(numbers[i - 1])),
              OrderedStarts::rank_of(Value::of_float(numbers[i])));
  }
  EXPECT_EQ(OrderedStarts::rank_of(Value::of_float(-0.0)),
            OrderedStarts::rank_of(Value::of_float(0.0)));
  const int64_t integers[] = {INT64_MIN, -1, 0, 1, INT64_MAX};
  for (size_t i = 1; i < std::size(integers); ++i) {
    EXPECT_LT(OrderedStarts::rank_of(Value::of_int(integers[i - 1])),
              OrderedStarts::rank_of(Value::of_int(integers[i])));
  }
}

// Against a sorted set, with first events that go unasked.
TEST(OrderedStarts, FindsWhatIsThere) {
  using Known = std::tuple<uint64_t, uint32_t>;  // rank, place
  for (const uint64_t ranks : {3U, 50U, 100'000U}) {
    std::mt19937_64 random(ranks);
    OrderedStarts order;
    std::set<Known> expected;
    std::set<uint32_t> there;
    const auto is_there = [&](const OrderedStarts::Entry& entry) {
      return there.contains(entry.place);
    };
    const auto found = [&](const std::vector<OrderedStarts::Entry>& entries) {
      std::set<Known> out;
      for (const OrderedStarts::Entry& entry : entries) {
        if (!is_there(entry)) continue;
        EXPECT_TRUE(out.emplace(entry.rank, entry.place).second) << "once";
      }
      return out;
    };
    size_t asked = 0;
    for (uint32_t place = 0; place < 6000; ++place) {
      const uint64_t rank = random() % ranks;
      there.insert(place);
      expected.emplace(rank, place);
      order.add({rank, place, 0}, is_there);
      if (random() % 3 == 0) {
        const auto gone = expected.begin();
        there.erase(std::get<1>(*gone));
        expected.erase(gone);
      }
      if (random() % 50 != 0) continue;
      const uint64_t most = random() % (ranks / 2 + 1);
      const auto end = expected.lower_bound({most + 1, 0});
      const std::set<Known> wanted(expected.begin(), end);
      std::vector<OrderedStarts::Entry> entries;
      order.find(most, entries);
      ASSERT_EQ(found(entries), wanted);
      ++asked;
      if (random() % 2 == 0) continue;
      entries.clear();
      order.take(most, entries);
      ASSERT_EQ(found(entries), wanted);
      expected.erase(expected.begin(), end);
    }
    EXPECT_GT(asked, 50U);
    EXPECT_LE(order.size(), 3 * expected.size() + 64) << "what has gone goes when runs are merged";
  }
}

}  // namespace
}  // namespace tocsin::runtime
