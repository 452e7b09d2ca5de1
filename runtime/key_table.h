// The keyed state of one pattern: from the values of its key fields to the state of that key.
//
// A key is encoded as bytes whose order is the order of its values, so that the same bytes serve
// for hashing, for equality, and for the order of alerts. A key with nothing pending is erased and
// costs nothing.
//
// The index is an open-addressing table with linear probing and backward-shift deletion (Knuth,
// TAOCP 3, 6.4, algorithm R). It is our own because a look-up can be prefetched: events of a block
// look up keys in random order, and waiting for memory would cost more than matching. Tested by
// tests/unit/runtime/key_table_test.cc.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/batch.h"
#include "nfa/matcher.h"
#include "patterns/pattern.h"
#include "runtime/batch_shelf.h"

namespace tocsin::runtime {

// An event that begins a match as far as it alone can tell, and nothing more has come of it yet. It
// stays in its batch; a run is made of it when an event follows that the pattern can use. Most
// first events expire alone, and cost neither a node nor a copy of the event.
struct LazyStart {
  LoadedBatch* loaded = nullptr;  // held
  uint64_t sequence = 0;
  uint32_t row = 0;  // in Batch::rows
};

struct KeyEntry {
  std::string key;  // encoded
  // In order; there are none where there are runs.
  boost::container::small_vector<LazyStart, 1> lazy;
  nfa::KeyState state;
  uint64_t hash = 0;
  uint32_t slot = 0;        // its place in the table, reused after erase()
  uint32_t generation = 0;  // tells that the key is gone and its place another's
  // A timer stays with the place: it finds another key there, or none. So there are never more
  // timers than places, however often keys come and go within a window.
  bool has_timer = false;
};

// Appends the encoded key of a row; false if one of its fields is null (then `out` is garbage).
bool append_key(std::string& out, const std::vector<patterns::KeyPart>& by,
                const eventtime::EventTable& table, eventtime::TypeId type, uint32_t row);
uint64_t hash_key(std::string_view key);

class KeyTable {
 public:
  KeyTable();

  // `hash` is hash_key(key) everywhere. Entries never move; null if there is no such key.
  KeyEntry* find(std::string_view key, uint64_t hash);
  KeyEntry& add(std::string_view key, uint64_t hash);  // there is no such key yet
  void erase(KeyEntry& entry);

  // Two steps of a look-up to come: the index first, then, when that has arrived, the entry.
  void prefetch_index(uint64_t hash) const { __builtin_prefetch(&index_[hash & mask_]); }
  void prefetch_entry(uint64_t hash) const {
    const Cell& cell = index_[hash & mask_];
    if (cell.slot != 0) __builtin_prefetch(&at(cell.slot - 1));
  }

  KeyEntry& at(uint32_t slot) { return chunks_[slot / kChunkEntries][slot % kChunkEntries]; }
  const KeyEntry& at(uint32_t slot) const {
    return chunks_[slot / kChunkEntries][slot % kChunkEntries];
  }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  struct Cell {
    uint32_t tag = 0;   // the lower half of the hash: where it belongs, and a first comparison
    uint32_t slot = 0;  // of the entry, plus one; 0: empty
  };
  static constexpr size_t kChunkEntries = 256;

  void grow();
  void insert(uint64_t hash, uint32_t slot);

  std::vector<Cell> index_;  // a power of two, at most three quarters full
  size_t mask_ = 0;
  size_t size_ = 0;
  std::vector<std::unique_ptr<KeyEntry[]>> chunks_;
  uint32_t next_slot_ = 0;
  std::vector<uint32_t> free_;
};

}  // namespace tocsin::runtime
