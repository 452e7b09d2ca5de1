#include "connectors/file/read_ahead.h"

#include <utility>

#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Batch;
using eventtime::Result;

ReadAhead::~ReadAhead() {
  if (workers_ != nullptr) workers_->remove(*this);
}

void ReadAhead::begin(runtime::WorkerPool& workers, size_t max_records, size_t batches) {
  TOCSIN_CHECK(workers_ == nullptr && batches > 0, "reading ahead begins once");
  workers_ = &workers;
  max_records_ = max_records;
  most_ = batches;
  given_ = new_read();  // as if it had been read up to here
  given_->position = source_->position();
  given_->bytes = source_->bytes_read();
  workers.add(*this);
}

// Who waits for a batch that nobody has begun does it; for one that somebody has, the next ones.
Result<bool> ReadAhead::read(Batch& batch, size_t max_records) {
  if (workers_ == nullptr) return source_->read(batch, max_records);
  if (!given_->more || !*given_->more) return given_->more;
  std::unique_lock lock(mutex_);
  while (reads_.empty() || !reads_.front()->done) {
    if (!may_cut()) {
      decoded_.wait(lock);
      continue;
    }
    lock.unlock();
    do_piece();
    lock.lock();
  }
  spare_.push_back(std::move(given_));
  given_ = std::move(reads_.front());
  reads_.pop_front();
  lock.unlock();
  const uint32_t input = batch.input;
  std::swap(batch, *given_->batch);
  batch.input = input;
  workers_->wake();
  return given_->more;
}

bool ReadAhead::do_piece() {
  Read* read = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (!may_cut()) return false;
    cutting_ = true;
    reads_.push_back(new_read());
    read = reads_.back().get();
  }
  cut(*read);
  {
    const std::lock_guard lock(mutex_);
    cutting_ = false;
    ended_ = !read->more || !*read->more;
  }
  decoded_.notify_all();
  workers_->wake();
  decode(*read);
  {
    const std::lock_guard lock(mutex_);
    read->done = true;
  }
  decoded_.notify_all();
  return true;
}

std::unique_ptr<ReadAhead::Read> ReadAhead::new_read() {
  if (spare_.empty()) {
    auto read = std::make_unique<Read>();
    read->batch = std::make_unique<Batch>(catalog_);
    return read;
  }
  std::unique_ptr<Read> read = std::move(spare_.back());
  spare_.pop_back();
  read->done = false;
  return read;
}

void ReadAhead::cut(Read& read) {
  read.batch->clear();
  read.records.spans.clear();
  read.more = source_->cut(*read.batch, max_records_, read.records);
  if (read.more) read.position = source_->position();
  read.bytes = source_->bytes_read();
}

void ReadAhead::decode(Read& read) {
  if (read.records.spans.empty()) return;
  std::unique_ptr<Decoder> decoder;
  {
    const std::lock_guard lock(mutex_);
    if (!decoders_.empty()) {
      decoder = std::move(decoders_.back());
      decoders_.pop_back();
    }
  }
  if (decoder == nullptr) decoder = source_->new_decoder();
  decoder->resume(read.records.first, runtime::LineState::kEnded);
  decoder->decode(read.records.spans, *read.batch);
  const std::lock_guard lock(mutex_);
  decoders_.push_back(std::move(decoder));
}

}  // namespace tocsin::connectors
