#include "connectors/state/journal.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <csignal>
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
