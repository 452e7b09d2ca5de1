#include "patterns/pattern_binder.h"

#include <algorithm>
#include <utility>

#include "eventtime/check.h"
#include "patterns/fold.h"

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
  bound.match = sequence_.bind(pattern_.match);
  bind_without();
  bind_having(bound);
  if (pattern_.within) bound.within = pattern_.within->duration;
  bind_skip(bound);
  if (pattern_.emit) bound.emit = bind_emit(*pattern_.emit);
  if (pattern_.on_timeout) {
    context_.not_supported(with_keyword(pattern_.on_timeout->span), "'on timeout'");
    static_cast<void>(bind_emit(*pattern_.on_timeout));
  }
  bind_suppress();
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
                               quoted(clause) + " has " + quoted(name.text) + " twice",
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
    context_.not_supported(key.span, "a key with a field for each step");
    for (const ast::KeyField& field : key.fields) {
      const std::optional<uint32_t> variable = bound_variable(field.variable, "by");
      if (!variable) continue;
      static_cast<void>(common_field(scope_.variables[*variable].types, field.field,
                                     quoted(field.variable.text), context_.declarations,
                                     context_.diagnostics));
    }
  } else {
    const ast::Name& field = key.fields[0].field;
    const std::optional<Type> type = common_field(steps_.inputs(), field, "an event of the input",
                                                  context_.declarations, context_.diagnostics);
    if (type) {
      part.type = *type;
      part.field_by_type.resize(size_t{steps_.inputs().types.back()} + 1);
      for (const TypeId input : steps_.inputs().types) {
        const std::optional<FieldRef> found = context_.declarations.field(input, field.text);
        part.field_by_type[input] = static_cast<uint32_t>(found->index);
      }
    }
  }
  scope_.keys_by_name.emplace(part.name, static_cast<uint32_t>(scope_.by.size()));
  scope_.by.push_back(std::move(part));
}

std::optional<uint32_t> PatternBinder::bound_variable(const ast::Name& name,
                                                      std::string_view clause) {
  const std::optional<uint32_t> found = scope_.find_variable(name.text);
  if (!found) {
    context_.diagnostics.error(
        name.span, "unknown-variable", "there is no variable " + quoted(name.text),
        help_for_unknown(name.text, scope_.variable_names(), "the variables are"));
    return std::nullopt;
  }
  if (scope_.variables[*found].variable.negated) {
    context_.diagnostics.error(name.span, "negated-variable",
                               quoted(name.text) + " names what must not happen; it is never bound",
                               quoted(clause) + " takes the name of a step");
    return std::nullopt;
  }
  return found;
}

void PatternBinder::bind_without() {
  scope_.previous = {};
  for (size_t i = 0; i < scope_.variables.size(); ++i) {
    const ScopeVariable& entry = scope_.variables[i];
    scope_.bound[i] = !entry.variable.negated;
    if (!entry.variable.negated) scope_.previous.add(entry.types);
  }
  for (const ast::WithoutClause& without : pattern_.without) {
    context_.not_supported(with_keyword(without.span), "'without'");
    static_cast<void>(sequence_.bind_condition(without.step));
    check_without_bound(without.after);
    check_without_bound(without.before);
  }
}

void PatternBinder::check_without_bound(const std::optional<ast::Name>& name) {
  if (name) static_cast<void>(bound_variable(*name, "without"));
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
  } else {
    context_.not_supported(word, "'leftmost'");
  }
}

std::vector<Result> PatternBinder::bind_emit(const ast::EmitClause& emit) {
  if (emit.event) {
    context_.not_supported(emit.event->span, "'emit " + emit.event->text + " { ... }'",
                           "write emit NAME: EXPR, ...");
    static_cast<void>(context_.declarations.event(*emit.event, context_.diagnostics));
  }
  std::vector<Result> results;
  NameMap<Span> names;
  Place place = result_place();
  place.collect = true;
  for (const ast::Assignment& assignment : emit.values) {
    claim(names, assignment.name, "emit");
    std::optional<Expr> value = checker_.value(assignment.value, place);
    if (value) results.push_back({assignment.name.text, std::move(*value)});
  }
  return results;
}

void PatternBinder::bind_suppress() {
  if (!pattern_.suppress) return;
  context_.not_supported(with_keyword(pattern_.suppress->span), "'suppress'");
  for (const ast::Expr& by : pattern_.suppress->by) {
    static_cast<void>(checker_.value(by, result_place()));
  }
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
