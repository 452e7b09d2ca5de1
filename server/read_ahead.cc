#include "server/read_ahead.h"

#include <utility>

namespace tocsin::server {

using eventtime::Batch;
using eventtime::Result;

ReadAhead::~ReadAhead() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Result<bool> ReadAhead::read(Batch& batch, size_t max_records) {
  if (now_ && (!now_->more || !*now_->more)) return now_->more;
  if (!thread_.joinable()) thread_ = std::thread([this, max_records] { run(max_records); });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !done_.empty(); });
  now_ = std::move(done_.front());
  done_.pop_front();
  const uint32_t input = batch.input;
  std::swap(batch, *now_->batch);
  batch.input = input;
  spare_.push_back(std::move(now_->batch));
  lock.unlock();
  changed_.notify_all();
  return now_->more;
}

void ReadAhead::run(size_t max_records) {
  for (bool goes_on = true; goes_on;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ends_ || done_.size() < kAhead; });
      if (ends_) return;
    }
    const std::lock_guard at_work(at_work_);
    Read next;
    {
      const std::lock_guard lock(mutex_);
      if (!spare_.empty()) {
        next.batch = std::move(spare_.back());
        spare_.pop_back();
      }
    }
    if (next.batch == nullptr) next.batch = std::make_unique<Batch>(catalog_);
    next.more = source_->read(*next.batch, max_records);
    goes_on = next.more && *next.more;
    if (next.more) next.position = source_->position();
    next.bytes = source_->bytes_read();
    {
      const std::lock_guard lock(mutex_);
      done_.push_back(std::move(next));
    }
    changed_.notify_all();
  }
}

}  // namespace tocsin::server
