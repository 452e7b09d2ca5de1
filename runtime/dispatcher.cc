#include "runtime/dispatcher.h"

#include <bit>

namespace tocsin::runtime {

using eventtime::Batch;
using eventtime::BitSet;
using eventtime::TypeId;

void Dispatcher::add(uint32_t pattern, TypeId type,
                     const std::vector<nfa::StepPredicate>& predicates) {
  if (!predicates.empty()) types_[type].push_back({pattern, predicates});
}

void Dispatcher::add_all(uint32_t pattern, TypeId type) {
  types_[type].push_back({pattern, {}});
}

void Dispatcher::decide(LoadedBatch& loaded) {
  const Batch& batch = *loaded.batch;
  predicates_.evaluate(batch, loaded.predicates);
  find_rows(batch);
  hits_.clear();
  for (TypeId type = 0; type < batch.tables.size(); ++type) {
    find_hits(loaded.predicates, type, batch.tables[type].rows);
  }
  // From pairs in the order of patterns to a list for each row: counted, then filled from the end.
  std::vector<uint32_t>& begins = loaded.first_hit;
  begins.assign(batch.rows.size() + 1, 0);
  for (const Hit& hit : hits_) ++begins[hit.row];
  uint32_t sum = 0;
  loaded.concerned.reset(batch.rows.size());
  for (size_t row = 0; row < begins.size(); ++row) {
    if (begins[row] != 0) loaded.concerned.set(row);
    sum += begins[row];
    begins[row] = sum;
  }
  loaded.hits.resize(hits_.size());
  for (size_t i = hits_.size(); i-- > 0;) {
    loaded.hits[--begins[hits_[i].row]] = hits_[i].pattern;
  }
}

void Dispatcher::find_rows(const Batch& batch) {
  rows_.resize(batch.tables.size());
  for (size_t type = 0; type < batch.tables.size(); ++type) {
    rows_[type].resize(batch.tables[type].rows);
  }
  for (uint32_t i = 0; i < batch.rows.size(); ++i) {
    rows_[batch.rows[i].type][batch.rows[i].table_row] = i;
  }
}

void Dispatcher::find_hits(const nfa::PredicateResults& results, TypeId type, size_t rows) {
  for (const Target& target : types_[type]) {
    if (target.predicates.empty()) {
      for (size_t row = 0; row < rows; ++row) hits_.push_back({rows_[type][row], target.pattern});
      continue;
    }
    const BitSet* found = &results.rows[target.predicates.front()];
    if (target.predicates.size() > 1) {
      concerned_ = *found;
      for (size_t i = 1; i < target.predicates.size(); ++i) {
        const auto more = results.rows[target.predicates[i]].words();
        for (size_t word = 0; word < more.size(); ++word) concerned_.words()[word] |= more[word];
      }
      found = &concerned_;
    }
    const auto words = found->words();
    for (size_t word = 0; word < words.size(); ++word) {
      for (uint64_t bits = words[word]; bits != 0; bits &= bits - 1) {
        const size_t row = word * 64 + static_cast<size_t>(std::countr_zero(bits));
        hits_.push_back({rows_[type][row], target.pattern});
      }
    }
  }
}

}  // namespace tocsin::runtime
