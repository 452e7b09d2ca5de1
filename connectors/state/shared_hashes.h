// The hashes of all records of a checkpoint, in memory that processes share: a child that was
// forked to write a checkpoint appends them, its parent has them then, and so has the next child.
//
// The memory is a file without a name (memfd) that grows as it is written, so its size needs no
// guess beforehand: 24 bytes for each record. Two of them live at a time, the last one's and the
// one being made. An order in which they are looked up is not in it: who looks up makes it
// (record_index.h), which is the child, beside the matching. When memory for it is missing, that is
// an error of append() or finish(), not the end of the process.
//
// Appended to by one process, then read by any. Tested by
// tests/unit/connectors/record_index_test.cc, checkpoint_store_test.cc.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "connectors/state/record_hash.h"
#include "eventtime/result.h"

namespace tocsin::connectors {

class SharedHashes {
 public:
  static eventtime::Result<std::unique_ptr<SharedHashes>> create();
  SharedHashes(const SharedHashes&) = delete;
  SharedHashes& operator=(const SharedHashes&) = delete;
  ~SharedHashes();

  // The first error is kept, and told by finish().
  void append(const RecordHash& hash);
  eventtime::Result<void> finish();

  // All that was appended, by whatever process, before finish(). Valid as long as this lives.
  eventtime::Result<std::span<const RecordHash>> read() const;

 private:
  explicit SharedHashes(int file) : file_(file) {}
  void flush();

  static constexpr size_t kBufferedHashes = 4096;

  int file_;
  std::vector<RecordHash> buffer_;
  eventtime::Result<void> status_;
  mutable void* mapped_ = nullptr;
  mutable size_t mapped_bytes_ = 0;
};

}  // namespace tocsin::connectors
