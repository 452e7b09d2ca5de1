// Many conditions on one field, looked up by the field's value: a number for each condition that
// holds, or that may hold where the condition only narrows it down. Tested by
// tests/unit/nfa/field_index_test.cc.
//
// Points: a hash table. Ranges: the constants cut the values into elementary intervals; each has
// the list of the ranges over it, or, where these lists would grow with the square of their number,
// each range lies in the few nodes of a segment tree (Bentley, 1977) that cover it. Thresholds on
// one side: in order, so that those that hold are always a beginning. Parts of texts: one search
// for all of them.
#pragma once

#include <xxhash.h>

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "eventtime/batch.h"
#include "nfa/conjunct.h"
#include "nfa/ordered_values.h"
#include "patterns/regex.h"

namespace tocsin::nfa {

enum class AccessKind : uint8_t { kPoints, kRange, kFrom, kTo, kPart, kRegex };
AccessKind kind_of(const Access& access);

class FieldIndex {
 public:
  virtual ~FieldIndex() = default;

  // `accesses` are of one column and kind.
  static std::unique_ptr<FieldIndex> make(const std::vector<Access>& accesses);
  // In which order to number the accesses: with it, the thresholds that hold are 0, 1, 2, ...
  static std::vector<uint32_t> best_order(const std::vector<Access>& accesses);

  // Appends the numbers (places in `accesses`) that the value of the row asks for, in order. The
  // row is not null.
  virtual void find(const eventtime::Column& column, uint32_t row,
                    std::vector<uint32_t>& found) = 0;
};

class PointIndex final : public FieldIndex {
 public:
  explicit PointIndex(const std::vector<Access>& accesses);
  void find(const eventtime::Column& column, uint32_t row, std::vector<uint32_t>& found) override {
    const auto [begin, end] = list(column, row);
    found.insert(found.end(), numbers_.begin() + begin, numbers_.begin() + end);
  }

 private:
  struct List {
    uint32_t begin = 0;
    uint32_t end = 0;
  };
  struct HashText {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return XXH3_64bits(text.data(), text.size()); }
  };

  static constexpr size_t kFew = 8;

  List list(const eventtime::Column& column, uint32_t row) const;
  List list(const eventtime::Text& text) const;

  Type type_;
  boost::unordered_flat_map<uint64_t, List> integers_;  // floats by their bits
  boost::unordered_flat_map<std::string, List, HashText, std::equal_to<>> texts_;
  std::vector<std::pair<eventtime::Text, List>>
      few_texts_;  // those, if so few: their bytes are there
  std::vector<uint32_t> numbers_;
};

class RangeIndex final : public FieldIndex {
 public:
  explicit RangeIndex(const std::vector<Access>& accesses);
  void find(const eventtime::Column& column, uint32_t row, std::vector<uint32_t>& found) override;

 private:
  // The nodes of one size of the tree: node n covers the positions [n << shift, (n + 1) << shift).
  struct Level {
    uint32_t shift = 0;
    std::vector<uint32_t> begins;  // by node, of its ranges in `numbers`
    std::vector<uint32_t> numbers;
  };
  struct Span {  // positions, the end not included
    uint32_t begin = 0;
    uint32_t end = 0;
  };
  using Entry = std::pair<uint32_t, uint32_t>;  // node, number

  static void add_to_leaves(const std::vector<Span>& spans, std::vector<std::vector<Entry>>& nodes);
  static void add_to_tree(const std::vector<Span>& spans, std::vector<std::vector<Entry>>& nodes);

  OrderedValues values_;
  std::vector<Level> levels_;  // those with any
};

// `field > constant` and `>=`, or `<` and `<=`, in the best order.
class ThresholdIndex final : public FieldIndex {
 public:
  explicit ThresholdIndex(const std::vector<Access>& accesses);
  void find(const eventtime::Column& column, uint32_t row, std::vector<uint32_t>& found) override;

 private:
  OrderedValues values_;
  std::vector<uint32_t> counts_;  // by position: how many hold
};

class PartIndex final : public FieldIndex {
 public:
  explicit PartIndex(const std::vector<Access>& accesses);
  void find(const eventtime::Column& column, uint32_t row, std::vector<uint32_t>& found) override;

 private:
  std::vector<std::vector<uint32_t>> numbers_;  // by expression
  std::optional<patterns::RegexSet> expressions_;
  std::vector<uint32_t> matching_;
};

}  // namespace tocsin::nfa
