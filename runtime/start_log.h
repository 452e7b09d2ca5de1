// The first events that wait, of all keys of one pattern, with what conditions and results will
// read of them.
//
// They are written one behind the other, in the order of their time, so that those that expire are
// at hand without a look at keys; those of one key are chained, and the oldest of them knows how
// many they are, the last, and the key. Places do not move while first events are added or
// removed; make_room() may move them. Tested by tests/unit/runtime/start_log_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "eventtime/huge_pages.h"
#include "eventtime/timestamp.h"
#include "nfa/event_store.h"
#include "nfa/start_plan.h"
#include "runtime/key_index.h"

namespace tocsin::runtime {

class StartLog {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;
  static constexpr size_t kKeyBytes = 16;

  struct Start {
    eventtime::Timestamp time;
    nfa::EventId event = nfa::kNoEvent;  // kNoEvent: removed
    uint32_t newer = kNone;              // places of its key
    uint32_t older = kNone;
    // Of the oldest of a key:
    uint32_t count = 0;
    uint32_t last = kNone;
    uint32_t tag = 0;
    uint32_t key_size = 0;
    char key[kKeyBytes] = {};  // a longer one: a pointer to it, owned
  };

  // Each first event has room for so many words of its owner's.
  explicit StartLog(size_t words);
  ~StartLog();
  StartLog(const StartLog&) = delete;
  StartLog& operator=(const StartLog&) = delete;

  // The oldest of a key, or kNone. `tag` is tag_of(key) everywhere.
  uint32_t find(std::string_view key, uint32_t tag) const {
    const uint32_t number =
        index_.find(tag, [&](uint32_t n) { return key_of(at(n & kPlaceMask)) == key; });
    return number == KeyIndex::kNone ? kNone : number & kPlaceMask;
  }
  // Adds a first event of the key whose oldest is `oldest`; returns its place. Times do not fall.
  uint32_t add(uint32_t oldest, std::string_view key, uint32_t tag, eventtime::Timestamp time,
               nfa::EventId event);
  // Returns the oldest that is left.
  uint32_t remove(uint32_t oldest, uint32_t place);

  Start& at(uint32_t place) { return *start(place); }
  const Start& at(uint32_t place) const { return *start(place); }
  uint64_t* words(uint32_t place) { return storage(place) + kStartWords; }
  const uint64_t* words(uint32_t place) const { return storage(place) + kStartWords; }
  static std::string_view key_of(const Start& oldest) {
    return oldest.key_size <= kKeyBytes ? std::string_view(oldest.key, oldest.key_size)
                                        : long_key(oldest);
  }

  // The oldest of all keys; kNone if there is none. It is the oldest of its key.
  uint32_t front();
  // Sees to it that so many first events can be added. Moves places.
  void make_room(size_t more);

  size_t size() const { return live_; }
  size_t keys() const { return index_.size(); }

  // Three steps of a look-up to come.
  void prefetch_index(uint32_t tag) const { index_.prefetch(tag); }
  uint32_t guess(uint32_t tag) const {
    const uint32_t number = index_.find(tag, [](uint32_t) { return true; });
    return number == KeyIndex::kNone ? kNone : number & kPlaceMask;
  }
  void prefetch(uint32_t place) const {
    if (place != kNone) __builtin_prefetch(storage(place));
  }
  // The `i`th from the front, gone or not.
  uint32_t ahead(size_t i) const {
    return begin_ + i < end_ ? static_cast<uint32_t>(begin_ + i) & kPlaceMask : kNone;
  }

 private:
  static constexpr size_t kStartWords = sizeof(Start) / sizeof(uint64_t);
  static constexpr uint32_t kPlaceMask = (uint32_t{1} << 31) - 1;
  static constexpr uint32_t kNumber = uint32_t{1} << 31;  // set in numbers of the index
  static constexpr size_t kMinSize = 16;
  using Words = std::vector<uint64_t, eventtime::HugePageAllocator<uint64_t>>;

  uint64_t* storage(uint32_t place) { return ring_.data() + (place & mask_) * stride_; }
  const uint64_t* storage(uint32_t place) const { return ring_.data() + (place & mask_) * stride_; }
  Start* start(uint32_t place) { return reinterpret_cast<Start*>(storage(place)); }
  const Start* start(uint32_t place) const {
    return reinterpret_cast<const Start*>(storage(place));
  }
  static std::string_view long_key(const Start& oldest);
  static void set_key(Start& oldest, std::string_view key);
  static void drop_key(Start& oldest);
  void move_all(size_t size);

  size_t stride_;  // words
  Words ring_;
  uint32_t mask_ = 0;
  uint64_t begin_ = 0;
  uint64_t end_ = 0;
  size_t live_ = 0;
  KeyIndex index_;  // to kNumber | place of the oldest
  std::vector<uint32_t> moved_;
};

}  // namespace tocsin::runtime
