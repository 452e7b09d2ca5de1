#include "patterns/step_table.h"

#include <utility>

namespace tocsin::patterns {

StepTable::StepTable(const BindContext& context, Scope& scope, const ast::PatternDecl& pattern)
    : context_(context), scope_(scope) {
  add_sequence(pattern.match);
  for (const ast::WithoutClause& without : pattern.without) add_step(without.step, true);
  find_inputs(pattern);
  for (StepEntry& entry : entries_) resolve_type(entry);
}

void StepTable::add_sequence(const ast::Sequence& sequence) {
  for (const ast::Element& element : sequence.elements) {
    add_negations(element.negations);
    if (element.kind == ast::ElementKind::kStep) {
      add_step(element.step, false);
    } else if (element.kind == ast::ElementKind::kGroup) {
      add_alternatives(element.alternatives);
    } else {
      for (const ast::Sequence& part : element.alternatives) add_sequence(part);
    }
  }
  add_negations(sequence.trailing);
}

void StepTable::add_alternatives(const std::vector<ast::Sequence>& alternatives) {
  if (alternatives.size() == 1) return add_sequence(alternatives[0]);
  const size_t group_begin = touched_.size();
  for (const ast::Sequence& alternative : alternatives) {
    const size_t begin = touched_.size();
    add_sequence(alternative);
    for (size_t i = begin; i < touched_.size(); ++i) shareable_[touched_[i]] = true;
  }
  for (size_t i = group_begin; i < touched_.size(); ++i) shareable_[touched_[i]] = false;
}

void StepTable::add_negations(const std::vector<ast::NegationText>& negations) {
  for (const ast::NegationText& negation : negations) add_step(negation.step, true);
}

std::optional<uint32_t> StepTable::reuse(const ast::Name& name, bool negated, bool& duplicate) {
  const std::optional<uint32_t> existing = scope_.find_variable(name.text);
  if (!existing) return std::nullopt;
  const ScopeVariable& first = scope_.variables[*existing];
  duplicate = !shareable_[*existing] || first.variable.negated != negated;
  if (!duplicate) {
    shareable_[*existing] = false;  // taken in this alternative
    touched_.push_back(*existing);
  } else {
    context_.diagnostics.error(name.span, "duplicate-name",
                               "there is already a variable " + in_quotes(name.text),
                               first_one_is_at(context_.source, first.variable.span));
  }
  return existing;
}

void StepTable::check_name(const ast::Name& name) {
  if (name.text != "prev") return;
  context_.diagnostics.error(name.span, "reserved-name", "a variable cannot be called 'prev'",
                             "'prev' is the event that was bound last");
}

void StepTable::add_step(const ast::StepText& step, bool negated) {
  StepEntry entry;
  entry.text = &step;
  if (step.type) entry.type = context_.declarations.event(*step.type, context_.diagnostics);
  if (const std::optional<uint32_t> shared = reuse(step.variable, negated, entry.duplicate)) {
    entry.variable = *shared;
  } else {
    check_name(step.variable);
    entry.variable = static_cast<uint32_t>(scope_.variables.size());
    ScopeVariable added;
    added.variable = {step.variable.text, negated, {}, step.variable.span};
    scope_.variables.push_back(std::move(added));
    scope_.variables_by_name.emplace(step.variable.text, entry.variable);
    scope_.bound.push_back(false);
    shareable_.push_back(false);
    touched_.push_back(entry.variable);
  }
  by_text_.emplace(&step, entries_.size());
  entries_.push_back(entry);
}

void StepTable::find_inputs(const ast::PatternDecl& pattern) {
  for (const ast::Name& name : pattern.on) {
    const size_t before = inputs_.types.size();
    const std::optional<TypeId> type = context_.declarations.event(name, context_.diagnostics);
    inputs_.add(type);
    if (type && inputs_.types.size() == before) {
      context_.diagnostics.error(name.span, "duplicate-name",
                                 "'on' names " + in_quotes(name.text) + " twice", "name it once");
    }
  }
  if (!pattern.on.empty()) return;
  for (const StepEntry& entry : entries_) {
    if (entry.text->type) inputs_.add(entry.type);
  }
  // No type is named anywhere: the only one that there is.
  if (inputs_.empty() && context_.declarations.catalog().types.size() == 1) inputs_.add(TypeId{0});
}

void StepTable::resolve_type(StepEntry& entry) {
  const std::optional<ast::Name>& name = entry.text->type;
  if (!name) {
    if (inputs_.types.size() == 1 && !inputs_.unknown) {
      entry.type = inputs_.types[0];
    } else if (!inputs_.unknown) {
      std::vector<std::string> names;
      for (const TypeId type : inputs_.types) names.push_back(context_.declarations.name_of(type));
      const ast::Name& variable = entry.text->variable;
      context_.diagnostics.error(
          variable.span, "missing-type",
          in_quotes(variable.text) + " needs an event type: the pattern's input has " +
              (names.empty() ? std::string("none") : list_names(names)),
          "write '" + variable.text + ": " + (names.empty() ? "TYPE" : names[0]) + "'");
    }
  } else if (entry.type && !inputs_.unknown) {
    if (!inputs_.contains(*entry.type)) {
      context_.diagnostics.error(name->span, "not-in-input",
                                 in_quotes(name->text) + " is not named in 'on'",
                                 "add it there, or leave 'on' out");
    }
  }
  if (!entry.duplicate) scope_.variables[entry.variable].types.add(entry.type);
}

}  // namespace tocsin::patterns
