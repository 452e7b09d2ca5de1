// Takes events to the shards that have their keys: each key is encoded and hashed once, and a shard
// looks at its own events alone.
//
// The events of a level are cut into slices, which threads may work off at the same time; what a
// slice has for a shard stands in the order of the events. An event has a key for each way to one
// that a condition opens which holds for it: whether the pattern waits for something, only its
// shard knows. Tested by tests/unit/runtime/event_router_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/dispatcher.h"
#include "runtime/event_keys.h"
#include "runtime/pattern_operator.h"

namespace tocsin::runtime {

class Shard;
struct PatternLevels;

class EventRouter {
 public:
  struct Event {
    uint32_t place = 0;  // among the events of all slices
    uint32_t keys = 0;   // so many follow those of the event before
  };
  struct Key {
    uint32_t set = 0;  // of Shard::keys()
    uint32_t tag = 0;  // tag_of()
    uint32_t begin = 0;
    uint32_t size = 0;
  };
  // Of a slice, what belongs to one shard.
  struct Portion {
    std::vector<Event> events;
    std::vector<Key> keys;
  };
  class Slice {
   public:
    const Portion& of(uint32_t shard) const { return portions_[shard]; }
    std::string_view text(const Key& key) const { return {texts_.data() + key.begin, key.size}; }

   private:
    friend class EventRouter;
    std::vector<Portion> portions_;  // by shard
    std::vector<uint64_t> met_;      // by set: the event that it was met with
    uint64_t event_ = 0;             // counts all
    std::string texts_;              // of the keys
  };

  // To `shards` that are all built as this one is, which outlives the router.
  EventRouter(const Shard& built, const PatternLevels& levels, uint32_t shards);

  // The next events of a level, as so many slices.
  void begin(size_t slices);
  // Fills a slice. Different ones may be filled at the same time.
  void fill(size_t level, std::span<const ReleasedEvent> events, size_t slice);
  std::span<const Slice> slices() const { return {slices_.data(), count_}; }

 private:
  using Sets = std::vector<uint32_t>;
  struct Level {
    std::vector<const EventKeys*> keys;
    std::vector<Sets> by_predicate;  // of the patterns that it concerns
    std::vector<Sets> by_type;       // of those that want all events of the type
  };

  void take(const Level& level, const Sets& sets, const ReleasedEvent& event, uint32_t place,
            Slice& slice) const;

  uint32_t shards_;
  std::vector<Level> levels_;
  std::vector<Slice> slices_;
  size_t count_ = 0;  // of those in use
};

}  // namespace tocsin::runtime
