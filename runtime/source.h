// Where events come from: one of the four doors to the world (with Sink, Clock and Storage).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "eventtime/batch.h"
#include "eventtime/result.h"

namespace tocsin::runtime {

// One input, read from its beginning to its end by one thread.
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
  // batch. False when the input has ended and nothing was appended. An error is the world's (a read
  // failed, a compressed stream is damaged): what was appended before it is still good, and the
  // source must not be read again.
  virtual eventtime::Result<bool> read(eventtime::Batch& batch, size_t max_records) = 0;

  // For progress: bytes of the file consumed, and its size if it has one.
  virtual uint64_t bytes_read() const = 0;
  virtual std::optional<uint64_t> bytes_total() const = 0;
};

}  // namespace tocsin::runtime
