#include "runtime/dispatcher.h"

#include <bit>

namespace tocsin::runtime {

using eventtime::Batch;
using eventtime::TypeId;

void Dispatcher::add(uint32_t pattern, const std::vector<nfa::StepPredicate>& predicates) {
  for (const nfa::StepPredicate predicate : predicates) {
    if (patterns_.size() <= predicate) patterns_.resize(predicate + size_t{1});
    patterns_[predicate].push_back(pattern);
  }
}

void Dispatcher::add_all(uint32_t pattern, TypeId type) {
  want_all_[type].push_back(pattern);
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

void Dispatcher::find_hits(const nfa::PredicateResults& results, TypeId type, uint32_t rows) {
  const std::vector<uint32_t>& batch_rows = rows_[type];
  for (uint32_t row = 0; !want_all_[type].empty() && row < rows; ++row) {
    add_hits(batch_rows[row], want_all_[type]);
  }
  for (const nfa::StepPredicate predicate : results.dense(type)) {
    if (predicate >= patterns_.size() || patterns_[predicate].empty()) continue;
    const auto words = results.rows(predicate).words();
    for (size_t word = 0; word < words.size(); ++word) {
      for (uint64_t bits = words[word]; bits != 0; bits &= bits - 1) {
        const size_t row = word * 64 + static_cast<size_t>(std::countr_zero(bits));
        add_hits(batch_rows[row], patterns_[predicate]);
      }
    }
  }
  if (!results.has_index(type)) return;
  for (uint32_t row = 0; row < rows; ++row) {
    for (const nfa::StepPredicate predicate : results.hits(type, row)) {
      if (predicate < patterns_.size()) add_hits(batch_rows[row], patterns_[predicate]);
    }
  }
}

}  // namespace tocsin::runtime
