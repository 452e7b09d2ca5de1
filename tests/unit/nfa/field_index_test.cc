#include "nfa/field_index.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace tocsin::nfa {
namespace {

using eventtime::Column;
using eventtime::Text;
using patterns::Op;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Constant integer(int64_t value) {
  return {value, 0, {}};
}
Constant number(double value) {
  return {0, value, {}};
}
Constant text_constant(const std::string& value) {
  return {0, 0, value};
}

std::vector<Constant> constants(Type type) {
  if (type == Type::kInt) {
    return {integer(INT64_MIN), integer(-9007199254740993), integer(-1),       integer(0),
            integer(1),         integer(9007199254740993),  integer(INT64_MAX)};
  }
  if (type == Type::kFloat) {
    return {number(-kInfinity), number(-1e300), number(-1),    number(-5e-324),  number(-0.0),
            number(0.0),        number(2.5),    number(1e300), number(kInfinity)};
  }
  return {text_constant(""),
          text_constant(std::string(1, '\0')),
          text_constant("a"),
          text_constant(std::string("a\0", 2)),
          text_constant("abcdefgh"),
          text_constant("abcdefghi"),
          text_constant("abcdefghijkl"),
          text_constant("abcdefghijklm"),
          text_constant("abcdefghijklmn"),
          text_constant("abcdefghijklmo"),
          text_constant("b"),
          text_constant("\xC3\xBC")};
}

// The constants, and what lies between and beyond.
std::vector<Constant> values(Type type) {
  std::vector<Constant> all = constants(type);
  if (type == Type::kInt) {
    for (const int64_t value : {-9007199254740994, -9007199254740992, int64_t{-2}, int64_t{2}}) {
      all.push_back(integer(value));
    }
  } else if (type == Type::kFloat) {
    for (const double value : {std::nan(""), 1.0, -2.0, 2.6, 5e-324, 1.7e308, -1.7e308}) {
      all.push_back(number(value));
    }
  } else {
    for (const char* value : {"abcdefg", "abcdefghj", "abcdefghijklmnop", "ab", "c", "\xC3"}) {
      all.push_back(text_constant(value));
    }
  }
  return all;
}

Column column_of(Type type, const std::vector<Constant>& all) {
  Column column(type);
  column.resize(all.size());
  for (size_t row = 0; row < all.size(); ++row) {
    if (type == Type::kFloat) {
      column.set_number(row, all[row].number);
    } else if (type == Type::kString) {
      column.set_text(row, Text(all[row].text));
    } else {
      column.set_integer(row, all[row].integer);
    }
  }
  return column;
}

// By the definition of its comparisons.
bool holds(const Access& access, const Column& column, uint32_t row) {
  const auto compare = [&](Op op, const Constant& constant) {
    return Comparison{0, op, access.type, constant}.holds(column, row);
  };
  if (!access.points.empty()) {
    return std::any_of(access.points.begin(), access.points.end(),
                       [&](const Constant& point) { return compare(Op::kEqual, point); });
  }
  const auto& [lower, upper] = std::tie(access.lower, access.upper);
  return (!lower || compare(lower->strict ? Op::kGreater : Op::kGreaterEqual, lower->value)) &&
         (!upper || compare(upper->strict ? Op::kLess : Op::kLessEqual, upper->value));
}

void expect_all_found(Type type, const std::vector<Access>& unordered) {
  std::vector<Access> accesses;
  for (const uint32_t i : FieldIndex::best_order(unordered)) accesses.push_back(unordered[i]);
  ASSERT_EQ(accesses.size(), unordered.size());
  const auto index = FieldIndex::make(accesses);
  const std::vector<Constant> all = values(type);
  const Column column = column_of(type, all);
  for (uint32_t row = 0; row < all.size(); ++row) {
    std::vector<uint32_t> expected = {77};  // what is there already stays
    for (uint32_t i = 0; i < accesses.size(); ++i) {
      if (holds(accesses[i], column, row)) expected.push_back(i);
    }
    std::vector<uint32_t> found = {77};
    index->find(column, row, found);
    EXPECT_EQ(found, expected) << "type " << to_string(type) << ", row " << row;
  }
}

Access of_type(Type type) {
  Access access;
  access.type = type;
  return access;
}

std::vector<Access> ranges(Type type, bool with_lower, bool with_upper) {
  std::vector<Access> all;
  for (const Constant& lower : constants(type)) {
    for (const Constant& upper : constants(type)) {
      for (const unsigned strict : {0, 1, 2, 3}) {
        Access access = of_type(type);
        if (with_lower) access.lower = Bound{lower, (strict & 1) != 0};
        if (with_upper) access.upper = Bound{upper, (strict & 2) != 0};
        all.push_back(access);
      }
    }
  }
  return all;
}

constexpr std::array<Type, 3> kTypes = {Type::kInt, Type::kFloat, Type::kString};

TEST(FieldIndex, FindsEqualValues) {
  for (const Type type : kTypes) {
    std::vector<Access> accesses;
    const std::vector<Constant> all = constants(type);
    for (size_t i = 0; i < all.size(); ++i) {
      Access access = of_type(type);
      access.points = {all[i]};
      accesses.push_back(access);
      access.points = {all[i], all[(i + 2) % all.size()], all[i]};
      accesses.push_back(access);
    }
    expect_all_found(type, accesses);
  }
}

// A few values are looked up in another way than many.
TEST(FieldIndex, FindsEqualValuesAmongFew) {
  const std::vector<Constant> all = constants(Type::kString);
  for (const size_t values : {1, 2, 8, 9}) {
    for (size_t first = 0; first < all.size(); ++first) {
      std::vector<Access> accesses;
      for (size_t i = 0; i < values; ++i) {
        Access access = of_type(Type::kString);
        access.points = {all[(first + i) % all.size()]};
        accesses.push_back(access);
      }
      expect_all_found(Type::kString, accesses);
    }
  }
}

// All pairs of bounds: among them empty ranges, single values, and so many wide ones that they lie
// in a tree.
TEST(FieldIndex, FindsTheRangesOverAValue) {
  for (const Type type : kTypes) {
    const std::vector<Access> all = ranges(type, true, true);
    expect_all_found(type, all);
    for (const Access& access : all) expect_all_found(type, {access});
  }
}

TEST(FieldIndex, FindsThresholdsOnEitherSide) {
  for (const Type type : kTypes) {
    expect_all_found(type, ranges(type, true, false));
    expect_all_found(type, ranges(type, false, true));
  }
}

// Wide ranges over many different bounds: the lists of all elementary intervals would be large.
TEST(FieldIndex, FindsWideRangesAmongManyBounds) {
  std::mt19937_64 random(4);
  const auto any = [&] { return static_cast<double>(random() % 100'000) / 8 - 5000; };
  std::vector<Access> accesses;
  for (size_t i = 0; i < 700; ++i) {
    const double first = any();
    const double second = i % 2 == 0 ? any() : first + 1;
    Access access = of_type(Type::kFloat);
    access.lower = Bound{number(std::min(first, second)), random() % 2 == 0};
    access.upper = Bound{number(std::max(first, second)), random() % 2 == 0};
    accesses.push_back(access);
  }
  const auto index = FieldIndex::make(accesses);
  std::vector<Constant> all;
  for (size_t i = 0; i < 500; ++i) all.push_back(number(any()));
  for (const Access& access : accesses) all.push_back(access.lower->value);
  const Column column = column_of(Type::kFloat, all);
  for (uint32_t row = 0; row < all.size(); ++row) {
    std::vector<uint32_t> expected;
    for (uint32_t i = 0; i < accesses.size(); ++i) {
      if (holds(accesses[i], column, row)) expected.push_back(i);
    }
    std::vector<uint32_t> found;
    index->find(column, row, found);
    ASSERT_EQ(found, expected) << row;
  }
}

}  // namespace
}  // namespace tocsin::nfa
