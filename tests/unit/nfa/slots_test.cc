#include "nfa/slots.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "tests/support/json_run.h"

namespace tocsin::nfa {
namespace {

using eventtime::Text;
using eventtime::Type;
using eventtime::Value;

// The slot of one aggregate, "sum(a.i)", of a loop over events with a field of each type.
class OneSlot {
 public:
  explicit OneSlot(const std::string& capture)
      : set_(tests::load_patterns("event E { i: int?, f: float?, s: string?, t: timestamp?, b: "
                                  "bool?, at: timestamp } time at\n"
                                  "pattern p { match a: E+ emit v: " +
                                  capture + " }")),
        layout_(set_.patterns[0]),
        words_(layout_.words()) {
    EXPECT_EQ(layout_.slots().size(), 1U);
    layout_.clear(words_.data());
  }

  void bind(const Value& value) {
    update_slot(layout_.slot(0), words_.data(), value, {int64_t{7'000'000}}, errors_);
  }
  std::string json() const {
    std::string out;
    append_json(out, layout_.read(words_.data(), 0));
    return out;
  }
  bool equals(const OneSlot& other) const {
    const std::vector<uint32_t> slots = {0};
    return layout_.equal(words_.data(), other.words_.data(), slots);
  }
  uint64_t errors() const { return errors_; }

 private:
  patterns::PatternSet set_;
  SlotLayout layout_;
  std::vector<uint64_t> words_;
  uint64_t errors_ = 0;
};

Value text(std::string_view view) {
  return Value::of_text(Text(view));
}

struct SlotsCase {
  std::string capture;
  std::vector<Value> bound;
  std::string json;
};

TEST(Slots, EachKindReadsWhatWasBound) {
  const Value null = Value::null();
  const auto i = Value::of_int;
  const auto f = Value::of_float;
  const std::string_view longer = "a text of more than twelve bytes";
  const std::vector<SlotsCase> cases = {
      {"a.i", {}, "null"},
      {"a.i", {i(1), i(2)}, "2"},
      {"a.i", {i(1), null}, "null"},
      {"a.i", {null, i(2)}, "2"},
      {"last(a.s)", {text("x"), text(longer)}, "\"a text of more than twelve bytes\""},
      {"last(a.s)", {text(longer), null}, "null"},
      {"a.b", {Value::of_bool(true)}, "true"},
      {"first(a.i)", {}, "null"},
      {"first(a.i)", {i(1), i(2)}, "1"},
      {"first(a.i)", {null, i(2)}, "null"},  // null or not
      {"first(a.s)", {text(longer), text("x")}, "\"a text of more than twelve bytes\""},
      {"first(a.s)", {null, text("x")}, "null"},
      {"time(a)", {}, "null"},
      {"time(a)", {null}, "\"1970-01-01T00:00:07.000Z\""},
      {"count(a)", {}, "0"},
      {"count(a)", {null, null}, "2"},
      {"sum(a.i)", {}, "null"},
      {"sum(a.i)", {null}, "null"},
      {"sum(a.i)", {i(1), null, i(-4)}, "-3"},
      {"sum(a.f)", {f(0.5), null, f(2)}, "2.5"},
      {"sum(a.f)", {null}, "null"},
      {"sum(a.f)", {f(1e308), f(1e308)}, "null"},
      {"avg(a.i)", {}, "null"},
      {"avg(a.i)", {null, i(1), i(2)}, "1.5"},
      {"avg(a.f)", {f(1), f(2)}, "1.5"},
      {"min(a.i)", {}, "null"},
      {"min(a.i)", {i(3), null, i(-2), i(5)}, "-2"},
      {"max(a.i)", {i(-3), null, i(-2), i(-5)}, "-2"},
      {"max(a.f)", {f(-3), f(-2.5)}, "-2.5"},
      {"min(a.s)",
       {text("b"), text("ab"), text(longer), null},
       "\"a text of more than twelve bytes\""},
      {"max(a.t)",
       {Value::of_timestamp({1000}), Value::of_timestamp({0})},
       "\"1970-01-01T00:00:00.001Z\""},
      {"stddev(a.i)", {i(4)}, "null"},
      {"stddev(a.i)", {i(4), null}, "null"},
      {"stddev(a.i)", {i(4), null, i(6)}, "1.4142135623730951"},
      {"stddev(a.f)", {f(5), f(5), f(5)}, "0.0"},
  };
  for (const SlotsCase& example : cases) {
    OneSlot slot(example.capture);
    for (const Value& value : example.bound) slot.bind(value);
    EXPECT_EQ(slot.json(), example.json) << example.capture;
    EXPECT_EQ(slot.errors(), 0U) << example.capture;
  }
}

TEST(Slots, ASumThatOverflowsStaysNull) {
  OneSlot slot("sum(a.i)");
  slot.bind(Value::of_int(INT64_MAX));
  slot.bind(Value::of_int(1));
  EXPECT_EQ(slot.json(), "null");
  EXPECT_EQ(slot.errors(), 1U);
  slot.bind(Value::of_int(-1));  // would be in range again
  EXPECT_EQ(slot.json(), "null");
}

TEST(Slots, StddevEqualsTwoPasses) {
  std::mt19937_64 random(4);
  std::normal_distribution<double> normal(1e6, 3);
  for (int round = 0; round < 50; ++round) {
    OneSlot slot("stddev(a.f)");
    std::vector<double> values(2 + random() % 50);
    for (double& value : values) slot.bind(Value::of_float(value = normal(random)));
    const auto count = static_cast<double>(values.size());
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    EXPECT_NEAR(std::stod(slot.json()), std::sqrt(squares / (count - 1)), 1e-7);
  }
}

// Equal only if no condition could ever tell them apart.
TEST(Slots, EqualMeansTheSameFuture) {
  const std::string one = "a text of more than twelve bytes";
  const std::string same = one;
  OneSlot left("last(a.s)");
  OneSlot right("last(a.s)");
  EXPECT_TRUE(left.equals(right));
  left.bind(text(one));
  EXPECT_FALSE(left.equals(right));
  right.bind(text(same));
  EXPECT_TRUE(left.equals(right));
  right.bind(text("a text of more than twelve bytez"));
  EXPECT_FALSE(left.equals(right));
  left.bind(Value::null());
  right.bind(Value::null());
  EXPECT_TRUE(left.equals(right));

  // A first event whose field is null is not the same as no event.
  OneSlot unbound("first(a.s)");
  OneSlot null("first(a.s)");
  null.bind(Value::null());
  EXPECT_EQ(unbound.json(), null.json());
  EXPECT_FALSE(unbound.equals(null));

  // Equal averages of different counts go different ways.
  OneSlot few("avg(a.i)");
  OneSlot many("avg(a.i)");
  few.bind(Value::of_int(2));
  for (int i = 0; i < 3; ++i) many.bind(Value::of_int(2));
  EXPECT_EQ(few.json(), many.json());
  EXPECT_FALSE(few.equals(many));
}

}  // namespace
}  // namespace tocsin::nfa
