#include "tests/model/generator.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "tests/model/pattern_generator.h"
#include "tests/model/random.h"

namespace tocsin::model {

namespace {

constexpr int64_t kStart = 1767225600000;  // 2026-01-01T00:00:00Z in ms
constexpr size_t kMaxEvents = 20;
constexpr size_t kMaxEventsOfKey = 10;

// Two choices never stand in one expression in these files: compilers order them differently.

// One arrival: the record's text and when it comes in.
struct Arrival {
  std::string record;
  int64_t place = 0;
};

void add_field(std::string& record, std::string_view name, const std::string& json) {
  record += ",\"" + std::string(name) + "\":" + json;
}

// Nullable fields: now and then null, now and then missing, which is the same.
void add_nullable(Random& random, std::string& record, std::string_view name,
                  const std::string& json) {
  const size_t choice = random.below(14);
  if (choice == 0) return;
  add_field(record, name, choice == 1 ? "null" : json);
}

std::string record_text(Random& random, size_t number, const std::string& key, int64_t time) {
  std::string record = "{\"type\":\"" + std::string(random.one_of({"A", "A", "B", "B", "X"})) +
                       "\",\"i\":" + std::to_string(number);
  if (!key.empty()) add_field(record, "k", "\"" + key + "\"");
  add_nullable(random, record, "g", std::to_string(random.between(1, 2)));
  add_nullable(random, record, "x", std::to_string(random.between(-1, 3)));
  add_nullable(random, record, "p",
               random.one_of({"0.0", "0.5", "1.0", "1.5", "2.0", "2.5", "4.5"}));
  add_nullable(random, record, "s",
               random.one_of({"\"a\"", "\"a\"", "\"b\"", "\"b\"", "\"Ab\"", "\"\"",
                              "\"\xC3\xA4"
                              "b\""}));
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

std::vector<Arrival> events(Random& random, size_t keys, int64_t bound,
                            std::set<std::string>& constructs) {
  std::vector<Arrival> arrivals;
  std::vector<size_t> counts;
  const size_t least = 3 * std::max<size_t>(keys, 1);
  const size_t most = std::min(kMaxEvents, std::max<size_t>(keys, 1) * kMaxEventsOfKey);
  const size_t count = least + random.below(most - least + 1);
  int64_t time = kStart;
  for (size_t i = 0; i < count; ++i) {
    time += time_step(random);
    const std::string key =
        keys == 0 ? std::string(random.one_of({"k0", "k1"})) : next_key(random, keys, counts);
    int64_t delay = bound > 0 ? random.between(0, bound) : 0;
    if (random.percent(4)) {
      delay += bound + random.between(1, 4);
      constructs.insert("maybe late");
    }
    arrivals.push_back({record_text(random, i, key, time), time + delay});
  }
  std::stable_sort(arrivals.begin(), arrivals.end(),
                   [](const Arrival& a, const Arrival& b) { return a.place < b.place; });
  return arrivals;
}

}  // namespace

std::string event_declarations() {
  std::string text;
  for (const char* name : {"A", "B", "X"}) {
    text += "event " + std::string(name) +
            " {\n  i: int, k: string?, g: int?, x: int?, p: float?, s: string?, ok: bool?,\n"
            "  t: timestamp?, at: timestamp\n} time at\n";
  }
  return text;
}

GeneratedCase generate_case(uint64_t seed) {
  Random random(seed);
  GeneratedCase made;
  made.example.patterns =
      event_declarations() + PatternGenerator(random, made.constructs).pattern();
  const bool keyed = !made.constructs.contains("no key");
  const int64_t bound = random.percent(50) ? 0 : random.between(1, 4);
  if (bound > 0) made.constructs.insert("out of order");
  made.example.out_of_order = {bound * 1000};
  const size_t inputs = random.percent(15) ? 2 : 1;
  if (inputs > 1) made.constructs.insert("two inputs");
  made.example.inputs.resize(inputs);
  for (const Arrival& arrival :
       events(random, keyed ? 1 + random.below(3) : 0, bound, made.constructs)) {
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
