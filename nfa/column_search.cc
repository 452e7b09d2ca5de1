#include "nfa/column_search.h"

#include <bit>

namespace tocsin::nfa {

uint32_t ColumnSearch::add(const std::shared_ptr<const patterns::Regex>& regex) {
  const auto [found, added] =
      index_by_text_.try_emplace(regex->text(), static_cast<uint32_t>(regexes_.size()));
  if (added) regexes_.push_back(regex);
  return found->second;
}

void ColumnSearch::search(const eventtime::Column& column, const eventtime::BitSet& candidates) {
  if (compiled_ != regexes_.size()) {
    compiled_ = regexes_.size();
    std::vector<std::string> texts;
    for (const auto& regex : regexes_) texts.push_back(regex->text());
    if (texts.size() > 1) together_.emplace(texts);
    rows_.resize(regexes_.size());
  }
  for (eventtime::BitSet& rows : rows_) rows.reset(candidates.size());
  const auto words = candidates.words();
  const auto nulls = column.nulls().words();
  for (size_t i = 0; i < words.size(); ++i) {
    for (uint64_t left = words[i] & ~nulls[i]; left != 0; left &= left - 1) {
      const auto row = static_cast<uint32_t>(i * 64 + static_cast<size_t>(std::countr_zero(left)));
      search_row(column.text(row).view(), row);
    }
  }
}

void ColumnSearch::search_row(std::string_view text, uint32_t row) {
  if (!together_) {
    if (regexes_[0]->matches(text)) rows_[0].set(row);
    return;
  }
  found_.clear();
  together_->search(text, found_);
  for (const uint32_t index : found_) rows_[index].set(row);
}

}  // namespace tocsin::nfa
