#include "runtime/worker_pool.h"

#include "eventtime/check.h"

namespace tocsin::runtime {

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    TOCSIN_CHECK(spare_.empty(), "what works in advance goes before the pool");
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
  begin_threads();
  Lock lock(mutex_);
  TOCSIN_CHECK(unfinished_ == 0, "one task at a time");
  work_ = &work;
  next_ = 0;
  parts_ = parts;
  unfinished_ = parts;
  begun_.notify_all();
  work_off(lock);
  // Others may be late because they are at a piece.
  while (unfinished_ > 0 && do_spare_piece(lock)) {
  }
  done_.wait(lock, [this] { return unfinished_ == 0; });
  parts_ = 0;
}

void WorkerPool::add(SpareWork& work) {
  if (size_ == 1) return;
  begin_threads();
  {
    const std::lock_guard lock(mutex_);
    spare_.push_back(&work);
  }
  wake();
}

void WorkerPool::remove(SpareWork& work) {
  const Pause pause(*this);
  const std::lock_guard lock(mutex_);
  std::erase(spare_, &work);
}

void WorkerPool::wake() {
  {
    const std::lock_guard lock(mutex_);
    ++news_;
  }
  begun_.notify_all();
}

WorkerPool::Pause::Pause(WorkerPool& pool) : pool_(pool) {
  Lock lock(pool_.mutex_);
  ++pool_.pauses_;
  pool_.done_.wait(lock,
                   [&pool] { return pool.pieces_ == 0 && pool.arrived_ == pool.threads_.size(); });
}

WorkerPool::Pause::~Pause() {
  {
    const std::lock_guard lock(pool_.mutex_);
    --pool_.pauses_;
    ++pool_.news_;
  }
  pool_.begun_.notify_all();
}

void WorkerPool::begin_threads() {
  while (threads_.size() + 1 < size_) threads_.emplace_back([this] { serve(); });
}

void WorkerPool::serve() {
  Lock lock(mutex_);
  ++arrived_;
  if (pauses_ > 0) done_.notify_one();
  uint64_t seen = news_ - 1;  // the news when nothing had pieces
  while (true) {
    begun_.wait(lock, [&] { return ends_ || next_ < parts_ || has_spare(seen); });
    if (ends_) return;
    if (next_ < parts_) {
      work_off(lock);
      continue;
    }
    const uint64_t now = news_;
    if (!do_spare_piece(lock)) seen = now;
  }
}

void WorkerPool::work_off(Lock& lock) {
  while (next_ < parts_) {
    const size_t part = next_++;
    const Work& work = *work_;
    lock.unlock();
    work(part);
    lock.lock();
    if (--unfinished_ == 0) done_.notify_one();
  }
}

bool WorkerPool::do_spare_piece(Lock& lock) {
  for (size_t tried = 0; tried < spare_.size() && pauses_ == 0; ++tried) {
    SpareWork& work = *spare_[turn_++ % spare_.size()];
    ++pieces_;
    lock.unlock();
    const bool done = work.do_piece();
    lock.lock();
    if (--pieces_ == 0 && pauses_ > 0) done_.notify_one();
    if (done) return true;
  }
  return false;
}

}  // namespace tocsin::runtime
