// Threads that work on the parts of one task, together with the thread that asks for it; and on
// what can be done in advance, while there is no task.
//
// The only threads of a run, and only if it is told to have more than one: so that they neither
// wait for each other while there is work, nor are more than there are cores. Parts of a task come
// first. While they are paused and there is no task they sleep and hold nothing, so that the
// process may fork. Tested by tests/unit/runtime/worker_pool_test.cc.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tocsin::runtime {

// What can be done in advance, piece by piece.
class SpareWork {
 public:
  SpareWork() = default;
  SpareWork(const SpareWork&) = delete;
  SpareWork& operator=(const SpareWork&) = delete;
  virtual ~SpareWork() = default;

  // Does a piece; false: there is none to do now. Several threads may call it at the same time.
  virtual bool do_piece() = 0;
};

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

  // From now on its pieces are done by threads that have nothing else to do; of several works in
  // turn.
  void add(SpareWork& work);
  // Returns when nobody is at it any more.
  void remove(SpareWork& work);
  // Some work has pieces again.
  void wake();

  // While it is there no piece is done but by who calls do_piece(). Waits for those that have been
  // begun, and until all threads stand still. For the thread that calls run(), as all of the pool.
  class Pause {
   public:
    explicit Pause(WorkerPool& pool);
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;
    ~Pause();

   private:
    WorkerPool& pool_;
  };

 private:
  using Lock = std::unique_lock<std::mutex>;

  void begin_threads();
  void serve();
  void work_off(Lock& lock);
  // False: nothing has pieces.
  bool do_spare_piece(Lock& lock);
  bool has_spare(uint64_t seen) const { return pauses_ == 0 && seen != news_; }

  size_t size_;
  std::mutex mutex_;
  std::condition_variable begun_;
  std::condition_variable done_;
  const Work* work_ = nullptr;  // of the present task; all of these are guarded
  size_t next_ = 0;             // part that nobody works on yet
  size_t parts_ = 0;
  size_t unfinished_ = 0;
  std::vector<SpareWork*> spare_;
  size_t turn_ = 0;    // of spare_
  uint64_t news_ = 0;  // counts how often some of it may have got pieces
  size_t pieces_ = 0;  // that are being done
  size_t pauses_ = 0;
  size_t arrived_ = 0;  // threads that have begun: the system allocates for those that are about to
  bool ends_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tocsin::runtime
