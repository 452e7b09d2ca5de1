#include "runtime/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

namespace tocsin::runtime {
namespace {

TEST(WorkerPool, DoesEachPartOnceAndReturnsWhenAllAreDone) {
  for (const size_t threads : {1, 2, 3, 8}) {
    WorkerPool pool(threads);
    for (size_t round = 0; round < 200; ++round) {
      const size_t parts = round % 11;
      std::vector<size_t> done(parts, 0);  // each part's own: no two write the same
      pool.run(parts, [&](size_t part) { done[part] += part + round; });
      for (size_t part = 0; part < parts; ++part) EXPECT_EQ(done[part], part + round);
    }
  }
}

TEST(WorkerPool, PartsAreDoneAtTheSameTime) {
  WorkerPool pool(3);
  std::atomic<size_t> here = 0;
  // None returns before all have come: it would never end with fewer threads.
  pool.run(3, [&](size_t) {
    ++here;
    while (here < 3) std::this_thread::yield();
  });
  EXPECT_EQ(here, 3U);
}

TEST(WorkerPool, OneThreadIsTheCaller) {
  WorkerPool pool(1);
  std::set<std::thread::id> threads;
  pool.run(5, [&](size_t) { threads.insert(std::this_thread::get_id()); });
  EXPECT_EQ(threads, std::set<std::thread::id>{std::this_thread::get_id()});
}

}  // namespace
}  // namespace tocsin::runtime
