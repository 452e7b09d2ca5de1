// Threads that work on the parts of one task, together with the thread that asks for it.
//
// The only threads of the engine, and only if it is told to have more than one. Between two tasks
// they sleep and hold nothing, so that the process may fork. Tested by
// tests/unit/runtime/worker_pool_test.cc.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tocsin::runtime {

class WorkerPool {
 public:
  // `threads` in all, the caller of run() among them; one: everything is done by the caller. The
  // others begin when there is work for them.
  explicit WorkerPool(size_t threads) : size_(threads) {}
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;
  ~WorkerPool();

  // Calls work(i) once for each i below `parts`, at the same time in any order; returns when all
  // are done. One task at a time.
  using Work = std::function<void(size_t)>;
  void run(size_t parts, const Work& work);

 private:
  void serve();
  void work_off(std::unique_lock<std::mutex>& lock);

  size_t size_;
  std::mutex mutex_;
  std::condition_variable begun_;
  std::condition_variable done_;
  const Work* work_ = nullptr;  // of the present task; all of these are guarded
  size_t next_ = 0;             // part that nobody works on yet
  size_t parts_ = 0;
  size_t unfinished_ = 0;
  bool ends_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tocsin::runtime
