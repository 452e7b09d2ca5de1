// Millions of keys with one partial match each: bytes for a key, and what is left of them when
// their window has passed. The batches are made as they are needed and freed by the engine, as in a
// run.
#include <algorithm>

#include "tests/bench/workloads/cases.h"
#include "tests/bench/workloads/measure.h"

namespace tocsin::bench {

namespace {

constexpr int64_t kHour = 3'600'000;
constexpr int64_t kEndEvery = 100;  // of so many keys one match becomes complete

class KeyRun {
 public:
  KeyRun(const std::string& patterns, int64_t keys, double budget)
      : runner_(patterns, 100'000), builder_(runner_.catalog()), keys_(keys), budget_(budget) {}

  Runner& runner() { return runner_; }
  int64_t events() const { return events_; }
  bool whole() const { return whole_; }

  // An event of this kind for each `every`th key, a hundred a millisecond.
  void put_all(std::string_view kind, int64_t every) {
    for (int64_t key = 0; key < keys_ && whole_; key += every) {
      put({millis_ + events_ / 100, kind, key, 0, 0});
    }
    flush();
  }
  void pass_time(int64_t millis) { millis_ += millis; }

 private:
  void put(const Event& event) {
    builder_.add(event);
    ++events_;
    if (builder_.full()) flush();
  }
  void flush() {
    if (!builder_.empty()) runner_.push(builder_.take());
    whole_ = whole_ && runner_.seconds() < budget_;
  }

  Runner runner_;
  BatchBuilder builder_;
  int64_t keys_;
  double budget_;
  int64_t millis_ = kFirstMillis;
  int64_t events_ = 0;
  bool whole_ = true;
};

struct Memory {
  double before = 0;
  double full = 0;   // each key has its partial match
  double empty = 0;  // all windows have passed
};

Memory measure_memory(KeyRun& run, bool middle, Row& row) {
  Memory memory;
  memory.before = static_cast<double>(resident_bytes());
  run.put_all("start", 1);
  if (middle) run.put_all("middle", 1);
  memory.full = static_cast<double>(resident_bytes());
  row.events = static_cast<uint64_t>(run.events());
  row.seconds = run.runner().seconds();
  run.put_all("end", kEndEvery);
  run.pass_time(2 * kHour);
  run.put_all("view", kEndEvery);
  memory.empty = static_cast<double>(resident_bytes());
  return memory;
}

Row one_match_each(const Settings& settings, bool middle) {
  const auto keys = std::max<int64_t>(kEndEvery, static_cast<int64_t>(5'000'000 * settings.scale));
  const std::string step = middle ? "then b: Event[kind == 'middle'] " : "";
  KeyRun run(std::string(kEventDeclaration) +
                 "pattern p { by key match a: Event[kind == 'start'] " + step +
                 "then c: Event[kind == 'end'] within 1h }\n",
             keys, settings.budget);
  Row row;
  const Memory memory = measure_memory(run, middle, row);
  const auto left = static_cast<double>(run.runner().stats().live_keys);
  run.runner().finish();
  row.alerts = run.runner().alerts();
  row.whole = run.whole();
  row.expected = static_cast<uint64_t>((keys + kEndEvery - 1) / kEndEvery);
  row.right = !row.whole || row.alerts == row.expected;
  const double held = row.whole ? static_cast<double>(keys) : static_cast<double>(row.events);
  row.extras = {{"bytes_per_key", (memory.full - memory.before) / held},
                {"bytes_per_key_after", (memory.empty - memory.before) / held},
                {"live_keys_after", left}};
  return row;
}

}  // namespace

std::vector<Case> key_cases() {
  return {{"keys", "one bound",
           [](const Settings& settings) { return one_match_each(settings, false); }},
          {"keys", "two bound",
           [](const Settings& settings) { return one_match_each(settings, true); }}};
}

}  // namespace tocsin::bench
