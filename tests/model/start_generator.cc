#include "tests/model/start_generator.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "tests/model/arrival.h"
#include "tests/model/random.h"
#include "tests/model/start_pattern_generator.h"

namespace tocsin::model {

namespace {

// What the stream of a case is like.
struct StartStreamShape {
  size_t keys = 0;
  size_t events_of_key = 0;
  bool by_step = false;
  bool long_keys = false;
  bool long_texts = false;
  bool large_integers = false;
  bool large_floats = false;
  bool extremes = false;
  bool negative_numbers = false;
  bool many_starts = false;
  int64_t bound = 0;  // of out-of-orderness, in ms
  int64_t step = 0;   // between two events, in ms, at most
};

std::string key_text(const StartStreamShape& shape, size_t number) {
  return (shape.long_keys ? "a customer of the northern branch, number " : "k") +
         std::to_string(number);
}

std::string number_text(Random& random, const StartStreamShape& shape) {
  if (shape.large_integers && random.percent(30)) {
    if (!shape.extremes) return "4611686018427387904";
    return random.one_of(
        {"4611686018427387904", "9223372036854775807", "-4611686018427387904", "9007199254740993"});
  }
  return std::to_string(random.between(shape.negative_numbers ? -2 : 0, 3));
}

std::string float_text(Random& random, const StartStreamShape& shape) {
  if (shape.large_floats && random.percent(30)) {
    return random.one_of({"1e308", "1e16", "-1e16", "-1e308", "1e-300"});
  }
  if (shape.negative_numbers && random.percent(25)) return random.one_of({"-0.1", "-0.5", "-0.0"});
  return random.one_of({"0.1", "0.1", "0.2", "0.3", "0.7", "0.0", "1.0", "2.5"});
}

std::string string_text(Random& random, const StartStreamShape& shape) {
  if (shape.long_texts && random.percent(60)) {
    return random.one_of({"\"a long text, the first\"", "\"a long text, the second\"",
                          "\"A long text, the first\"", "\"thirteen char\""});
  }
  return random.one_of({"\"a\"", "\"a\"", "\"b\"", "\"Ab\"", "\"\"", "\"twelve chars\""});
}

std::string record_text(Random& random, const StartStreamShape& shape, size_t number,
                        const std::string& k, const std::string& l, int64_t time) {
  const std::string type = shape.many_starts ? random.one_of({"A", "A", "A", "A", "B", "X"})
                                             : random.one_of({"A", "A", "B", "B", "X"});
  std::string record = "{\"type\":\"" + type + "\",\"i\":" + std::to_string(number);
  const auto add = [&](std::string_view name, const std::string& json) {
    if (!random.percent(7)) add_field(record, name, json);
  };
  if (!k.empty()) add_field(record, "k", "\"" + k + "\"");
  if (!l.empty()) add_field(record, "l", "\"" + l + "\"");
  add("g", std::to_string(random.between(1, 2)));
  add("x", number_text(random, shape));
  add("p", float_text(random, shape));
  add("s", string_text(random, shape));
  add("ok", random.one_of({"true", "false"}));
  add("t", std::to_string(time - random.between(0, 3)));
  add_field(record, "at", std::to_string(time));
  return record + "}";
}

// "" is the null key, which those take that have had enough.
std::string next_key(Random& random, const StartStreamShape& shape, std::vector<size_t>& counts) {
  counts.resize(shape.keys, 0);
  if (random.percent(4)) return "";
  const size_t key = random.below(shape.keys);
  if (counts[key] == shape.events_of_key) return "";
  ++counts[key];
  return key_text(shape, key);
}

std::vector<Arrival> events(Random& random, const StartStreamShape& shape, size_t count) {
  std::vector<Arrival> arrivals;
  std::vector<size_t> counts;
  int64_t time = kStart;
  for (size_t i = 0; i < count; ++i) {
    // Many events of one time, and now and then a pause in which all expires.
    if (!random.percent(45)) time += random.between(0, shape.step);
    if (random.percent(3)) time += 30;
    const std::string k = next_key(random, shape, counts);
    std::string l;
    if (shape.by_step) l = random.percent(40) ? k : next_key(random, shape, counts);
    int64_t delay = shape.bound > 0 ? random.between(0, shape.bound) : 0;
    if (random.percent(2)) delay += shape.bound + 3;
    arrivals.push_back({record_text(random, shape, i, k, l, time), time + delay});
  }
  sort_by_arrival(arrivals);
  return arrivals;
}

std::string start_declaration(const std::string& name) {
  return "event " + name +
         " {\n  i: int, k: string?, l: string?, g: int?, x: int?, p: float?, s: string?,\n"
         "  ok: bool?, t: timestamp?, at: timestamp\n} time at\n";
}

StartStreamShape shape_of(Random& random, const std::set<std::string>& constructs,
                          const StartCaseSize& size) {
  StartStreamShape shape;
  shape.keys = constructs.contains("no key") ? 1 : 1 + random.below(size.keys);
  shape.events_of_key = size.events_of_key;
  shape.by_step = constructs.contains("by step");
  shape.long_keys = random.percent(30);
  shape.long_texts = random.percent(40);
  shape.large_integers = random.percent(10);
  shape.extremes = size.extremes;
  shape.large_floats = size.extremes && random.percent(10);
  shape.negative_numbers = random.percent(40);
  shape.many_starts = random.percent(40);
  shape.bound = random.percent(70) ? 0 : random.between(1, 4);
  shape.step = random.between(1, 4);
  return shape;
}

GeneratedCase generate(uint64_t seed, const StartCaseSize& size,
                       std::string (StartPatternGenerator::*pattern)()) {
  Random random(seed);
  GeneratedCase made;
  std::set<std::string>& constructs = made.constructs;
  StartPatternGenerator generator(random, constructs);
  made.example.patterns = start_declaration("A") + start_declaration("B") + start_declaration("X") +
                          (generator.*pattern)();
  StartStreamShape shape = shape_of(random, constructs, size);
  if (constructs.contains("by several")) shape.events_of_key *= 2;  // each text is several keys
  made.example.out_of_order = {shape.bound * 1000};
  const size_t inputs = 1 + (random.percent(25) ? random.below(size.inputs) : 0);
  made.example.inputs.resize(inputs);
  const size_t most = std::min(size.events, shape.keys * shape.events_of_key * 5 / 4);
  const size_t count = most / 4 + random.below(most - most / 4 + 1);
  for (const Arrival& arrival : events(random, shape, count)) {
    made.example.inputs[random.below(inputs)].push_back(arrival.record);
  }
  return made;
}

}  // namespace

GeneratedCase generate_start_case(uint64_t seed, const StartCaseSize& size) {
  return generate(seed, size, &StartPatternGenerator::pattern);
}

GeneratedCase generate_stack_case(uint64_t seed, const StartCaseSize& size) {
  return generate(seed, size, &StartPatternGenerator::stack_pattern);
}

}  // namespace tocsin::model
