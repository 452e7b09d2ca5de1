// The events that runs hold, each stored once for all patterns and keys.
//
// An event is copied out of its batch when the first run binds it and released when the last run
// that reaches it is gone. So a batch of a thousand events is not kept alive by the one that
// matters, and memory follows what is pending, not what has passed.
//
// INVARIANT: a stored event lives as long as a reference counted by retain() is held.
// Tested by tests/unit/nfa/event_store_test.cc.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/bit_set.h"
#include "eventtime/huge_pages.h"
#include "eventtime/prefetch.h"

namespace tocsin::nfa {

using eventtime::TypeId;

using EventId = uint32_t;
inline constexpr EventId kNoEvent = 0;

// An event as the matcher sees it: released, in its place in the order of events.
struct TestedEvent {
  const eventtime::Batch* batch = nullptr;
  const eventtime::Row* row = nullptr;
  uint64_t sequence = 0;  // its place in the order of events (language page 3.1), from 1
  // Set by EventStore::store; who made the TestedEvent then owns one reference.
  EventId stored = kNoEvent;
  // The steps and negations, by variable, whose key field gave the key under which the event is
  // tested; null: all.
  const eventtime::BitSet* variables = nullptr;
  bool may_begin = true;  // false: it goes on with what has begun, and begins nothing

  const eventtime::EventTable& table() const { return batch->tables[row->type]; }
};

struct StoredEvent {
  eventtime::Timestamp time;
  uint64_t sequence = 0;
  uint64_t record = 0;
  uint32_t input = 0;
  TypeId type = 0;
  std::string_view raw;                    // empty where alerts do not show events
  const eventtime::Text* texts = nullptr;  // the kept columns
};

// All that is left of an event whose record no alert shows and whose texts nobody reads.
struct LightEvent {
  eventtime::Timestamp time;
  uint64_t sequence = 0;
  uint64_t record = 0;
  uint32_t input = 0;
  TypeId type = 0;
};

// An event of saved state: the texts of columns that were kept.
struct SavedEvent {
  eventtime::Timestamp time;
  uint64_t sequence = 0;
  uint64_t record = 0;
  uint32_t input = 0;
  TypeId type = 0;
  std::string_view raw;
  std::vector<std::pair<uint32_t, eventtime::Text>> texts;  // by column
};

class EventStore {
 public:
  // `keep_raw`: alerts show events as they came in.
  EventStore(size_t types, bool keep_raw);
  EventStore(const EventStore&) = delete;
  EventStore& operator=(const EventStore&) = delete;

  // Runs will read this string column of stored events. Before the first event only.
  void keep_text(TypeId type, uint32_t column);

  // Asks for what store() will read of an event.
  void prefetch(const TestedEvent& event) const;
  static void prefetch(const eventtime::Column& column, uint32_t row);
  // Stores the event unless it is stored already, and retains it once for the caller.
  EventId store(TestedEvent& event);
  // Stores an event of which nothing but this is known, retained once.
  EventId store_light(const LightEvent& event);
  // Stores a copy of an event that was saved, retained once. Kept columns that it does not name are
  // empty texts.
  EventId store(const SavedEvent& event);
  bool keeps_raw() const { return keep_raw_; }
  const std::vector<uint32_t>& kept_columns(TypeId type) const { return kept_[type].columns; }
  // The kept text of a stored event that equals `text` and lives as long as the event, if it has
  // one.
  const eventtime::Text* find_text(EventId id, std::string_view text) const;
  void retain(EventId id) { ++holds_[id].references; }
  void prefetch_release(EventId id) const { eventtime::prefetch_to_write(&holds_[id]); }
  void release(EventId id) {
    if (--holds_[id].references == 0) erase(id);
  }

  const StoredEvent& at(EventId id) const { return *events_[id]; }
  // A kept column of a stored event; the text lives as long as the event.
  eventtime::Text text(EventId id, uint32_t column) const {
    const StoredEvent& event = *events_[id];
    return event.texts[kept_[event.type].index_by_column[column]];
  }

  size_t live() const { return live_; }
  size_t ids() const { return events_.size() - 1; }  // with those that are free
  // Of the segments in which something lives, and of what is kept for each event.
  size_t memory() const { return bytes_ + live_ * (sizeof(StoredEvent*) + sizeof(Hold)); }

 private:
  struct Kept {
    std::vector<uint32_t> columns;
    std::vector<uint32_t> index_by_column;
  };

  // Apart from the events: counting is what happens most, and these stay in the cache.
  struct Hold {
    uint32_t references = 0;
    uint32_t segment = 0;
  };
  using Bytes = std::vector<char, eventtime::HugePageAllocator<char>>;
  struct Segment {
    Bytes bytes;
    size_t used = 0;
    uint32_t live = 0;
  };
  // The first few are small; where there are more, each is a huge page.
  static constexpr size_t kSegmentBytes = size_t{256} << 10;
  static constexpr size_t kSmallSegments = 8;
  static constexpr size_t kSpareSegments = 8;  // kept for the next events when they are empty
  static constexpr size_t kManyIds = size_t{1} << 16;

  EventId number(StoredEvent* stored, uint32_t references);
  void erase(EventId id);
  void trim();
  char* allocate(size_t bytes);
  void open_segment(size_t bytes);
  void close_segment(uint32_t index);

  bool keep_raw_;
  std::vector<Kept> kept_;            // by TypeId
  std::vector<StoredEvent*> events_;  // by EventId
  std::vector<Hold> holds_;           // by EventId
  std::vector<EventId> free_;
  std::vector<Segment> segments_;
  std::vector<uint32_t> free_segments_;
  uint32_t current_ = 0;  // the segment that is being filled
  size_t live_ = 0;
  size_t erased_ = 0;  // since trim()
  size_t bytes_ = 0;   // of segments that are not free
};

}  // namespace tocsin::nfa
