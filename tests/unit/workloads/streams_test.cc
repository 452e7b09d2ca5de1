// The hashes are those of the files that the Python program has written with which other engines
// were measured: the same events, to the last digit.
#include "tests/bench/workloads/streams.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/bench/workloads/python_random.h"

namespace tocsin::bench {
namespace {

uint64_t hash(std::string_view text) {  // FNV-1a
  uint64_t value = 0xcbf29ce484222325;
  for (const char byte : text) {
    value = (value ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  }
  return value;
}

std::string csv(const Stream<Event>& stream, int digits) {
  std::string text;
  stream([&](const Event& event) {
    text += fmt::format("{},{},{},{},{:.{}f}\n", event.millis, event.kind, event.key, event.id,
                        event.amount, digits);
  });
  return text;
}

std::string first_lines(const std::string& text) {
  return text.substr(0, text.find('\n', text.find('\n') + 1));
}

TEST(PythonRandom, DrawsWhatPythonDraws) {
  PythonRandom random(101);
  EXPECT_EQ(random(), 0.5811521325045647);
  EXPECT_EQ(random(), 0.1947544955341367);
  EXPECT_EQ(random(), 0.9652511070611112);
}

TEST(Streams, AreTheFilesOfTheOthers) {
  const std::string payments = csv(keyed_payments(0.004), 2);
  EXPECT_EQ(first_lines(payments),
            "1700000000000,view,5811,0,868.73\n1700000000001,pay,9239,1,597.12");
  EXPECT_EQ(hash(payments), 0x9bd765a9303f7a48);
  const std::string charges = csv(card_charges(0.01), 2);
  EXPECT_EQ(first_lines(charges), "1700000000000,pay,4113,0,62.80\n1700000000001,pay,0,1,0.91");
  EXPECT_EQ(hash(charges), 0xcf5a7d4eb008427f);
  EXPECT_EQ(hash(csv(twelve_kinds(0.02), 0)), 0x8f54a7ad6cebd7ba);
  EXPECT_EQ(hash(csv(starts_and_ends(0.004), 0)), 0xd0756a2a1d3e9c77);
  EXPECT_EQ(hash(csv(answered_calls(0.02), 0)), 0xbe12c3a09fd1183b);
  const std::string plain = csv(plain_payments(0.02), 3);
  EXPECT_EQ(first_lines(plain),
            "1700000000000,withdraw,735,0,666.270\n1700000000001,pay,659,1,474.667");
  EXPECT_EQ(hash(plain), 0x8304ca6942fc31ec);
}

TEST(Streams, RulesAreThoseOfTheOthers) {
  std::string text = "rule,lo,hi,d\n";
  int number = 0;
  for (const AmountRule& rule : amount_rules(1000)) {
    text += fmt::format("{},{:.3f},{:.3f},{:.3f}\n", number++, rule.low, rule.high, rule.threshold);
  }
  EXPECT_EQ(hash(text), 0x8991ff269d8217ca);
}

TEST(Streams, AmountsAddNothingToTheDraws) {
  const auto without_amounts = [](const Stream<Event>& stream) {
    std::string text;
    stream([&](const Event& event) {
      text += fmt::format("{},{},{}\n", event.millis, event.kind, event.id);
    });
    return text;
  };
  EXPECT_EQ(without_amounts(starts_and_ends(0.001)), without_amounts(starts_and_ends(0.001, 0.5)));
}

TEST(Streams, AmountsAreWhatAPrinterWrites) {
  EXPECT_EQ(rounded(0.125, 2), 0.12) << "half to even";
  EXPECT_EQ(rounded(0.375, 2), 0.38);
  EXPECT_EQ(rounded(1.005, 2), 1.0) << "1.005 is a little less";
  EXPECT_EQ(rounded(912.3456, 3), 912.346);
}

}  // namespace
}  // namespace tocsin::bench
