// One pattern, clause by clause: from its declaration to the checked Pattern.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "patterns/expression_checker.h"
#include "patterns/sequence_binder.h"
#include "patterns/step_table.h"

namespace tocsin::patterns {

class PatternBinder {
 public:
  PatternBinder(const BindContext& context, const ast::PatternDecl& pattern);

  // Usable only if nothing was reported as an error.
  Pattern bind();

 private:
  void bind_keys();
  void bind_key(const ast::KeyDecl& key);
  void bind_without();
  void check_without_bound(const std::optional<ast::Name>& name);
  void bind_having(Pattern& bound);
  void bind_skip(Pattern& bound);
  std::vector<Result> bind_emit(const ast::EmitClause& emit);
  void bind_suppress();
  void bind_meta(Pattern& bound);
  void bind_meta_value(const ast::Assignment& assignment, Meta& meta);
  // The variable that a clause names and that must be bound in matches; else a diagnostic.
  std::optional<uint32_t> bound_variable(const ast::Name& name, std::string_view clause);
  // False, with a diagnostic, when the name stands in the map already.
  bool claim(NameMap<Span>& names, const ast::Name& name, std::string_view clause);
  // The clause with its keyword, which the parser keeps apart.
  Span with_keyword(Span clause) const;

  const BindContext& context_;
  const ast::PatternDecl& pattern_;
  Scope scope_;
  StepTable steps_;
  ExpressionChecker checker_;
  SequenceBinder sequence_;
};

}  // namespace tocsin::patterns
