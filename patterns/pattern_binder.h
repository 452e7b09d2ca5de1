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
  void bind_key_field(const ast::Name& field, KeyPart& part);
  void bind_step_fields(const ast::KeyDecl& key, KeyPart& part);
  KeyPart::FieldByType fields_of(const TypeSet& types, std::string_view name) const;
  void bind_without(Pattern& bound);
  void bind_having(Pattern& bound);
  void bind_skip(Pattern& bound);
  std::vector<Result> bind_emit(const ast::EmitClause& emit, std::optional<EmittedEvent>& event);
  void bind_emitted_event(const ast::Name& name, std::optional<EmittedEvent>& event);
  void bind_emitted_field(const ast::Name& name, Expr& value, size_t result, EmittedEvent& event);
  void check_emitted_fields(const ast::Name& name, const EmittedEvent& event);
  void bind_timeout(Pattern& bound);
  void bind_suppress(Pattern& bound);
  void bind_meta(Pattern& bound);
  void bind_meta_value(const ast::Assignment& assignment, Meta& meta);
  std::optional<uint32_t> known_variable(const ast::Name& name);
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
