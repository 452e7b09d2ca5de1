// What has changed since the last checkpoint: its hashes, and which of them came again.
//
// Records mostly come in the order of last time, and then the one expected is the one that comes;
// the hash table (4 to 8 bytes for each record) is made when the first comes out of turn.
// Tested by tests/unit/connectors/record_index_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "connectors/state/record_hash.h"

namespace tocsin::connectors {

class RecordIndex {
 public:
  // `before`: of the last checkpoint, keys unique, fewer than 2^32; outlives the index.
  explicit RecordIndex(std::span<const RecordHash> before);

  // Notes that the record is there now. False if it was there before just so. A key comes once:
  // a second time is the caller's bug and stops the program, as far as it was there before.
  bool is_new(const RecordHash& record);

  // Keys that were there before and have not come.
  template <class Visit>
  void visit_vanished(const Visit& visit) const {
    if (came_count_ == before_.size()) return;
    for (size_t i = 0; i < before_.size(); ++i) {
      if (!came_[i]) visit(before_[i].key);
    }
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;

  uint32_t find(const KeyHash& key);
  void make_table();

  std::span<const RecordHash> before_;
  std::vector<bool> came_;
  size_t came_count_ = 0;
  uint32_t expected_ = 0;
  std::vector<uint32_t> table_;  // a power of two, half full at most; places in before_
};

}  // namespace tocsin::connectors
