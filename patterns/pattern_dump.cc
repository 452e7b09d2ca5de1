#include "patterns/pattern_dump.h"

#include <array>
#include <string_view>

#include "eventtime/check.h"
#include "eventtime/value.h"
#include "patterns/functions.h"

namespace tocsin::patterns {
namespace {

using eventtime::EventSchema;

struct Symbol {
  Op op;
  std::string_view name;  // in dumps
  std::string_view text;  // in the language
  int precedence;
};
constexpr int kPrimary = 8;
constexpr std::array<Symbol, 21> kSymbols = {{
    {Op::kOr, "or", "or", 1},
    {Op::kAnd, "and", "and", 2},
    {Op::kNot, "not", "not", 3},
    {Op::kEqual, "equal", "==", 4},
    {Op::kNotEqual, "not_equal", "!=", 4},
    {Op::kLess, "less", "<", 4},
    {Op::kLessEqual, "less_equal", "<=", 4},
    {Op::kGreater, "greater", ">", 4},
    {Op::kGreaterEqual, "greater_equal", ">=", 4},
    {Op::kIsNull, "is_null", "is null", 4},
    {Op::kIsNotNull, "is_not_null", "is not null", 4},
    {Op::kIn, "in", "in", 4},
    {Op::kInList, "in_list", "in", 4},
    {Op::kLike, "like", "like", 4},
    {Op::kILike, "ilike", "ilike", 4},
    {Op::kMatches, "matches", "matches", 4},
    {Op::kAdd, "add", "+", 5},
    {Op::kSubtract, "subtract", "-", 5},
    {Op::kMultiply, "multiply", "*", 6},
    {Op::kDivide, "divide", "/", 6},
    {Op::kModulo, "modulo", "%", 6},
}};

const Symbol* find_symbol(Op op) {
  for (const Symbol& symbol : kSymbols) {
    if (symbol.op == op) return &symbol;
  }
  return nullptr;
}

std::string string_literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out += c;
    if (c == '\'') out += '\'';
  }
  return out + "'";
}

std::string literal_text(const Expr& expr) {
  std::string out;
  switch (expr.type) {
    case Type::kNull:
      return "null";
    case Type::kBool:
      return expr.integer != 0 ? "true" : "false";
    case Type::kInt:
      return std::to_string(expr.integer);
    case Type::kFloat:
      eventtime::append_float(out, expr.number);
      return out;
    case Type::kString:
      return string_literal(expr.text);
    case Type::kTimestamp:
      return "timestamp('" + to_string(eventtime::Timestamp{expr.integer}) + "')";
    case Type::kDuration:
      return to_string(Duration{expr.integer});
  }
  return out;
}

// Fields, captures, literals: what has no operands.
std::string leaf_text(const Expr& expr, const Pattern& pattern, const EventSchema* tested) {
  switch (expr.op) {
    case Op::kLiteral:
      return literal_text(expr);
    case Op::kField:
      TOCSIN_CHECK(tested != nullptr, "a condition tests an event");
      return tested->fields[expr.index].name;
    case Op::kTestedTime:
      return "time()";
    case Op::kCapture:
      return to_string(pattern.captures[expr.index], pattern);
    case Op::kKey:
      return pattern.by[expr.index].name;
    default:
      TOCSIN_CHECK(false, "an expression without operands");
  }
}

bool is_leaf(const Expr& expr) {
  return expr.op <= Op::kKey;
}

class Printer {
 public:
  Printer(const Pattern& pattern, const EventSchema* tested) : pattern_(pattern), tested_(tested) {}

  // In parentheses if it binds less tightly than `least`.
  void print(const Expr& expr, int least) {
    if (expr.op == Op::kToFloat) return print(expr.operands[0], least);
    const int precedence = precedence_of(expr);
    if (precedence < least) out_ += '(';
    print_bare(expr, precedence);
    if (precedence < least) out_ += ')';
  }

  std::string take() { return std::move(out_); }

 private:
  static int precedence_of(const Expr& expr) {
    if (expr.op == Op::kNegate) return 7;
    const Symbol* symbol = find_symbol(expr.op);
    return symbol == nullptr ? kPrimary : symbol->precedence;
  }

  void print_bare(const Expr& expr, int precedence) {
    if (is_leaf(expr)) {
      out_ += leaf_text(expr, pattern_, tested_);
      return;
    }
    const Symbol* symbol = find_symbol(expr.op);
    if (expr.op == Op::kNegate) {
      out_ += '-';
      print(expr.operands[0], precedence);
    } else if (symbol == nullptr) {
      out_ += function_name(expr.op);
      print_list(expr, 0);
    } else if (expr.op == Op::kNot) {
      out_ += "not ";
      print(expr.operands[0], precedence);
    } else {
      print(expr.operands[0], precedence == 4 ? 5 : precedence);
      out_ += ' ';
      out_ += symbol->text;
      if (expr.op == Op::kIsNull || expr.op == Op::kIsNotNull) return;
      out_ += ' ';
      if (expr.op == Op::kInList) {
        out_ += expr.text;
        return;
      }
      // A chain of `and` or `or` reads the same however it is grouped.
      const bool associative = expr.op == Op::kAnd || expr.op == Op::kOr;
      expr.op == Op::kIn ? print_list(expr, 1)
                         : print(expr.operands[1], associative ? precedence : precedence + 1);
    }
  }

  void print_list(const Expr& expr, size_t first) {
    out_ += '(';
    for (size_t i = first; i < expr.operands.size(); ++i) {
      if (i > first) out_ += ", ";
      print(expr.operands[i], 0);
    }
    out_ += ')';
  }

  const Pattern& pattern_;
  const EventSchema* tested_;
  std::string out_;
};

void append_quantifier(std::string& out, const Element& element) {
  const uint32_t minimum = element.minimum;
  const std::optional<uint32_t>& maximum = element.maximum;
  if (minimum == 1 && maximum == 1U) return;
  if (minimum == 0 && maximum == 1U) {
    out += '?';
  } else if (minimum == 0 && !maximum) {
    out += '*';
  } else if (minimum == 1 && !maximum) {
    out += '+';
  } else {
    out += '{' + std::to_string(minimum);
    if (maximum != minimum) out += ',';
    if (maximum && *maximum != minimum) out += std::to_string(*maximum);
    out += '}';
  }
  if (element.reluctant) out += '?';
}

std::string_view connector_text(Contiguity contiguity) {
  switch (contiguity) {
    case Contiguity::kRelaxed:
      return " then ";
    case Contiguity::kStrict:
      return " next ";
    case Contiguity::kAny:
      return " then any ";
  }
  return {};
}

void append_step(std::string& out, const Step& step, const Pattern& pattern,
                 const Catalog& catalog) {
  const EventSchema& schema = catalog.types[step.type];
  out += pattern.variables[step.variable].name + ": " + schema.name;
  if (step.condition) out += '[' + to_string(*step.condition, pattern, &schema) + ']';
}

void append_negations(std::string& out, const std::vector<Negation>& negations,
                      const Pattern& pattern, const Catalog& catalog) {
  for (const Negation& negation : negations) {
    if (!out.empty() && out.back() != ' ') out += negation.next ? " next " : " then ";
    out += "not ";
    append_step(out, negation.step, pattern, catalog);
    if (negation.duration) out += " for " + to_string(*negation.duration);
  }
}

void append_element(std::string& out, const Element& element, const Pattern& pattern,
                    const Catalog& catalog) {
  if (element.kind == ElementKind::kStep) {
    append_step(out, element.step, pattern, catalog);
  } else {
    for (size_t i = 0; i < element.alternatives.size(); ++i) {
      out += i == 0 ? "( " : element.kind == ElementKind::kAll ? " & " : " | ";
      out += to_string(element.alternatives[i], pattern, catalog);
    }
    out += " )";
  }
  append_quantifier(out, element);
  if (element.loop == Contiguity::kStrict) out += " strict";
  if (element.loop == Contiguity::kAny) out += " any";
  if (element.longest) out += " longest";
  if (!element.until.empty()) {
    const Step& until = element.until[0];
    out += " until [" + to_string(*until.condition, pattern, &catalog.types[until.type]) + ']';
  }
  if (element.in) out += " in " + to_string(*element.in);
}

void append_dump(std::string& out, const Expr& expr, const Pattern& pattern,
                 const EventSchema* tested) {
  const std::string type = ":" + std::string(to_string(expr.type));
  if (is_leaf(expr)) {
    out += leaf_text(expr, pattern, tested) + type;
    return;
  }
  const Symbol* symbol = find_symbol(expr.op);
  out += '(';
  if (expr.op == Op::kToFloat) {
    out += "to_float";
  } else if (expr.op == Op::kNegate) {
    out += "negate";
  } else {
    out += symbol != nullptr ? symbol->name : function_name(expr.op);
  }
  out += type;
  for (const Expr& operand : expr.operands) {
    out += ' ';
    append_dump(out, operand, pattern, tested);
  }
  out += ')';
}

}  // namespace

std::string to_string(const Expr& expr, const Pattern& pattern, const EventSchema* tested) {
  Printer printer(pattern, tested);
  printer.print(expr, 0);
  return printer.take();
}

std::string to_string(const Sequence& sequence, const Pattern& pattern, const Catalog& catalog) {
  std::string out;
  for (const Element& element : sequence.elements) {
    append_negations(out, element.negations, pattern, catalog);
    if (!out.empty()) out += connector_text(element.connector);
    append_element(out, element, pattern, catalog);
  }
  append_negations(out, sequence.trailing, pattern, catalog);
  return out;
}

std::string to_string(const Capture& capture, const Pattern& pattern) {
  const std::string variable =
      capture.variable == Capture::kPrevious ? "prev" : pattern.variables[capture.variable].name;
  if (capture.kind == CaptureKind::kLast) return variable + "." + capture.field;
  if (capture.kind == CaptureKind::kLastTime) return "time(" + variable + ")";
  std::string out(aggregate_name(capture.kind));
  out += '(' + variable;
  if (!capture.field.empty()) out += "." + capture.field;
  return out + ')';
}

std::string dump(const Expr& expr, const Pattern& pattern, const EventSchema* tested) {
  std::string out;
  append_dump(out, expr, pattern, tested);
  return out;
}

std::string to_string(SkipKind skip) {
  switch (skip) {
    case SkipKind::kPastLast:
      return "past last";
    case SkipKind::kToNext:
      return "to next";
    case SkipKind::kToFirst:
      return "to first";
    case SkipKind::kToLast:
      return "to last";
    case SkipKind::kNone:
      return "none";
  }
  return "?";
}

}  // namespace tocsin::patterns
