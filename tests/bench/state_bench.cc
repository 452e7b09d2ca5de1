// What state costs: saving it while matching goes on, and getting it back. Engine and store as
// `tocsin run --state` uses them, one thread that matches, typed events in memory.
//
//   state_bench [KEYS]...      default 100000 (small, for a smoke test); 1000000 10000000 for
//   figures
//
// Each key has one partial match. Shown are: the pause that a checkpoint makes (the fork), the
// longest batch of 4096 events with and without a checkpoint at work, events/s with and without,
// time and bytes of a base and of a delta after one key in a hundred has changed, and of restoring.
#include <fmt/core.h>
#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "connectors/state/checkpoint_store.h"
#include "connectors/state/file_storage.h"
#include "eventtime/check.h"
#include "tests/bench/keyed_world.h"

namespace tocsin::bench {
namespace {

uint64_t new_bytes(const connectors::Manifest& manifest) {
  return manifest.files.empty() ? 0 : manifest.files.back().bytes;
}

void measure(uint64_t keys, const std::string& directory) {
  KeyedWorld world;
  uint64_t next = 0;
  world.push(keys, kFirst, [&] { return next++; });
  const auto any_key = [&] { return world.random() % keys; };
  auto storage =
      *connectors::FileStorage::open(directory, connectors::FileStorage::Missing::kCreate);
  connectors::CheckpointStore store(*storage);
  TOCSIN_CHECK(store.restore([](auto, auto) {}), "an empty directory");
  connectors::CheckpointRequest request;
  request.records = [&](const connectors::Put& put) { world.engine->save(put); };

  const uint64_t some = std::max<uint64_t>(keys / 10, kBatchRows);
  auto start = std::chrono::steady_clock::now();
  const double longest_without = world.push(some, kFirst, any_key);
  const double rate_without = static_cast<double>(some) / seconds_since(start);

  start = std::chrono::steady_clock::now();
  TOCSIN_CHECK(store.start(request), "a child");
  const double pause = seconds_since(start);
  uint64_t pushed = 0;
  double longest_with = 0;
  std::optional<eventtime::Result<connectors::Manifest>> base;
  while (!base) {
    longest_with = std::max(longest_with, world.push(kBatchRows, kFirst, any_key));
    pushed += kBatchRows;
    base = store.poll();
  }
  const double base_time = seconds_since(start);
  TOCSIN_CHECK(*base, "a base");
  const double rate_with = static_cast<double>(pushed) / base_time;

  // Behind a base of its own: what was pushed meanwhile may be so much that the next is a base.
  auto second_storage =
      *connectors::FileStorage::open(directory + "/2", connectors::FileStorage::Missing::kCreate);
  connectors::CheckpointStore second(*second_storage);
  TOCSIN_CHECK(second.restore([](auto, auto) {}) && second.write(request), "another base");
  world.push(keys / 100, kFirst, any_key);
  start = std::chrono::steady_clock::now();
  const auto delta = second.write(request);
  const double delta_time = seconds_since(start);
  TOCSIN_CHECK(delta && delta->files.size() == 2, "a delta");

  const auto engine = world.create();
  connectors::CheckpointStore again(*second_storage);
  start = std::chrono::steady_clock::now();
  const auto restored = again.restore(
      [&](std::string_view key, std::string_view value) { (void)engine->restore(key, value); });
  TOCSIN_CHECK(restored && engine->finish_restore(), "what was saved");
  const double restore_time = seconds_since(start);
  TOCSIN_CHECK(engine->stats().live_keys == world.engine->stats().live_keys, "all keys");

  fmt::print(
      "{:>10} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.2f} {:>9.2f} {:>8.2f} {:>8.1f} {:>8.2f} "
      "{:>8.2f} {:>8.2f}\n",
      keys, pause * 1e3, longest_without * 1e3, longest_with * 1e3, rate_without / 1e6,
      rate_with / 1e6, base_time, static_cast<double>(new_bytes(**base)) / 1e6, delta_time,
      static_cast<double>(new_bytes(*delta)) / 1e6, restore_time);
}

int run(int argc, char** argv) {
  std::vector<uint64_t> sizes;
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]).starts_with("--benchmark")) continue;  // of the other benchmarks
    const uint64_t keys = std::strtoull(argv[i], nullptr, 10);
    if (keys < 1000) {
      fmt::print(stderr, "state_bench: '{}' is no number of keys from 1000 on\n", argv[i]);
      return 2;
    }
    sizes.push_back(keys);
  }
  if (sizes.empty()) sizes.push_back(100'000);
  fmt::print("{:>10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8}\n", "keys",
             "pause ms", "batch ms", "..with", "M ev/s", "..with", "base s", "MB", "delta s", "MB",
             "back s");
  for (const uint64_t keys : sizes) {
    std::string directory =
        (std::filesystem::temp_directory_path() / "state_bench_XXXXXX").string();
    if (mkdtemp(directory.data()) == nullptr) {
      fmt::print(stderr, "state_bench: no directory for the state: {}\n", directory);
      return 3;
    }
    measure(keys, directory);
    std::filesystem::remove_all(directory);
  }
  return 0;
}

}  // namespace
}  // namespace tocsin::bench

int main(int argc, char** argv) {
  return tocsin::bench::run(argc, argv);
}
