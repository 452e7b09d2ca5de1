// What it costs that more is pending than memory lets: keys on disk, and back. One thread, typed
// events in memory, files as `tocsin run` uses them.
//
//   spill_bench [KEYS]...      default 100000 (small, for a smoke test); 4000000 for figures
//
// Each key has one partial match. First all of it in memory, then the same with a quarter of the
// memory that this took. Shown are the events/s while the keys begin, then of first and second
// steps by turns for the hundredth part of keys that is hot, a cold one among a hundred, and of
// second steps for keys at random; how many keys are on disk, their bytes, and the memory that is
// used, as the engine counts it and as the system does.
#include <fmt/core.h>
#include <stdlib.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "connectors/state/temporary_storage.h"
#include "runtime/spill_files.h"
#include "tests/bench/keyed_world.h"

namespace tocsin::bench {
namespace {

uint64_t resident_bytes() {
  uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * 4096;
}

struct Measured {
  uint64_t memory = 0;
  uint64_t alerts = 0;
};

Measured measure(uint64_t keys, uint64_t memory) {
  connectors::TemporaryStorage storage;
  runtime::SpillFiles files(storage, {.transient = true});
  const uint64_t before = resident_bytes();
  KeyedWorld world({.memory = memory, .spill = &files});
  uint64_t next = 0;
  auto start = std::chrono::steady_clock::now();
  const double longest = world.push(keys, kFirst, [&] { return next++; });
  const double begin_rate = static_cast<double>(keys) / seconds_since(start);
  const runtime::EngineStats stats = world.engine->stats();
  const uint64_t resident = resident_bytes() - before;

  const uint64_t hot = keys / 100;
  const uint64_t some = keys / 4;
  const auto often_hot = [&] {
    const uint64_t number = world.random();
    return number % 100 == 0 ? number / 100 % keys : keys - 1 - number / 100 % hot;
  };
  // First and second steps by turns, so that what is pending does not grow.
  const auto push_hot = [&] {
    for (uint64_t done = 0; done < some; done += 2 * hot) {
      world.push(hot, kFirst, often_hot);
      world.push(hot, kSecond, often_hot);
    }
  };
  push_hot();
  start = std::chrono::steady_clock::now();
  push_hot();
  const double hot_rate = static_cast<double>(some) / seconds_since(start);
  start = std::chrono::steady_clock::now();
  world.push(some, kSecond, [&] { return world.random() % keys; });
  const double random_rate = static_cast<double>(some) / seconds_since(start);
  TOCSIN_CHECK(world.engine->status(), "the disk is there");

  fmt::print("{:>10} {:>9} {:>9.2f} {:>9.1f} {:>9.2f} {:>9.2f} {:>10} {:>9.0f} {:>9.0f} {:>9.0f}\n",
             keys, memory == UINT64_MAX ? "-" : fmt::format("{:.0f}", memory / 1e6),
             begin_rate / 1e6, longest * 1e3, hot_rate / 1e6, random_rate / 1e6, stats.spilled_keys,
             static_cast<double>(stats.spilled_bytes) / 1e6,
             static_cast<double>(stats.memory) / 1e6, static_cast<double>(resident) / 1e6);
  return {stats.memory, world.alerts};
}

int run(int argc, char** argv) {
  std::vector<uint64_t> sizes;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]).starts_with("--benchmark")) continue;  // of the other benchmarks
    const uint64_t keys = std::strtoull(argv[i], nullptr, 10);
    if (keys < 10'000) {
      fmt::print(stderr, "spill_bench: '{}' is no number of keys from 10000 on\n", argv[i]);
      return 2;
    }
    sizes.push_back(keys);
  }
  if (sizes.empty()) sizes.push_back(100'000);
  fmt::print("{:>10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>10} {:>9} {:>9} {:>9}\n", "keys", "limit MB",
             "begin M/s", "batch ms", "hot M/s", "any M/s", "on disk", "disk MB", "count MB",
             "rss MB");
  for (const uint64_t keys : sizes) {
    const Measured all = measure(keys, UINT64_MAX);
    const Measured quarter = measure(keys, all.memory / 4);
    if (quarter.alerts != all.alerts) {
      fmt::print(stderr, "spill_bench: {} alerts with the limit, {} without\n", quarter.alerts,
                 all.alerts);
      return 1;
    }
  }
  return 0;
}

}  // namespace
}  // namespace tocsin::bench

int main(int argc, char** argv) {
  return tocsin::bench::run(argc, argv);
}
