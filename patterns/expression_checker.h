// Expressions as they are written to typed ones: names looked up, types checked, constants folded.
//
// A mistake is reported once: what cannot be understood is nothing, and whatever contains it stays
// silent about it while its other parts are still checked. Tested by
// tests/unit/patterns/expression_checker_test.cc and tests/golden/diagnostics/binding.
#pragma once

#include <optional>

#include "patterns/ast.h"
#include "patterns/declarations.h"
#include "patterns/functions.h"
#include "patterns/pattern.h"
#include "patterns/regex.h"
#include "patterns/scope.h"
#include "patterns/source_file.h"

namespace tocsin::patterns {

// What every part of the binder of one pattern works with.
struct BindContext {
  const Declarations& declarations;
  const SourceFile& source;
  RegexCache& regexes;
  Diagnostics& diagnostics;
};

class ExpressionChecker {
 public:
  ExpressionChecker(const BindContext& context, Scope& scope) : context_(context), scope_(scope) {}

  // Anything that is not bool is reported.
  std::optional<Expr> condition(const ast::Expr& expr, const Place& place);
  std::optional<Expr> value(const ast::Expr& expr, const Place& place);

 private:
  std::optional<Expr> check(const ast::Expr& expr);

  std::optional<Expr> check_logic(const ast::Expr& expr);
  std::optional<Expr> check_not(const ast::Expr& expr);
  std::optional<Expr> check_comparison(const ast::Expr& expr);
  std::optional<Expr> check_arithmetic(const ast::Expr& expr);
  std::optional<Expr> check_in(const ast::Expr& expr);
  std::optional<Expr> check_in_list(const ast::Expr& expr);
  std::optional<Expr> check_between(const ast::Expr& expr);
  std::optional<Expr> check_like(const ast::Expr& expr);
  std::optional<Expr> check_matches(Expr text, Expr pattern, Span span);
  std::optional<Expr> check_is_null(const ast::Expr& expr);
  bool check_operand(const std::optional<Expr>& operand, Type type, std::string_view operation);
  // All operands, also behind one that is wrong; nothing if one is.
  std::optional<std::vector<Expr>> check_all(const std::vector<ast::Expr>& exprs);
  bool fits(size_t copied_nodes, Span span);

  // references.cc
  std::optional<Expr> check_field(const ast::Expr& expr);
  std::optional<Expr> check_key(const ast::Expr& expr);
  std::optional<Expr> check_member(const ast::Expr& expr);
  Span owner_span(const ast::Expr& member) const;
  std::optional<Expr> check_previous(const ast::Expr& expr);
  std::optional<Expr> check_call(const ast::Expr& expr);
  std::optional<Expr> check_aggregate(const Aggregate& aggregate, const ast::Expr& call);
  std::optional<Expr> check_aggregated_field(const Aggregate& aggregate, const ast::Expr& call);
  std::optional<Expr> check_time(const ast::Expr& call);
  std::optional<Expr> check_timestamp(const ast::Expr& call);
  void report_unknown_field(const ast::Expr& expr);
  void report_unknown_function(const ast::Expr& call);
  std::string help_for_result_name(std::string_view name) const;
  void report_arity(const ast::Expr& call, size_t minimum, size_t maximum, std::string help);
  // The variable of this name, if it can be bound where the expression stands; else a diagnostic.
  // `counts`: the reference is never null, so the step's own variable is fine.
  std::optional<uint32_t> variable(std::string_view name, Span span, bool counts);
  std::optional<Expr> capture(const Aggregate& aggregate, uint32_t variable, const ast::Name& field,
                              Span span);

  const BindContext& context_;
  Scope& scope_;
  Place place_;
  const ast::Expr* whole_ = nullptr;  // the expression itself: where `collect` may stand

  size_t copied_nodes_ = 0;  // that `between` has added to the expression
};

// The expression without the parentheses around it.
const ast::Expr& without_parentheses(const ast::Expr& expr);

}  // namespace tocsin::patterns
