// A file that is decoded a few batches ahead of whoever reads it, by the threads of a pool: several
// batches at the same time, one after the other cut off the file.
//
// What is read is what the source would have given, batch by batch; only the sizes are those that
// begin() is told. So many batches ahead and no more: memory stays bounded, and a slow reader slows
// the source. For sources that never wait for the world (files, not pipes). Tested by
// tests/unit/connectors/read_ahead_test.cc.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connectors/file/file_source.h"
#include "eventtime/schema.h"
#include "runtime/source.h"
#include "runtime/worker_pool.h"

namespace tocsin::connectors {

class ReadAhead final : public runtime::Source, private runtime::SpareWork {
 public:
  // The catalog outlives it.
  ReadAhead(std::unique_ptr<FileSource> source, const eventtime::Catalog& catalog)
      : source_(std::move(source)), catalog_(catalog) {}
  ~ReadAhead() override;

  // Until then it is the source and nothing more. `batches` are decoded ahead, of `max_records`
  // each, whatever read() asks for. The pool outlives it.
  void begin(runtime::WorkerPool& workers, size_t max_records, size_t batches);

  const std::string& name() const override { return source_->name(); }
  const eventtime::RecordFormat& format() const override { return source_->format(); }
  eventtime::Result<bool> read(eventtime::Batch& batch, size_t max_records) override;
  runtime::SourcePosition position() const override {
    return given_ ? given_->position : source_->position();
  }
  eventtime::Result<void> resume(const runtime::SourcePosition& position) override {
    return source_->resume(position);
  }
  uint64_t bytes_read() const override { return given_ ? given_->bytes : source_->bytes_read(); }
  std::optional<uint64_t> bytes_total() const override { return total_; }

 private:
  // A batch, and where the source stood behind it.
  struct Read {
    std::unique_ptr<eventtime::Batch> batch;
    FileSource::Records records;  // of the batch, to be decoded
    eventtime::Result<bool> more = true;
    runtime::SourcePosition position;
    uint64_t bytes = 0;
    bool done = false;  // guarded; what stands above is who works on it's until then
  };

  // Cuts off a batch and decodes it, unless somebody is cutting or enough are ahead.
  bool do_piece() override;
  bool may_cut() const { return !cutting_ && !ended_ && reads_.size() < most_; }
  std::unique_ptr<Read> new_read();
  void cut(Read& read);
  void decode(Read& read);

  std::unique_ptr<FileSource> source_;  // of who is cutting
  const eventtime::Catalog& catalog_;
  std::optional<uint64_t> total_ = source_->bytes_total();
  std::unique_ptr<Read> given_;  // the last one that was given out, with a batch to use again
  runtime::WorkerPool* workers_ = nullptr;
  size_t max_records_ = 0;
  size_t most_ = 0;

  std::mutex mutex_;
  std::condition_variable decoded_;
  std::deque<std::unique_ptr<Read>> reads_;  // guarded, as what follows
  std::vector<std::unique_ptr<Read>> spare_;
  std::vector<std::unique_ptr<Decoder>> decoders_;  // that nobody uses
  bool cutting_ = false;
  bool ended_ = false;
};

}  // namespace tocsin::connectors
