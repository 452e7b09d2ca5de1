// A stream of typed events by key, made in memory, and an engine with one pattern of two steps over
// it: what the benchmarks of state measure on.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "eventtime/check.h"
#include "patterns/front_end.h"
#include "runtime/batch_pool.h"
#include "runtime/engine.h"

namespace tocsin::bench {

inline constexpr size_t kBatchRows = 4096;
inline constexpr std::string_view kKeyedPattern = R"(
event E { key: int, n: int, at: timestamp } time at
pattern p { by key match a: E[n == 0] then b: E[n == 1] within 30d }
)";
// Values of `n`.
inline constexpr int64_t kFirst = 0;
inline constexpr int64_t kSecond = 1;

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class NoFormat : public eventtime::RecordFormat {
 public:
  void append_json(std::string&, std::string_view, eventtime::TypeId) const override {}
};

struct KeyedWorld {
  explicit KeyedWorld(runtime::EngineOptions given = {})
      : options(given), engine(create()), pool(engine->patterns().catalog) {}

  std::unique_ptr<runtime::Engine> create() {
    auto loaded = patterns::load({{"bench.tocsin", std::string(kKeyedPattern)}});
    TOCSIN_CHECK(loaded.patterns, "the pattern is right");
    options.events = runtime::EventDetail::kNone;
    auto made = runtime::Engine::create(*std::move(loaded.patterns), options);
    (*made)->add_input({}, format);
    return std::move(*made);
  }

  // Events of the keys that `next_key` gives; the longest batch's time.
  template <typename NextKey>
  double push(uint64_t events, int64_t n, const NextKey& next_key) {
    double longest = 0;
    while (events > 0) {
      const auto rows = static_cast<uint32_t>(std::min<uint64_t>(events, kBatchRows));
      auto batch = pool.take();
      eventtime::EventTable& table = batch->tables[0];
      table.resize(rows);
      for (uint32_t row = 0; row < rows; ++row) {
        now += 1000;
        table.columns[0].set_integer(row, static_cast<int64_t>(next_key()));
        table.columns[1].set_integer(row, n);
        table.columns[2].set_integer(row, now);
        batch->rows.push_back({eventtime::Timestamp{now}, record++, row, 0, {}});
      }
      table.rows = rows;
      const auto start = std::chrono::steady_clock::now();
      engine->push(std::move(batch), [&](const runtime::Alert&) { ++alerts; }, [](const auto&) {});
      longest = std::max(longest, seconds_since(start));
      events -= rows;
    }
    return longest;
  }

  runtime::EngineOptions options;
  NoFormat format;
  std::unique_ptr<runtime::Engine> engine;
  runtime::BatchPool pool;
  int64_t now = 0;
  uint64_t record = 0;
  uint64_t alerts = 0;
  std::mt19937_64 random{1};
};

}  // namespace tocsin::bench
