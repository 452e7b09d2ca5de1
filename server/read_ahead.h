// A source that is read by a thread of its own, a few batches ahead of whoever asks: decoding and
// matching at the same time.
//
// What is read is what the source would have given; only the sizes of batches are those of the
// first read. A batch waits when the next ones are already full, so that memory stays bounded and a
// slow reader slows the source. For sources that never wait for the world (files, not pipes): the
// thread could not be ended. Tested by tests/unit/server/read_ahead_test.cc.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "eventtime/schema.h"
#include "runtime/source.h"

namespace tocsin::server {

class ReadAhead final : public runtime::Source {
 public:
  // The catalog outlives it.
  ReadAhead(std::unique_ptr<runtime::Source> source, const eventtime::Catalog& catalog)
      : source_(std::move(source)), catalog_(catalog) {}
  ~ReadAhead() override;

  const std::string& name() const override { return source_->name(); }
  const eventtime::RecordFormat& format() const override { return source_->format(); }
  eventtime::Result<bool> read(eventtime::Batch& batch, size_t max_records) override;
  runtime::SourcePosition position() const override {
    return now_ ? now_->position : source_->position();
  }
  eventtime::Result<void> resume(const runtime::SourcePosition& position) override {
    return source_->resume(position);
  }
  // While it is held, the thread does nothing: the process may fork, and no lock of the allocator
  // is left taken in the child. Waits for the batch that is being read.
  std::unique_lock<std::mutex> pause() { return std::unique_lock(at_work_); }

  uint64_t bytes_read() const override { return now_ ? now_->bytes : source_->bytes_read(); }
  std::optional<uint64_t> bytes_total() const override { return total_; }

 private:
  static constexpr size_t kAhead = 2;  // batches

  // A read that has been done, and where the source stood behind it.
  struct Read {
    std::unique_ptr<eventtime::Batch> batch;
    eventtime::Result<bool> more = true;
    runtime::SourcePosition position;
    uint64_t bytes = 0;
  };

  void run(size_t max_records);

  std::unique_ptr<runtime::Source> source_;  // the thread's, once it has begun
  const eventtime::Catalog& catalog_;
  std::optional<uint64_t> total_ = source_->bytes_total();
  std::optional<Read> now_;  // the last one that was given out, without its batch

  std::mutex at_work_;  // held by the thread but when it waits
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Read> done_;                                 // guarded, as what follows
  std::vector<std::unique_ptr<eventtime::Batch>> spare_;  // cleared
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace tocsin::server
