// Where events come from: one of the four doors to the world (with Sink, Clock and Storage).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "eventtime/batch.h"
#include "eventtime/result.h"
#include "runtime/metric.h"

namespace tocsin::runtime {

// What the bytes directly before a position are.
enum class LineState : uint8_t {
  kEnded,     // a whole line, or nothing
  kOpen,      // a line that the end of the input cut off; it was taken all the same
  kQuoted,    // the same, inside a quoted cell: a line end would not end it
  kSkipping,  // part of a record that is too long: the rest of its line is no record
};

// Where a source stands after the records read so far, and what its input looked like up to there.
// Bytes are those of the decompressed input.
struct SourcePosition {
  uint64_t records = 0;    // refused ones count too: the number of the next record
  uint64_t bytes = 0;      // before the next record
  uint64_t head_hash = 0;  // XXH3-64 of the first min(kHashedBytes, bytes) bytes
  uint64_t tail_hash = 0;  // of the last min(kHashedBytes, bytes) bytes before the next record
  LineState line = LineState::kEnded;

  static constexpr size_t kHashedBytes = 4096;
  friend bool operator==(const SourcePosition&, const SourcePosition&) = default;
};

// One input, read from its beginning, or from a position, to its end by one thread.
class Source {
 public:
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;

  // As the user named it: a path, or "-".
  virtual const std::string& name() const = 0;
  // How its raw records are shown in alerts; valid as long as the source.
  virtual const eventtime::RecordFormat& format() const = 0;

  // Appends the next records, up to `max_records` accepted and refused ones together, to an empty
  // batch. False when the input has ended and nothing was appended. A live source that has nothing
  // at the moment does not wait: true, and nothing is appended. An error is the world's (a read
  // failed, a compressed stream is damaged): what was appended before it is still good, and the
  // source must not be read again.
  virtual eventtime::Result<bool> read(eventtime::Batch& batch, size_t max_records) = 0;

  // Of a live source, after a read that appended nothing: whether there is nothing, as far as it
  // knows. Otherwise what it reads from cannot be reached at the moment, and it is not idle.
  virtual bool has_nothing() { return true; }

  // After the batches read so far; not after an error.
  virtual SourcePosition position() const = 0;
  // Before the first read: goes on behind `position`, which a source of the same input told; what
  // is read then is what an undisturbed source would have read. The input may have grown since. An
  // input that is shorter or differs is refused, and the source must not be read: at once, or with
  // the next read where the last line was cut off and has another end now.
  virtual eventtime::Result<void> resume(const SourcePosition& position) = 0;

  // For progress: bytes of the file consumed, and its size if it has one.
  virtual uint64_t bytes_read() const = 0;
  virtual std::optional<uint64_t> bytes_total() const = 0;

  // Of this source; whoever asks adds its name as a label.
  virtual Metrics metrics() const { return {}; }
};

}  // namespace tocsin::runtime
