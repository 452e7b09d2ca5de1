// The constants that one field is compared with, in order: where a row's value lies among them.
//
// A table over the span of the constants says near which of them to look, so that evenly spread
// ones are found in a step or two; at worst it is a binary search.
// Tested by tests/unit/nfa/field_index_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eventtime/batch.h"
#include "nfa/conjunct.h"

namespace tocsin::nfa {

class OrderedValues {
 public:
  explicit OrderedValues(Type type) : type_(type) {}

  void add(const Constant& value);
  // After the last add(); sorts, equal ones are one.
  void finish();

  // Positions alternate: 0 lies below all constants, 1 at the first, 2 between it and the second.
  uint32_t positions() const { return 2 * static_cast<uint32_t>(size_) + 1; }
  uint32_t position(const Constant& value) const;  // of one of them
  // kNowhere for what is not a number. The row is not null.
  uint32_t position(const eventtime::Column& column, uint32_t row) const;
  static constexpr uint32_t kNowhere = UINT32_MAX;

 private:
  void find_prefix();
  // Ordered as the values are; those of different texts may be equal.
  uint64_t key(const Constant& value) const;
  bool less(const Constant& left, const Constant& right) const;
  size_t slot(uint64_t key) const;
  uint32_t find(uint64_t key) const;  // the first that is not less
  uint32_t find_text(std::string_view text) const;

  Type type_;
  size_t size_ = 0;
  std::string prefix_;            // that all texts have: their keys are of what follows
  std::vector<Constant> values_;  // of texts
  std::vector<uint64_t> keys_;    // and one behind them that none exceeds
  std::vector<uint32_t> begins_;  // by slot: how many keys lie in the slots before
  double low_ = 0;
  double slots_a_unit_ = 0;
  double last_slot_ = 0;
};

}  // namespace tocsin::nfa
