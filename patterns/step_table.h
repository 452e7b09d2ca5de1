// The steps of one pattern before its expressions are looked at: which variable and which event
// type each has, negations and `without` included.
//
// Fills Scope::variables in the order of the text. Different alternatives of one group may use the
// same name: then the steps share a variable.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "patterns/expression_checker.h"

namespace tocsin::patterns {

struct StepEntry {
  const ast::StepText* text = nullptr;
  uint32_t variable = 0;
  std::optional<TypeId> type;  // nothing: not understood, and reported
  bool duplicate = false;      // its name belongs to another step, which was reported
};

class StepTable {
 public:
  StepTable(const BindContext& context, Scope& scope, const ast::PatternDecl& pattern);

  const StepEntry& operator[](const ast::StepText& step) const {
    return entries_[by_text_.at(&step)];
  }
  // The event types of the pattern's input, ascending.
  const TypeSet& inputs() const { return inputs_; }

 private:
  void add_sequence(const ast::Sequence& sequence);
  void add_alternatives(const std::vector<ast::Sequence>& alternatives);
  void add_negations(const std::vector<ast::NegationText>& negations);
  void add_step(const ast::StepText& step, bool negated);
  // The variable that has this name already, if there is one; whether it may is reported.
  std::optional<uint32_t> reuse(const ast::Name& name, bool negated, bool& duplicate);
  void check_name(const ast::Name& name);
  void find_inputs(const ast::PatternDecl& pattern);
  void resolve_type(StepEntry& entry);

  const BindContext& context_;
  Scope& scope_;
  TypeSet inputs_;
  std::vector<StepEntry> entries_;  // in the order of the text
  std::unordered_map<const ast::StepText*, size_t> by_text_;

  // Of alternatives: by variable, whether another alternative of the same group has it, so that
  // this one may use the name, too; and the variables of the alternative that is being read.
  std::vector<bool> shareable_;
  std::vector<uint32_t> touched_;
};

}  // namespace tocsin::patterns
