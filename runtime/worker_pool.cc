#include "runtime/worker_pool.h"

#include "eventtime/check.h"

namespace tocsin::runtime {

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  begun_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::run(size_t parts, const Work& work) {
  if (size_ == 1 || parts == 1) {
    for (size_t i = 0; i < parts; ++i) work(i);
    return;
  }
  while (threads_.size() + 1 < size_) threads_.emplace_back([this] { serve(); });
  std::unique_lock lock(mutex_);
  TOCSIN_CHECK(unfinished_ == 0, "one task at a time");
  work_ = &work;
  next_ = 0;
  parts_ = parts;
  unfinished_ = parts;
  begun_.notify_all();
  work_off(lock);
  done_.wait(lock, [this] { return unfinished_ == 0; });
  parts_ = 0;
}

void WorkerPool::serve() {
  std::unique_lock lock(mutex_);
  while (!ends_) {
    begun_.wait(lock, [this] { return ends_ || next_ < parts_; });
    work_off(lock);
  }
}

void WorkerPool::work_off(std::unique_lock<std::mutex>& lock) {
  while (next_ < parts_) {
    const size_t part = next_++;
    const Work& work = *work_;
    lock.unlock();
    work(part);
    lock.lock();
    if (--unfinished_ == 0) done_.notify_one();
  }
}

}  // namespace tocsin::runtime
