#include "eventtime/reorder_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

namespace tocsin::eventtime {
namespace {

std::vector<Row> rows_at(const std::vector<int64_t>& times) {
  std::vector<Row> rows;
  for (const int64_t time : times) {
    Row row;
    row.time = {time};
    row.record = rows.size();
    rows.push_back(row);
  }
  return rows;
}

BitSet all(size_t rows) {
  BitSet bits(rows);
  for (size_t row = 0; row < rows; ++row) bits.set(row);
  return bits;
}

// "TIME:INPUT", in the order of release.
std::string released(ReorderBuffer& buffer) {
  std::vector<Arrival> arrivals;
  buffer.release(arrivals);
  std::string out;
  for (const Arrival& arrival : arrivals) {
    if (!out.empty()) out += ' ';
    out += std::to_string(arrival.time.micros) + ':' + std::to_string(arrival.input);
  }
  return out;
}

void push(ReorderBuffer& buffer, uint32_t input, const std::vector<int64_t>& times) {
  buffer.push(input, 0, rows_at(times), all(times.size()), [](uint32_t row, Timestamp watermark) {
    ADD_FAILURE() << "row " << row << " is late behind " << watermark.micros;
  });
}

TEST(ReorderBuffer, TheWatermarkIsTheLargestTimeMinusTheBound) {
  ReorderBuffer buffer;
  const uint32_t input = buffer.add_input({5});
  EXPECT_EQ(buffer.watermark(input), kMinTimestamp);
  push(buffer, input, {10, 8, 12});
  EXPECT_EQ(buffer.watermark(input), Timestamp{7});
  push(buffer, input, {7});
  EXPECT_EQ(buffer.watermark(input), Timestamp{7});
  buffer.finish(input);
  EXPECT_EQ(buffer.watermark(input), kMaxTimestamp);
}

TEST(ReorderBuffer, RowsThatNobodyWantsTellTheTime) {
  ReorderBuffer buffer;
  const uint32_t input = buffer.add_input({2});
  BitSet wanted(4);
  wanted.set(1);
  wanted.set(3);
  std::vector<uint32_t> late;
  buffer.push(input, 0, rows_at({5, 4, 9, 8}), wanted,
              [&](uint32_t row, Timestamp) { late.push_back(row); });
  EXPECT_EQ(released(buffer), "4:0");
  EXPECT_EQ(buffer.pending(), 1U);
  EXPECT_EQ(buffer.latest_row(), Timestamp{9});
  buffer.push(input, 1, rows_at({6, 30}), BitSet(2),
              [&](uint32_t row, Timestamp) { late.push_back(row); });
  EXPECT_EQ(late, std::vector<uint32_t>{0}) << "late, wanted or not";
  EXPECT_EQ(released(buffer), "8:0");
  buffer.advance(input, {40});
  EXPECT_EQ(buffer.latest_row(), Timestamp{30}) << "time without a row is not a row";
}

TEST(ReorderBuffer, TimeAdvancesWithoutEvents) {
  ReorderBuffer buffer;
  buffer.add_input({5});
  buffer.add_input({0});
  push(buffer, 0, {10});
  EXPECT_EQ(buffer.settled(), kMinTimestamp);
  buffer.advance(0, {16});
  EXPECT_EQ(buffer.watermark(0), Timestamp{11});
  buffer.advance(0, {12});
  EXPECT_EQ(buffer.watermark(0), Timestamp{11}) << "it never goes back";
  EXPECT_EQ(released(buffer), "");
  buffer.advance(1, {10});
  EXPECT_EQ(buffer.settled(), Timestamp{10});
  EXPECT_EQ(released(buffer), "10:0");
  size_t late = 0;
  buffer.push(0, 0, rows_at({10}), all(1), [&](uint32_t, Timestamp) { ++late; });
  EXPECT_EQ(late, 1U);
}

TEST(ReorderBuffer, AnEventIsReleasedWhenItsOwnWatermarkHasReachedIt) {
  ReorderBuffer buffer;
  buffer.add_input({5});
  push(buffer, 0, {10, 8, 12});
  EXPECT_EQ(released(buffer), "");
  push(buffer, 0, {13});
  EXPECT_EQ(released(buffer), "8:0");
  EXPECT_EQ(buffer.pending(), 3U);
  push(buffer, 0, {17});
  EXPECT_EQ(released(buffer), "10:0 12:0");
  buffer.finish(0);
  EXPECT_EQ(released(buffer), "13:0 17:0");
  EXPECT_EQ(buffer.pending(), 0U);
}

TEST(ReorderBuffer, OnlyStrictlyBehindTheWatermarkIsLate) {
  ReorderBuffer buffer;
  buffer.add_input({5});
  std::vector<std::pair<uint32_t, Timestamp>> late;
  buffer.push(0, 0, rows_at({10, 5, 4, 12, 7, 6}), all(6),
              [&](uint32_t row, Timestamp watermark) { late.emplace_back(row, watermark); });
  const std::vector<std::pair<uint32_t, Timestamp>> expected = {{2, {5}}, {5, {7}}};
  EXPECT_EQ(late, expected);
  EXPECT_EQ(buffer.pending(), 4U);
}

TEST(ReorderBuffer, WithoutABoundAnythingThatGoesBackIsLate) {
  ReorderBuffer buffer;
  buffer.add_input({0});
  std::vector<uint32_t> late;
  buffer.push(0, 0, rows_at({1, 3, 3, 2, 3, 4}), all(6),
              [&](uint32_t row, Timestamp) { late.push_back(row); });
  EXPECT_EQ(late, std::vector<uint32_t>{3});
  EXPECT_EQ(released(buffer), "1:0 3:0 3:0 3:0 4:0");
}

TEST(ReorderBuffer, TiesGoByInputThenPosition) {
  ReorderBuffer buffer;
  buffer.add_input({0});
  buffer.add_input({0});
  push(buffer, 1, {3, 3});
  EXPECT_EQ(released(buffer), "");
  push(buffer, 0, {3});
  // Input 0 may bring more at 3, which come before those of input 1.
  EXPECT_EQ(released(buffer), "3:0");
  push(buffer, 0, {3, 4});
  EXPECT_EQ(released(buffer), "3:0 3:1 3:1");
  push(buffer, 1, {3});
  EXPECT_EQ(released(buffer), "3:1");
  push(buffer, 1, {4});
  EXPECT_EQ(released(buffer), "4:0");
  buffer.finish(0);
  EXPECT_EQ(released(buffer), "4:1");
}

TEST(ReorderBuffer, AnInputThatHasEndedHoldsNobodyBack) {
  ReorderBuffer buffer;
  buffer.add_input({0});
  buffer.add_input({0});
  buffer.finish(0);
  push(buffer, 1, {3});
  EXPECT_EQ(released(buffer), "3:1");
  EXPECT_EQ(buffer.most_behind(), 1U);
  buffer.finish(1);
  EXPECT_EQ(buffer.most_behind(), std::nullopt);
}

TEST(ReorderBuffer, TheInputMostBehindIsTheOneToRead) {
  ReorderBuffer buffer;
  for (int64_t bound = 0; bound < 3; ++bound) buffer.add_input({bound});
  EXPECT_EQ(buffer.most_behind(), 0U);
  push(buffer, 0, {10});
  EXPECT_EQ(buffer.most_behind(), 1U);
  push(buffer, 1, {10});
  push(buffer, 2, {20});
  EXPECT_EQ(buffer.most_behind(), 1U);
  push(buffer, 1, {11});
  EXPECT_EQ(buffer.most_behind(), 0U);  // both at 10: the one named first
}

TEST(ReorderBuffer, TimesAtTheEdgesDoNotWrapAround) {
  ReorderBuffer buffer;
  buffer.add_input({INT64_MAX});
  buffer.add_input({INT64_MAX});
  push(buffer, 0, {kEarliestTimestamp.micros, kLatestTimestamp.micros});
  push(buffer, 1, {kLatestTimestamp.micros, kEarliestTimestamp.micros});
  EXPECT_EQ(released(buffer), "");
  buffer.finish(0);
  EXPECT_EQ(released(buffer), "");
  buffer.finish(1);
  const std::string first = std::to_string(kEarliestTimestamp.micros);
  const std::string last = std::to_string(kLatestTimestamp.micros);
  EXPECT_EQ(released(buffer), first + ":0 " + first + ":1 " + last + ":0 " + last + ":1");
}

// ---- against the definition (section 5 of the language page) ----

struct Position {
  int64_t time = 0;
  uint32_t input = 0;
  uint64_t row = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct World {
  std::vector<int64_t> bounds;
  std::vector<std::vector<int64_t>> times;  // by input
};

World random_world(std::mt19937_64& random) {
  World world;
  const size_t inputs = 1 + random() % 3;
  for (size_t input = 0; input < inputs; ++input) {
    world.bounds.push_back(static_cast<int64_t>(random() % 6));
    std::vector<int64_t> times;
    int64_t now = static_cast<int64_t>(random() % 5);
    for (size_t left = random() % 30; left > 0; --left) {
      now += static_cast<int64_t>(random() % 3);
      times.push_back(now - static_cast<int64_t>(random() % 8));
    }
    world.times.push_back(std::move(times));
  }
  return world;
}

// The definition, computed anew each time: what of the records seen so far is late, what settled.
class Definition {
 public:
  explicit Definition(const World& world) : world_(world), seen_(world.bounds.size(), 0) {}

  void see(size_t input, size_t count) { seen_[input] += count; }
  void end(size_t input) { ended_.push_back(input); }

  std::vector<Position> late() const {
    std::vector<Position> result;
    for (uint32_t input = 0; input < seen_.size(); ++input) {
      for (size_t row = 0; row < seen_[input]; ++row) {
        if (is_late(input, row)) result.push_back({world_.times[input][row], input, row});
      }
    }
    return result;
  }

  std::vector<Position> settled() const {
    std::vector<Position> result;
    for (uint32_t input = 0; input < seen_.size(); ++input) {
      for (size_t row = 0; row < seen_[input]; ++row) {
        const int64_t time = world_.times[input][row];
        if (!is_late(input, row) && is_settled(input, time)) result.push_back({time, input, row});
      }
    }
    std::sort(result.begin(), result.end());
    return result;
  }

 private:
  bool has_ended(size_t input) const { return std::ranges::find(ended_, input) != ended_.end(); }
  // After the first `rows` records; very small when there are none.
  int64_t watermark(size_t input, size_t rows) const {
    int64_t result = INT64_MIN;
    for (size_t row = 0; row < rows; ++row) {
      result = std::max(result, world_.times[input][row] - world_.bounds[input]);
    }
    return result;
  }
  bool is_late(size_t input, size_t row) const {
    return world_.times[input][row] < watermark(input, row);
  }
  bool is_settled(size_t input, int64_t time) const {
    for (size_t other = 0; other < seen_.size(); ++other) {
      if (has_ended(other)) continue;
      const int64_t reached = watermark(other, seen_[other]);
      if (other < input ? reached <= time : reached < time) return false;
    }
    return true;
  }

  const World& world_;
  std::vector<size_t> seen_;
  std::vector<size_t> ended_;
};

struct Outcome {
  std::vector<Position> order;
  std::vector<Position> late;
};

// Pushes the world in random pieces and in a random order of the inputs; compares with the
// definition after each step.
Outcome run(const World& world, std::mt19937_64& random, size_t longest_batch) {
  ReorderBuffer buffer;
  Definition definition(world);
  for (const int64_t bound : world.bounds) buffer.add_input({bound});
  std::vector<size_t> done(world.bounds.size(), 0);
  std::vector<uint32_t> open;
  for (uint32_t input = 0; input < done.size(); ++input) open.push_back(input);
  std::vector<std::pair<uint32_t, size_t>> batches;  // input and first row
  Outcome outcome;
  while (!open.empty()) {
    const auto chosen = open.begin() + static_cast<ptrdiff_t>(random() % open.size());
    const uint32_t input = *chosen;
    const size_t left = world.times[input].size() - done[input];
    if (left == 0) {
      buffer.finish(input);
      definition.end(input);
      open.erase(chosen);
    } else {
      const size_t count = std::min(left, 1 + random() % longest_batch);
      const auto rows = rows_at(world.times[input]);
      const size_t first = done[input];
      buffer.push(input, static_cast<uint32_t>(batches.size()),
                  std::span(rows).subspan(first, count), all(count), [&](uint32_t row, Timestamp) {
                    outcome.late.push_back({world.times[input][first + row], input, first + row});
                  });
      batches.emplace_back(input, first);
      done[input] += count;
      definition.see(input, count);
    }
    std::vector<Arrival> arrivals;
    buffer.release(arrivals);
    for (const Arrival& arrival : arrivals) {
      EXPECT_EQ(batches[arrival.batch].first, arrival.input);
      outcome.order.push_back(
          {arrival.time.micros, arrival.input, batches[arrival.batch].second + arrival.row});
    }
    EXPECT_EQ(outcome.order, definition.settled());
  }
  std::sort(outcome.late.begin(), outcome.late.end(), [](const Position& l, const Position& r) {
    return std::tie(l.input, l.row) < std::tie(r.input, r.row);
  });
  EXPECT_EQ(outcome.late, definition.late());
  EXPECT_EQ(buffer.pending(), 0U);
  return outcome;
}

TEST(ReorderBuffer, ReleasesWhatTheDefinitionSaysAfterEachBatch) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    std::mt19937_64 random(seed);
    const World world = random_world(random);
    const Outcome one_by_one = run(world, random, 1);
    const Outcome in_pieces = run(world, random, 7);
    EXPECT_EQ(in_pieces.order, one_by_one.order);
    EXPECT_EQ(in_pieces.late, one_by_one.late);
    if (::testing::Test::HasFailure()) {
      FAIL() << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace tocsin::eventtime
