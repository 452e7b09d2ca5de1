#include "connectors/number.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <random>

#include "eventtime/value.h"

namespace tocsin::connectors {
namespace {

std::string show(NumberFault fault, const std::string& value) {
  switch (fault) {
    case NumberFault::kNone:
      return value;
    case NumberFault::kMalformed:
      return "malformed";
    case NumberFault::kFraction:
      return "fraction";
    case NumberFault::kOutOfRange:
      return "out of range";
  }
  return "?";
}

std::string as_int(const std::string& text, NumberGrammar grammar) {
  int64_t value = 0;
  const NumberFault fault = parse_int(text, grammar, value);
  return show(fault, std::to_string(value));
}

std::string as_float(const std::string& text, NumberGrammar grammar) {
  double value = 0;
  const NumberFault fault = parse_float(text, grammar, value);
  std::string shown;
  eventtime::append_float(shown, value);
  return show(fault, shown);
}

struct NumberCase {
  std::string text;
  std::string expected;
};

TEST(ParseInt, ReadsWholeNumbersHoweverWritten) {
  const std::vector<NumberCase> cases = {
      {"0", "0"},
      {"-0", "0"},
      {"7", "7"},
      {"-12", "-12"},
      {"1.0", "1"},
      {"1.000000000000000000000000000000", "1"},
      {"1e3", "1000"},
      {"1E+3", "1000"},
      {"1000e-3", "1"},
      {"1.25e2", "125"},
      {"0e99999999999999999999", "0"},
      {"0.0e-99999999999999999999", "0"},
      {"9223372036854775807", "9223372036854775807"},
      {"9223372036854775807.0", "9223372036854775807"},
      {"922337203685477580700e-2", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"9223372036854775808", "out of range"},
      {"-9223372036854775809", "out of range"},
      {"18446744073709551616", "out of range"},
      {"10000000000000000000000000001", "out of range"},
      {"1e19", "out of range"},
      {"1e99999999999999999999", "out of range"},
      {"1.5", "fraction"},
      {"1e-1", "fraction"},
      {"1e-99999999999999999999", "fraction"},
      {"1.00000000000000000000000000000001", "fraction"},
      {"12345678901234567890123.5", "fraction"},
      {"0.1", "fraction"},
  };
  for (const NumberCase& test : cases) {
    EXPECT_EQ(as_int(test.text, NumberGrammar::kJson), test.expected) << test.text;
    EXPECT_EQ(as_int(test.text, NumberGrammar::kLoose), test.expected) << test.text;
  }
}

TEST(ParseFloat, GivesTheNearestDouble) {
  const std::vector<NumberCase> cases = {
      {"0", "0.0"},
      {"-0", "-0.0"},
      {"-0.0e5", "-0.0"},
      {"3", "3.0"},
      {"912.5", "912.5"},
      {"0.1", "0.1"},
      {"-1.5e-7", "-1.5e-07"},
      {"9007199254740993", "9007199254740992.0"},
      {"123456789012345678901234567890", "1.2345678901234568e+29"},
      {"1e22", "1e+22"},
      {"1e23", "1e+23"},
      {"1.7976931348623157e308", "1.7976931348623157e+308"},
      {"1.7976931348623159e308", "out of range"},
      {"1e999", "out of range"},
      {"-1e999", "out of range"},
      {"1e99999999999999999999", "out of range"},
      {"5e-324", "5e-324"},
      {"2e-324", "0.0"},
      {"-1e-999", "-0.0"},
      {"1e-99999999999999999999", "0.0"},
      {"0e999", "0.0"},
      {"0.000000000000000000000000000000000000000001e42", "1.0"},
  };
  for (const NumberCase& test : cases) {
    EXPECT_EQ(as_float(test.text, NumberGrammar::kJson), test.expected) << test.text;
    EXPECT_EQ(as_float(test.text, NumberGrammar::kLoose), test.expected) << test.text;
  }
}

TEST(ParseFloat, ReadsManyDigits) {
  const std::string nines(5000, '9');
  EXPECT_EQ(as_float(nines, NumberGrammar::kJson), "out of range");
  EXPECT_EQ(as_float("0." + nines, NumberGrammar::kJson), "1.0");
  EXPECT_EQ(as_float("1" + std::string(400, '0') + "e-400", NumberGrammar::kJson), "1.0");
  EXPECT_EQ(as_int("1" + std::string(400, '0') + "e-400", NumberGrammar::kJson), "1");
}

TEST(ParseFloat, ReadsBackWhatIsWritten) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    double value = std::bit_cast<double>(random());
    if (i % 2 == 0) value = static_cast<double>(random() % 1'000'000) / 100;
    if (!std::isfinite(value)) continue;
    std::string text;
    eventtime::append_float(text, value);
    double read = 0;
    ASSERT_EQ(parse_float(text, NumberGrammar::kJson, read), NumberFault::kNone) << text;
    ASSERT_EQ(std::bit_cast<uint64_t>(read), std::bit_cast<uint64_t>(value)) << text;
  }
}

std::string random_bytes(std::mt19937_64& random, size_t size, std::string_view of) {
  std::string text;
  for (; size > 0; --size) text += of[random() % of.size()];
  return text;
}

// Whatever stands behind the number.
TEST(ParseShortFloat, AgreesWithParseFloat) {
  std::mt19937_64 random(11);
  const std::string_view bytes = "0123456789012345678900..--+eE /:\x01\xB9\xFF";
  size_t read = 0;
  for (int i = 0; i < 400'000; ++i) {
    const size_t size = 1 + random() % 11;
    std::string text = random_bytes(random, size, bytes.substr(0, i % 2 == 0 ? 24 : bytes.npos));
    text += i % 3 == 0 ? "000000000" : ",\"1.2.3\"-";
    const std::string_view number = std::string_view(text).substr(0, size);
    double fast = 0;
    if (!parse_short_float(number, fast)) continue;
    ++read;
    double value = 0;
    ASSERT_EQ(parse_float(number, NumberGrammar::kJson, value), NumberFault::kNone) << number;
    ASSERT_EQ(std::bit_cast<uint64_t>(fast), std::bit_cast<uint64_t>(value)) << number;
  }
  EXPECT_GT(read, 10'000U);
}

TEST(ParseShortFloat, ReadsPlainNumbersOfEightBytes) {
  for (const char* number : {"0", "-0", "7", "0.5", "-0.5", "87.11", "-79.326", "12345678",
                             "-12345678", "1.000000", "123456.7", "0.000000"}) {
    const std::string text = number + std::string(9, '5');
    double value = 0;
    ASSERT_TRUE(parse_short_float(std::string_view(text).substr(0, std::strlen(number)), value));
    EXPECT_EQ(std::bit_cast<uint64_t>(value),
              std::bit_cast<uint64_t>(std::strtod(number, nullptr)));
  }
  for (const char* other :
       {"-", ".5", "5.", "01", "00", "-01", "1e5", "123456789", "1.2.3", "+1", "1 "}) {
    const std::string text = other + std::string(9, '5');
    double value = 0;
    EXPECT_FALSE(parse_short_float(std::string_view(text).substr(0, std::strlen(other)), value))
        << other;
  }
}

// Whatever stands behind the number.
TEST(ParseShortInt, AgreesWithParseInt) {
  std::mt19937_64 random(12);
  const std::string_view bytes = "01234567890123456789-+.eE /:\x01\xB9\xFF";
  size_t read = 0;
  for (int i = 0; i < 400'000; ++i) {
    std::string text = random() % 4 == 0 ? "-" : "";
    text += random_bytes(random, random() % 19, bytes.substr(0, i % 8 != 0 ? 20 : bytes.npos));
    const size_t size = text.size();
    text += i % 3 == 0 ? "00000000000000000" : ",\"123\"-,56789012";
    const std::string_view number = std::string_view(text).substr(0, size);
    int64_t fast = 0;
    if (!parse_short_int(number, fast)) continue;
    ++read;
    int64_t value = 0;
    ASSERT_EQ(parse_int(number, NumberGrammar::kLoose, value), NumberFault::kNone) << number;
    ASSERT_EQ(fast, value) << number;
  }
  EXPECT_GT(read, 100'000U);
}

TEST(ParseShortInt, ReadsDigitsAndNothingElse) {
  for (const char* number : {"0", "-0", "7", "-12", "007", "12345678", "123456789", "-987654321",
                             "1234567890123456", "-9999999999999999", "1767225600000"}) {
    const std::string text = number + std::string(17, '5');
    int64_t value = 0;
    ASSERT_TRUE(parse_short_int(std::string_view(text).substr(0, std::strlen(number)), value));
    EXPECT_EQ(value, std::strtoll(number, nullptr, 10));
  }
  for (const char* other : {"", "-", "+1", "1.0", "1e3", "--1", "1 ", "12345678901234567",
                            "12345678x", "x2345678901", "1234567/9", "1234567:9"}) {
    const std::string text = other + std::string(17, '5');
    int64_t value = 0;
    EXPECT_FALSE(parse_short_int(std::string_view(text).substr(0, std::strlen(other)), value))
        << other;
  }
}

TEST(NumberGrammar, TellsJsonFromLoose) {
  const std::vector<std::string> only_loose = {"+1", "01",  "-007", ".5",
                                               "5.", "-.5", "00",   "+0.5e1"};
  for (const std::string& text : only_loose) {
    EXPECT_FALSE(is_number(text, NumberGrammar::kJson)) << text;
    EXPECT_TRUE(is_number(text, NumberGrammar::kLoose)) << text;
  }
  const std::vector<std::string> neither = {"",      "-",     "+",   ".",   "e5",  "1e",  "1e+",
                                            "--1",   " 1",    "1 ",  "1x",  "0x1", "nan", "inf",
                                            "1.2.3", "1e5.0", "-e1", "1,5", ".e1", "+-1"};
  for (const std::string& text : neither) {
    EXPECT_FALSE(is_number(text, NumberGrammar::kJson)) << text;
    EXPECT_FALSE(is_number(text, NumberGrammar::kLoose)) << text;
    EXPECT_EQ(as_int(text, NumberGrammar::kLoose), "malformed") << text;
    EXPECT_EQ(as_float(text, NumberGrammar::kLoose), "malformed") << text;
  }
  EXPECT_EQ(as_int("+007", NumberGrammar::kLoose), "7");
  EXPECT_EQ(as_float("+.5", NumberGrammar::kLoose), "0.5");
  EXPECT_EQ(as_float("+123456789012345678901", NumberGrammar::kLoose), "1.2345678901234568e+20");
}

}  // namespace
}  // namespace tocsin::connectors
