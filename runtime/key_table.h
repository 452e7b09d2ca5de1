// The keyed state of one pattern: from the values of its key fields to the state of that key.
//
// A key is encoded as bytes whose order is the order of its values, so that the same bytes serve
// for hashing, for equality, and for the order of alerts. A key with nothing pending is erased and
// costs nothing. Tested by tests/unit/runtime/key_table_test.cc.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/batch.h"
#include "nfa/matcher.h"
#include "patterns/pattern.h"

namespace tocsin::runtime {

struct KeyEntry {
  std::string key;  // encoded
  nfa::KeyState state;
  uint32_t slot = 0;        // its place in the table, reused after erase()
  uint32_t generation = 0;  // tells a timer that its key is gone
  bool has_timer = false;
};

// Appends the encoded key of a row; false if one of its fields is null (then `out` is garbage).
bool append_key(std::string& out, const std::vector<patterns::KeyPart>& by,
                const eventtime::EventTable& table, eventtime::TypeId type, uint32_t row);

class KeyTable {
 public:
  // Null if there is no such key.
  KeyEntry* find(std::string_view key);
  KeyEntry& find_or_add(std::string_view key);
  void erase(KeyEntry& entry);

  KeyEntry& at(uint32_t slot) { return *entries_[slot]; }
  size_t size() const { return slots_.size(); }
  bool empty() const { return slots_.empty(); }

 private:
  struct Hash {
    using is_avalanching = void;
    size_t operator()(std::string_view key) const;
  };
  // The keys are views into the entries, which never move.
  boost::unordered_flat_map<std::string_view, uint32_t, Hash> slots_;
  std::vector<std::unique_ptr<KeyEntry>> entries_;
  std::vector<uint32_t> free_;
};

}  // namespace tocsin::runtime
