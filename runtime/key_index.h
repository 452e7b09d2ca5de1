// Finds what belongs to a key: from the key's hash to a number that its owner gave.
//
// Open addressing over buckets of a cache line, with linear probing and backward-shift deletion
// (Knuth, TAOCP 3, 6.4, algorithm R, for buckets). It is our own because a look-up can be
// prefetched: events of a block look up keys in random order, and waiting for memory would cost
// more than matching. Eight bytes a cell, and the tag in it is all that growing and erasing need to
// know. All cells of a bucket are compared at once: where something stands in it is as random as
// the hashes, and a loop that ends there would be guessed wrong most of the time. Tested by
// tests/unit/runtime/key_index_test.cc.
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "eventtime/huge_pages.h"
#include "eventtime/prefetch.h"

namespace tocsin::runtime {

class KeyIndex {
 public:
  static constexpr uint32_t kNone = 0;
  // So many upper bits of a tag count least, for they may be the same in all that stands here.
  static constexpr int kShardBits = 7;

  // The number with this tag for which `equal` holds; kNone if there is none.
  template <typename Equal>
  uint32_t find(uint32_t tag, const Equal& equal) const {
    for (size_t i = home(tag);; i = behind(i)) {
      const Bucket& bucket = buckets_[i];
      for (uint32_t places = places_of(bucket.tags, tag); places != 0; places &= places - 1) {
        const uint32_t number = bucket.numbers[first(places)];
        if (number != kNone && equal(number)) return number;
      }
      if (!is_full(bucket)) return kNone;
    }
  }

  // A number is never kNone and stands in the index once. Not where something has been forgotten.
  void insert(uint32_t tag, uint32_t number) {
    if (size_ == most()) rebuild(larger(buckets_.size(), 2), [](uint32_t each) { return each; });
    place(tag, number);
    ++size_;
    ++stored_;
  }

  // Of numbers whose lower 31 bits are places in a ring where they come and go in order: `size` of
  // them are there, from `begin` on. Those that go need not be erased, which would take a look at a
  // bucket that nothing else asks for: forget() says that one has gone, and whoever looks one up
  // sees that it is not in the ring. What is inserted next into its bucket clears it away.
  struct Ring {
    static constexpr uint32_t kPlaces = uint32_t{1} << 31;

    uint32_t begin = 0;
    uint32_t size = 0;

    bool has(uint32_t number) const { return ((number - begin) & (kPlaces - 1)) < size; }
  };
  void insert(uint32_t tag, uint32_t number, const Ring& ring) {
    if (size_ >= most() || stored_ >= buckets_.size() * kFullest) clear_away(ring);
    ++size_;
    ++stored_;
    for (size_t i = home(tag);; i = behind(i)) {
      const auto [free, gone] = without_gone(buckets_[i], ring);
      stored_ -= count(gone);
      if (free == 0) continue;
      buckets_[i].tags[first(free)] = tag;
      buckets_[i].numbers[first(free)] = number;
      if (gone == free) fill(i, gone & (gone - 1));  // it was full
      return;
    }
  }
  // The same, where one look at the bucket tells that there is no other with the tag and that there
  // is room: true. Else nothing is done.
  bool insert_if_clear(uint32_t tag, uint32_t number, const Ring& ring) {
    if (size_ >= most() || stored_ >= buckets_.size() * kFullest) return false;
    Bucket& bucket = buckets_[home(tag)];
    if (places_of(bucket.tags, tag) != 0 || is_full(bucket)) return false;
    const auto [free, gone] = without_gone(bucket, ring);
    ++size_;
    stored_ += 1 - count(gone);
    bucket.tags[first(free)] = tag;
    bucket.numbers[first(free)] = number;
    return true;
  }
  void forget() { --size_; }
  // All that has gone: before places are given anew.
  void clear_away(const Ring& ring) {
    rebuild(size_ >= most() ? larger(buckets_.size(), kRingPart) : buckets_.size(),
            [&](uint32_t number) { return ring.has(number) ? number : kNone; });
    stored_ = size_;
  }
  // Gives all of a ring other numbers, `by(number)`, and the room that they need; kNone of one that
  // has gone.
  template <typename By>
  void renumber(const By& by) {
    size_t buckets = kFewest;
    while (size_ > buckets * kMost) buckets = larger(buckets, kRingPart);
    rebuild(buckets, by);
    stored_ = size_;
  }

  void replace(uint32_t tag, uint32_t number, uint32_t by) {
    size_t i = home(tag);
    const uint32_t place = find_number(i, number);
    buckets_[i].numbers[place] = by;
  }
  void erase(uint32_t tag, uint32_t number) {
    size_t i = home(tag);
    const uint32_t place = find_number(i, number);
    const bool was_full = is_full(buckets_[i]);
    buckets_[i].tags[place] = 0;
    buckets_[i].numbers[place] = kNone;
    --size_;
    --stored_;
    if (was_full) fill_one(i, place);
  }

  void prefetch(uint32_t tag) const { eventtime::prefetch(&buckets_[home(tag)]); }
  size_t size() const { return size_; }
  size_t bytes() const { return buckets_.size() * sizeof(Bucket); }

  // As hashes go: put into another index in this order, all would crowd where it is full already.
  // The index is not changed meanwhile. What has been forgotten may still be there.
  template <typename Visit>
  void for_each(const Visit& visit) const {
    for (const Bucket& bucket : buckets_) {
      for (uint32_t i = 0; i < kCells; ++i) {
        if (bucket.numbers[i] != kNone) visit(bucket.tags[i], bucket.numbers[i]);
      }
    }
  }

 private:
  static constexpr uint32_t kCells = 8;
  static constexpr uint32_t kMost = 5;     // in a bucket, on average
  static constexpr uint32_t kFullest = 7;  // the same, with what has gone
  static constexpr size_t kFewest = 2;     // buckets
  // It grows by a half, with a ring by such a part, which takes at most sixteen bytes for each of
  // many: there is more of what comes and goes than there are keys.
  static constexpr size_t kRingPart = 4;
  static constexpr size_t kLarge = size_t{1} << 14;  // buckets
  using Cells = std::array<uint32_t, kCells>;

  // INVARIANT: what is not in the bucket of its tag stands behind full buckets only.
  struct alignas(eventtime::kCacheLineBytes) Bucket {
    Cells tags = {};  // the lower half of the hash: where it belongs, and a first comparison
    Cells numbers = {};
  };

  // Which cells have the value, by bit.
  static uint32_t places_of(const Cells& cells, uint32_t wanted) {
#if defined(__SSE2__)
    const auto* half = reinterpret_cast<const __m128i*>(cells.data());
    const __m128i all = _mm_set1_epi32(static_cast<int>(wanted));
    const __m128i low = _mm_cmpeq_epi32(_mm_load_si128(half), all);
    const __m128i high = _mm_cmpeq_epi32(_mm_load_si128(half + 1), all);
    return static_cast<uint32_t>(_mm_movemask_ps(_mm_castsi128_ps(low)) |
                                 _mm_movemask_ps(_mm_castsi128_ps(high)) << 4);
#else
    uint32_t places = 0;
    for (uint32_t i = 0; i < kCells; ++i) places |= uint32_t{cells[i] == wanted} << i;
    return places;
#endif
  }
  struct Cleared {
    uint32_t free = 0;  // cells, by bit
    uint32_t gone = 0;  // those of them that were not free before
  };
  // Without a branch: whether something has gone is as random as the hashes.
  static Cleared without_gone(Bucket& bucket, const Ring& ring) {
    uint32_t before = 0;
    uint32_t free = 0;
#if defined(__SSE2__)
    const __m128i begin = _mm_set1_epi32(static_cast<int>(ring.begin));
    const __m128i mask = _mm_set1_epi32(static_cast<int>(Ring::kPlaces - 1));
    const __m128i last = _mm_set1_epi32(static_cast<int>(ring.size) - 1);
    const auto bits = [](__m128i cells) {
      return static_cast<uint32_t>(_mm_movemask_ps(_mm_castsi128_ps(cells)));
    };
    for (uint32_t i = 0; i < kCells; i += 4) {
      auto* const tags = reinterpret_cast<__m128i*>(&bucket.tags[i]);
      auto* const numbers = reinterpret_cast<__m128i*>(&bucket.numbers[i]);
      const __m128i number = _mm_load_si128(numbers);
      const __m128i none = _mm_cmpeq_epi32(number, _mm_setzero_si128());
      const __m128i age = _mm_and_si128(_mm_sub_epi32(number, begin), mask);
      const __m128i gone = _mm_cmpgt_epi32(age, last);
      _mm_store_si128(numbers, _mm_andnot_si128(gone, number));
      _mm_store_si128(tags, _mm_andnot_si128(gone, _mm_load_si128(tags)));
      before |= bits(none) << i;
      free |= bits(_mm_or_si128(none, gone)) << i;
    }
#else
    before = places_of(bucket.numbers, kNone);
    for (uint32_t i = 0; i < kCells; ++i) {
      if (ring.has(bucket.numbers[i])) continue;
      bucket.tags[i] = 0;
      bucket.numbers[i] = kNone;
    }
    free = places_of(bucket.numbers, kNone);
#endif
    return {free, free & ~before};
  }
  static size_t count(uint32_t places) {  // not all machines have an instruction
    static constexpr std::array<uint8_t, uint32_t{1} << kCells> kCounts = [] {
      std::array<uint8_t, uint32_t{1} << kCells> counts{};
      for (uint32_t i = 1; i < counts.size(); ++i) {
        counts[i] = static_cast<uint8_t>(counts[i / 2] + i % 2);
      }
      return counts;
    }();
    return kCounts[places];
  }
  static uint32_t first(uint32_t places) { return static_cast<uint32_t>(std::countr_zero(places)); }
  static bool is_full(const Bucket& bucket) { return places_of(bucket.numbers, kNone) == 0; }
  size_t home(uint32_t tag) const {
    return uint64_t{std::rotl(tag, kShardBits)} * buckets_.size() >> 32;
  }
  size_t behind(size_t i) const { return i + 1 == buckets_.size() ? 0 : i + 1; }
  size_t distance(size_t from, size_t to) const {
    return to >= from ? to - from : to + buckets_.size() - from;
  }
  size_t most() const { return buckets_.size() * kMost; }

  // From bucket `i` on, which becomes the number's; returns its place there.
  uint32_t find_number(size_t& i, uint32_t number) const {
    uint32_t places = places_of(buckets_[i].numbers, number);
    for (; places == 0; places = places_of(buckets_[i].numbers, number)) i = behind(i);
    return first(places);
  }
  void place(uint32_t tag, uint32_t number) {
    size_t i = home(tag);
    const uint32_t place = find_number(i, kNone);
    buckets_[i].tags[place] = tag;
    buckets_[i].numbers[place] = number;
  }
  // A cell of what was a full bucket is free: what stands behind it only because it was full moves
  // there.
  void fill_one(size_t hole, uint32_t hole_place) {
    for (size_t i = behind(hole);; i = behind(i)) {
      Bucket& bucket = buckets_[i];
      const bool was_full = is_full(bucket);
      for (uint32_t place = 0; place < kCells; ++place) {
        if (bucket.numbers[place] == kNone) continue;
        if (distance(home(bucket.tags[place]), i) < distance(hole, i)) continue;
        buckets_[hole].tags[hole_place] = bucket.tags[place];
        buckets_[hole].numbers[hole_place] = bucket.numbers[place];
        bucket.tags[place] = 0;
        bucket.numbers[place] = kNone;
        hole = i;
        hole_place = place;
        break;
      }
      if (!was_full) return;
    }
  }
  void fill(size_t i, uint32_t holes) {
    for (; holes != 0; holes &= holes - 1) fill_one(i, first(holes));
  }
  static size_t larger(size_t buckets, size_t part) {
    return buckets < kLarge ? buckets * 2 : buckets / part * (part + 1);
  }
  template <typename By>
  void rebuild(size_t buckets, const By& by) {
    const Buckets old = std::move(buckets_);
    buckets_ = Buckets(buckets);
    for (const Bucket& bucket : old) {
      for (uint32_t i = 0; i < kCells; ++i) {
        if (bucket.numbers[i] == kNone) continue;
        const uint32_t number = by(bucket.numbers[i]);
        if (number != kNone) place(bucket.tags[i], number);
      }
    }
  }

  using Buckets = std::vector<Bucket, eventtime::HugePageAllocator<Bucket>>;
  Buckets buckets_ = Buckets(kFewest);  // never full
  size_t size_ = 0;
  size_t stored_ = 0;  // with what has gone
};

}  // namespace tocsin::runtime
