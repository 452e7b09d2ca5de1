// Records on disk: a base or a delta of a checkpoint. Whole numbers are little-endian.
//
//   file   = magic "TOCSINRF", u32 format version (1), blocks, end
//   block  = u32 raw bytes (not 0), u32 compressed bytes, u64 XXH3 of the compressed bytes, these
//            (one zstd frame, level 1)
//   end    = u32 0, u32 0, u64 number of entries in all blocks; nothing follows
//   raw    = entries, none of which goes on in the next block
//   entry  = varint (2 * key bytes), varint value bytes, key, value       a record
//          | varint 1, u64 low, u64 high half of the XXH3-128 of a key    the record is gone
//
// A varint is base 128, least significant digits first. The length of a block and the end are not
// covered by a hash in the file: the manifest has one of the whole (manifest.h), and it is asked
// before a record is believed. The reader is safe for any bytes nevertheless.
// Tested by tests/unit/connectors/record_file_test.cc, tests/fuzz/record_file_fuzz.cc.
#pragma once

#include <zstd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "connectors/state/record_hash.h"
#include "eventtime/result.h"
#include "runtime/storage.h"

namespace tocsin::connectors {

// A larger record (key and value together) is an error.
inline constexpr size_t kMaxStateRecordBytes = size_t{1} << 30;

// Writes one file. The first error is kept and told by finish(); what is put after it is passed
// over, so that the one who puts need not ask.
class RecordFileWriter {
 public:
  explicit RecordFileWriter(std::unique_ptr<runtime::WritableFile> file);
  ~RecordFileWriter();
  RecordFileWriter(const RecordFileWriter&) = delete;
  RecordFileWriter& operator=(const RecordFileWriter&) = delete;

  void put(std::string_view key, std::string_view value);
  void erase(const KeyHash& key);
  // Ends, syncs and closes the file.
  eventtime::Result<void> finish();

  bool failed() const { return !status_.has_value(); }
  uint64_t records() const { return records_; }
  uint64_t deletions() const { return deletions_; }
  uint64_t bytes() const { return bytes_; }
  std::string digest() const;  // XXH3-128 of the file, as 32 hexadecimal digits

 private:
  void end_entry();
  void write_block();
  void write(std::string_view bytes);

  std::unique_ptr<runtime::WritableFile> file_;
  std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> zstd_;
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t*)> hash_;
  std::string raw_;
  std::string block_;
  eventtime::Result<void> status_;
  uint64_t records_ = 0;
  uint64_t deletions_ = 0;
  uint64_t bytes_ = 0;
};

struct RecordVisitor {
  // Views hold during the call.
  std::function<void(std::string_view key, std::string_view value)> put;
  std::function<void(const KeyHash& key)> erase;
};

// Gives all entries of a file, in the order in which they were put. An error names what is wrong
// with the file, without its name; entries before the damage have been given then.
eventtime::Result<void> read_records(runtime::ReadableFile& file, const RecordVisitor& visitor);

}  // namespace tocsin::connectors
