#include "patterns/syntax.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "eventtime/check.h"
#include "patterns/parser.h"

namespace tocsin::patterns {
namespace {

using ast::Expr;
using ast::ExprKind;

constexpr std::string_view kDurationHelp =
    "a duration has units: 250ms 5s 10m 1h30m 2d 1w, or in words: 10 minutes";
constexpr uint64_t kSmallestIntMagnitude = uint64_t{1} << 63;

// What people write who come from other languages.
std::string_view habit(const Token* at, std::string_view found) {
  if (found == "=") return "equality is written '=='";
  if (found == "<>") return "inequality is written '!='";
  if (found == "&&") return "write 'and'";
  if (found == "||") return "write 'or'";
  if (found == "!") return "write 'not'";
  if (found == ";") return "nothing is ended by ';' here: leave it out";
  const bool arrow = at->kind == TokenKind::kMinus && at[1].kind == TokenKind::kGreater;
  if (arrow && at->span.end == at[1].span.begin) return "write 'then'";
  if (found == "[" && at[-1].kind == TokenKind::kIn) return "write 'in (1, 2)'";
  if (found == "*" && at[-1].kind == TokenKind::kLeftParenthesis) {
    return "write the name of a step: count(v)";
  }
  return "";
}

// What may follow the clause that was read last, if it is not another clause.
std::string_view continuation(Clause clause) {
  switch (clause) {
    case Clause::kMatch:
      return "'then', 'next', ";
    case Clause::kHaving:
      return "an operator, ";
    case Clause::kWithin:
    case Clause::kSkip:
      return "";
    default:
      return "',', ";
  }
}

bool ends_operand(TokenKind kind) {
  switch (kind) {
    case TokenKind::kName:
    case TokenKind::kString:
    case TokenKind::kInt:
    case TokenKind::kFloat:
    case TokenKind::kDuration:
    case TokenKind::kRightParenthesis:
    case TokenKind::kTrue:
    case TokenKind::kFalse:
    case TokenKind::kNull:
      return true;
    default:
      return false;
  }
}

// Operands `first` to `last` of a chain as a balanced tree, left to right.
Expr balanced(ExprKind kind, std::vector<Expr>& operands, size_t first, size_t last) {
  if (last - first == 1) return std::move(operands[first]);
  const size_t middle = first + (last - first + 1) / 2;
  Expr node;
  node.kind = kind;
  node.operands.reserve(2);
  node.operands.push_back(balanced(kind, operands, first, middle));
  node.operands.push_back(balanced(kind, operands, middle, last));
  const Expr& left = node.operands[0];
  const Expr& right = node.operands[1];
  node.span = {left.span.begin, right.span.end};
  node.height = std::max(left.height, right.height) + 1;
  return node;
}

// `-5` is a literal, so that it can stand where only literals can.
bool negate_literal(Expr& expr) {
  const bool smallest = expr.integer == std::numeric_limits<int64_t>::min();
  switch (expr.kind) {
    case ExprKind::kInt:
    case ExprKind::kDuration:
      if (expr.integer < 0) return smallest;
      expr.integer = -expr.integer;
      return true;
    case ExprKind::kFloat:
      if (expr.number < 0) return false;
      expr.number = -expr.number;
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string_view spelling(Clause clause) {
  static constexpr std::string_view kNames[] = {
      "on",   "by",   "match",           "without",  "having", "within",
      "skip", "emit", "on timeout emit", "suppress", "meta"};
  return kNames[static_cast<size_t>(clause)];
}

// ---- messages ----

void Syntax::missed(const Token* at, std::string_view word) {
  if (at < furthest_) return;
  if (at > furthest_) missed_.clear();
  furthest_ = at;
  missed_.emplace_back(word);
}

void Syntax::fail_expected(const Token* at, std::string_view what) const {
  std::string found = shown(text(*at));
  std::string help(habit(at, text(*at)));
  if (at->kind == TokenKind::kEnd) {
    const bool last = file_.text().find_first_not_of(" \t\r\n", at->span.end) == std::string::npos;
    found = last ? "the end of the file" : "the end of the declaration";
  } else if (is_keyword(at->kind)) {
    found = "the keyword " + found;
    if (what.find("name") != std::string_view::npos) {
      help = "a name that is also a keyword is written in back-quotes: `" + std::string(text(*at)) +
             "`";
    }
  } else if (what.starts_with("a duration") && at->kind == TokenKind::kInt) {
    static const std::vector<std::string> units = {"seconds", "minutes",      "hours",       "days",
                                                   "weeks",   "milliseconds", "microseconds"};
    if (at[1].kind == TokenKind::kName) help = did_you_mean(text(at[1]), units);
    if (help.empty()) help = kDurationHelp;
  } else if (at->kind == TokenKind::kName && at == furthest_ && found.size() > 4) {
    help = did_you_mean(text(*at), missed_);
  }
  std::string expected(what);
  if (what == kClauseOrEnd && !clauses_.empty()) expected.insert(0, continuation(clauses_.back()));
  throw SyntaxError{at->span, "syntax", "expected " + expected + ", found " + found,
                    std::move(help)};
}

void Syntax::fail(Span span, std::string message, std::string help) const {
  throw SyntaxError{span, "syntax", std::move(message), std::move(help)};
}

void Syntax::report(const SyntaxError& error) {
  diagnostics_.error(error.span, error.code, error.message, error.help);
}

// ---- values of tokens ----

bool Syntax::is_name(const Token* at) const {
  if (at->kind == TokenKind::kName) return true;
  // `in` is a natural name for one side of a transfer, and clear where `.` or `:` follows.
  return at->kind == TokenKind::kIn &&
         (at[1].kind == TokenKind::kDot || at[1].kind == TokenKind::kColon);
}

bool Syntax::is_word(const Token* at, std::string_view word) const {
  return at->kind == TokenKind::kName && text(*at) == word;
}

ast::Name Syntax::name(const Token& token) const {
  return {unquote(text(token)), token.span};
}

uint32_t Syntax::count(const Token* at) {
  uint32_t value = 0;
  const std::string_view digits = text(*at);
  if (std::from_chars(digits.begin(), digits.end(), value).ec != std::errc()) {
    fail(at->span, "the number of rounds " + shown(digits) + " is too large", {});
  }
  return value;
}

size_t Syntax::duration_tokens(const Token* at) const {
  if (at->kind == TokenKind::kDuration) return 1;
  size_t tokens = 0;
  while (at[tokens].kind == TokenKind::kInt && at[tokens + 1].kind == TokenKind::kName &&
         !unit_suffix(text(at[tokens + 1])).empty()) {
    tokens += 2;
  }
  return tokens;
}

ast::Duration Syntax::duration(const Token* at, size_t tokens) {
  std::string written(text(*at));
  if (tokens > 1) {
    written.clear();
    for (size_t i = 0; i < tokens; i += 2) {
      written += text(at[i]);
      written += unit_suffix(text(at[i + 1]));
    }
  }
  const std::optional<ast::Duration> value = eventtime::parse_duration(written);
  // The lexer has reported a single token that is no duration.
  if (!value && tokens > 1) {
    diagnostics_.error({at->span.begin, at[tokens - 1].span.end}, "number",
                       "this is no duration: units fall from left to right, and it has 64 bits",
                       "1 hour 30 minutes is 1h30m");
  }
  return value.value_or(ast::Duration{});
}

Expr Syntax::literal(const Token* at) {
  Expr expr;
  const std::string_view written = text(*at);
  switch (at->kind) {
    case TokenKind::kInt: {
      uint64_t value = 0;
      std::from_chars(written.begin(), written.end(), value);
      const bool negative = at[-1].kind == TokenKind::kMinus && !ends_operand(at[-2].kind);
      if (value == kSmallestIntMagnitude && !negative) {
        diagnostics_.error(at->span, "number",
                           "the number " + shown(written) + " does not fit in 64 bits", {});
      }
      expr.kind = ExprKind::kInt;
      expr.integer = static_cast<int64_t>(value);
      break;
    }
    case TokenKind::kFloat:
      expr.kind = ExprKind::kFloat;
      std::from_chars(written.begin(), written.end(), expr.number);
      break;
    case TokenKind::kString:
      expr.kind = ExprKind::kString;
      expr.text = string(*at);
      break;
    case TokenKind::kTrue:
    case TokenKind::kFalse:
      expr.kind = ExprKind::kBool;
      expr.integer = at->kind == TokenKind::kTrue ? 1 : 0;
      break;
    default:
      break;  // null
  }
  return expr;
}

// ---- nodes of the tree ----

ExprKind operator_kind(TokenKind kind) {
  switch (kind) {
    case TokenKind::kEqual:
      return ExprKind::kEqual;
    case TokenKind::kNotEqual:
      return ExprKind::kNotEqual;
    case TokenKind::kLess:
      return ExprKind::kLess;
    case TokenKind::kLessEqual:
      return ExprKind::kLessEqual;
    case TokenKind::kGreater:
      return ExprKind::kGreater;
    case TokenKind::kGreaterEqual:
      return ExprKind::kGreaterEqual;
    case TokenKind::kPlus:
      return ExprKind::kAdd;
    case TokenKind::kMinus:
      return ExprKind::kSubtract;
    case TokenKind::kStar:
      return ExprKind::kMultiply;
    case TokenKind::kSlash:
      return ExprKind::kDivide;
    default:
      TOCSIN_CHECK(kind == TokenKind::kPercent, "an operator of two operands");
      return ExprKind::kModulo;
  }
}

void Syntax::raise(Expr& expr, const Token* at) const {
  expr.height = 1;
  for (const Expr& operand : expr.operands) {
    expr.height = std::max(expr.height, operand.height + 1);
  }
  if (expr.height > kMaxExprHeight) {
    const bool is_sum = expr.kind >= ExprKind::kAdd && expr.kind <= ExprKind::kModulo;
    throw SyntaxError{at->span, "limit",
                      "the expression is too deep: more than " + std::to_string(kMaxExprHeight) +
                          " operators hang on each other",
                      is_sum ? "a long sum can be split: (a + b + ...) + (c + d + ...)" : ""};
  }
}

Expr Syntax::chain(ExprKind kind, std::vector<Expr> operands, const Token* at) const {
  Expr expr = balanced(kind, operands, 0, operands.size());
  if (operands.size() > 1) raise(expr, at);
  return expr;
}

void Syntax::attach_left(Expr& left, Expr tail, const Token* at) const {
  tail.operands.insert(tail.operands.begin(), std::move(left));
  tail.span.begin = tail.operands[0].span.begin;
  raise(tail, at);
  left = std::move(tail);
}

void Syntax::prefix(Expr& operand, ExprKind kind, const Token* first, const Token* last) const {
  for (const Token* at = last; at != first; --at) {
    const Token& sign = at[-1];
    if (kind == ExprKind::kNegate && at == last && negate_literal(operand)) {
      operand.span.begin = sign.span.begin;
      continue;
    }
    Expr node;
    node.kind = kind;
    node.span = {sign.span.begin, operand.span.end};
    node.operands.push_back(std::move(operand));
    raise(node, &sign);
    operand = std::move(node);
  }
}

// ---- sequences ----

void Syntax::set_quantifier(ast::Element& element, ast::Quantifier quantifier) const {
  const bool suffixed = element.loop_contiguity || element.longest || element.until || element.in;
  if (element.quantifier && !suffixed) {
    const bool is_step = element.kind == ast::ElementKind::kStep;
    const uint32_t begin = is_step ? element.step.span.begin : element.span.begin;
    const std::string_view inner = file_.text({begin, element.quantifier->span.end});
    fail(quantifier.span, "a quantifier on a quantifier",
         "write (" + std::string(inner) + ")" + std::string(file_.text(quantifier.span)));
  }
  if (suffixed) {
    fail(quantifier.span, "the quantifier must come directly behind the element",
         "suffixes come in this order: the quantifier, then 'strict' or 'any', 'longest', "
         "'until', 'in'");
  }
  element.quantifier = quantifier;
}

void Syntax::set_loop(ast::Element& element, ast::Contiguity contiguity, const Token* at) const {
  if (element.loop_contiguity && *element.loop_contiguity != contiguity) {
    fail(at->span, "a loop is either 'strict' or 'any'", "leave one of them out");
  }
  check_once(element.loop_contiguity.has_value(), at);
  element.loop_contiguity = contiguity;
}

void Syntax::check_once(bool written, const Token* at) const {
  if (written) fail(at->span, shown(text(*at)) + " is written twice", "leave one of them out");
}

void Syntax::add_negation(SequenceText& building, ast::NegationText negation,
                          const Token* end) const {
  const bool begins = building.sequence.elements.empty() && building.pending.empty();
  if (begins && groups_ > 0) {
    fail(negation.span, "a negation cannot begin a group",
         "write it before the group: then not ... then ( ... )");
  }
  if (begins && !negation.duration) {
    fail(negation.span, "a negation can begin a pattern only with 'for': how far it looks back",
         "write 'not x: T for 12h then ...'");
  }
  if (!begins && building.connector.contiguity == ast::Contiguity::kAny) {
    fail(building.connector.span, "'then any' cannot come before a negation",
         "write 'then not x then any ...'");
  }
  switch (end->kind) {
    case TokenKind::kQuestion:
    case TokenKind::kStar:
    case TokenKind::kPlus:
    case TokenKind::kLeftBrace:
      fail(end->span, "a negation takes one step, without a quantifier", {});
    default:
      break;
  }
  if (!begins) {
    negation.next = building.connector.contiguity == ast::Contiguity::kStrict;
    negation.span.begin = building.connector.span.begin;
  }
  building.pending.push_back(std::move(negation));
}

void Syntax::add_element(SequenceText& building, ast::Element element) const {
  element.connector = building.connector.contiguity;
  element.connector_span = building.connector.span;
  element.negations = std::move(building.pending);
  building.pending.clear();
  building.sequence.elements.push_back(std::move(element));
}

ast::Sequence Syntax::finish(SequenceText& building, const Token* end) const {
  if (building.sequence.elements.empty())
    fail_expected(end, "'then' and an element to look back from");
  building.sequence.trailing = std::move(building.pending);
  building.sequence.span = building.span;
  return std::move(building.sequence);
}

void Syntax::check_part(const ast::Sequence& part, const Token* at) const {
  if (part.elements.size() == 1 && part.trailing.empty() && part.elements[0].negations.empty()) {
    return;
  }
  fail(at->span, "the parts of '&' are single elements",
       "put a sequence into parentheses: (" + std::string(file_.text(part.span)) + ")");
}

// ---- clauses ----

void Syntax::begin_clause(ast::PatternDecl& pattern, Clause clause, const Token* first) {
  pattern.keywords.push_back(first->span);
  const std::string name = "'" + std::string(spelling(clause)) + "'";
  const auto later = std::find_if(clauses_.begin(), clauses_.end(),
                                  [clause](Clause other) { return other > clause; });
  if (std::find(clauses_.begin(), clauses_.end(), clause) != clauses_.end()) {
    report({first->span, "clause-order", name + " is written twice",
            "a pattern has each clause once"});
  } else if (later != clauses_.end()) {
    report({first->span, "clause-order",
            name + " must come before '" + std::string(spelling(*later)) + "'",
            "clauses come in this order: on, by, match, without, having, within, skip, emit, "
            "on timeout emit, suppress, meta"});
  }
  clauses_.push_back(clause);
}

void Syntax::check_clauses(const ast::PatternDecl& pattern) {
  if (std::find(clauses_.begin(), clauses_.end(), Clause::kMatch) != clauses_.end()) return;
  diagnostics_.error(pattern.name.span, "syntax",
                     "the pattern " + shown(pattern.name.text) + " has no 'match'",
                     "write what to look for: match a: Type[condition] then b: Type");
}

}  // namespace tocsin::patterns
