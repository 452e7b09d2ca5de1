#include "patterns/pattern_binder.h"

#include <algorithm>
#include <utility>

#include "eventtime/check.h"
#include "patterns/fold.h"
#include "patterns/operators.h"

namespace tocsin::patterns {
namespace {

constexpr std::string_view kLeftmost = "leftmost";

Place result_place() {
  Place place;
  place.result = true;
  return place;
}

}  // namespace

PatternBinder::PatternBinder(const BindContext& context, const ast::PatternDecl& pattern)
    : context_(context),
      pattern_(pattern),
      steps_(context, scope_, pattern),
      checker_(context, scope_),
      sequence_(context, scope_, steps_, checker_) {}

Pattern PatternBinder::bind() {
  Pattern bound;
  bound.name = pattern_.name.text;
  bound.description = pattern_.description.value_or("");
  bound.inputs = steps_.inputs().types;
  bound.span = pattern_.span;
  bind_keys();
  bound.match = sequence_.bind(pattern_.match, pattern_.within.has_value());
  bind_without(bound);
  bind_having(bound);
  if (pattern_.within) bound.within = pattern_.within->duration;
  bind_skip(bound);
  if (pattern_.emit) bound.emit = bind_emit(*pattern_.emit, bound.emitted_event);
  bind_timeout(bound);
  bind_suppress(bound);
  bind_meta(bound);
  for (ScopeVariable& entry : scope_.variables) {
    entry.variable.types = std::move(entry.types.types);
    bound.variables.push_back(std::move(entry.variable));
  }
  bound.by = std::move(scope_.by);
  bound.captures = std::move(scope_.captures);
  return bound;
}

bool PatternBinder::claim(NameMap<Span>& names, const ast::Name& name, std::string_view clause) {
  const auto [first, added] = names.try_emplace(name.text, name.span);
  if (!added) {
    context_.diagnostics.error(name.span, "duplicate-name",
                               in_quotes(clause) + " has " + in_quotes(name.text) + " twice",
                               first_one_is_at(context_.source, first->second));
  }
  return added;
}

void PatternBinder::bind_keys() {
  NameMap<Span> names;
  for (const ast::KeyDecl& key : pattern_.by) {
    if (claim(names, key.name, "by")) bind_key(key);
  }
}

void PatternBinder::bind_key(const ast::KeyDecl& key) {
  KeyPart part;
  part.name = key.name.text;
  part.type = Type::kNull;  // until it is known: then the checker stays silent about it
  const bool by_step = key.fields.size() != 1 || !key.fields[0].variable.text.empty();
  if (by_step) {
    bind_step_fields(key, part);
  } else {
    bind_key_field(key.fields[0].field, part);
  }
  scope_.keys_by_name.emplace(part.name, static_cast<uint32_t>(scope_.by.size()));
  scope_.by.push_back(std::move(part));
}

void PatternBinder::bind_key_field(const ast::Name& field, KeyPart& part) {
  const std::optional<Type> type = common_field(steps_.inputs(), field, "an event of the input",
                                                context_.declarations, context_.diagnostics);
  if (!type) return;
  part.type = *type;
  part.field_by_type = fields_of(steps_.inputs(), field.text);
}

// `by account: in.target, out.source`: every variable has its field, all of one type.
void PatternBinder::bind_step_fields(const ast::KeyDecl& key, KeyPart& part) {
  part.by_variable.resize(scope_.variables.size());
  std::optional<Type> common;
  bool known = true;
  for (const ast::KeyField& field : key.fields) {
    const std::optional<uint32_t> variable = known_variable(field.variable);
    if (!variable) {
      known = false;
      continue;
    }
    const ScopeVariable& entry = scope_.variables[*variable];
    const std::optional<Type> type =
        common_field(entry.types, field.field, in_quotes(field.variable.text),
                     context_.declarations, context_.diagnostics);
    known = known && type.has_value();
    if (!part.by_variable[*variable].empty()) {
      context_.diagnostics.error(
          field.variable.span, "duplicate-name",
          in_quotes(key.name.text) + " names " + in_quotes(field.variable.text) + " twice",
          "each step has one field");
    }
    if (!type) continue;
    if (common && *common != *type) {
      context_.diagnostics.error(field.field.span, "type-mismatch",
                                 in_quotes(field.field.text) + " is " + type_text(*type) +
                                     ", the fields before it are " + type_text(*common),
                                 "a key has one type");
      known = false;
    }
    common = type;
    part.by_variable[*variable] = fields_of(entry.types, field.field.text);
  }
  if (!known) return;
  part.type = common.value_or(Type::kNull);
  for (size_t i = 0; i < scope_.variables.size(); ++i) {
    if (!part.by_variable[i].empty()) continue;
    const std::string& name = scope_.variables[i].variable.name;
    context_.diagnostics.error(key.span, "missing-key",
                               in_quotes(key.name.text) + " has no field for " + in_quotes(name),
                               "add '" + name + ".FIELD': every step and negation needs one");
  }
}

KeyPart::FieldByType PatternBinder::fields_of(const TypeSet& types, std::string_view name) const {
  KeyPart::FieldByType fields;
  if (types.types.empty()) return fields;
  fields.resize(size_t{types.types.back()} + 1);
  for (const TypeId type : types.types) {
    const std::optional<FieldRef> found = context_.declarations.field(type, name);
    fields[type] = static_cast<uint32_t>(found->index);
  }
  return fields;
}

std::optional<uint32_t> PatternBinder::known_variable(const ast::Name& name) {
  const std::optional<uint32_t> found = scope_.find_variable(name.text);
  if (!found) {
    context_.diagnostics.error(
        name.span, "unknown-variable", "there is no variable " + in_quotes(name.text),
        help_for_unknown(name.text, scope_.variable_names(), "the variables are"));
  }
  return found;
}

std::optional<uint32_t> PatternBinder::bound_variable(const ast::Name& name,
                                                      std::string_view clause) {
  const std::optional<uint32_t> found = known_variable(name);
  if (found && scope_.variables[*found].variable.negated) {
    context_.diagnostics.error(
        name.span, "negated-variable",
        in_quotes(name.text) + " names what must not happen; it is never bound",
        in_quotes(clause) + " takes the name of a step");
    return std::nullopt;
  }
  return found;
}

void PatternBinder::bind_without(Pattern& bound) {
  scope_.previous = {};
  for (size_t i = 0; i < scope_.variables.size(); ++i) {
    const ScopeVariable& entry = scope_.variables[i];
    scope_.bound[i] = !entry.variable.negated;
    if (!entry.variable.negated) scope_.previous.add(entry.types);
  }
  for (const ast::WithoutClause& text : pattern_.without) {
    Without without;
    without.step = sequence_.bind_test(text.step);
    if (text.after) without.after = bound_variable(*text.after, "without");
    if (text.before) without.before = bound_variable(*text.before, "without");
    without.span = text.span;
    bound.without.push_back(std::move(without));
  }
}

void PatternBinder::bind_having(Pattern& bound) {
  if (!pattern_.having) return;
  bound.having = checker_.condition(*pattern_.having, result_place());
  if (bound.having && is_true_literal(*bound.having)) bound.having.reset();
}

Span PatternBinder::with_keyword(Span clause) const {
  const auto& keywords = pattern_.keywords;
  const auto behind =
      std::upper_bound(keywords.begin(), keywords.end(), clause.begin,
                       [](uint32_t at, const Span& keyword) { return at < keyword.begin; });
  if (behind == keywords.begin()) return clause;
  return {std::prev(behind)->begin, clause.end};
}

void PatternBinder::bind_skip(Pattern& bound) {
  if (!pattern_.skip) return;
  const ast::SkipClause& skip = *pattern_.skip;
  bound.skip = skip.kind;
  if (skip.variable) {
    bound.skip_variable = bound_variable(*skip.variable, "skip").value_or(0);
  }
  if (!skip.leftmost) return;
  // The clause ends in the word.
  const Span word{skip.span.end - static_cast<uint32_t>(kLeftmost.size()), skip.span.end};
  if (skip.kind == SkipKind::kNone) {
    context_.diagnostics.error(word, "bad-skip",
                               "'skip none' keeps every match, so 'leftmost' has nothing to choose",
                               "leave 'leftmost' out");
  }
  bound.leftmost = true;
}

std::vector<Result> PatternBinder::bind_emit(const ast::EmitClause& emit,
                                             std::optional<EmittedEvent>& event) {
  std::vector<Result> results;
  NameMap<Span> names;
  Place place = result_place();
  place.collect = !emit.event;
  if (emit.event) bind_emitted_event(*emit.event, event);
  for (const ast::Assignment& assignment : emit.values) {
    claim(names, assignment.name, "emit");
    std::optional<Expr> value = checker_.value(assignment.value, place);
    if (value && event) bind_emitted_field(assignment.name, *value, results.size(), *event);
    if (value) results.push_back({assignment.name.text, std::move(*value)});
  }
  if (event) check_emitted_fields(*emit.event, *event);
  return results;
}

void PatternBinder::bind_emitted_event(const ast::Name& name, std::optional<EmittedEvent>& event) {
  const std::optional<TypeId> type = context_.declarations.event(name, context_.diagnostics);
  if (!type) return;
  event.emplace();
  const eventtime::EventSchema& schema = context_.declarations.catalog().types[*type];
  event->type = *type;
  event->time_field = schema.time_field;
  event->result_by_field.resize(schema.fields.size());
}

void PatternBinder::bind_emitted_field(const ast::Name& name, Expr& value, size_t result,
                                       EmittedEvent& event) {
  const eventtime::EventSchema& schema = context_.declarations.catalog().types[event.type];
  const std::optional<FieldRef> field = context_.declarations.field(event.type, name.text);
  if (!field) {
    context_.diagnostics.error(
        name.span, "unknown-field",
        in_quotes(schema.name) + " has no field " + in_quotes(name.text),
        help_for_unknown(name.text, context_.declarations.field_names(event.type),
                         in_quotes(schema.name) + " has"));
    return;
  }
  if (field->index == schema.time_field) {
    context_.diagnostics.error(
        name.span, "not-here",
        in_quotes(name.text) + " is the event's time: the match's completion", "leave it out");
    return;
  }
  event.result_by_field[field->index] = static_cast<uint32_t>(result);
  if (!field->type || value.type == *field->type || value.type == Type::kNull) return;
  if (*field->type == Type::kFloat && value.type == Type::kInt) {
    const Span span = value.span;
    value = make_expr(Op::kToFloat, Type::kFloat, span, std::move(value));
    return;
  }
  context_.diagnostics.error(value.span, "type-mismatch",
                             in_quotes(name.text) + " of " + in_quotes(schema.name) + " is " +
                                 type_text(*field->type) + ", not " + type_text(value.type),
                             "");
}

void PatternBinder::check_emitted_fields(const ast::Name& name, const EmittedEvent& event) {
  const eventtime::EventSchema& schema = context_.declarations.catalog().types[event.type];
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    const eventtime::Field& field = schema.fields[i];
    if (event.result_by_field[i] || field.nullable || i == schema.time_field) continue;
    context_.diagnostics.error(
        name.span, "missing-field",
        in_quotes(schema.name) + " needs a value for " + in_quotes(field.name),
        "add '" + field.name + ": EXPR', or declare the field with '?'");
  }
}

void PatternBinder::bind_timeout(Pattern& bound) {
  if (!pattern_.on_timeout) return;
  bound.reports_timeout = true;
  bound.on_timeout = bind_emit(*pattern_.on_timeout, bound.timeout_event);
  if (pattern_.within) return;
  context_.diagnostics.error(with_keyword(pattern_.on_timeout->span), "needs-window",
                             "'on timeout' reports what came to nothing within a time, and the "
                             "pattern has no 'within'",
                             "add 'within DURATION'");
}

void PatternBinder::bind_suppress(Pattern& bound) {
  if (!pattern_.suppress) return;
  Suppress suppress;
  suppress.duration = pattern_.suppress->duration;
  for (const ast::Expr& by : pattern_.suppress->by) {
    if (std::optional<Expr> value = checker_.value(by, result_place())) {
      suppress.by.push_back(std::move(*value));
    }
  }
  bound.suppress = std::move(suppress);
}

void PatternBinder::bind_meta(Pattern& bound) {
  NameMap<Span> names;
  for (const ast::Assignment& assignment : pattern_.meta) {
    claim(names, assignment.name, "meta");
    Meta meta;
    meta.name = assignment.name.text;
    bind_meta_value(assignment, meta);
    bound.meta.push_back(std::move(meta));
  }
}

void PatternBinder::bind_meta_value(const ast::Assignment& assignment, Meta& meta) {
  std::optional<Expr> value = checker_.value(assignment.value, result_place());
  TOCSIN_CHECK(value && value->op == Op::kLiteral, "the grammar takes only literals in meta");
  meta.type = value->type;
  meta.text = std::move(value->text);
  meta.integer = value->integer;
  meta.number = value->number;
}

}  // namespace tocsin::patterns
