#include "tests/model/generator.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "tests/model/arrival.h"
#include "tests/model/pattern_generator.h"
#include "tests/model/random.h"

namespace tocsin::model {

namespace {

constexpr size_t kMaxEvents = 20;
constexpr size_t kMaxEventsOfKey = 10;

// Two choices never stand in one expression in these files: compilers order them differently.

// Nullable fields: now and then null, now and then missing, which is the same.
void add_nullable(Random& random, std::string& record, std::string_view name,
                  const std::string& json) {
  const size_t choice = random.below(14);
  if (choice == 0) return;
  add_field(record, name, choice == 1 ? "null" : json);
}

// The keys of an event; empty: null.
struct Keys {
  std::string k;
  std::string l;
};

std::string record_text(Random& random, size_t number, const Keys& keys, int64_t time, bool has_d) {
  const std::string type = random.one_of({"A", "A", "B", "B", "X"});
  std::string record = "{\"type\":\"" + (has_d && random.percent(8) ? "D" : type) +
                       "\",\"i\":" + std::to_string(number);
  if (!keys.k.empty()) add_field(record, "k", "\"" + keys.k + "\"");
  if (!keys.l.empty()) add_field(record, "l", "\"" + keys.l + "\"");
  add_nullable(random, record, "g", std::to_string(random.between(1, 2)));
  add_nullable(random, record, "x", std::to_string(random.between(-1, 3)));
  add_nullable(random, record, "p",
               random.one_of({"0.0", "0.5", "1.0", "1.5", "2.0", "2.5", "4.5"}));
  add_nullable(
      random, record, "s",
      random.one_of({"\"a\"", "\"a\"", "\"b\"", "\"b\"", "\"Ab\"", "\"\"", "\"\u00E4b\""}));
  add_nullable(random, record, "ok", random.one_of({"true", "false"}));
  add_nullable(random, record, "t", std::to_string(time - random.between(-1, 5)));
  add_field(record, "at", std::to_string(time));
  return record + "}";
}

// Keys of a stream, so that no key has more events than the model can take; "" is the null key.
std::string next_key(Random& random, size_t keys, std::vector<size_t>& counts) {
  counts.resize(keys, 0);
  if (random.percent(6)) return "";
  const size_t key = random.below(keys);
  if (counts[key] == kMaxEventsOfKey) return "";
  ++counts[key];
  return "k" + std::to_string(key);
}

int64_t time_step(Random& random) {
  constexpr int64_t kSteps[] = {0, 0, 1, 1, 1, 2, 3, 5};
  return kSteps[random.below(std::size(kSteps))];
}

// What the stream of a case is like.
struct StreamShape {
  size_t keys = 0;  // none: all events belong to one key
  bool by_step = false;
  bool has_d = false;
  int64_t bound = 0;  // of out-of-orderness, in ms
};

Keys next_keys(Random& random, const StreamShape& shape, std::vector<size_t>& counts) {
  const auto next = [&]() -> std::string {
    if (shape.keys == 0) return random.one_of({"k0", "k1"});
    return next_key(random, shape.keys, counts);
  };
  Keys keys;
  keys.k = next();
  // With a field for each step an event may enter two keys.
  if (shape.by_step) keys.l = random.percent(30) ? keys.k : next();
  return keys;
}

std::vector<Arrival> events(Random& random, const StreamShape& shape,
                            std::set<std::string>& constructs) {
  std::vector<Arrival> arrivals;
  std::vector<size_t> counts;
  const size_t streams = std::max<size_t>(shape.keys, 1);
  const size_t least = 3 * streams;
  const size_t most = std::min(kMaxEvents, streams * kMaxEventsOfKey);
  const size_t count = least + random.below(most - least + 1);
  int64_t time = kStart;
  for (size_t i = 0; i < count; ++i) {
    time += time_step(random);
    const Keys keys = next_keys(random, shape, counts);
    int64_t delay = shape.bound > 0 ? random.between(0, shape.bound) : 0;
    if (random.percent(4)) {
      delay += shape.bound + random.between(1, 4);
      constructs.insert("maybe late");
    }
    arrivals.push_back({record_text(random, i, keys, time, shape.has_d), time + delay});
  }
  sort_by_arrival(arrivals);
  return arrivals;
}

std::string declaration(const std::string& name) {
  return "event " + name + " {\n  i: int" + (name == "D" ? "?" : "") +
         ", k: string?, l: string?, g: int?, x: int?, p: float?, s: string?,\n"
         "  ok: bool?, t: timestamp?, at: timestamp\n} time at\n";
}

// One pattern, or one that feeds another; in the text either may come first.
std::string patterns_text(Random& random, std::set<std::string>& constructs) {
  std::string text = declaration("A") + declaration("B") + declaration("X");
  if (!random.percent(12)) {
    const bool plain = random.percent(25);
    return text + PatternGenerator(random, constructs, {"p", plain, false, false}).pattern();
  }
  constructs.insert("feeds");
  text += declaration("D");
  const std::string from =
      PatternGenerator(random, constructs, {"p", false, true, false}).pattern();
  const std::string name = random.one_of({"o", "q"});
  const std::string to = PatternGenerator(random, constructs, {name, false, false, true}).pattern();
  return text + (random.percent(50) ? from + to : to + from);
}

}  // namespace

GeneratedCase generate_case(uint64_t seed, std::span<const uint8_t> tape) {
  Random random(seed, tape);
  GeneratedCase made;
  std::set<std::string>& constructs = made.constructs;
  made.example.patterns = patterns_text(random, constructs);
  StreamShape shape;
  shape.by_step = constructs.contains("by step");
  shape.has_d = constructs.contains("feeds");
  shape.bound = random.percent(50) ? 0 : random.between(1, 4);
  if (shape.bound > 0) constructs.insert("out of order");
  made.example.out_of_order = {shape.bound * 1000};
  const size_t inputs = random.percent(15) ? 2 : 1;
  if (inputs > 1) constructs.insert("two inputs");
  made.example.inputs.resize(inputs);
  if (!constructs.contains("no key")) shape.keys = 1 + random.below(3);
  for (const Arrival& arrival : events(random, shape, constructs)) {
    made.example.inputs[random.below(inputs)].push_back(arrival.record);
  }
  return made;
}

std::string to_string(const Case& example) {
  std::string text = example.patterns;
  text += "out of order " + to_string(example.out_of_order) + "\n";
  for (size_t input = 0; input < example.inputs.size(); ++input) {
    for (size_t i = 0; i < example.inputs[input].size(); ++i) {
      text += "  input " + std::to_string(input) + " record " + std::to_string(i) + ": " +
              example.inputs[input][i] + "\n";
    }
  }
  return text;
}

}  // namespace tocsin::model
