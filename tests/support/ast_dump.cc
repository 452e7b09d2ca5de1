#include "tests/support/ast_dump.h"

#include <string_view>

#include "eventtime/value.h"

namespace tocsin::test {
namespace {

using patterns::ast::Element;
using patterns::ast::ElementKind;
using patterns::ast::EmitClause;
using patterns::ast::Expr;
using patterns::ast::ExprKind;
using patterns::ast::Name;
using patterns::ast::NegationText;
using patterns::ast::StepText;

std::string_view word(ExprKind kind) {
  static constexpr std::string_view kWords[] = {
      "null", "bool", "int",     "float", "string", "duration", "field",   ".",
      "call", "not",  "neg",     "or",    "and",    "==",       "!=",      "<",
      "<=",   ">",    ">=",      "+",     "-",      "*",        "/",       "%",
      "in",   "list", "between", "like",  "ilike",  "matches",  "is-null", "paren"};
  return kWords[static_cast<size_t>(kind)];
}

std::string_view word(patterns::ast::Contiguity contiguity) {
  static constexpr std::string_view kWords[] = {"then", "next", "any"};
  return kWords[static_cast<size_t>(contiguity)];
}

std::string in_quotes(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

std::string literal(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kBool:
      return expr.integer != 0 ? "true" : "false";
    case ExprKind::kInt:
      return std::to_string(expr.integer);
    case ExprKind::kFloat: {
      std::string out;
      eventtime::append_float(out, expr.number);
      return out;
    }
    case ExprKind::kString:
      return in_quotes(expr.text);
    case ExprKind::kDuration:
      return eventtime::to_string(eventtime::Duration{expr.integer});
    default:
      return "null";
  }
}

std::string text_of(const StepText& step) {
  std::string out = "(step " + step.variable.text;
  out += " " + (step.type ? step.type->text : "-");
  if (step.condition) out += " " + dump(*step.condition);
  return out + ")";
}

std::string text_of(const NegationText& negation) {
  std::string out = negation.next ? "(next-not " : "(not ";
  out += text_of(negation.step);
  if (negation.duration) out += " for " + eventtime::to_string(*negation.duration);
  return out + ")";
}

std::string text_of(const Element& element, bool first) {
  std::string out;
  for (const NegationText& negation : element.negations) out += text_of(negation) + " ";
  if (!first || !element.negations.empty()) out += std::string(word(element.connector)) + " ";
  if (element.kind == ElementKind::kStep) {
    out += text_of(element.step);
  } else {
    out += element.kind == ElementKind::kGroup ? "(group" : "(all";
    for (const auto& alternative : element.alternatives) out += " " + dump(alternative);
    out += ")";
  }
  if (element.quantifier) {
    const auto& quantifier = *element.quantifier;
    out += "{" + std::to_string(quantifier.minimum) + ",";
    if (quantifier.maximum) out += std::to_string(*quantifier.maximum);
    out += quantifier.reluctant ? "}?" : "}";
  }
  if (element.loop_contiguity) out += "~" + std::string(word(*element.loop_contiguity));
  if (element.longest) out += "~longest";
  if (element.until) out += "~until" + dump(*element.until);
  if (element.in) out += "~in " + eventtime::to_string(*element.in);
  return out;
}

std::string text_of(const EmitClause& emit) {
  std::string out = emit.event ? "(emit " + emit.event->text : "(emit";
  for (const auto& value : emit.values) out += " " + value.name.text + "=" + dump(value.value);
  return out + ")";
}

std::string text_of(const patterns::ast::EventDecl& event) {
  std::string out = "(event " + event.name.text;
  for (const auto& field : event.fields) {
    out += " (" + field.name.text + " " + field.type.text;
    if (field.unit) out += "(" + field.unit->text + ")";
    if (field.nullable) out += "?";
    if (field.from) out += " " + in_quotes(*field.from);
    out += ")";
  }
  if (event.time) out += " time=" + event.time->text;
  return out + ")";
}

std::string dump_skip(const patterns::ast::SkipClause& skip) {
  static constexpr std::string_view kWords[] = {"past-last", "to-next", "to-first", "to-last",
                                                "none"};
  std::string out = " skip=" + std::string(kWords[static_cast<size_t>(skip.kind)]);
  if (skip.variable) out += " " + skip.variable->text;
  return skip.leftmost ? out + " leftmost" : out;
}

std::string dump_head(const patterns::ast::PatternDecl& pattern) {
  std::string out = "(pattern " + pattern.name.text;
  if (pattern.description) out += " " + in_quotes(*pattern.description);
  for (const Name& type : pattern.on) out += " on=" + type.text;
  for (const auto& key : pattern.by) {
    out += " by=" + key.name.text;
    for (const auto& field : key.fields) {
      out += ":" + field.variable.text + "." + field.field.text;
    }
  }
  return out;
}

std::string text_of(const patterns::ast::PatternDecl& pattern) {
  std::string out = dump_head(pattern) + " " + dump(pattern.match);
  for (const auto& without : pattern.without) {
    out += " without=" + text_of(without.step);
    if (without.after) out += without.after->text + ".." + without.before->text;
  }
  if (pattern.having) out += " having=" + dump(*pattern.having);
  if (pattern.within) out += " within=" + eventtime::to_string(pattern.within->duration);
  if (pattern.skip) out += dump_skip(*pattern.skip);
  if (pattern.emit) out += " " + text_of(*pattern.emit);
  if (pattern.on_timeout) out += " on-timeout" + text_of(*pattern.on_timeout);
  if (pattern.suppress) {
    out += " suppress=" + eventtime::to_string(pattern.suppress->duration);
    for (const Expr& by : pattern.suppress->by) out += " by " + dump(by);
  }
  for (const auto& meta : pattern.meta) out += " meta " + meta.name.text + "=" + dump(meta.value);
  return out + ")";
}

}  // namespace

std::string dump(const Expr& expr) {
  if (expr.kind <= ExprKind::kDuration) return literal(expr);
  if (expr.kind == ExprKind::kField) return expr.text;
  if (expr.kind == ExprKind::kMember) return expr.text + "." + expr.member.text;
  std::string out = expr.negated ? "(not-" : "(";
  out += word(expr.kind);
  if (expr.kind == ExprKind::kCall || expr.kind == ExprKind::kInList) out += " " + expr.text;
  for (const Expr& operand : expr.operands) out += " " + dump(operand);
  return out + ")";
}

std::string dump(const patterns::ast::Sequence& sequence) {
  std::string out = "[";
  for (const Element& element : sequence.elements) {
    if (&element != &sequence.elements.front()) out += " ";
    out += text_of(element, &element == &sequence.elements.front());
  }
  for (const NegationText& negation : sequence.trailing) out += " " + text_of(negation);
  return out + "]";
}

std::string dump(const patterns::ast::File& file) {
  std::string out;
  for (const auto& declaration : file.declarations) {
    if (declaration.event) out += text_of(*declaration.event);
    if (declaration.list) {
      const auto& list = *declaration.list;
      out += "(list " + list.name.text + " " + list.type.text + " " + in_quotes(list.path) + ")";
    }
    if (declaration.pattern) out += text_of(*declaration.pattern);
    out += "\n";
  }
  return out;
}

}  // namespace tocsin::test
