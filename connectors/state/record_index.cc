#include "connectors/state/record_index.h"

#include <algorithm>
#include <bit>

#include "eventtime/check.h"

namespace tocsin::connectors {

RecordIndex::RecordIndex(std::span<const RecordHash> before)
    : before_(before), came_(before.size(), false) {
  TOCSIN_CHECK(before.size() < kNone, "a checkpoint has fewer than 2^32 records");
}

bool RecordIndex::is_new(const RecordHash& record) {
  const bool in_turn = expected_ < before_.size() && before_[expected_].key == record.key;
  const uint32_t at = in_turn ? expected_ : find(record.key);
  if (at == kNone) return true;
  TOCSIN_CHECK(!came_[at], "a key is put once");
  came_[at] = true;
  ++came_count_;
  expected_ = at + 1;
  return before_[at].value != record.value;
}

uint32_t RecordIndex::find(const KeyHash& key) {
  if (before_.empty()) return kNone;
  if (table_.empty()) make_table();
  const size_t mask = table_.size() - 1;
  for (size_t slot = key.low & mask;; slot = (slot + 1) & mask) {
    const uint32_t at = table_[slot];
    if (at == kNone || before_[at].key == key) return at;
  }
}

void RecordIndex::make_table() {
  table_.assign(std::bit_ceil(before_.size() * 2), kNone);
  const size_t mask = table_.size() - 1;
  for (size_t i = 0; i < before_.size(); ++i) {
    size_t slot = before_[i].key.low & mask;
    while (table_[slot] != kNone) slot = (slot + 1) & mask;
    table_[slot] = static_cast<uint32_t>(i);
  }
}

}  // namespace tocsin::connectors
