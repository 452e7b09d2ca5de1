#include "nfa/conjunct.h"

#include <algorithm>

#include "eventtime/check.h"
#include "patterns/operators.h"
#include "patterns/regex.h"

namespace tocsin::nfa {
namespace {

using eventtime::BitSet;
using eventtime::Column;
using eventtime::Text;
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

// Calls `use` with the test of a value; what is not a number is unequal to all and holds in no
// order, as in code.
template <class Value, class Use>
auto with_test(Op op, const Value& constant, Use use) {
  switch (op) {
    case Op::kEqual:
      return use([&](const Value& value) { return value == constant; });
    case Op::kNotEqual:
      return use([&](const Value& value) { return !(value == constant); });
    case Op::kLess:
      return use([&](const Value& value) { return value < constant; });
    case Op::kLessEqual:
      return use([&](const Value& value) { return value <= constant; });
    case Op::kGreater:
      return use([&](const Value& value) { return value > constant; });
    default:
      TOCSIN_CHECK(op == Op::kGreaterEqual, "a comparison");
      return use([&](const Value& value) { return value >= constant; });
  }
}

// Calls `use` with the values of a column and the constant, both of the field's type.
template <class Use>
auto with_values(const Comparison& comparison, const Column& column, Use use) {
  switch (comparison.type) {
    case Type::kFloat:
      return use(column.numbers(), comparison.constant.number);
    case Type::kString:
      return use(column.texts(), Text(comparison.constant.text));
    default:
      return use(column.integers(), comparison.constant.integer);
  }
}

bool is_literal(const Expr& expr) {
  return expr.op == Op::kLiteral && expr.type != Type::kNull;
}

Access access_to(const Expr& field) {
  Access access;
  access.column = field.index;
  access.type = field.type;
  return access;
}

std::optional<Access> access_by_comparison(const Comparison& comparison) {
  Access access;
  access.column = comparison.column;
  access.type = comparison.type;
  switch (comparison.op) {
    case Op::kEqual:
      access.points = {comparison.constant};
      return access;
    case Op::kLess:
    case Op::kLessEqual:
      access.upper = Bound{comparison.constant, comparison.op == Op::kLess};
      return access;
    case Op::kGreater:
    case Op::kGreaterEqual:
      access.lower = Bound{comparison.constant, comparison.op == Op::kGreater};
      return access;
    default:
      return std::nullopt;
  }
}

std::optional<Access> access_by_set(const Expr& expr) {
  Access access = access_to(expr.operands[0]);
  for (size_t i = 1; i < expr.operands.size(); ++i) {
    if (expr.operands[i].op != Op::kLiteral) return std::nullopt;
    if (is_literal(expr.operands[i])) access.points.push_back(Constant::of(expr.operands[i]));
  }
  if (access.points.empty()) return std::nullopt;
  return access;
}

// `approved`, `not approved`.
std::optional<Access> access_by_truth(const Expr& field, bool wanted) {
  if (field.op != Op::kField) return std::nullopt;
  Access access = access_to(field);
  access.points = {Constant{wanted ? 1 : 0, 0, {}}};
  return access;
}

// Texts that begin with `prefix`, which is not empty: UTF-8 has no byte FF, so there is a next one.
void bound_by_prefix(Access& access, const std::string& prefix) {
  access.lower = Bound{Constant{0, 0, prefix}, false};
  access.upper = access.lower;
  access.upper->strict = true;
  char& last = access.upper->value.text.back();
  last = static_cast<char>(static_cast<unsigned char>(last) + 1);
}

// A regular expression for a text itself.
std::string in_quotes(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x80 || (byte >= '0' && byte <= '9') ||
                       (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
    if (plain) {
      out += c;
    } else {
      out += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

std::optional<Access> access_by_part(Access access, std::string_view part) {
  constexpr size_t kMaxPart = 64;  // more finds no less
  if (part.size() > kMaxPart) {
    size_t end = kMaxPart;
    while ((static_cast<unsigned char>(part[end]) & 0xC0) == 0x80) --end;
    part = part.substr(0, end);
  }
  if (part.empty() || !patterns::Regex::check(in_quotes(part))) return std::nullopt;
  access.part = in_quotes(part);
  access.plain = true;
  access.exact = false;
  return access;
}

// By the longest piece between wildcards.
std::optional<Access> access_by_like(Access access, const std::string& pattern) {
  const size_t wild = std::min(pattern.find_first_of("%_"), pattern.size());
  if (wild == pattern.size()) {
    access.points = {Constant{0, 0, pattern}};
    return access;
  }
  std::string_view longest;
  for (size_t at = 0; at < pattern.size();) {
    const size_t end = std::min(pattern.find_first_of("%_", at), pattern.size());
    if (end - at > longest.size()) longest = std::string_view(pattern).substr(at, end - at);
    at = end + 1;
  }
  if (longest.empty() || longest.size() > wild) return access_by_part(access, longest);
  bound_by_prefix(access, pattern.substr(0, wild));
  access.exact = pattern.find_first_not_of('%', wild) == std::string::npos;
  return access;
}

std::optional<Access> access_by_text(const Expr& expr) {
  const Access access = access_to(expr.operands[0]);
  const std::string& text = expr.operands[1].text;
  if (!is_literal(expr.operands[1])) return std::nullopt;
  if (expr.op == Op::kLike) return access_by_like(access, text);
  if (expr.op != Op::kStartsWith || text.empty()) return access_by_part(access, text);
  Access result = access;
  bound_by_prefix(result, text);
  return result;
}

}  // namespace

Constant Constant::of(const Expr& literal) {
  return {literal.integer, literal.number, literal.text};
}

std::optional<Comparison> Comparison::of(const Expr& expr) {
  // A field that is true or false by itself.
  const bool negated = expr.op == Op::kNot;
  const Expr& plain = negated ? expr.operands[0] : expr;
  if (plain.op == Op::kField && plain.type == Type::kBool) {
    return Comparison{plain.index, Op::kEqual, Type::kBool, Constant{negated ? 0 : 1, 0, {}}};
  }
  if (!patterns::is_comparison(expr.op)) return std::nullopt;
  const Expr* field = &expr.operands[0];
  const Expr* constant = &expr.operands[1];
  Op op = expr.op;
  if (field->op != Op::kField) {
    std::swap(field, constant);
    op = patterns::mirrored(op);
  }
  if (field->op != Op::kField || !is_literal(*constant)) return std::nullopt;
  return Comparison{field->index, op, field->type, Constant::of(*constant)};
}

void Comparison::decide(const Column& values, uint32_t rows, BitSet& out) const {
  // Behind a null stands what was written before, of texts a pointer that may lead nowhere.
  const bool nulls_count = type == Type::kString && values.nulls().any();
  with_values(*this, values, [&](const auto& all, const auto& value) {
    with_test(op, value, [&](auto test) {
      if (nulls_count) {
        fill_rows(rows, out, [&](uint32_t row) { return !values.is_null(row) && test(all[row]); });
      } else {
        fill_rows(rows, out, [&](uint32_t row) { return test(all[row]); });
      }
    });
  });
  const auto words = out.words();
  const auto nulls = values.nulls().words();
  for (size_t i = 0; i < words.size(); ++i) words[i] &= ~nulls[i];
}

bool Comparison::holds(const Column& values, uint32_t row) const {
  return !values.is_null(row) &&
         with_values(*this, values, [&](const auto& all, const auto& value) {
           return with_test(op, value, [&](auto test) { return bool{test(all[row])}; });
         });
}

std::optional<Search> Search::of(const Expr& expr) {
  const bool negated = expr.op == Op::kNot;
  const Expr& matches = negated ? expr.operands[0] : expr;
  if (matches.op != Op::kMatches || matches.operands[0].op != Op::kField) return std::nullopt;
  return Search{matches.operands[0].index, matches.regex, negated};
}

bool Search::holds(const Column& values, uint32_t row) const {
  return !values.is_null(row) && regex->matches(values.text(row).view()) != negated;
}

std::optional<Access> Access::of(const Expr& expr) {
  if (const std::optional<Comparison> comparison = Comparison::of(expr)) {
    return access_by_comparison(*comparison);
  }
  if (expr.op == Op::kField) return access_by_truth(expr, true);
  if (expr.op == Op::kNot) return access_by_truth(expr.operands[0], false);
  if (expr.operands.empty() || expr.operands[0].op != Op::kField) return std::nullopt;
  switch (expr.op) {
    case Op::kIn:
      return access_by_set(expr);
    case Op::kMatches: {
      Access access = access_to(expr.operands[0]);
      access.part = expr.regex->text();
      return access;
    }
    case Op::kLike:
    case Op::kContains:
    case Op::kStartsWith:
    case Op::kEndsWith:
      return access_by_text(expr);
    default:
      return std::nullopt;
  }
}

Conjunct::Conjunct(TypeId event, const Expr& expr)
    : type(event),
      comparison(Comparison::of(expr)),
      search(Search::of(expr)),
      access(Access::of(expr)) {
  if (comparison) {
    cost = ConjunctCost::kComparison;
  } else if (search) {
    cost = ConjunctCost::kSearch;
  } else {
    code = Code::compile(expr);
    if (access) cost = ConjunctCost::kPlain;
  }
}

bool Conjunct::holds(const EvalContext& context) const {
  if (comparison) return comparison->holds(context.table->columns[comparison->column], context.row);
  if (search) return search->holds(context.table->columns[search->column], context.row);
  return code.holds(context);
}

}  // namespace tocsin::nfa
