// What the grammar's rules do when they have matched: thin bridges from Spirit's contexts to Syntax
// (syntax.h), which does the work. A part of grammar.cc, which alone includes it.
#pragma once

#include <utility>

#include "patterns/grammar_words.h"

namespace tocsin::patterns::grammar {

// The token behind what the action belongs to, and the last one of it.
template <class Context>
It behind(const Context& context) {
  return x3::_where(context).begin();
}
template <class Context>
It here(const Context& context) {
  return behind(context) - 1;
}

template <auto kMember>
constexpr auto set = [](auto& ctx) { (_val(ctx).*kMember) = std::move(_attr(ctx)); };
template <auto kMember>
constexpr auto add = [](auto& ctx) { (_val(ctx).*kMember).push_back(std::move(_attr(ctx))); };
template <auto kMember, auto kValue>
constexpr auto put = [](auto& ctx) { _val(ctx).*kMember = kValue; };
constexpr auto take = [](auto& ctx) { _val(ctx) = std::move(_attr(ctx)); };
template <Clause kClause, size_t kWords = 1>
constexpr auto begin =
    [](auto& ctx) { syntax(ctx).begin_clause(_val(ctx), kClause, behind(ctx) - kWords); };

// ---- expressions ----

// Operands of a chain of one operator, before it becomes a tree.
struct Chain {
  std::vector<Expr> operands;
};
template <ExprKind kKind>
constexpr auto take_chain = [](auto& ctx) {
  _val(ctx) = syntax(ctx).chain(kKind, std::move(_attr(ctx).operands), here(ctx));
};
constexpr auto take_operator = [](auto& ctx) { _val(ctx).kind = operator_kind(_attr(ctx)); };
template <ExprKind kKind>
constexpr auto kind = [](auto& ctx) { _val(ctx).kind = kKind; };
constexpr auto operand = add<&Expr::operands>;
constexpr auto attach_left = [](auto& ctx) {
  syntax(ctx).attach_left(_val(ctx), std::move(_attr(ctx)), here(ctx));
};
constexpr auto take_negated = [](auto& ctx) {
  _val(ctx) = std::move(_attr(ctx));
  _val(ctx).negated = true;
};
constexpr auto refuse_comparison = [](auto& ctx) {
  syntax(ctx).fail(here(ctx)->span, "comparisons cannot be chained",
                   "write 'a < b and b < c', or put one of them into parentheses");
};
constexpr auto refuse_path = [](auto& ctx) {
  syntax(ctx).fail(here(ctx)->span, "a field has no fields",
                   "declare a nested field of its own: 'name: string from \"merchant.name\"'");
};
constexpr auto take_name = [](auto& ctx) {
  _val(ctx).kind = ExprKind::kField;
  _val(ctx).text = std::move(_attr(ctx).text);
};
constexpr auto begin_call = [](auto& ctx) {
  Expr& call = _val(ctx);
  call.kind = ExprKind::kCall;
  for (char& c : call.text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
};
constexpr auto take_parenthesis = [](auto& ctx) {
  _val(ctx).kind = ExprKind::kParenthesis;
  _val(ctx).operands.push_back(std::move(_attr(ctx)));
};
constexpr auto take_list_name = [](auto& ctx) {
  _val(ctx).kind = ExprKind::kInList;
  _val(ctx).text = std::move(_attr(ctx).text);
};
// Wraps the operand into one node for each prefix operator that was read: a loop, because
// `not not not ...` must not recurse.
template <ExprKind kKind, Kind kPrefix>
constexpr auto add_prefixes = [](Syntax& state, Expr& node, It first, It) {
  It last = first;
  while (last->kind == kPrefix) ++last;
  state.prefix(node, kKind, first, last);
};
// A literal, reference, call or parenthesis.
constexpr auto finish_primary = [](Syntax& state, Expr& node, It first, It last) {
  node.span = {first->span.begin, last[-1].span.end};
  state.raise(node, first);
};

// ---- sequences ----

constexpr auto set_between = [](auto& ctx) { _val(ctx).maximum = std::nullopt; };
constexpr auto set_rounds = [](auto& ctx) {
  _val(ctx).minimum = _attr(ctx);
  _val(ctx).maximum = _attr(ctx);
};
template <uint32_t kMinimum>
constexpr auto at_least = [](auto& ctx) {
  _val(ctx).minimum = kMinimum;
  _val(ctx).maximum = std::nullopt;
};
constexpr auto begin_group = [](auto& ctx) {
  _val(ctx).kind = ast::ElementKind::kGroup;
  _val(ctx).span = here(ctx)->span;
  syntax(ctx).enter_group();
};
constexpr auto end_group = [](auto& ctx) { syntax(ctx).leave_group(); };
constexpr auto begin_all = [](auto& ctx) {
  _val(ctx).kind = ast::ElementKind::kAll;
  syntax(ctx).check_part(_val(ctx).alternatives[0], here(ctx));
};
constexpr auto add_part = [](auto& ctx) {
  syntax(ctx).check_part(_attr(ctx), here(ctx));
  _val(ctx).alternatives.push_back(std::move(_attr(ctx)));
};
constexpr auto set_quantifier = [](auto& ctx) {
  syntax(ctx).set_quantifier(_val(ctx), _attr(ctx));
};
template <ast::Contiguity kContiguity>
constexpr auto set_loop =
    [](auto& ctx) { syntax(ctx).set_loop(_val(ctx), kContiguity, here(ctx)); };
constexpr auto set_longest = [](auto& ctx) {
  syntax(ctx).check_once(_val(ctx).longest, here(ctx));
  _val(ctx).longest = true;
};
constexpr auto begin_until = [](auto& ctx) {
  syntax(ctx).check_once(_val(ctx).until.has_value(), here(ctx));
};
constexpr auto begin_in = [](auto& ctx) {
  syntax(ctx).check_once(_val(ctx).in.has_value(), here(ctx));
};
constexpr auto begin_suffixes = [](auto& ctx) {
  _val(ctx).suffix_span.begin = behind(ctx)->span.begin;
};
constexpr auto add_negation = [](auto& ctx) {
  syntax(ctx).add_negation(_val(ctx), std::move(_attr(ctx)), behind(ctx));
};
constexpr auto add_element = [](auto& ctx) {
  syntax(ctx).add_element(_val(ctx), std::move(_attr(ctx)));
};
constexpr auto refuse_connector = [](auto& ctx) {
  const bool is_name = behind(ctx)->kind == Kind::kColon;
  if (is_name) syntax(ctx).fail_expected(here(ctx), "the name of a step");
  syntax(ctx).fail(here(ctx)->span, "a connector cannot stand before the first element",
                   "begin with the element itself: 'match a: Type then b: Type'");
};
constexpr auto take_sequence = [](auto& ctx) {
  _val(ctx) = syntax(ctx).finish(_attr(ctx), behind(ctx));
};
constexpr auto finish_element = [](Syntax&, ast::Element& node, It first, It last) {
  node.span = {first->span.begin, last[-1].span.end};
  node.suffix_span.end = node.span.end;
  if (node.suffix_span.begin >= node.span.end) node.suffix_span = {};
};

// ---- event and list ----

constexpr auto set_close = [](auto& ctx) { _val(ctx).close = here(ctx)->span.begin; };
constexpr auto take_fields = [](auto& ctx) {
  _attr(ctx).name = std::move(_val(ctx).name);
  _val(ctx) = std::move(_attr(ctx));
};

// ---- pattern ----

constexpr auto add_plain_key = [](auto& ctx) {
  ast::KeyDecl& key = _val(ctx);
  if (key.fields.empty()) key.fields.push_back({{}, key.name});
};
constexpr auto name_value = [](auto& ctx) {
  ast::Assignment& assignment = _val(ctx);
  assignment.name = std::move(_attr(ctx));
  assignment.value.kind = ExprKind::kField;
  assignment.value.text = assignment.name.text;
  assignment.value.span = assignment.name.span;
};
constexpr auto refuse_unnamed = [](auto& ctx) {
  syntax(ctx).fail(here(ctx)->span, "a value that is no field of 'by' needs a name",
                   "write 'emit loss: hit.amount'");
};
constexpr auto refuse_step_field = [](auto& ctx) {
  syntax(ctx).fail(here(ctx)->span, "a key that takes fields of single steps needs a name",
                   "write 'by account: in.target, out.source'");
};
template <ast::SkipKind kKind>
constexpr auto skip_kind = [](auto& ctx) { _val(ctx).kind = kKind; };
constexpr auto negate = [](auto& ctx) {
  Expr value = std::move(_attr(ctx));
  const bool is_number = value.kind == ExprKind::kInt || value.kind == ExprKind::kFloat ||
                         value.kind == ExprKind::kDuration;
  if (!is_number) syntax(ctx).fail_expected(here(ctx), "a number or a duration after '-'");
  // A duration in words is several tokens.
  It minus_at = here(ctx);
  while (minus_at->kind != Kind::kMinus) --minus_at;
  syntax(ctx).prefix(value, ExprKind::kNegate, minus_at, minus_at + 1);
  _val(ctx) = std::move(value);
};
constexpr auto take_clauses = [](auto& ctx) {
  _attr(ctx).name = std::move(_val(ctx).name);
  _attr(ctx).description = std::move(_val(ctx).description);
  _val(ctx) = std::move(_attr(ctx));
};

}  // namespace tocsin::patterns::grammar
