// The ways from events to the keys of a pattern, and the events that find none.
#pragma once

#include <cstdint>
#include <set>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/bit_set.h"
#include "patterns/pattern.h"

namespace tocsin::runtime {

// One, unless each step names its own fields.
struct DoorPlan {
  std::vector<patterns::KeyPart> by;  // with field_by_type set
  std::vector<uint32_t> variables;    // of the steps and negations that it leads to; empty: all

  // Whether events of the type have the fields.
  bool takes(eventtime::TypeId type) const;
};
std::vector<DoorPlan> plan_doors(const patterns::Pattern& pattern);

// Which rows belong to no key of some pattern, because each of its doors meets a null. Tested by
// tests/unit/runtime/engine_test.cc.
class NullKeys {
 public:
  explicit NullKeys(size_t types) : patterns_(types), columns_(types) {}

  void add(const patterns::Pattern& pattern);
  // False: there are none. Else rows() has them.
  bool find(const eventtime::Batch& batch);
  eventtime::BitSet& rows() { return rows_; }

 private:
  // By door, the columns of a key.
  using KeyColumns = std::vector<std::vector<uint32_t>>;

  bool has_null_key(const eventtime::Batch& batch, const eventtime::Row& row) const;

  std::vector<std::vector<KeyColumns>> patterns_;  // by TypeId, of each `by` once
  std::vector<std::set<uint32_t>> columns_;        // by TypeId: all of these
  eventtime::BitSet rows_;
};

}  // namespace tocsin::runtime
