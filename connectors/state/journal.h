// The journal of ticks: a file that only grows. A tick is written before it takes effect, so a run
// that was killed, or a replay, finds every tick whose effect may have been seen.
//
// Bytes, little-endian. Header: "TOCSINJL", u32 version (1), u32 number of inputs, u64 XXH3-64 of
// the 16 bytes before. Then 32 bytes for each tick: u32 input, u32 zero, u64 position, i64 time in
// microseconds, u64 XXH3-64 of the 24 bytes before with the tick's number from 0 as seed.
//
// What a crash has torn off at the end is cut off; damage before whole ticks is the world's error.
// Tested by tests/unit/connectors/journal_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "eventtime/result.h"
#include "runtime/tick.h"

namespace tocsin::connectors {

struct JournalContent {
  std::vector<runtime::Tick> ticks;
  uint64_t torn_bytes = 0;  // at the end, of no whole tick
};

// `inputs`: how many the run has; a journal of another number is refused.
eventtime::Result<JournalContent> read_journal(const std::string& path, uint32_t inputs);

class Journal {
 public:
  // Makes one if there is none; cuts off a torn end. Refused while another run writes to it.
  static eventtime::Result<std::unique_ptr<Journal>> open(const std::string& path, uint32_t inputs);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal();

  // What it held when it was opened.
  const JournalContent& content() const { return content_; }

  // They survive the end of this program when this returns, a loss of power after sync(). After an
  // error the journal holds whole ticks only.
  eventtime::Result<void> append(std::span<const runtime::Tick> ticks);
  eventtime::Result<void> sync();

 private:
  Journal(int file, std::string path) : file_(file), path_(std::move(path)) {}
  eventtime::Result<void> load(uint32_t inputs);
  eventtime::Result<void> write(std::string_view bytes);

  int file_;
  std::string path_;
  JournalContent content_;
  uint64_t ticks_ = 0;  // those appended, too
  uint64_t bytes_ = 0;
};

}  // namespace tocsin::connectors
