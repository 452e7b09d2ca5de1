#include "nfa/predicate.h"

#include <algorithm>
#include <bit>

#include "eventtime/check.h"

namespace tocsin::nfa {
namespace {

using eventtime::BitSet;
using eventtime::EventTable;
using patterns::Expr;
using patterns::Op;

// One that is found for a larger share of rows takes less room and time as bits.
constexpr uint32_t kCommonShare = 16;
constexpr uint32_t kSampleRows = 256;
constexpr uint32_t kMinSampleRows = 64;
// So many entries in the lists of a row, on average, are worth another plan.
constexpr uint64_t kMinSaved = 4;

void set_all(BitSet& rows) {
  const auto words = rows.words();
  std::fill(words.begin(), words.end(), ~uint64_t{0});
  const size_t last = rows.size() % 64;
  if (last != 0) words.back() = (uint64_t{1} << last) - 1;
}

void append_number(std::string& out, uint64_t number) {
  out += std::to_string(number);
  out += ' ';
}

void append_fingerprint(std::string& out, const Expr& expr) {
  out += '(';
  append_number(out, static_cast<uint64_t>(expr.op));
  append_number(out, static_cast<uint64_t>(expr.type));
  append_number(out, expr.index);
  append_number(out, static_cast<uint64_t>(expr.integer));
  append_number(out, std::bit_cast<uint64_t>(expr.number));
  append_number(out, expr.text.size());
  out += expr.text;
  for (const Expr& operand : expr.operands) append_fingerprint(out, operand);
  out += ')';
}

}  // namespace

std::string fingerprint(const Expr& expr) {
  std::string out;
  append_fingerprint(out, expr);
  return out;
}

void split_conjuncts(const Expr& condition, std::vector<const Expr*>& out) {
  if (condition.op != Op::kAnd) {
    out.push_back(&condition);
    return;
  }
  for (const Expr& operand : condition.operands) split_conjuncts(operand, out);
}

bool is_correlated(const Expr& expr) {
  if (expr.op == Op::kCapture || expr.op == Op::kKey) return true;
  return std::any_of(expr.operands.begin(), expr.operands.end(), is_correlated);
}

uint32_t PredicateSet::add_conjunct(TypeId type, const Expr& expr) {
  const std::string text = std::to_string(type) + fingerprint(expr);
  const auto [found, added] =
      conjunct_by_text_.try_emplace(text, static_cast<uint32_t>(conjuncts_.size()));
  if (added) conjuncts_.emplace_back(type, expr);
  return found->second;
}

StepPredicate PredicateSet::add(TypeId type, const std::vector<const Expr*>& exprs) {
  Conjunction conjunction;
  conjunction.type = type;
  for (const Expr* expr : exprs) conjunction.conjuncts.push_back(add_conjunct(type, *expr));
  auto& list = conjunction.conjuncts;
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  std::stable_sort(list.begin(), list.end(), [&](uint32_t left, uint32_t right) {
    return conjuncts_[left].cost < conjuncts_[right].cost;
  });
  std::string text = std::to_string(type);
  for (const uint32_t index : list) text += ' ' + std::to_string(index);
  const auto [found, added] =
      conjunction_by_text_.try_emplace(text, static_cast<uint32_t>(conjunctions_.size()));
  if (added) {
    conjunctions_.push_back(std::move(conjunction));
    layout_.reset();
  }
  return found->second;
}

void PredicateSet::plan() {
  std::vector<std::vector<StepPredicate>> by_type;
  for (StepPredicate predicate = 0; predicate < conjunctions_.size(); ++predicate) {
    const TypeId type = conjunctions_[predicate].type;
    if (type >= by_type.size()) by_type.resize(type + size_t{1});
    by_type[type].push_back(predicate);
  }
  auto layout = std::make_shared<PredicateLayout>();
  layout->places.resize(conjunctions_.size());
  layout->dense.resize(by_type.size());
  indexes_.clear();
  indexes_.resize(by_type.size());
  for (size_t type = 0; type < by_type.size(); ++type) {
    plan_type(static_cast<TypeId>(type), by_type[type], *layout);
  }
  uint32_t number = 0;
  for (const auto& dense : layout->dense) {
    for (const StepPredicate predicate : dense) layout->places[predicate].number = number++;
  }
  decided_.resize(conjuncts_.size());
  plan_searches(*layout);
  layout_ = std::move(layout);
}

bool PredicateSet::pays_to_index(const std::vector<StepPredicate>& all) const {
  constexpr size_t kPlainCode = 8;  // a row's `like` for so many comparisons
  size_t cost = 0;
  for (const StepPredicate predicate : all) {
    const auto& list = conjunctions_[predicate].conjuncts;
    const bool code = std::any_of(list.begin(), list.end(), [&](uint32_t conjunct) {
      return conjuncts_[conjunct].cost == ConjunctCost::kPlain;
    });
    cost += code ? kPlainCode : 1;
  }
  return cost > max_dense_;
}

void PredicateSet::plan_type(TypeId type, const std::vector<StepPredicate>& all,
                             PredicateLayout& layout) {
  std::vector<StepIndex::Conjunction> indexed;
  const bool index = pays_to_index(all);
  for (const StepPredicate predicate : all) {
    layout.places[predicate].type = type;
    const Conjunction& conjunction = conjunctions_[predicate];
    if (index && !conjunction.common && StepIndex::can_hold(conjunction.conjuncts, conjuncts_)) {
      indexed.push_back({predicate, conjunction.conjuncts});
    } else {
      layout.dense[type].push_back(predicate);
    }
  }
  if (indexed.empty()) return;
  indexes_[type] = std::make_unique<StepIndex>(indexed, conjuncts_);
  uint32_t number = 0;
  for (const StepPredicate predicate : indexes_[type]->order()) {
    layout.places[predicate].indexed = true;
    layout.places[predicate].number = number++;
  }
}

void PredicateSet::plan_searches(const PredicateLayout& layout) {
  groups_.clear();
  found_.assign(conjuncts_.size(), {});
  for (const auto& dense : layout.dense) {
    for (const StepPredicate predicate : dense) {
      for (const uint32_t conjunct : conjunctions_[predicate].conjuncts) {
        if (conjuncts_[conjunct].search) add_search(predicate, conjunct);
      }
    }
  }
}

// The search of a column looks only at rows that a conjunction still wants.
void PredicateSet::add_search(StepPredicate predicate, uint32_t conjunct) {
  const Search& search = *conjuncts_[conjunct].search;
  const TypeId type = conjuncts_[conjunct].type;
  auto group = std::find_if(groups_.begin(), groups_.end(), [&](const SearchGroup& other) {
    return other.type == type && other.column == search.column;
  });
  if (group == groups_.end()) {
    group = groups_.emplace(group);
    group->type = type;
    group->column = search.column;
  }
  found_[conjunct] = {static_cast<uint32_t>(group - groups_.begin()),
                      group->search.add(search.regex)};
  auto& noted = group->conjunctions;
  if (noted.empty() || noted.back() != predicate) noted.push_back(predicate);
}

// Looked for in batch 1, 2, 4, 8, ...: what is built anew is built seldom.
bool PredicateSet::find_common(const eventtime::Batch& batch) {
  const auto is_sample = [&](size_t type) {
    return indexes_[type] && batch.tables[type].rows >= kMinSampleRows;
  };
  bool any = false;
  for (size_t type = 0; type < indexes_.size(); ++type) any = any || is_sample(type);
  if (!any || !std::has_single_bit(++batches_)) return false;
  bool common = false;
  for (size_t type = 0; type < indexes_.size(); ++type) {
    if (is_sample(type)) common = find_common(batch.tables[type], *indexes_[type]) || common;
  }
  return common;
}

bool PredicateSet::find_common(const EventTable& table, StepIndex& index) {
  EvalContext context = context_of(table);
  counts_.assign(index.order().size(), 0);
  const uint32_t step = std::max(table.rows / kSampleRows, 1U);
  uint32_t rows = 0;
  for (uint32_t row = 0; row < table.rows; row += step, ++rows) {
    context.row = row;
    index.count(context, counts_);
  }
  const auto is_common = [&](uint32_t count) { return uint64_t{count} * kCommonShare > rows; };
  uint64_t saved = 0;
  for (const uint32_t count : counts_) saved += is_common(count) ? count : 0;
  if (saved < kMinSaved * rows) return false;
  for (size_t number = 0; number < counts_.size(); ++number) {
    if (is_common(counts_[number])) conjunctions_[index.order()[number]].common = true;
  }
  return true;
}

EvalContext PredicateSet::context_of(const EventTable& table) {
  EvalContext context;
  context.table = &table;
  context.scratch = &scratch_;
  context.arithmetic_errors = &arithmetic_errors_;
  return context;
}

void PredicateSet::evaluate_code(const Conjunct& conjunct, const EventTable& table,
                                 BitSet& candidates) {
  const size_t time_column = table.time_column;
  EvalContext context = context_of(table);
  const auto words = candidates.words();
  for (size_t i = 0; i < words.size(); ++i) {
    for (uint64_t left = words[i]; left != 0; left &= left - 1) {
      const auto row = static_cast<uint32_t>(i * 64 + static_cast<size_t>(std::countr_zero(left)));
      context.row = row;
      context.time = {table.columns[time_column].integer(row)};
      if (!conjunct.code.holds(context)) candidates.clear(row);
    }
  }
  scratch_.clear();
}

void PredicateSet::evaluate_comparisons(const Conjunction& conjunction, const EventTable& table,
                                        BitSet& rows) {
  for (const uint32_t index : conjunction.conjuncts) {
    const std::optional<Comparison>& comparison = conjuncts_[index].comparison;
    if (!comparison) return;
    Decided& decided = decided_[index];
    if (!decided.done) {
      decided.rows.reset(table.rows);
      comparison->decide(table.columns[comparison->column], table.rows, decided.rows);
      decided.done = true;
    }
    const auto words = rows.words();
    const auto other = decided.rows.words();
    for (size_t word = 0; word < words.size(); ++word) words[word] &= other[word];
  }
}

void PredicateSet::run_searches(const eventtime::Batch& batch, const PredicateResults& results) {
  for (SearchGroup& group : groups_) {
    const EventTable& table = batch.tables[group.type];
    group.candidates.reset(table.rows);
    const auto words = group.candidates.words();
    for (const StepPredicate conjunction : group.conjunctions) {
      const auto wanted = results.rows(conjunction).words();
      for (size_t word = 0; word < words.size(); ++word) words[word] |= wanted[word];
    }
    group.search.search(table.columns[group.column], group.candidates);
  }
}

void PredicateSet::apply_search(uint32_t conjunct, const EventTable& table, BitSet& rows) const {
  const Found& place = found_[conjunct];
  const SearchGroup& group = groups_[place.group];
  const bool negated = conjuncts_[conjunct].search->negated;
  const auto words = rows.words();
  const auto found = group.search.rows(place.index).words();
  const auto nulls = table.columns[group.column].nulls().words();
  for (size_t word = 0; word < words.size(); ++word) {
    words[word] &= negated ? ~found[word] & ~nulls[word] : found[word];
  }
}

void PredicateSet::evaluate_dense(const eventtime::Batch& batch, PredicateResults& results) {
  for (Decided& decided : decided_) decided.done = false;
  for (size_t type = 0; type < layout_->dense.size(); ++type) {
    for (const StepPredicate predicate : layout_->dense[type]) {
      BitSet& rows = results.rows_[layout_->places[predicate].number];
      rows.reset(batch.tables[type].rows);
      set_all(rows);
      evaluate_comparisons(conjunctions_[predicate], batch.tables[type], rows);
    }
  }
  run_searches(batch, results);
  for (const auto& dense : layout_->dense) {
    for (const StepPredicate predicate : dense) {
      BitSet& rows = results.rows_[layout_->places[predicate].number];
      for (const uint32_t index : conjunctions_[predicate].conjuncts) {
        const Conjunct& conjunct = conjuncts_[index];
        if (conjunct.comparison) continue;
        if (conjunct.search) {
          apply_search(index, batch.tables[conjunct.type], rows);
        } else {
          evaluate_code(conjunct, batch.tables[conjunct.type], rows);
        }
      }
    }
  }
}

void PredicateSet::evaluate_indexed(const EventTable& table, StepIndex& index,
                                    PredicateResults::Hits& hits) {
  EvalContext context = context_of(table);
  const eventtime::Column& times = table.columns[table.time_column];
  hits.begins.resize(table.rows + size_t{1});
  hits.begins[0] = 0;
  hits.predicates.clear();
  for (uint32_t row = 0; row < table.rows; ++row) {
    context.row = row;
    context.time = {times.integer(row)};
    index.find(conjuncts_, context, hits.predicates);
    hits.begins[row + size_t{1}] = hits.predicates.size();
  }
}

void PredicateSet::evaluate(const eventtime::Batch& batch, PredicateResults& results) {
  if (!layout_) plan();
  if (find_common(batch)) plan();
  size_t dense = 0;
  for (const auto& list : layout_->dense) dense += list.size();
  results.layout_ = layout_;
  results.rows_.resize(dense);
  results.hits_.resize(batch.tables.size());
  evaluate_dense(batch, results);
  for (size_t type = 0; type < results.hits_.size(); ++type) {
    PredicateResults::Hits& hits = results.hits_[type];
    hits.begins.clear();
    if (type < indexes_.size() && indexes_[type]) {
      evaluate_indexed(batch.tables[type], *indexes_[type], hits);
    }
  }
}

}  // namespace tocsin::nfa
