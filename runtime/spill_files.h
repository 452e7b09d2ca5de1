// The disk under keys that have been quiet for long: their state lies in files as it was saved, one
// record for each key, until an event or time asks for it again.
//
// Files are segments: written once, at the end, and never changed. So one read at a known place
// brings a key back; a forked child sees what was there at the fork; and a checkpoint just names
// the segments, with their length, and says which of their records live: what is cold costs a
// checkpoint nothing (after Sheehy and Smith, "Bitcask: A Log-Structured Hash Table for Fast
// Key/Value Data", 2010). Against RocksDB, measured for this use in docs/architecture.md ("More
// state than memory"): it compacts what does not change again and again, its threads do not
// outlive a fork, and its checkpoints come in files of its own format.
//
//   segment = "TOCSINSP", u32 format version (1), zeros up to a unit; records, each from a unit on
//   record  = u32 XXH3 of the rest, u32 bytes of the rest, rest
//   rest    = LEB128 bytes of the key, key, folded LEB128 moment, u8 1 if it is over then, value
//
// A unit has 32 bytes; numbers are little-endian. "Moment" is when time has something to do with
// the key. Errors of the disk are kept: after the first, nothing is right any more, and the owner
// asks status() before it believes what came out.
// Tested by tests/unit/runtime/spill_files_test.cc, tests/fuzz/spill_segment_fuzz.cc.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/result.h"
#include "eventtime/timestamp.h"
#include "runtime/storage.h"

namespace tocsin::runtime {

// What is written of a key.
struct SpilledRecord {
  std::string_view key;
  eventtime::Timestamp moment = eventtime::kMaxTimestamp;
  bool drops = false;  // at the moment it is over; else it must be looked at
  std::string_view value;
};

// A segment as a checkpoint knows it.
struct SpillSegment {
  uint64_t number = 0;
  uint64_t bytes = 0;    // the file may have more
  uint64_t records = 0;  // that live
  std::string xxh3_128;  // of the bytes, as 32 hexadecimal digits
  friend bool operator==(const SpillSegment&, const SpillSegment&) = default;
};

std::string spill_segment_name(uint64_t number);  // spill-000001.state

// Reads a segment's records: `visit(unit, record)`; views hold during the call. Safe for any bytes.
eventtime::Result<void> read_spill_segment(
    ReadableFile& file, uint64_t bytes,
    const std::function<void(uint32_t unit, const SpilledRecord&)>& visit);

class SpillFiles {
 public:
  // Of a record: a unit of a segment. 0 is none.
  using Place = uint32_t;
  static constexpr size_t kUnitBytes = 32;

  struct Options {
    // Segments end when nothing in them lives. Otherwise they stay until their owner, who knows
    // which checkpoints name them, removes the files.
    bool transient = true;
    size_t segment_bytes = size_t{64} << 20;  // a power of two, 64 MB at most
  };

  // `storage` outlives it.
  SpillFiles(Storage& storage, Options options);
  ~SpillFiles();
  SpillFiles(const SpillFiles&) = delete;
  SpillFiles& operator=(const SpillFiles&) = delete;

  // Each thread that writes has its own.
  class Writer {
   public:
    explicit Writer(SpillFiles& files) : files_(files) {}
    // 0: the record is too large for a segment, or the disk failed.
    Place append(const SpilledRecord& record);

   private:
    SpillFiles& files_;
    uint32_t slot_ = 0;
    bool open_ = false;
    std::string bytes_;
  };

  // Into `bytes`, which the record then points into. Nothing after an error. For any thread, but
  // what a writer has not flushed only for the writer's.
  std::optional<SpilledRecord> read(Place place, std::string& bytes);
  // The record is no longer needed. For any thread.
  void drop(Place place);
  // The segment that a place is in: places are used again, its number is not.
  uint64_t segment_of(Place place) const;

  // ---- not beside reading and writing ----

  // Gives back segments in which nothing lives.
  void collect();
  // All that was appended can be read by others.
  void flush();
  // The segments with something that lives, as far as they are flushed.
  std::vector<SpillSegment> segments() const;
  // Which of their records live: bits by unit, in pieces; `put(segment, piece, bits)`.
  static constexpr size_t kPieceWords = 64;
  void visit_live(const std::function<void(uint64_t segment, uint32_t piece,
                                           std::string_view bits)>& put) const;
  // Syncs what segments() says; also in a forked child. Then its parent may forget_writers() of
  // these segments.
  eventtime::Result<void> sync() const;
  void forget_writers(const std::vector<SpillSegment>& synced);
  // Of the segments in use, also such in which nothing lives yet; new ones get numbers from the
  // next one on.
  std::vector<uint64_t> numbers() const;
  uint64_t next_number() const { return next_number_; }
  // There are files with smaller numbers.
  void number_from(uint64_t next) { next_number_ = std::max<uint64_t>(next_number_, next); }

  // A segment of a checkpoint, from which revive() will take records; before anything is written.
  eventtime::Result<void> adopt(const SpillSegment& segment);
  // Its record lives.
  Place revive(uint64_t segment, uint32_t unit);

  // A segment of which little lives, to be written anew; nothing: there is none.
  std::optional<uint64_t> sparse() const;
  // Visits the records that live in a segment, from a unit on, about `bytes` of them. Returns the
  // unit to go on from; nothing: that was all.
  std::optional<uint32_t> visit_segment(
      uint64_t segment, uint32_t from, size_t bytes,
      const std::function<void(Place, const SpilledRecord&)>& visit);

  uint64_t live_bytes() const;            // of files, all their records counted
  bool is_used() const { return used_; }  // something was written
  const std::string& directory() const { return storage_.name(); }
  bool failed() const { return failed_; }
  eventtime::Result<void> status() const;

 private:
  struct Segment;
  static constexpr size_t kSlots = 2048;

  Segment& segment(uint32_t slot) const { return *segments_[slot]; }
  uint32_t slot_of(Place place) const { return place >> unit_bits_; }
  uint32_t unit_of(Place place) const { return place & ((uint32_t{1} << unit_bits_) - 1); }
  Place place_of(uint32_t slot, uint32_t unit) const { return slot << unit_bits_ | unit; }
  std::span<const std::unique_ptr<Segment>> all() const { return {segments_.data(), slots_}; }
  std::optional<uint32_t> find(uint64_t number) const;
  std::optional<uint32_t> open_segment();
  std::optional<uint32_t> free_slot();
  void write_out(Segment& segment);
  void close(Segment& segment);
  void fail(const eventtime::Error& error);
  void give_back(uint32_t slot);

  Storage& storage_;
  Options options_;
  uint32_t unit_bits_;
  std::array<std::unique_ptr<Segment>, kSlots> segments_;
  uint32_t next_slot_ = 0;
  uint32_t slots_ = 0;  // that have been used
  std::atomic<uint64_t> next_number_ = 1;
  std::atomic<bool> failed_ = false;
  std::atomic<bool> used_ = false;
  mutable std::mutex mutex_;  // for opening segments, and the error
  eventtime::Result<void> status_;
};

}  // namespace tocsin::runtime
