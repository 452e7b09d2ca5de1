// The journal of ticks. A tick is written before it takes effect, so a run that was killed, or a
// replay, finds every tick whose effect may have been seen.
//
// Of the ticks behind the same record of an input all but the one of the latest time are dropped
// when they have become most of the file: who reads them takes them together (tick_queue.h). They
// go by a new file that takes the place of the old one, after it has been synced.
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

// Of those behind the same record of an input the one of the latest time; by input and position.
std::vector<runtime::Tick> last_ticks(const std::vector<runtime::Tick>& ticks);

class Journal {
 public:
  // So many ticks are written before it is looked whether some can be dropped.
  static constexpr uint64_t kLookEvery = 32768;

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
  void drop_ticks(const std::vector<runtime::Tick>& ticks);
  bool replace(const std::vector<runtime::Tick>& ticks);

  int file_;
  std::string path_;
  JournalContent content_;
  uint32_t inputs_ = 0;
  uint64_t next_look_ = 0;  // when there are so many ticks
  uint64_t ticks_ = 0;      // those appended, too
  uint64_t bytes_ = 0;
  std::string directory_;    // of a file that was put in the place of another
  bool is_in_place_ = true;  // also after a loss of power
};

}  // namespace tocsin::connectors
