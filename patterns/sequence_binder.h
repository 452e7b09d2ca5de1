// The `match` clause: from the sequence as it is written to the checked one.
//
// Walks from left to right and keeps Scope::bound and Scope::previous true for the place where it
// stands. Structural mistakes (quantifiers, groups that could match nothing, suffixes without a
// loop) and what is not supported yet are reported here. Tested by
// tests/unit/patterns/binder_test.cc and tests/golden/diagnostics/binding.
#pragma once

#include <string_view>
#include <vector>

#include "patterns/expression_checker.h"
#include "patterns/step_table.h"

namespace tocsin::patterns {

class SequenceBinder {
 public:
  SequenceBinder(const BindContext& context, Scope& scope, const StepTable& steps,
                 ExpressionChecker& checker)
      : context_(context), scope_(scope), steps_(steps), checker_(checker) {}

  // `has_window`: the pattern has `within`.
  Sequence bind(const ast::Sequence& match, bool has_window);
  // A step, negation or `without` whose condition stands where the scope stands.
  Step bind_test(const ast::StepText& text);

 private:
  Sequence bind_sequence(const ast::Sequence& sequence);
  Element bind_element(const ast::Element& element);
  void bind_step(const ast::Element& element, Element& bound);
  void bind_group(const ast::Element& element, Element& bound);
  void bind_parts(const ast::Element& element, Element& bound);
  std::vector<Negation> bind_negations(const std::vector<ast::NegationText>& negations,
                                       const ast::Element* behind);
  std::optional<Expr> bind_condition(const ast::StepText& step);
  void check_end(const Sequence& sequence);
  void check_end(const std::vector<Negation>& negations);

  void bind_quantifier(const ast::Element& element, Element& bound);
  bool check_quantifier(const ast::Quantifier& quantifier);
  void bind_loop_suffixes(const ast::Element& element, Element& bound);
  void check_longest(const ast::Element& element, bool is_loop);
  void bind_until(const ast::Element& element, Element& bound);
  void add_types(const ast::Element& element, TypeSet& types) const;
  void needs_loop(const ast::Element& element, std::string_view suffix);
  // Where the word stands among the element's suffixes.
  Span suffix_word(const ast::Element& element, std::string_view word) const;

  // The types of the event that may be bound last when these are through.
  TypeSet last_types(const ast::Element& element) const;
  TypeSet last_types(const ast::Sequence& sequence) const;
  void set_bound(const ast::Element& element);
  void set_bound(uint32_t variable);
  // Takes back what was bound since the trail had this length; gives it back to set again.
  std::vector<uint32_t> unbind_since(size_t trail);

  const BindContext& context_;
  Scope& scope_;
  const StepTable& steps_;
  ExpressionChecker& checker_;
  std::vector<uint32_t> trail_;  // the variables that are bound, in the order in which they became
};

}  // namespace tocsin::patterns
