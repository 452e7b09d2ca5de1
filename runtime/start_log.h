// The first events that wait, of all keys of one pattern, with what conditions and results will
// read of them.
//
// They are written one behind the other, in the order of their time, so that those that expire are
// at hand without a look at keys; those of one key are chained. Where a condition asks for an equal
// value, or `distinct` counts values, they are found by the value of one field as well. They lie in
// segments, of which a log that grows gets more; so it grows without a pause, and takes what it
// needs. Places do not move while first events are added or removed; make_room() may move them. For
// one thread. Tested by tests/unit/runtime/start_log_test.cc.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "eventtime/check.h"
#include "eventtime/huge_pages.h"
#include "eventtime/prefetch.h"
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
    uint32_t event = 0;      // of the owner's
    uint32_t chain = kNone;  // its key's; kNone: removed
    uint32_t newer = kNone;  // place of the same key
    uint32_t older = kNone;  // the same; not to be looked at in the oldest
  };

  // Of a field that is summed up.
  struct Sums {
    double total;
    double moved;  // all that was added and subtracted
  };
  // Places beside what they are asked for by, oldest first.
  struct Listed {
    uint32_t what;
    uint32_t place;
  };
  struct List {
    Listed* items;
    uint32_t size;
    uint32_t capacity;
  };

  // The first events of one key. It is there as long as there are any.
  struct alignas(eventtime::kCacheLineBytes) Chain {
    uint32_t oldest = kNone;  // places
    uint32_t newest = kNone;
    uint32_t count = 0;
    uint32_t values = 0;  // different ones of the indexed field
    uint32_t tag = 0;
    uint32_t key_size = 0;
    char key[kKeyBytes] = {};  // a longer one: a pointer to it, owned
    // The owner's. In a new chain `sums` and what follows is zero.
    union {
      Sums sums = {};
      List list;
    };
    uint32_t negatives = 0;  // of what is summed up
    uint32_t mark = 0;
  };

  // Whether first events are found by a value (set_value() and what follows it), and those with one
  // value counted, too (count_equal()).
  enum class Values : uint8_t { kNone, kFound, kCounted };
  // Each first event has room for so many words of its owner's.
  StartLog(size_t words, Values values);
  ~StartLog();
  StartLog(const StartLog&) = delete;
  StartLog& operator=(const StartLog&) = delete;

  // Whether two keys are equal. Most have one size, and eight to sixteen bytes.
  static bool are_equal(std::string_view left, std::string_view right) {
    constexpr size_t kWord = sizeof(uint64_t);
    const size_t size = left.size();
    if (size != right.size()) return false;
    if (size - kWord > kWord) return left == right;  // fewer than a word, too
    const auto word = [](const char* at) {
      uint64_t bytes = 0;
      std::memcpy(&bytes, at, kWord);
      return bytes;
    };
    const size_t last = size - kWord;
    return word(left.data()) == word(right.data()) &&
           word(left.data() + last) == word(right.data() + last);
  }
  // The chain of a key, or kNone. `tag` is tag_of(key) everywhere.
  uint32_t find(std::string_view key, uint32_t tag) const {
    const uint32_t number = index_.find(
        tag, [&](uint32_t n) { return are_equal(key_of(chains_[n & kPlaceMask]), key); });
    return number == KeyIndex::kNone ? kNone : number & kPlaceMask;
  }
  // The same; `guess` was guess(tag), and chains may have come and gone since.
  uint32_t find(uint32_t guess, std::string_view key, uint32_t tag) const {
    if (guess != kNone && chains_[guess].count > 0 && are_equal(key_of(chains_[guess]), key)) {
      return guess;
    }
    return find(key, tag);
  }
  // A chain for a key that has none. add() comes next.
  uint32_t add_chain(std::string_view key, uint32_t tag);
  // Adds a first event; returns its place. Times do not fall within a chain; where they fall from
  // one chain to another, front() comes to the earlier one late. The owner's words are not written.
  uint32_t add(uint32_t chain, eventtime::Timestamp time, uint32_t event) {
    TOCSIN_CHECK(end_ < segments_.end(), "make_room() was called");
    const auto place = static_cast<uint32_t>(end_++) & kPlaceMask;
    uint64_t* const start = storage(place);
    // No matter where the segment ends.
    eventtime::prefetch_to_write(start + kAddedAhead * stride_);
    Chain& key = chains_[chain];
    new (start) Start{time, event, chain, kNone, key.newest};  // of no meaning in the first one
    if (has_values_) new (&links(start)) ValueLinks();
    ++live_;
    if (key.count++ == 0) {
      key.oldest = place;
    } else {
      at(key.newest).newer = place;
    }
    key.newest = place;
    return place;
  }
  // False: it was the last of its chain, which is gone. `tag_of()` is that of its value, if it has
  // one; it is asked where the index of values has to be told.
  template <typename TagOf>
  bool remove(uint32_t place, const TagOf& tag_of) {
    uint64_t* const start = storage(place);
    Start& gone = *reinterpret_cast<Start*>(start);
    Chain& key = chains_[gone.chain];
    if (has_values_ && links(start).older != kNone) remove_value(place, links(start), tag_of, key);
    const uint32_t chain = std::exchange(gone.chain, kNone);
    --live_;
    if (is_in_front(place)) front();
    if (--key.count == 0) {
      remove_chain(chain);
      return false;
    }
    // Most that go are the oldest of their key: the next one, which is far away, is not touched.
    if (key.oldest == place) {
      key.oldest = gone.newer;
    } else {
      at(gone.older).newer = gone.newer;
      (gone.newer == kNone ? key.newest : at(gone.newer).older) = gone.older;
    }
    return true;
  }

  Start& at(uint32_t place) { return *reinterpret_cast<Start*>(storage(place)); }
  const Start& at(uint32_t place) const { return *reinterpret_cast<const Start*>(storage(place)); }
  uint64_t* words(uint32_t place) { return storage(place) + kStartWords; }
  const uint64_t* words(uint32_t place) const { return storage(place) + kStartWords; }
  Chain& chain(uint32_t number) { return chains_[number]; }
  const Chain& chain(uint32_t number) const { return chains_[number]; }
  static std::string_view key_of(const Chain& chain) {
    return chain.key_size <= kKeyBytes ? std::string_view(chain.key, chain.key_size)
                                       : long_key(chain);
  }

  // Makes a first event known by its value. `tag`: a hash of chain and value; `equal(place)` tells
  // whether another of the same chain has the same.
  template <typename Equal>
  void set_value(uint32_t place, uint32_t tag, const Equal& equal) {
    uint64_t* const start = storage(place);
    links(start) = {place, place};
    if (is_counted_) count_of(start) = 0;
    if (by_value_.insert_if_clear(tag, kNumber | place, ring())) {
      ++chains_[reinterpret_cast<Start*>(start)->chain].values;
    } else {
      set_value_beside(place, tag, equal);
    }
  }
  // The newest of the chain with the value, or kNone.
  template <typename Equal>
  uint32_t find_value(uint32_t chain, uint32_t tag, const Equal& equal) const {
    const uint32_t number = by_value_.find(tag, [&](uint32_t n) {
      return is_ahead(n & kPlaceMask) && at(n & kPlaceMask).chain == chain && equal(n & kPlaceMask);
    });
    return number == KeyIndex::kNone ? kNone : number & kPlaceMask;
  }
  // Of the same chain and value, in a ring: behind the newest comes the oldest.
  uint32_t newer_equal(uint32_t place) const { return links(place).newer; }
  uint32_t older_equal(uint32_t place) const { return links(place).older; }
  // Whether none from `since` on, which is of the same chain and no newer, has the value before.
  bool is_first_equal(uint32_t place, uint32_t since) const {
    const uint32_t older = links(place).older;
    return age(older) >= age(place) || age(older) < age(since);
  }
  bool is_oldest_equal(uint32_t place) const { return age(links(place).older) >= age(place); }
  bool is_newest_equal(uint32_t place) const { return age(links(place).newer) <= age(place); }
  // How many there are with the value of the newest one at `place`, if only oldest ones have been
  // removed since number_equal().
  size_t count_equal(uint32_t place) const {
    return count_of(storage(place)) - count_of(storage(links(place).newer)) + 1;
  }
  // Of all values of the chain.
  void number_equal(uint32_t chain);

  // The oldest of all keys; kNone if there is none. It is the oldest of its chain.
  uint32_t front() {
    for (; begin_ != end_; ++begin_) {
      const auto place = static_cast<uint32_t>(begin_) & kPlaceMask;
      if (at(place).chain != kNone) return place;
    }
    return kNone;
  }
  // The oldest behind the mark, kNone if there is none; mark() takes the mark behind it.
  uint32_t unmarked();
  void mark() { ++marked_; }
  // Sees to it that so many first events can be added. May move places.
  void make_room(size_t more);

  // Gives memory back when little is left of much. Moves places; true: it has renumbered chains.
  bool shrink();

  // Goes round: the newest of a chain whose last first event came longer ago than those of the
  // others, but for what has been passed over; kNone where a round ends.
  uint32_t next_newest();

  // Calls `visit(place)` for each first event, in order.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (uint64_t i = begin_; i != end_; ++i) {
      const auto place = static_cast<uint32_t>(i) & kPlaceMask;
      if (at(place).chain != kNone) visit(place);
    }
  }
  // Calls `visit(chain)` for each chain, in the order of their oldest first events.
  template <typename Visit>
  void for_each_chain(const Visit& visit) const {
    for_each([&](uint32_t place) {
      if (is_oldest(place)) visit(at(place).chain);
    });
  }

  // Whether a place that was one still is. What is behind the oldest of all is no memory any more.
  bool is_there(uint32_t place) const { return is_ahead(place) && at(place).chain != kNone; }
  bool is_ahead(uint32_t place) const { return age(place) < end_ - begin_; }
  // So many places have been given, by adding and moving; they repeat after kPlaces.
  uint64_t added() const { return end_; }
  static constexpr uint64_t kPlaces = uint64_t{1} << 31;
  // How often places have moved: each first event has another one since.
  uint64_t moves() const { return moves_; }
  size_t size() const { return live_; }
  size_t chains() const { return index_.size(); }
  bool is_chain(uint32_t number) const {
    return number < chains_.size() && chains_[number].count > 0;
  }
  // What lives takes about so much, with the room that tables of growing size have.
  size_t memory() const {
    const size_t start = stride_ * sizeof(uint64_t) + (has_values_ ? 2 * kIndexBytes : 0);
    return size() * start + chains() * 2 * (sizeof(Chain) + kIndexBytes);
  }

  // Of keys; it stays where it is.
  const KeyIndex& index() const { return index_; }
  // Steps of a look-up to come, behind the index: the chain, its first events.
  uint32_t guess(uint32_t tag) const {
    const uint32_t number = index_.find(tag, [](uint32_t) { return true; });
    return number == KeyIndex::kNone ? kNone : number & kPlaceMask;
  }
  void prefetch_chain(uint32_t chain) const {
    if (chain != kNone) eventtime::prefetch(&chains_[chain]);
  }
  // May reach into a second line.
  void prefetch_place(uint32_t place) const {
    const uint64_t* words = storage(place);
    eventtime::prefetch_to_write(words);
    eventtime::prefetch_to_write(words + stride_ - 1);
  }
  void prefetch_starts(uint32_t chain) const {
    if (chain == kNone) return;
    prefetch_place(chains_[chain].oldest);
    if (chains_[chain].count > 1) eventtime::prefetch_to_write(storage(chains_[chain].newest));
  }
  // Of a look-up of a value: the index, the newest with it; and those beside a first event that is
  // to go.
  void prefetch_value(uint32_t tag) const { by_value_.prefetch(tag); }
  void prefetch_with_value(uint32_t tag) const {
    const uint32_t number =
        by_value_.find(tag, [&](uint32_t n) { return is_ahead(n & kPlaceMask); });
    if (number != KeyIndex::kNone) prefetch_place(number & kPlaceMask);
  }
  void prefetch_equal(uint32_t place) const {
    if (!has_values_) return;
    const ValueLinks& value = links(place);
    if (value.older == kNone || value.newer == place) return;
    eventtime::prefetch_to_write(&links(value.newer));
    eventtime::prefetch_to_write(&links(value.older));
  }
  // Whether values are worth it: they do not fit a cache that is near.
  bool has_many_values() const { return by_value_.bytes() > kNearBytes; }
  // To be followed by a newer one.
  void prefetch_newest(uint32_t chain) const {
    eventtime::prefetch_to_write(storage(chains_[chain].newest));
  }
  // The `i`th from the front, gone or not; kNone behind the last.
  uint32_t ahead(size_t i) const {
    return begin_ + i < end_ ? static_cast<uint32_t>(begin_ + i) & kPlaceMask : kNone;
  }

 private:
  // Behind the owner's words, where values are indexed: places with the same value, in a ring;
  // kNone: it has none. Where they are counted, a word before it that counts them. Hashes of values
  // stand in the index alone: whoever removes one knows the value.
  struct ValueLinks {
    uint32_t older = kNone;
    uint32_t newer = kNone;
  };
  static constexpr size_t kStartWords = sizeof(Start) / sizeof(uint64_t);
  static constexpr size_t kLinkWords = sizeof(ValueLinks) / sizeof(uint64_t);
  static constexpr auto kPlaceMask = static_cast<uint32_t>(kPlaces - 1);
  static constexpr uint32_t kNumber = uint32_t{1} << 31;  // set in numbers of the indexes
  static constexpr size_t kIndexBytes = 16;
  static constexpr size_t kNearBytes = size_t{1} << 17;
  static constexpr uint32_t kSmallest = 4;  // segments, by bits of places
  static constexpr size_t kAddedAhead = 3;  // first events

  // So many places, consecutive ones, in each.
  class Segments {
   public:
    Segments(size_t stride, uint32_t bits)
        : stride_(stride), bits_(bits), inside_((uint32_t{1} << bits) - 1) {}
    Segments(Segments&& other) noexcept { *this = std::move(other); }
    Segments& operator=(Segments&& other) noexcept;
    ~Segments();

    uint64_t* at(uint32_t place) const {
      return table_[place >> bits_ & mask_] + (place & inside_) * stride_;
    }
    uint32_t bits() const { return bits_; }
    size_t places() const { return (end_ - begin_) << bits_; }
    // There is room for places below this one.
    uint64_t end() const { return end_ << bits_; }
    // Sees to it that there is room for places from `begin` to `end`, and keeps little before.
    void cover(uint64_t begin, uint64_t end);

   private:
    uint64_t* allocate();
    void free(uint64_t* segment);
    size_t words() const { return stride_ << bits_; }

    size_t stride_ = 0;  // words
    uint32_t bits_ = 0;
    uint32_t inside_ = 0;                       // the bits of a place that count within its segment
    std::vector<uint64_t*> table_ = {nullptr};  // by number, in a ring
    uint32_t mask_ = 0;
    uint64_t begin_ = 0;  // numbers
    uint64_t end_ = 0;
    std::vector<uint64_t*> spare_;
  };

  static uint32_t words_of(Values values) {
    return values == Values::kNone ? 0 : kLinkWords + (values == Values::kCounted ? 1 : 0);
  }
  uint64_t* storage(uint32_t place) { return segments_.at(place); }
  const uint64_t* storage(uint32_t place) const { return segments_.at(place); }
  ValueLinks& links(uint64_t* start) {
    return *reinterpret_cast<ValueLinks*>(start + stride_ - kLinkWords);
  }
  ValueLinks& links(uint32_t place) { return links(storage(place)); }
  uint64_t& count_of(uint64_t* start) { return start[stride_ - kLinkWords - 1]; }
  uint64_t count_of(const uint64_t* start) const { return start[stride_ - kLinkWords - 1]; }
  const ValueLinks& links(uint32_t place) const {
    return *reinterpret_cast<const ValueLinks*>(storage(place) + stride_ - kLinkWords);
  }
  // Places follow each other in a ring.
  bool is_oldest(uint32_t place) const { return chains_[at(place).chain].oldest == place; }
  uint32_t age(uint32_t place) const {
    return (place - static_cast<uint32_t>(begin_)) & kPlaceMask;
  }
  static std::string_view long_key(const Chain& chain);
  KeyIndex::Ring ring() const {
    return {static_cast<uint32_t>(begin_) & kPlaceMask, static_cast<uint32_t>(end_ - begin_)};
  }
  bool is_in_front(uint32_t place) const { return age(place) == 0; }
  template <typename TagOf>
  void remove_value(uint32_t place, const ValueLinks& gone, const TagOf& tag_of, Chain& chain) {
    if (gone.newer == place) {
      --chain.values;
      if (is_in_front(place)) return by_value_.forget();
      return erase_value(place, tag_of());
    }
    if (is_newest_equal(place)) replace_value(place, tag_of(), gone.older);
    links(gone.older).newer = gone.newer;
    links(gone.newer).older = gone.older;
  }
  // The same as set_value(), which has begun it; others may have the value.
  template <typename Equal>
  [[gnu::noinline]] void set_value_beside(uint32_t place, uint32_t tag, const Equal& equal) {
    const uint32_t chain = at(place).chain;
    const uint32_t other = find_value(chain, tag, equal);
    if (other == kNone) {
      by_value_.insert(tag, kNumber | place, ring());
      ++chains_[chain].values;
      return;
    }
    if (is_counted_) count_of(storage(place)) = count_of(storage(other)) + 1;
    ValueLinks& newest = links(other);
    links(place) = {other, newest.newer};
    links(newest.newer).older = place;
    newest.newer = place;
    by_value_.replace(tag, kNumber | other, kNumber | place);
  }
  void erase_value(uint32_t place, uint32_t tag);
  void replace_value(uint32_t place, uint32_t tag, uint32_t by);
  void renumber_values();
  void remove_chain(uint32_t number);
  void move_all(uint32_t bits);
  void renumber_chains();

  bool has_values_;
  bool is_counted_;
  size_t stride_;  // words
  Segments segments_;
  uint64_t begin_ = 0;
  uint64_t end_ = 0;
  uint64_t marked_ = 0;
  uint64_t hand_ = 0;  // of next_newest()
  size_t live_ = 0;
  std::vector<Chain, eventtime::HugePageAllocator<Chain>> chains_;
  std::vector<uint32_t> free_chains_;
  KeyIndex index_;        // to kNumber | chain
  KeyIndex by_value_;     // to kNumber | place of the newest; what went in front may still be there
  uint64_t cleared_ = 0;  // there it was cleared away
  std::vector<uint32_t> moved_;
  uint64_t moves_ = 0;
};

}  // namespace tocsin::runtime
