// All regular expressions that the conditions of all patterns search one column for, decided
// together: one pass over a text tells which of thousands it holds.
//
// Compiled at the first batch, when all patterns have been added; one alone is searched for by
// itself. Tested by tests/unit/nfa/predicate_test.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/bit_set.h"
#include "patterns/regex.h"

namespace tocsin::nfa {

class ColumnSearch {
 public:
  // Its index here; equal expressions are one.
  uint32_t add(const std::shared_ptr<const patterns::Regex>& regex);

  // Decides all of them for those rows.
  void search(const eventtime::Column& column, const eventtime::BitSet& candidates);
  // Of the last search: the rows of its candidates where the expression matches; nulls do not.
  const eventtime::BitSet& rows(uint32_t index) const { return rows_[index]; }

 private:
  void search_row(std::string_view text, uint32_t row);

  std::vector<std::shared_ptr<const patterns::Regex>> regexes_;
  std::unordered_map<std::string, uint32_t> index_by_text_;
  std::optional<patterns::RegexSet> together_;  // of more than one
  size_t compiled_ = 0;                         // how many it has
  std::vector<eventtime::BitSet> rows_;         // by index
  std::vector<uint32_t> found_;
};

}  // namespace tocsin::nfa
