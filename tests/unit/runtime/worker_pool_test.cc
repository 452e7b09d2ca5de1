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

// So many pieces, each done by one thread.
class Pieces : public SpareWork {
 public:
  explicit Pieces(size_t count) : left_(count) {}

  bool do_piece() override {
    size_t left = left_;
    do {
      if (left == 0) return false;
    } while (!left_.compare_exchange_weak(left, left - 1));
    ++under_way;
    std::this_thread::yield();
    --under_way;
    ++done;
    return true;
  }
  void add(size_t count) { left_ += count; }

  std::atomic<size_t> under_way = 0;
  std::atomic<size_t> done = 0;

 private:
  std::atomic<size_t> left_;
};

void wait_for(const Pieces& pieces, size_t done) {
  while (pieces.done < done) std::this_thread::yield();
}

TEST(WorkerPool, PiecesAreDoneWhileThereIsNoTask) {
  WorkerPool pool(3);
  Pieces first(100);
  Pieces second(100);
  pool.add(first);
  pool.add(second);
  wait_for(first, 100);
  wait_for(second, 100);
  first.add(50);
  pool.wake();
  wait_for(first, 150);
  for (size_t round = 0; round < 100; ++round) {
    second.add(3);
    pool.wake();
    std::atomic<size_t> parts = 0;
    pool.run(3, [&](size_t) { ++parts; });
    EXPECT_EQ(parts, 3U);
  }
  wait_for(second, 400);
  pool.remove(first);
  pool.remove(second);
  EXPECT_EQ(first.done + second.done, 550U);
}

TEST(WorkerPool, APauseWaitsForPiecesAndLetsNoneBegin) {
  WorkerPool pool(4);
  Pieces pieces(size_t{1} << 40);
  pool.add(pieces);
  for (size_t round = 1; round < 50; ++round) {
    wait_for(pieces, pieces.done + 5);
    const WorkerPool::Pause pause(pool);
    EXPECT_EQ(pieces.under_way, 0U);
    const size_t done = pieces.done;
    pool.wake();
    for (size_t i = 0; i < 100; ++i) std::this_thread::yield();
    EXPECT_EQ(pieces.done, done);
  }
  pool.remove(pieces);
  const size_t done = pieces.done;
  for (size_t i = 0; i < 100; ++i) std::this_thread::yield();
  EXPECT_EQ(pieces.done, done);
}

TEST(WorkerPool, WhoWaitsForTheOthersPartsDoesPieces) {
  WorkerPool pool(2);
  Pieces pieces(0);
  pool.add(pieces);
  const std::thread::id caller = std::this_thread::get_id();
  std::atomic<size_t> here = 0;
  pool.run(2, [&](size_t) {
    if (std::this_thread::get_id() != caller) pieces.add(1);
    ++here;
    while (here < 2) std::this_thread::yield();
    // Nobody is left but the caller: it would never end.
    if (std::this_thread::get_id() != caller) wait_for(pieces, 1);
  });
  EXPECT_EQ(pieces.done, 1U);
  pool.remove(pieces);
}

TEST(WorkerPool, WithoutThreadsNobodyDoesPieces) {
  WorkerPool pool(1);
  Pieces pieces(5);
  pool.add(pieces);
  pool.run(3, [](size_t) {});
  pool.remove(pieces);
  EXPECT_EQ(pieces.done, 0U);
}

}  // namespace
}  // namespace tocsin::runtime
