#include "tests/support/random_tree.h"

#include <random>
#include <utility>

namespace tocsin::test {
namespace {

using namespace patterns::ast;  // NOLINT: all of the tree is built here

class Generator {
 public:
  explicit Generator(uint64_t seed) : engine_(seed) {}

  File file() {
    File out;
    for (size_t n = below(4); n > 0; --n) {
      Declaration declaration;
      switch (below(3)) {
        case 0:
          declaration.event = event();
          break;
        case 1:
          declaration.list = ListDecl{name(), name(), text(), {}};
          break;
        default:
          declaration.pattern = pattern();
      }
      out.declarations.push_back(std::move(declaration));
    }
    return out;
  }

 private:
  // Not a distribution of the library: those differ between libraries.
  size_t below(size_t limit) { return static_cast<size_t>(engine_() % limit); }
  bool chance() { return below(2) == 0; }

  Name name() {
    static constexpr const char* kNames[] = {"a",          "b",   "card",  "amount", "in",  "match",
                                             "with space", "a`b", "first", "time",   "any", "ü",
                                             "event",      "x_1", "none",  "minutes"};
    return {kNames[below(std::size(kNames))], {}};
  }
  std::string text() {
    static constexpr const char* kTexts[] = {"",     "plain", "it's", "say \"x\"", "'\"",
                                             "\\d+", "// no", "`",    "a%_",       "ü€😀"};
    return kTexts[below(std::size(kTexts))];
  }
  Duration duration() {
    static constexpr int64_t kMicros[] = {0, 1, 250000, 5000000, 5400000000, 694861001001};
    return {kMicros[below(std::size(kMicros))]};
  }

  Expr node(ExprKind kind, std::vector<Expr> operands = {}) {
    Expr out;
    out.kind = kind;
    out.operands = std::move(operands);
    return out;
  }
  Expr literal() {
    Expr out = node(static_cast<ExprKind>(below(6)));
    switch (out.kind) {
      case ExprKind::kBool:
        out.integer = static_cast<int64_t>(below(2));
        break;
      case ExprKind::kInt:
        out.integer = static_cast<int64_t>(engine_() >> below(64)) * (chance() ? 1 : -1);
        break;
      case ExprKind::kFloat:
        out.number = static_cast<double>(static_cast<int64_t>(engine_())) / 1024.0;
        break;
      case ExprKind::kString:
        out.text = text();
        break;
      case ExprKind::kDuration:
        out.integer = duration().micros * (chance() ? 1 : -1);
        break;
      default:
        break;
    }
    return out;
  }
  Expr primary(size_t depth) {
    switch (depth == 0 ? below(3) : below(5)) {
      case 0:
        return literal();
      case 1: {
        Expr field = node(ExprKind::kField);
        field.text = name().text;
        return field;
      }
      case 2: {
        Expr member = node(ExprKind::kMember);
        member.text = name().text;
        member.member = name();
        return member;
      }
      case 3: {
        Expr call = node(ExprKind::kCall);
        call.text = name().text;
        for (size_t n = below(4); n > 0; --n) call.operands.push_back(expr(depth - 1));
        return call;
      }
      default:
        return node(ExprKind::kParenthesis, {expr(depth - 1)});
    }
  }
  Expr binary(std::initializer_list<ExprKind> kinds, Expr left, Expr right) {
    return node(*(kinds.begin() + below(kinds.size())), {std::move(left), std::move(right)});
  }
  Expr unary(size_t depth) {
    Expr out = primary(depth);
    const bool literal = out.kind == ExprKind::kInt || out.kind == ExprKind::kFloat ||
                         out.kind == ExprKind::kDuration;
    // A minus before a literal would be read as a part of it.
    if (!literal && below(4) == 0) out = node(ExprKind::kNegate, {std::move(out)});
    return out;
  }
  Expr product(size_t depth) {
    Expr out = unary(depth);
    for (size_t n = below(3); n > 1; --n) {
      out = binary({ExprKind::kMultiply, ExprKind::kDivide, ExprKind::kModulo}, std::move(out),
                   unary(depth));
    }
    return out;
  }
  Expr sum(size_t depth) {
    Expr out = product(depth);
    for (size_t n = below(3); n > 1; --n) {
      out = binary({ExprKind::kAdd, ExprKind::kSubtract}, std::move(out), product(depth));
    }
    return out;
  }
  Expr comparison(size_t depth) {
    Expr left = sum(depth);
    Expr out;
    switch (below(8)) {
      case 0:
        out = binary({ExprKind::kEqual, ExprKind::kNotEqual, ExprKind::kLess, ExprKind::kLessEqual,
                      ExprKind::kGreater, ExprKind::kGreaterEqual},
                     std::move(left), sum(depth));
        return out;
      case 1:
        out = node(ExprKind::kIn, {std::move(left), expr(depth / 2), expr(depth / 2)});
        break;
      case 2:
        out = node(ExprKind::kInList, {std::move(left)});
        out.text = name().text;
        break;
      case 3:
        out = node(ExprKind::kBetween, {std::move(left), sum(depth), sum(depth)});
        break;
      case 4:
        out = binary({ExprKind::kLike, ExprKind::kILike, ExprKind::kMatches}, std::move(left),
                     sum(depth));
        break;
      case 5:
        out = node(ExprKind::kIsNull, {std::move(left)});
        break;
      default:
        return left;
    }
    out.negated = chance();
    return out;
  }
  Expr negation(size_t depth) {
    Expr out = comparison(depth);
    for (size_t n = below(4); n > 2; --n) out = node(ExprKind::kNot, {std::move(out)});
    return out;
  }
  // Two operands: a longer chain has one shape only, which the parser chooses.
  Expr conjunction(size_t depth) {
    Expr out = negation(depth);
    return below(3) > 0 ? out : binary({ExprKind::kAnd}, std::move(out), negation(depth));
  }
  Expr expr(size_t depth) {
    Expr out = conjunction(depth);
    return below(3) > 0 ? out : binary({ExprKind::kOr}, std::move(out), conjunction(depth));
  }
  std::optional<Expr> maybe_expr(size_t depth) {
    return chance() ? std::optional<Expr>(expr(depth)) : std::nullopt;
  }

  StepText step() {
    StepText out;
    out.variable = name();
    if (chance()) out.type = name();
    out.condition = maybe_expr(1);
    return out;
  }
  NegationText negation_text() {
    NegationText out;
    out.next = chance();
    out.step = step();
    if (chance()) out.duration = duration();
    return out;
  }
  Element element(size_t depth, bool first) {
    Element out;
    if (!first) {
      out.connector = static_cast<Contiguity>(below(3));
      for (size_t n = below(3); n > 1; --n) out.negations.push_back(negation_text());
    }
    out.kind = depth == 0 ? ElementKind::kStep : static_cast<ElementKind>(below(3));
    if (out.kind == ElementKind::kStep) {
      out.step = step();
    } else {
      const bool all = out.kind == ElementKind::kAll;
      for (size_t n = all ? 2 + below(2) : 1 + below(3); n > 0; --n) {
        out.alternatives.push_back(sequence(depth - 1, all ? 1 : 1 + below(3), all));
      }
    }
    if (chance()) {
      Quantifier quantifier;
      quantifier.minimum = static_cast<uint32_t>(below(3));
      quantifier.maximum = quantifier.minimum + static_cast<uint32_t>(below(3));
      if (chance()) quantifier.maximum = std::nullopt;
      quantifier.reluctant = chance();
      out.quantifier = quantifier;
    }
    if (below(4) == 0) out.loop_contiguity = chance() ? Contiguity::kStrict : Contiguity::kAny;
    out.longest = below(4) == 0;
    if (below(4) == 0) out.until = expr(1);
    if (below(4) == 0) out.in = duration();
    return out;
  }
  Sequence sequence(size_t depth, size_t elements, bool part = false) {
    Sequence out;
    for (size_t i = 0; i < elements; ++i) out.elements.push_back(element(depth, i == 0));
    if (!part && below(4) == 0) out.trailing.push_back(negation_text());
    return out;
  }

  EventDecl event() {
    EventDecl out;
    out.name = name();
    for (size_t n = below(4); n > 0; --n) {
      FieldDecl field;
      field.name = name();
      field.type = name();
      if (chance()) field.unit = name();
      field.nullable = chance();
      if (chance()) field.from = text();
      out.fields.push_back(std::move(field));
    }
    if (chance()) out.time = name();
    return out;
  }
  KeyDecl key() {
    KeyDecl out;
    out.name = name();
    for (size_t n = below(3); n > 0; --n) out.fields.push_back({name(), name()});
    if (out.fields.empty()) out.fields.push_back({{}, out.name});
    return out;
  }
  EmitClause emit() {
    EmitClause out;
    if (chance()) out.event = name();
    for (size_t n = 1 + below(3); n > 0; --n) out.values.push_back({name(), expr(1)});
    return out;
  }
  PatternDecl pattern() {
    PatternDecl out;
    out.name = name();
    if (chance()) out.description = text();
    for (size_t n = below(3); n > 0; --n) out.on.push_back(name());
    for (size_t n = below(3); n > 0; --n) out.by.push_back(key());
    out.match = sequence(1, 1 + below(4));
    if (below(4) == 0) {
      NegationText look_back = negation_text();
      look_back.next = false;
      look_back.duration = duration();
      out.match.elements[0].negations.push_back(std::move(look_back));
    }
    for (size_t n = below(3); n > 0; --n) {
      WithoutClause without;
      without.step = step();
      if (chance()) {
        without.after = name();
        without.before = name();
      }
      out.without.push_back(std::move(without));
    }
    out.having = maybe_expr(1);
    if (chance()) out.within = WithinClause{duration(), {}};
    if (chance()) {
      SkipClause skip;
      skip.kind = static_cast<SkipKind>(below(5));
      if (skip.kind == SkipKind::kToFirst || skip.kind == SkipKind::kToLast) skip.variable = name();
      skip.leftmost = chance();
      out.skip = skip;
    }
    if (chance()) out.emit = emit();
    if (chance()) out.on_timeout = emit();
    if (chance()) {
      out.suppress = SuppressClause{duration(), {}, {}};
      for (size_t n = below(3); n > 0; --n) out.suppress->by.push_back(expr(1));
    }
    for (size_t n = below(3); n > 0; --n) out.meta.push_back({name(), literal()});
    return out;
  }

  std::mt19937_64 engine_;
};

}  // namespace

patterns::ast::File random_tree(uint64_t seed) {
  return Generator(seed).file();
}

}  // namespace tocsin::test
