// The part of ExpressionChecker that looks up names: fields, variables, calls.
#include <utility>

#include "eventtime/timestamp.h"
#include "patterns/expression_checker.h"
#include "patterns/operators.h"

namespace tocsin::patterns {
namespace {

using ast::ExprKind;

constexpr std::string_view kPreviousName = "prev";

Expr reference(Op op, Type type, uint32_t index, Span span) {
  Expr expr;
  expr.op = op;
  expr.type = type;
  expr.index = index;
  expr.span = span;
  return expr;
}

}  // namespace

std::optional<Expr> ExpressionChecker::check_field(const ast::Expr& expr) {
  if (!place_.tested) return std::nullopt;
  const std::optional<FieldRef> field = context_.declarations.field(*place_.tested, expr.text);
  if (!field) {
    report_unknown_field(expr);
    return std::nullopt;
  }
  if (!field->type) return std::nullopt;
  return reference(Op::kField, *field->type, static_cast<uint32_t>(field->index), expr.span);
}

void ExpressionChecker::report_unknown_field(const ast::Expr& expr) {
  const std::string owner = in_quotes(context_.declarations.name_of(*place_.tested));
  std::string help;
  if (scope_.find_variable(expr.text) || expr.text == kPreviousName) {
    help = "'" + expr.text + ".FIELD' is a field of the event that is bound to it";
  } else {
    help = help_for_unknown(expr.text, context_.declarations.field_names(*place_.tested),
                            owner + " has");
  }
  context_.diagnostics.error(expr.span, "unknown-field",
                             owner + " has no field " + in_quotes(expr.text), std::move(help));
}

std::optional<Expr> ExpressionChecker::check_key(const ast::Expr& expr) {
  const std::optional<uint32_t> key = scope_.find_key(expr.text);
  if (!key) {
    context_.diagnostics.error(expr.span, "not-in-by",
                               in_quotes(expr.text) + " is not a field of 'by'",
                               help_for_result_name(expr.text));
    return std::nullopt;
  }
  if (scope_.by[*key].type == Type::kNull) return std::nullopt;
  return reference(Op::kKey, scope_.by[*key].type, *key, expr.span);
}

std::string ExpressionChecker::help_for_result_name(std::string_view name) const {
  for (const ScopeVariable& entry : scope_.variables) {
    if (entry.variable.negated) continue;
    if (entry.variable.name == name) return "write '" + entry.variable.name + ".FIELD'";
    for (const TypeId type : entry.types.types) {
      if (context_.declarations.field(type, name)) {
        return "write '" + entry.variable.name + "." + std::string(name) + "'";
      }
    }
  }
  const std::vector<std::string> keys = scope_.key_names();
  if (keys.empty()) return "this pattern has no 'by'; the field of an event is written v.FIELD";
  return help_for_unknown(name, keys, "'by' has");
}

std::optional<uint32_t> ExpressionChecker::variable(std::string_view name, Span span, bool counts) {
  const std::optional<uint32_t> found = scope_.find_variable(name);
  if (!found) {
    context_.diagnostics.error(
        span, "unknown-variable", "there is no variable " + in_quotes(name),
        name == kPreviousName
            ? "'prev' stands only in 'prev.FIELD'"
            : help_for_unknown(name, scope_.variable_names(), "the variables are"));
    return std::nullopt;
  }
  if (scope_.variables[*found].variable.negated) {
    context_.diagnostics.error(span, "negated-variable",
                               in_quotes(name) + " names what must not happen; it is never bound",
                               place_.own == found
                                   ? "a bare name is a field of the event that is tested"
                                   : "write the condition inside its own brackets");
    return std::nullopt;
  }
  if (place_.result || scope_.bound[*found]) return found;
  if (place_.own == found) {
    if (counts) return found;
    context_.diagnostics.error(span, "unbound-variable",
                               in_quotes(name) + " is not bound before its own condition is true",
                               "a bare name is a field of the event that is tested");
  } else {
    context_.diagnostics.error(span, "unbound-variable",
                               in_quotes(name) + " is never bound before this condition is tested",
                               "move the condition to " + in_quotes(name) +
                                   ": the later step sees what the earlier ones have bound");
  }
  return std::nullopt;
}

// The `v` of `v.f`.
Span ExpressionChecker::owner_span(const ast::Expr& member) const {
  Span span{member.span.begin, member.member.span.begin};
  const std::string_view text = context_.source.text(span);
  const size_t last = text.find_last_not_of(" \t\r\n.");
  if (last != std::string_view::npos) span.end = span.begin + static_cast<uint32_t>(last + 1);
  return span;
}

std::optional<Expr> ExpressionChecker::check_member(const ast::Expr& expr) {
  if (expr.text == kPreviousName) return check_previous(expr);
  const std::optional<uint32_t> found = variable(expr.text, owner_span(expr), false);
  if (!found) return std::nullopt;
  return capture({"last", CaptureKind::kLast}, *found, expr.member, expr.span);
}

std::optional<Expr> ExpressionChecker::check_previous(const ast::Expr& expr) {
  if (place_.result) {
    context_.diagnostics.error(expr.span, "not-here",
                               "'prev' can stand only in the condition of a step",
                               "here the whole match is seen: write v.FIELD or last(v.FIELD)");
    return std::nullopt;
  }
  if (scope_.previous.empty()) {
    context_.diagnostics.error(expr.span, "unbound-variable",
                               "nothing is bound before this step, so 'prev' is always null",
                               "a bare name is a field of the event that is tested");
    return std::nullopt;
  }
  const std::optional<Type> type = common_field(scope_.previous, expr.member, "'prev'",
                                                context_.declarations, context_.diagnostics);
  if (!type) return std::nullopt;
  Capture capture{CaptureKind::kLast, Capture::kPrevious, expr.member.text, *type, *type};
  return reference(Op::kCapture, *type, scope_.capture(std::move(capture)), expr.span);
}

std::optional<Expr> ExpressionChecker::capture(const Aggregate& aggregate, uint32_t variable,
                                               const ast::Name& field, Span span) {
  const ScopeVariable& entry = scope_.variables[variable];
  const std::optional<Type> field_type =
      common_field(entry.types, field, in_quotes(entry.variable.name), context_.declarations,
                   context_.diagnostics);
  if (!field_type) return std::nullopt;
  const std::optional<Type> type = aggregate_result(aggregate.kind, *field_type);
  if (!type) {
    context_.diagnostics.error(
        span, "type-mismatch",
        in_quotes(aggregate.name) + " takes a field of " +
            std::string(aggregate_accepts(aggregate.kind)) + "; " + in_quotes(field.text) + " is " +
            type_text(*field_type),
        aggregate.kind == CaptureKind::kAverage && *field_type == Type::kDuration
            ? "the mean of durations is sum(v.FIELD) / count(v)"
            : "first, last, distinct and collect take any field");
    return std::nullopt;
  }
  Capture capture{aggregate.kind, variable, field.text, *field_type, *type};
  return reference(Op::kCapture, *type, scope_.capture(std::move(capture)), span);
}

std::optional<Expr> ExpressionChecker::check_call(const ast::Expr& call) {
  if (call.text == "time") return check_time(call);
  if (call.text == "timestamp") return check_timestamp(call);
  if (const Aggregate* aggregate = find_aggregate(call.text)) {
    return check_aggregate(*aggregate, call);
  }
  const Function* function = find_function(call.text);
  if (function == nullptr) {
    report_unknown_function(call);
    static_cast<void>(check_all(call.operands));
    return std::nullopt;
  }
  const size_t count = call.operands.size();
  const bool fits = count >= function->minimum && count <= function->maximum;
  if (!fits) report_arity(call, function->minimum, function->maximum, usage(*function));
  std::optional<std::vector<Expr>> arguments = check_all(call.operands);
  if (!arguments || !fits) return std::nullopt;
  return bind_function(*function, std::move(*arguments), call.span, context_.diagnostics);
}

void ExpressionChecker::report_unknown_function(const ast::Expr& call) {
  const Span name{call.span.begin, call.span.begin + static_cast<uint32_t>(call.text.size())};
  std::string help = did_you_mean(call.text, callable_names());
  if (help.empty()) help = "docs/language.md lists the functions";
  context_.diagnostics.error(name, "unknown-function",
                             "there is no function " + in_quotes(call.text), std::move(help));
}

void ExpressionChecker::report_arity(const ast::Expr& call, size_t minimum, size_t maximum,
                                     std::string help) {
  context_.diagnostics.error(call.span, "wrong-argument-count",
                             in_quotes(call.text) + " takes " + arity_text(minimum, maximum) +
                                 ", not " + std::to_string(call.operands.size()),
                             std::move(help));
}

std::optional<Expr> ExpressionChecker::check_aggregate(const Aggregate& aggregate,
                                                       const ast::Expr& call) {
  if (aggregate.kind == CaptureKind::kCollect && (!place_.collect || &call != whole_)) {
    context_.diagnostics.error(call.span, "not-here",
                               "'collect' can stand only as the whole value of an 'emit'",
                               "write emit NAME: collect(v.FIELD)");
    return std::nullopt;
  }
  if (call.operands.size() != 1) {
    std::string help = "write " + call.text;
    help += aggregate.kind == CaptureKind::kCount ? "(v)" : "(v.FIELD)";
    if (aggregate.kind == CaptureKind::kMinimum) help = "of several values: least(a, b)";
    if (aggregate.kind == CaptureKind::kMaximum) help = "of several values: greatest(a, b)";
    report_arity(call, 1, 1, std::move(help));
    return std::nullopt;
  }
  if (aggregate.kind != CaptureKind::kCount) return check_aggregated_field(aggregate, call);
  const ast::Expr& argument = without_parentheses(call.operands[0]);
  if (argument.kind != ExprKind::kField) {
    context_.diagnostics.error(argument.span, "bad-argument", "'count' takes a variable",
                               "count(v) is the number of events bound to v, distinct(v.FIELD) "
                               "that of different values");
    return std::nullopt;
  }
  const std::optional<uint32_t> found = variable(argument.text, argument.span, true);
  if (!found) return std::nullopt;
  Capture capture{CaptureKind::kCount, *found, {}, Type::kNull, Type::kInt};
  return reference(Op::kCapture, Type::kInt, scope_.capture(std::move(capture)), call.span);
}

std::optional<Expr> ExpressionChecker::check_aggregated_field(const Aggregate& aggregate,
                                                              const ast::Expr& call) {
  const ast::Expr& argument = without_parentheses(call.operands[0]);
  const std::string name = call.text;
  if (argument.kind != ExprKind::kMember || argument.text == kPreviousName) {
    const bool names_variable =
        argument.kind == ExprKind::kField && scope_.find_variable(argument.text);
    std::string example = names_variable ? argument.text + ".FIELD" : "v.FIELD";
    if (argument.kind == ExprKind::kField && !names_variable) example = "v." + argument.text;
    context_.diagnostics.error(
        argument.span, "bad-argument", in_quotes(name) + " takes a field of a variable",
        "write " + name + "(" + example + ")" +
            (names_variable ? "" : "; the variables are " + list_names(scope_.variable_names())));
    return std::nullopt;
  }
  const bool counts = aggregate.kind == CaptureKind::kDistinct;
  const std::optional<uint32_t> found = variable(argument.text, owner_span(argument), counts);
  if (!found) return std::nullopt;
  return capture(aggregate, *found, argument.member, call.span);
}

std::optional<Expr> ExpressionChecker::check_time(const ast::Expr& call) {
  if (call.operands.empty()) {
    if (!place_.result) return reference(Op::kTestedTime, Type::kTimestamp, 0, call.span);
    context_.diagnostics.error(call.span, "not-here",
                               "'time()' can stand only in the condition of a step",
                               "here no event is tested: write time(v)");
    return std::nullopt;
  }
  if (call.operands.size() > 1) {
    report_arity(call, 0, 1, "time() is the tested event's time, time(v) that of v");
    return std::nullopt;
  }
  const ast::Expr& argument = without_parentheses(call.operands[0]);
  if (argument.kind != ExprKind::kField) {
    context_.diagnostics.error(argument.span, "bad-argument", "'time' takes a variable",
                               "time(v) is the event time of the last event bound to v");
    return std::nullopt;
  }
  const std::optional<uint32_t> found = variable(argument.text, argument.span, false);
  if (!found) return std::nullopt;
  Capture capture{CaptureKind::kLastTime, *found, {}, Type::kNull, Type::kTimestamp};
  return reference(Op::kCapture, Type::kTimestamp, scope_.capture(std::move(capture)), call.span);
}

std::optional<Expr> ExpressionChecker::check_timestamp(const ast::Expr& call) {
  constexpr const char* kHelp = "write timestamp('2026-03-01T10:00:00Z')";
  if (call.operands.size() != 1) {
    report_arity(call, 1, 1, kHelp);
    return std::nullopt;
  }
  const ast::Expr& argument = without_parentheses(call.operands[0]);
  if (argument.kind != ExprKind::kString) {
    context_.diagnostics.error(argument.span, "bad-literal", "'timestamp' takes a text in quotes",
                               kHelp);
    return std::nullopt;
  }
  const std::optional<eventtime::Timestamp> time = eventtime::parse_timestamp(argument.text);
  if (!time) {
    context_.diagnostics.error(argument.span, "bad-literal",
                               in_quotes(argument.text) + " is no timestamp", kHelp);
    return std::nullopt;
  }
  Expr literal = reference(Op::kLiteral, Type::kTimestamp, 0, call.span);
  literal.integer = time->micros;
  return literal;
}

}  // namespace tocsin::patterns
