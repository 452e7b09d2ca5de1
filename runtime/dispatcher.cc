#include "runtime/dispatcher.h"

#include <algorithm>
#include <bit>

namespace tocsin::runtime {

using eventtime::Batch;
using eventtime::TypeId;
using nfa::StepPredicate;

Dispatcher::Users& Dispatcher::users(StepPredicate predicate) {
  if (users_.size() <= predicate) {
    users_.resize(predicate + size_t{1});
    used_.resize(users_.size());
    only_users_.resize(users_.size());
  }
  used_[predicate] = 1;
  return users_[predicate];
}

void Dispatcher::add(uint32_t pattern, const std::vector<StepPredicate>& first,
                     const std::vector<StepPredicate>& later) {
  for (const StepPredicate predicate : first) users(predicate).first.push_back(pattern);
  make_room(pattern);
  Later& waits = later_[pattern];
  for (const StepPredicate predicate : later) {
    users(predicate);
    const bool begins = std::find(first.begin(), first.end(), predicate) != first.end();
    (begins ? waits.begin_too : waits.predicates).push_back(predicate);
  }
  waits.places.resize(waits.predicates.size());
}

void Dispatcher::add_all(uint32_t pattern, TypeId type) {
  make_room(pattern);
  want_all_[type].push_back(pattern);
  wants_all_ = true;
}

void Dispatcher::make_room(uint32_t pattern) {
  later_.resize(std::max(later_.size(), pattern + size_t{1}));
  is_active_.resize(later_.size());
  seats_.resize(later_.size());
}

void Dispatcher::seat(uint32_t pattern, Seat seat) {
  make_room(pattern);
  seats_[pattern] = seat;
  Later& later = later_[pattern];
  later.predicates.insert(later.predicates.end(), later.begin_too.begin(), later.begin_too.end());
  later.places.resize(later.predicates.size());
  later.begin_too.clear();
}

void Dispatcher::take_seats() {
  std::vector<size_t> uses(users_.size());
  only_users_.assign(users_.size(), {});
  for_each_condition([&](StepPredicate predicate, uint32_t pattern) {
    ++uses[predicate];
    const bool begins = !users_[predicate].first.empty();
    only_users_[predicate] = {true, begins, pattern, seats_[pattern]};
  });
  for (size_t predicate = 0; predicate < uses.size(); ++predicate) {
    if (uses[predicate] != 1) only_users_[predicate] = {};
  }
}

void Dispatcher::clear_seats(uint32_t group) {
  for (Seat& seat : seats_) {
    if (seat.group == group) seat = {};
  }
  for (OnlyUser& only : only_users_) {
    if (only.seat.group == group) only.seat = {};
  }
}

void Dispatcher::make_active(uint32_t pattern) {
  Later& later = later_[pattern];
  is_active_[pattern] = 1;
  later.place = static_cast<uint32_t>(active_.size());
  active_.push_back(pattern);
  for (size_t i = 0; i < later.predicates.size(); ++i) {
    Patterns& patterns = users_[later.predicates[i]].active;
    later.places[i] = static_cast<uint32_t>(patterns.size());
    patterns.push_back(pattern);
  }
}

// The last one of each list takes the place.
void Dispatcher::deactivate(uint32_t pattern) {
  Later& later = later_[pattern];
  if (is_active_[pattern] == 0) return;
  is_active_[pattern] = 0;
  later_[active_.back()].place = later.place;
  active_[later.place] = active_.back();
  active_.pop_back();
  for (size_t i = 0; i < later.predicates.size(); ++i) {
    const StepPredicate predicate = later.predicates[i];
    Patterns& patterns = users_[predicate].active;
    const uint32_t moved = patterns.back();
    patterns[later.places[i]] = moved;
    patterns.pop_back();
    Later& other = later_[moved];
    const auto at = std::find(other.predicates.begin(), other.predicates.end(), predicate);
    other.places[static_cast<size_t>(at - other.predicates.begin())] = later.places[i];
  }
}

void Dispatcher::decide(LoadedBatch& loaded) {
  const Batch& batch = *loaded.batch;
  predicates_.evaluate(batch, loaded.predicates);
  loaded.concerned.reset(batch.rows.size());
  if (has_used_dense(loaded)) {
    list_hits(loaded);
  } else {
    list_indexed(loaded);
  }
  if (!wants_all_) return;
  for (size_t row = 0; row < batch.rows.size(); ++row) {
    if (!want_all_[batch.rows[row].type].empty()) loaded.concerned.set(row);
  }
}

bool Dispatcher::has_used_dense(const LoadedBatch& loaded) const {
  for (size_t type = 0; type < want_all_.size(); ++type) {
    if (loaded.batch->tables[type].rows == 0) continue;
    const auto dense = loaded.predicates.dense(static_cast<TypeId>(type));
    if (std::any_of(dense.begin(), dense.end(),
                    [&](StepPredicate each) { return is_used(each); })) {
      return true;
    }
  }
  return false;
}

// What is found by an index is in lists of rows already.
void Dispatcher::list_indexed(LoadedBatch& loaded) {
  const std::vector<eventtime::Row>& rows = loaded.batch->rows;
  loaded.hits.resize(loaded.predicates.indexed_hits());
  loaded.first_hit.resize(rows.size() + 1);
  used_.resize(std::max(used_.size(), predicates_.size()));
  const uint8_t* const used = used_.data();
  StepPredicate* const hits = loaded.hits.data();
  uint32_t size = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const uint32_t begin = size;
    loaded.first_hit[i] = begin;
    for (const StepPredicate predicate : loaded.predicates.hits(rows[i].type, rows[i].table_row)) {
      hits[size] = predicate;
      size += used[predicate];
    }
    if (size != begin) loaded.concerned.set(i);
  }
  loaded.first_hit[rows.size()] = size;
  loaded.hits.resize(size);
}

void Dispatcher::list_hits(LoadedBatch& loaded) {
  const Batch& batch = *loaded.batch;
  find_rows(batch);
  hits_.clear();
  for (size_t type = 0; type < batch.tables.size(); ++type) {
    find_hits(loaded.predicates, static_cast<TypeId>(type), batch.tables[type].rows);
  }
  if (leaves_out_) std::erase_if(hits_, [](const Hit& hit) { return hit.row == kLeftOut; });
  // From pairs to a list for each row: counted, then filled from the end.
  std::vector<uint32_t>& begins = loaded.first_hit;
  begins.assign(batch.rows.size() + 1, 0);
  for (const Hit& hit : hits_) ++begins[hit.row];
  uint32_t sum = 0;
  for (size_t row = 0; row < begins.size(); ++row) {
    if (begins[row] != 0) loaded.concerned.set(row);
    sum += begins[row];
    begins[row] = sum;
  }
  loaded.hits.resize(hits_.size());
  for (size_t i = hits_.size(); i-- > 0;) {
    loaded.hits[--begins[hits_[i].row]] = hits_[i].predicate;
  }
}

void Dispatcher::find_rows(const Batch& batch) {
  rows_.resize(batch.tables.size());
  size_t rows = 0;
  for (const eventtime::EventTable& table : batch.tables) rows += table.rows;
  leaves_out_ = rows != batch.rows.size();
  for (size_t type = 0; type < batch.tables.size(); ++type) {
    if (leaves_out_) rows_[type].clear();
    rows_[type].resize(batch.tables[type].rows, kLeftOut);
  }
  for (uint32_t i = 0; i < batch.rows.size(); ++i) {
    rows_[batch.rows[i].type][batch.rows[i].table_row] = i;
  }
}

void Dispatcher::find_hits(const nfa::PredicateResults& results, TypeId type, uint32_t rows) {
  const std::vector<uint32_t>& batch_rows = rows_[type];
  for (const StepPredicate predicate : results.dense(type)) {
    if (!is_used(predicate)) continue;
    const auto words = results.rows(predicate).words();
    for (size_t word = 0; word < words.size(); ++word) {
      for (uint64_t bits = words[word]; bits != 0; bits &= bits - 1) {
        const size_t row = word * 64 + static_cast<size_t>(std::countr_zero(bits));
        hits_.push_back({batch_rows[row], predicate});
      }
    }
  }
  if (!results.has_index(type)) return;
  for (uint32_t row = 0; row < rows; ++row) {
    for (const StepPredicate predicate : results.hits(type, row)) {
      if (is_used(predicate)) hits_.push_back({batch_rows[row], predicate});
    }
  }
}

}  // namespace tocsin::runtime
