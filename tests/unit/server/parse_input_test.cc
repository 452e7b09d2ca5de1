#include <gtest/gtest.h>

#include "server/run_command.h"

namespace tocsin::server {
namespace {

TEST(ParseInput, ATypeStandsBeforeTheEqualsSign) {
  EXPECT_EQ(parse_input("Payment=in.jsonl"), (RunInput{"in.jsonl", "Payment"}));
  EXPECT_EQ(parse_input("_p2=-"), (RunInput{"-", "_p2"}));
  EXPECT_EQ(parse_input("Payment=a=b.jsonl"), (RunInput{"a=b.jsonl", "Payment"}));
}

TEST(ParseInput, WhatIsNoNameIsPartOfThePath) {
  EXPECT_EQ(parse_input("in.jsonl"), (RunInput{"in.jsonl", std::nullopt}));
  EXPECT_EQ(parse_input("-"), (RunInput{"-", std::nullopt}));
  EXPECT_EQ(parse_input("./day=1"), (RunInput{"./day=1", std::nullopt}));
  EXPECT_EQ(parse_input("=x"), (RunInput{"=x", std::nullopt}));
  EXPECT_EQ(parse_input("1a=x"), (RunInput{"1a=x", std::nullopt}));
}

}  // namespace
}  // namespace tocsin::server
