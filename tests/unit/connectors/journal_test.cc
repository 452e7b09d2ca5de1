#include "connectors/state/journal.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <thread>

#include "tests/support/temporary_directory.h"

namespace tocsin::connectors {
namespace {

using runtime::Tick;

const std::vector<Tick> kTicks = {{0, 0, {5}}, {1, 7, {-3}}, {1, 7, {60'000'000}}, {0, 9, {8}}};

class JournalTest : public testing::Test {
 protected:
  // Writes the ticks, each by an append of its own; the bytes.
  std::string written(const std::vector<Tick>& ticks) const {
    const auto journal = Journal::open(path(), 2);
    EXPECT_TRUE(journal) << journal.error().message;
    for (const Tick& tick : ticks) EXPECT_TRUE((*journal)->append({&tick, 1}));
    EXPECT_TRUE((*journal)->sync());
    return tests::read_file(path());
  }
  std::string error_of(const std::string& bytes) const {
    directory_.write("journal", bytes);
    const auto read = read_journal(path(), 2);
    const auto opened = Journal::open(path(), 2);
    EXPECT_EQ(read.has_value(), opened.has_value());
    EXPECT_EQ(tests::read_file(path()).size(),
              opened ? tests::read_file(path()).size() : bytes.size());  // refused: as it was
    if (read) return "good";
    EXPECT_EQ(read.error().message, opened.error().message);
    EXPECT_EQ(read.error().blame, eventtime::Blame::kWorld);
    return read.error().message.substr(read.error().message.find("': ") + 3);
  }
  std::string path() const { return directory_.path("journal"); }

  tests::TemporaryDirectory directory_;
};

TEST_F(JournalTest, HoldsWhatWasAppended) {
  written({});
  EXPECT_TRUE(read_journal(path(), 2)->ticks.empty());
  written({kTicks[0], kTicks[1]});
  written({kTicks[2], kTicks[3]});
  EXPECT_EQ(read_journal(path(), 2)->ticks, kTicks);
  EXPECT_EQ((*Journal::open(path(), 2))->content().ticks, kTicks);
}

TEST_F(JournalTest, ATornEndIsCutOffWhereverItIs) {
  const std::string bytes = written(kTicks);
  ASSERT_EQ(bytes.size(), 24U + 4 * 32);
  for (size_t size = 0; size < bytes.size(); ++size) {
    directory_.write("journal", bytes.substr(0, size));
    const size_t whole = size < 24 ? 0 : (size - 24) / 32;
    const std::vector<Tick> left(kTicks.begin(), kTicks.begin() + static_cast<ptrdiff_t>(whole));
    const auto read = read_journal(path(), 2);
    ASSERT_TRUE(read) << size;
    EXPECT_EQ(read->ticks, left);
    EXPECT_EQ(read->torn_bytes, size < 24 ? size : (size - 24) % 32);
    EXPECT_EQ(tests::read_file(path()).size(), size);  // a reader changes nothing
    written({kTicks[3]});
    std::vector<Tick> longer = left;
    longer.push_back(kTicks[3]);
    ASSERT_EQ(read_journal(path(), 2)->ticks, longer) << size;
  }
}

TEST_F(JournalTest, ZerosAtTheEndAreTornOff) {
  const std::string bytes = written(kTicks);
  directory_.write("journal", bytes + std::string(100, '\0'));
  EXPECT_EQ(read_journal(path(), 2)->ticks, kTicks);
  EXPECT_EQ(read_journal(path(), 2)->torn_bytes, 100U);
}

TEST_F(JournalTest, DamageIsNoticed) {
  const std::string bytes = written(kTicks);
  for (size_t at = 0; at < bytes.size() - 32; ++at) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    const std::string error = error_of(damaged);
    if (at >= 24) {
      EXPECT_EQ(error, "tick " + std::to_string((at - 24) / 32) + " is damaged");
    }
    EXPECT_NE(error, "good") << at;
  }
  std::string swapped = bytes;
  std::swap_ranges(swapped.begin() + 24, swapped.begin() + 56, swapped.begin() + 56);
  EXPECT_EQ(error_of(swapped), "tick 0 is damaged");
}

TEST_F(JournalTest, WhatIsNotForThisRunIsRefused) {
  const std::string bytes = written(kTicks);
  EXPECT_EQ(error_of("something else"), "it is no journal of tocsin");
  EXPECT_EQ(error_of("something else that is longer than a header"), "it is no journal of tocsin");
  std::string newer = bytes;
  newer[8] = 2;
  EXPECT_EQ(error_of(newer), "it has format version 2, this program knows 1");
  directory_.write("journal", bytes);
  EXPECT_EQ(read_journal(path(), 3).error().message,
            "cannot use the journal '" + path() +
                "': it was written by a run over 2 inputs, this one has 3");
  EXPECT_FALSE(read_journal("/nowhere/journal", 1));
  EXPECT_FALSE(Journal::open("/nowhere/journal", 1));
}

TEST_F(JournalTest, OneRunAtATimeWritesToIt) {
  const auto first = Journal::open(path(), 1);
  ASSERT_TRUE(first);
  const auto second = Journal::open(path(), 1);
  ASSERT_FALSE(second);
  EXPECT_TRUE(second.error().message.ends_with("': another run writes to it"));
  EXPECT_TRUE(read_journal(path(), 1));
}

// A child of a run that was killed.
TEST_F(JournalTest, WhoHoldsItForAMomentIsWaitedFor) {
  auto first = Journal::open(path(), 1);
  ASSERT_TRUE(first);
  std::thread gone([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    first->reset();
  });
  EXPECT_TRUE(Journal::open(path(), 1));
  gone.join();
}

// So many ticks behind each of three records.
std::vector<Tick> waiting(size_t count) {
  std::vector<Tick> ticks;
  for (const uint64_t position : {0U, 7U, 9U}) {
    for (size_t i = 0; i < count; ++i) {
      const auto time = static_cast<int64_t>(position * count + i);
      ticks.push_back({0, position, {time}});
      ticks.push_back({1, position, {-time}});
    }
  }
  return ticks;
}

TEST_F(JournalTest, KeepsTheLatestOfTheTicksBehindARecord) {
  EXPECT_EQ(last_ticks({{1, 3, {5}}, {0, 4, {7}}, {1, 3, {9}}, {1, 3, {8}}, {0, 2, {6}}}),
            (std::vector<Tick>{{0, 2, {6}}, {0, 4, {7}}, {1, 3, {9}}}));
  const std::vector<Tick> all = waiting(100);
  written(all);
  EXPECT_EQ(read_journal(path(), 2)->ticks, all);
  EXPECT_EQ((*Journal::open(path(), 2))->content().ticks, all);  // and drops most of them
  std::vector<Tick> left = last_ticks(all);
  EXPECT_EQ(read_journal(path(), 2)->ticks, left);
  written({kTicks[3]});
  left.push_back(kTicks[3]);
  EXPECT_EQ(read_journal(path(), 2)->ticks, left);
  EXPECT_FALSE(std::filesystem::exists(path() + ".new"));
}

TEST_F(JournalTest, DropsThemAlsoWhileItGrows) {
  const auto journal = Journal::open(path(), 2);
  ASSERT_TRUE(journal);
  uintmax_t most = 0;
  for (int64_t i = 0; i < 100; ++i) {
    const std::vector<Tick> ticks(2000, Tick{0, static_cast<uint64_t>(i / 10), {i}});
    ASSERT_TRUE((*journal)->append(ticks));
    most = std::max(most, std::filesystem::file_size(path()));
  }
  EXPECT_LT(most, 24 + 32 * (Journal::kLookEvery + 2010));
  EXPECT_TRUE((*journal)->sync());
  EXPECT_FALSE(Journal::open(path(), 2)) << "it is held by one run all the time";
  const auto read = read_journal(path(), 2);
  ASSERT_TRUE(read) << read.error().message;
  const std::vector<Tick> last = last_ticks(read->ticks);
  ASSERT_EQ(last.size(), 10U);
  for (size_t i = 0; i < last.size(); ++i) {
    EXPECT_EQ(last[i], (Tick{0, i, {static_cast<int64_t>(10 * i + 9)}}));
  }
}

TEST_F(JournalTest, WhoWaitsForItGetsTheFileThatTookItsPlace) {
  written(waiting(1));
  auto first = Journal::open(path(), 2);
  ASSERT_TRUE(first);
  std::thread ends([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    const std::vector<Tick> many(Journal::kLookEvery, Tick{1, 20, {20}});
    EXPECT_TRUE((*first)->append(many));
    first->reset();
  });
  {
    const auto second = Journal::open(path(), 2);
    EXPECT_TRUE(second && (*second)->append({&kTicks[0], 1}));
  }
  ends.join();
  std::vector<Tick> left = last_ticks(waiting(1));
  left.push_back({1, 20, {20}});
  left.push_back(kTicks[0]);
  EXPECT_EQ(read_journal(path(), 2)->ticks, left);
}

TEST_F(JournalTest, TicksThatCannotBeDroppedStay) {
  const std::vector<Tick> all = waiting(100);
  written(all);
  std::filesystem::create_directory(path() + ".new");
  written({kTicks[3]});
  std::vector<Tick> longer = all;
  longer.push_back(kTicks[3]);
  EXPECT_EQ(read_journal(path(), 2)->ticks, longer);
}

TEST_F(JournalTest, ALinkStaysOneWhenTicksAreDropped) {
  written(waiting(100));
  std::filesystem::rename(path(), directory_.path("elsewhere"));
  std::filesystem::create_symlink("elsewhere", path());
  std::filesystem::permissions(path(), std::filesystem::perms::owner_all);
  ASSERT_TRUE(Journal::open(path(), 2));
  EXPECT_TRUE(std::filesystem::is_symlink(path()));
  EXPECT_EQ(std::filesystem::status(path()).permissions(), std::filesystem::perms::owner_all);
  EXPECT_EQ(read_journal(path(), 2)->ticks, last_ticks(waiting(100)));
}

TEST_F(JournalTest, AFullDiskLeavesWholeTicks) {
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const auto journal = Journal::open(path(), 2);
  ASSERT_TRUE(journal);
  const rlimit small{24 + 32 + 10, old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const bool first = (*journal)->append({kTicks.data(), 1}).has_value();
  const auto second = (*journal)->append({&kTicks[1], 2});
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_TRUE(first);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "cannot use the journal '" + path() + "': File too large");
  EXPECT_EQ(tests::read_file(path()).size(), 24U + 32);
  EXPECT_TRUE((*journal)->append({&kTicks[1], 3}));  // there is room again
  EXPECT_EQ(read_journal(path(), 2)->ticks, kTicks);
}

}  // namespace
}  // namespace tocsin::connectors
