#include "runtime/suppressor.h"

#include <gtest/gtest.h>

#include <string>

namespace tocsin::runtime {
namespace {

using eventtime::Duration;
using eventtime::Timestamp;

TEST(Suppressor, TellsTheNextOneHowManyWereKeptBack) {
  Suppressor suppressor(Duration{10});
  EXPECT_EQ(suppressor.pass("a", Timestamp{100}), 0U);
  EXPECT_EQ(suppressor.pass("a", Timestamp{100}), std::nullopt);
  EXPECT_EQ(suppressor.pass("a", Timestamp{109}), std::nullopt);
  EXPECT_EQ(suppressor.pass("a", Timestamp{110}), 2U);
  EXPECT_EQ(suppressor.pass("a", Timestamp{119}), std::nullopt);
  EXPECT_EQ(suppressor.suppressed(), 3U);
}

TEST(Suppressor, KeepsGroupsApart) {
  Suppressor suppressor(Duration{10});
  EXPECT_EQ(suppressor.pass("a", Timestamp{100}), 0U);
  EXPECT_EQ(suppressor.pass("b", Timestamp{101}), 0U);
  EXPECT_EQ(suppressor.pass("a", Timestamp{105}), std::nullopt);
}

TEST(Suppressor, ForgetsOnlyWhatSaysNothingAnyMore) {
  Suppressor suppressor(Duration{10});
  EXPECT_EQ(suppressor.pass("counted", Timestamp{0}), 0U);
  EXPECT_EQ(suppressor.pass("counted", Timestamp{1}), std::nullopt);
  for (int i = 0; i < 5000; ++i) suppressor.pass("group" + std::to_string(i), Timestamp{i});
  suppressor.forget(Timestamp{5000});
  EXPECT_EQ(suppressor.pass("group4999", Timestamp{5000}), std::nullopt);
  EXPECT_EQ(suppressor.pass("group1", Timestamp{5000}), 0U);
  EXPECT_EQ(suppressor.pass("counted", Timestamp{5000}), 1U);
}

}  // namespace
}  // namespace tocsin::runtime
