#include "nfa/predicate.h"

#include <algorithm>
#include <bit>

#include "eventtime/check.h"
#include "patterns/operators.h"

namespace tocsin::nfa {
namespace {

using eventtime::BitSet;
using eventtime::Column;
using eventtime::Text;
using eventtime::Type;
using patterns::Expr;
using patterns::Op;

// Sets the bits of all rows where `test(row)`, 64 at a time, without a branch for each row.
template <class Test>
void fill_rows(uint32_t rows, BitSet& out, Test test) {
  const auto words = out.words();
  for (uint32_t begin = 0; begin < rows; begin += 64) {
    const uint32_t end = std::min(rows, begin + 64);
    uint64_t word = 0;
    for (uint32_t row = begin; row < end; ++row) {
      word |= uint64_t{test(row)} << (row - begin);
    }
    words[begin / 64] = word;
  }
}

template <class Values, class Constant>
void compare_values(Op op, const Values& values, const Constant& constant, uint32_t rows,
                    BitSet& out) {
  switch (op) {
    case Op::kEqual:
      return fill_rows(rows, out, [&](uint32_t row) { return values[row] == constant; });
    case Op::kNotEqual:
      return fill_rows(rows, out, [&](uint32_t row) { return !(values[row] == constant); });
    case Op::kLess:
      return fill_rows(rows, out, [&](uint32_t row) { return values[row] < constant; });
    case Op::kLessEqual:
      return fill_rows(rows, out, [&](uint32_t row) { return !(constant < values[row]); });
    case Op::kGreater:
      return fill_rows(rows, out, [&](uint32_t row) { return constant < values[row]; });
    case Op::kGreaterEqual:
      return fill_rows(rows, out, [&](uint32_t row) { return !(values[row] < constant); });
    default:
      TOCSIN_CHECK(false, "a comparison");
  }
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

std::optional<PredicateSet::Comparison> PredicateSet::as_comparison(const Expr& expr) {
  if (!patterns::is_comparison(expr.op)) return std::nullopt;
  const Expr* field = &expr.operands[0];
  const Expr* constant = &expr.operands[1];
  Op op = expr.op;
  if (field->op != Op::kField) {
    std::swap(field, constant);
    op = patterns::mirrored(op);
  }
  if (field->op != Op::kField || constant->op != Op::kLiteral || constant->type == Type::kNull) {
    return std::nullopt;
  }
  Comparison comparison;
  comparison.column = field->index;
  comparison.op = op;
  comparison.type = field->type;
  comparison.integer = constant->integer;
  comparison.number = constant->number;
  comparison.text = constant->text;
  return comparison;
}

std::optional<PredicateSet::Search> PredicateSet::as_search(TypeId type, const Expr& expr) {
  const bool negated = expr.op == Op::kNot;
  const Expr& matches = negated ? expr.operands[0] : expr;
  if (matches.op != Op::kMatches || matches.operands[0].op != Op::kField) return std::nullopt;
  const uint32_t column = matches.operands[0].index;
  auto group = std::find_if(groups_.begin(), groups_.end(), [&](const SearchGroup& other) {
    return other.type == type && other.column == column;
  });
  if (group == groups_.end()) {
    group = groups_.emplace(group);
    group->type = type;
    group->column = column;
  }
  return Search{static_cast<uint32_t>(group - groups_.begin()), group->search.add(matches.regex),
                negated};
}

uint32_t PredicateSet::add_conjunct(TypeId type, const Expr& expr) {
  const std::string text = std::to_string(type) + fingerprint(expr);
  const auto [found, added] =
      conjunct_by_text_.try_emplace(text, static_cast<uint32_t>(conjuncts_.size()));
  if (added) {
    Conjunct conjunct;
    conjunct.type = type;
    conjunct.comparison = as_comparison(expr);
    conjunct.search = as_search(type, expr);
    if (!conjunct.comparison && !conjunct.search) conjunct.code = Code::compile(expr);
    conjuncts_.push_back(std::move(conjunct));
  }
  return found->second;
}

StepPredicate PredicateSet::add(TypeId type, const std::vector<const Expr*>& exprs) {
  Conjunction conjunction;
  conjunction.type = type;
  for (const Expr* expr : exprs) conjunction.conjuncts.push_back(add_conjunct(type, *expr));
  auto& list = conjunction.conjuncts;
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  const auto code = std::stable_partition(
      list.begin(), list.end(), [&](uint32_t i) { return conjuncts_[i].comparison.has_value(); });
  std::stable_partition(code, list.end(),
                        [&](uint32_t i) { return conjuncts_[i].search.has_value(); });
  std::string text = std::to_string(type);
  for (const uint32_t index : list) text += ' ' + std::to_string(index);
  const auto [found, added] =
      conjunction_by_text_.try_emplace(text, static_cast<uint32_t>(conjunctions_.size()));
  if (added) {
    note_searches(conjunction, found->second);
    conjunctions_.push_back(std::move(conjunction));
  }
  return found->second;
}

// The search of a column looks only at rows that a conjunction still wants.
void PredicateSet::note_searches(const Conjunction& conjunction, uint32_t index) {
  for (const uint32_t conjunct : conjunction.conjuncts) {
    const std::optional<Search>& search = conjuncts_[conjunct].search;
    if (!search) continue;
    auto& noted = groups_[search->group].conjunctions;
    if (noted.empty() || noted.back() != index) noted.push_back(index);
  }
}

void PredicateSet::compare_column(const Comparison& comparison, const Column& column, uint32_t rows,
                                  BitSet& out) {
  switch (comparison.type) {
    case Type::kFloat:
      compare_values(comparison.op, column.numbers(), comparison.number, rows, out);
      break;
    case Type::kString:
      compare_values(comparison.op, column.texts(), Text(comparison.text), rows, out);
      break;
    default:
      compare_values(comparison.op, column.integers(), comparison.integer, rows, out);
  }
  const auto words = out.words();
  const auto nulls = column.nulls().words();
  for (size_t i = 0; i < words.size(); ++i) words[i] &= ~nulls[i];
}

void PredicateSet::evaluate_code(const Conjunct& conjunct, const eventtime::Batch& batch,
                                 BitSet& candidates) {
  const eventtime::EventTable& table = batch.tables[conjunct.type];
  const size_t time_column = table.time_column;
  EvalContext context;
  context.table = &table;
  context.scratch = &scratch_;
  context.arithmetic_errors = &arithmetic_errors_;
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

void PredicateSet::evaluate_comparisons(const Conjunction& conjunction,
                                        const eventtime::EventTable& table, BitSet& rows) {
  for (const uint32_t index : conjunction.conjuncts) {
    Conjunct& conjunct = conjuncts_[index];
    if (!conjunct.comparison) return;
    if (!conjunct.evaluated) {
      conjunct.rows.reset(table.rows);
      compare_column(*conjunct.comparison, table.columns[conjunct.comparison->column], table.rows,
                     conjunct.rows);
      conjunct.evaluated = true;
    }
    const auto words = rows.words();
    const auto other = conjunct.rows.words();
    for (size_t word = 0; word < words.size(); ++word) words[word] &= other[word];
  }
}

void PredicateSet::run_searches(const eventtime::Batch& batch, const PredicateResults& results) {
  for (SearchGroup& group : groups_) {
    const eventtime::EventTable& table = batch.tables[group.type];
    group.candidates.reset(table.rows);
    const auto words = group.candidates.words();
    for (const uint32_t conjunction : group.conjunctions) {
      const auto wanted = results.rows[conjunction].words();
      for (size_t word = 0; word < words.size(); ++word) words[word] |= wanted[word];
    }
    group.search.search(table.columns[group.column], group.candidates);
  }
}

void PredicateSet::apply_search(const Search& search, const eventtime::EventTable& table,
                                BitSet& rows) const {
  const SearchGroup& group = groups_[search.group];
  const auto words = rows.words();
  const auto found = group.search.rows(search.index).words();
  const auto nulls = table.columns[group.column].nulls().words();
  for (size_t word = 0; word < words.size(); ++word) {
    words[word] &= search.negated ? ~found[word] & ~nulls[word] : found[word];
  }
}

void PredicateSet::evaluate(const eventtime::Batch& batch, PredicateResults& results) {
  for (Conjunct& conjunct : conjuncts_) conjunct.evaluated = false;
  results.rows.resize(conjunctions_.size());
  for (size_t i = 0; i < conjunctions_.size(); ++i) {
    const eventtime::EventTable& table = batch.tables[conjunctions_[i].type];
    BitSet& rows = results.rows[i];
    rows.reset(table.rows);
    fill_rows(table.rows, rows, [](uint32_t) { return true; });
    evaluate_comparisons(conjunctions_[i], table, rows);
  }
  run_searches(batch, results);
  for (size_t i = 0; i < conjunctions_.size(); ++i) {
    for (const uint32_t index : conjunctions_[i].conjuncts) {
      const Conjunct& conjunct = conjuncts_[index];
      if (conjunct.comparison) continue;
      if (conjunct.search) {
        apply_search(*conjunct.search, batch.tables[conjunct.type], results.rows[i]);
      } else {
        evaluate_code(conjunct, batch, results.rows[i]);
      }
    }
  }
}

}  // namespace tocsin::nfa
