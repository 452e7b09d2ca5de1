// The bytes of a file of queued alerts. It is appended to and never changed.
//
// Little-endian. Header: "TOCSINWQ", u32 version (1), u32 zero, u64 number of its first alert, u64
// XXH3-64 of the 24 bytes before. Then the alerts, with numbers that go up by one: u32 size of the
// body, u32 the low half of the XXH3-64 of that size, u64 XXH3-64 of the body, both with the
// alert's number as seed; the body: i64 when it was queued, i64 when its match was complete
// (microseconds since 1970), u8 1 if it is a copy, u8 size of the id, the id, the JSON object.
//
// A size has a hash of its own: where only a body is damaged, the alerts behind it are still found.
// Tested by tests/unit/connectors/webhook_queue_test.cc and tests/fuzz/webhook_queue_fuzz.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "eventtime/result.h"
#include "eventtime/timestamp.h"
#include "runtime/storage.h"

namespace tocsin::connectors {

struct QueuedAlert {
  eventtime::Timestamp queued;
  eventtime::Timestamp complete;
  bool is_copy = false;  // of one before it: the same, written again after a restart
  std::string id;        // at most 255 bytes
  std::string json;
  friend bool operator==(const QueuedAlert&, const QueuedAlert&) = default;
};

// Of the alert that is read next.
struct SegmentPlace {
  uint64_t number = 0;
  uint64_t offset = 0;
};

enum class Found : uint8_t {
  kAlert,
  kDamaged,  // one that cannot be read; the next one can be found
  kEnd,      // no alert begins here, or it is not whole
};

inline constexpr size_t kSegmentHeaderBytes = 32;
std::string segment_header(uint64_t first);
// An error where another version of the format is named. A damaged header matters to nobody: the
// first number is in the file's name.
eventtime::Result<void> check_segment_header(runtime::ReadableFile& file, std::string_view name);

void append_queued(std::string& out, uint64_t number, const QueuedAlert& alert);
// Goes on to the next place unless it is the end. Errors are the disk's.
eventtime::Result<Found> read_queued(runtime::ReadableFile& file, SegmentPlace& place,
                                     QueuedAlert& alert);

}  // namespace tocsin::connectors
