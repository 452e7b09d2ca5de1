#include "runtime/start_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace tocsin::runtime {
namespace {

using eventtime::Timestamp;

constexpr int kNoValue = -1;
constexpr uint32_t kSpread = 2654435761U;  // tags, so that they do not all belong together

// A log beside lists that say the same. First events are numbered as they come; the number stands
// in both of a first event's words.
class LogAndLists {
  // Helpers first: one has a type that only its body tells.
  uint32_t tag_of(const std::string& key) const {
    return static_cast<uint32_t>(std::hash<std::string>()(key) % tags_) * kSpread;
  }
  uint32_t value_tag(uint32_t chain, int value) const {
    return (chain * 31 + static_cast<uint32_t>(value) * 7) % tags_ * kSpread;
  }
  auto has_value(int value) const {
    return [this, value](uint32_t place) {
      return values_.at(static_cast<uint32_t>(log_.words(place)[0])) == value;
    };
  }

 public:
  LogAndLists(StartLog::Values values, uint32_t tags)
      : log_(2, values),
        by_value_(values != StartLog::Values::kNone),
        is_counted_(values == StartLog::Values::kCounted),
        tags_(tags) {}

  void make_room(size_t more) { log_.make_room(more); }
  void add(const std::string& key, int value) {
    const uint32_t number = ++added_;
    uint32_t chain = log_.find(key, tag_of(key));
    ASSERT_EQ(chain == StartLog::kNone, !by_key_.contains(key));
    if (chain == StartLog::kNone) chain = log_.add_chain(key, tag_of(key));
    const uint32_t place = log_.add(chain, Timestamp{number / 3}, number);
    log_.words(place)[0] = number;
    log_.words(place)[1] = ~uint64_t{number};
    values_[number] = value;
    if (by_value_ && value != kNoValue) {
      log_.set_value(place, value_tag(chain, value), has_value(value));
    }
    by_key_[key].push_back(number);
    order_.insert(number);
  }
  void remove(const std::string& key, size_t index) {
    std::vector<uint32_t>& numbers = by_key_[key];
    uint32_t place = log_.chain(log_.find(key, tag_of(key))).oldest;
    for (size_t i = 0; i < index; ++i) place = log_.at(place).newer;
    order_.erase(numbers[index]);
    numbers.erase(numbers.begin() + static_cast<ptrdiff_t>(index));
    const bool stays = !numbers.empty();
    if (!stays) by_key_.erase(key);
    const uint32_t chain = log_.at(place).chain;
    const int value = values_.at(static_cast<uint32_t>(log_.words(place)[0]));
    only_oldest_removed_ = only_oldest_removed_ && index == 0;
    EXPECT_EQ(log_.remove(place, [&] { return value_tag(chain, value); }), stays);
  }
  void remove_front() {
    const uint32_t place = log_.front();
    ASSERT_NE(place, StartLog::kNone);
    const auto number = static_cast<uint32_t>(log_.words(place)[0]);
    ASSERT_EQ(number, *order_.begin());
    const std::string key(StartLog::key_of(log_.chain(log_.at(place).chain)));
    ASSERT_EQ(by_key_.at(key).front(), number);
    remove(key, 0);
  }
  void check() {
    ASSERT_EQ(log_.size(), order_.size());
    ASSERT_EQ(log_.chains(), by_key_.size());
    const uint32_t front = log_.front();
    ASSERT_EQ(front == StartLog::kNone, order_.empty());
    if (!order_.empty()) {
      ASSERT_EQ(log_.words(front)[0], *order_.begin());
    }
    for (const auto& [key, numbers] : by_key_) {
      const uint32_t chain = log_.find(key, tag_of(key));
      ASSERT_NE(chain, StartLog::kNone) << key;
      ASSERT_EQ(StartLog::key_of(log_.chain(chain)), key);
      check_chain(chain, numbers);
      if (is_counted_ && !only_oldest_removed_) log_.number_equal(chain);
      if (by_value_) check_values(chain, numbers);
    }
    only_oldest_removed_ = true;
  }

  const std::map<std::string, std::vector<uint32_t>>& keys() const { return by_key_; }
  size_t size() const { return order_.size(); }

 private:
  void check_chain(uint32_t chain, const std::vector<uint32_t>& numbers) {
    ASSERT_EQ(log_.chain(chain).count, numbers.size());
    std::vector<uint32_t> found;
    uint32_t before = StartLog::kNone;
    for (uint32_t place = log_.chain(chain).oldest; place != StartLog::kNone;
         place = log_.at(place).newer) {
      const StartLog::Start& start = log_.at(place);
      found.push_back(start.event);
      ASSERT_EQ(start.chain, chain);
      ASSERT_EQ(start.time, Timestamp{start.event / 3});
      ASSERT_EQ(log_.words(place)[0], start.event);
      ASSERT_EQ(log_.words(place)[1], ~uint64_t{start.event});
      if (before != StartLog::kNone) {
        ASSERT_EQ(start.older, before);
      }
      before = place;
    }
    ASSERT_EQ(found, numbers);
    ASSERT_EQ(log_.chain(chain).newest, before);
  }
  void check_values(uint32_t chain, const std::vector<uint32_t>& numbers) {
    std::map<int, std::vector<uint32_t>> wanted;
    for (const uint32_t number : numbers) wanted[values_.at(number)].push_back(number);
    wanted.erase(kNoValue);
    ASSERT_EQ(log_.chain(chain).values, wanted.size());
    for (int value = 0; value < 6; ++value) {
      std::vector<uint32_t> found;
      const uint32_t newest = log_.find_value(chain, value_tag(chain, value), has_value(value));
      for (uint32_t place = newest; place != StartLog::kNone;) {
        const uint32_t older = place;
        place = log_.newer_equal(place);
        ASSERT_EQ(log_.older_equal(place), older);
        ASSERT_EQ(log_.is_oldest_equal(place), found.empty());
        found.push_back(log_.at(place).event);
        if (place == newest) break;
      }
      ASSERT_EQ(found, wanted[value]) << "value " << value;
      if (is_counted_ && newest != StartLog::kNone) {
        ASSERT_EQ(log_.count_equal(newest), found.size());
      }
    }
  }

  StartLog log_;
  bool by_value_;
  bool is_counted_;
  bool only_oldest_removed_ = true;  // since they were counted anew
  uint32_t tags_;                    // few of them, so that different keys and values share one
  uint32_t added_ = 0;
  std::map<uint32_t, int> values_;
  std::map<std::string, std::vector<uint32_t>> by_key_;
  std::set<uint32_t> order_;
};

uint32_t no_tag() {
  return 0;
}

// Short, as long as fits, and longer.
std::string key_text(size_t number) {
  constexpr size_t kSizes[] = {1, StartLog::kKeyBytes, StartLog::kKeyBytes + 1, 100, 8, 7, 9, 15};
  std::string text(kSizes[number % std::size(kSizes)], 'x');
  text.back() = static_cast<char>('a' + number);
  return text;
}

// Removes the oldest of all or of a key, the newest or one between.
void remove_one(LogAndLists& both, std::mt19937_64& random) {
  if (random() % 3 == 0) return both.remove_front();
  const auto key =
      std::next(both.keys().begin(), static_cast<ptrdiff_t>(random() % both.keys().size()));
  const std::string name = key->first;
  const size_t count = key->second.size();
  const size_t choices[] = {0, count - 1, random() % count};
  both.remove(name, choices[random() % 3]);
}

void change_at_random(LogAndLists& both, uint64_t seed) {
  std::mt19937_64 random(seed);
  for (int round = 0; round < 300 && !testing::Test::HasFatalFailure(); ++round) {
    const bool grows = round / 60 % 2 == 0;
    const size_t more = random() % 12;
    both.make_room(more);
    for (size_t i = 0; i < (grows ? more : more / 4); ++i) {
      const int value = static_cast<int>(random() % 7) - 1;
      both.add(key_text(random() % 9), value);
    }
    const size_t fewer = random() % (grows ? 6 : 12);
    for (size_t i = 0; i < fewer && both.size() > 0; ++i) remove_one(both, random);
    both.check();
  }
}

TEST(StartLog, ComparesAllBytesOfKeys) {
  for (size_t size = 0; size <= 2 * StartLog::kKeyBytes; ++size) {
    const std::string key(size, 'x');
    EXPECT_TRUE(StartLog::are_equal(key, std::string(size, 'x')));
    EXPECT_FALSE(StartLog::are_equal(key, std::string(size + 1, 'x')));
    for (size_t at = 0; at < size; ++at) {
      std::string other = key;
      other[at] = 'y';
      EXPECT_FALSE(StartLog::are_equal(key, other)) << size << ' ' << at;
    }
  }
}

TEST(StartLog, SaysWhatListsSay) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    constexpr StartLog::Values kKinds[] = {StartLog::Values::kNone, StartLog::Values::kFound,
                                           StartLog::Values::kCounted};
    LogAndLists both(kKinds[seed % 3], seed % 4 == 0 ? 3 : 1000);
    change_at_random(both, seed);
    ASSERT_FALSE(HasFatalFailure()) << "seed " << seed;
  }
}

TEST(StartLog, MovesWhenItGrowsAndWhenLittleIsLeft) {
  LogAndLists both(StartLog::Values::kFound, 1000);
  constexpr size_t kMany = 3000;
  for (size_t i = 0; i < kMany; ++i) {
    both.make_room(1);
    both.add(key_text(i % 5), static_cast<int>(i % 6));
  }
  both.check();
  // The oldest and the newest stay: what is between is passed over.
  for (const std::string& key : {key_text(0), key_text(1), key_text(2), key_text(3)}) {
    while (both.keys().at(key).size() > 2) both.remove(key, 1);
  }
  both.make_room(2 * kMany);
  both.check();
  while (both.size() > 0) both.remove_front();
  both.check();
  both.make_room(1);
  both.add(key_text(2), 1);
  both.check();
}

// It gets more segments, of a few sizes; what has expired is no memory any more, and can be asked
// for.
TEST(StartLog, GrowsWithoutMovingWhatIsThere) {
  StartLog log(1, StartLog::Values::kNone);
  const uint32_t chain = log.add_chain("k", 1);
  constexpr uint32_t kMany = 200'000;
  std::vector<uint32_t> places;
  for (uint32_t i = 1; i <= kMany; ++i) {
    log.make_room(1);
    const uint64_t moves = log.moves();
    places.push_back(log.add(chain, Timestamp{i}, i));
    log.words(places.back())[0] = i;
    if (log.moves() != moves) FAIL() << "add() moves nothing";
  }
  EXPECT_LE(log.moves(), 4U);
  const uint32_t newest = log.chain(chain).newest;
  uint32_t place = log.front();
  for (uint32_t i = 1; i < kMany; ++i) {
    ASSERT_EQ(log.words(place)[0], i);
    log.remove(place, no_tag);
    place = log.front();
  }
  EXPECT_EQ(place, newest);
  log.make_room(1);
  EXPECT_FALSE(log.is_there(places[places.size() / 2]));
  EXPECT_EQ(log.words(log.front())[0], kMany);
  log.shrink();
  EXPECT_EQ(log.words(log.front())[0], kMany);
  EXPECT_EQ(log.size(), 1U);
}

// A chain's number is used again: what was kept of the key before is gone.
TEST(StartLog, AChainBeginsAnew) {
  StartLog log(0, StartLog::Values::kNone);
  const uint32_t chain = log.add_chain("a", 1);
  log.chain(chain).sums.total = 5;
  log.chain(chain).negatives = 2;
  log.make_room(1);
  EXPECT_FALSE(log.remove(log.add(chain, Timestamp{1}, 1), no_tag));
  EXPECT_EQ(log.find("a", 1), StartLog::kNone);
  ASSERT_EQ(log.add_chain("a key of more than sixteen bytes", 1), chain);
  EXPECT_EQ(log.chain(chain).sums.total, 0);
  EXPECT_EQ(log.chain(chain).negatives, 0U);
  EXPECT_EQ(log.find("a", 1), StartLog::kNone);
  EXPECT_EQ(log.find("a key of more than sixteen bytes", 1), chain);
}

}  // namespace
}  // namespace tocsin::runtime
