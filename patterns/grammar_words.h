// The words of the grammar: tokens as Spirit parsers, and the directives that its rules use.
// A part of grammar.cc, which alone includes it.
//
// `need(rule, "what")` is a rule that must match here, else reading stops with "expected what,
// found ...". It stands wherever no other alternative is left, so the rules never go back over more
// than a token or two, and reading is linear in the text.
#pragma once

#include <algorithm>
#include <type_traits>

#include <boost/spirit/home/x3.hpp>

#include "patterns/ast.h"
#include "patterns/syntax.h"
#include "patterns/token.h"

namespace tocsin::patterns::grammar {

namespace x3 = boost::spirit::x3;
using ast::Expr;
using ast::ExprKind;
using It = const Token*;
using Kind = TokenKind;

struct SyntaxTag;
template <class Context>
Syntax& syntax(const Context& context) {
  return x3::get<SyntaxTag>(context);
}

struct Word : x3::parser<Word> {  // a keyword or punctuation
  using attribute_type = x3::unused_type;
  static constexpr bool has_attribute = false;
  Kind kind;
  explicit Word(Kind word) : kind(word) {}

  template <class Context, class RuleContext, class Attribute>
  bool parse(It& first, const It&, const Context& context, const RuleContext&, Attribute&) const {
    if (first->kind != kind) {
      if (is_keyword(kind)) syntax(context).missed(first, spelling(kind));
      return false;
    }
    ++first;
    return true;
  }
};

struct PlainWord : x3::parser<PlainWord> {  // a word that is no keyword elsewhere
  using attribute_type = x3::unused_type;
  static constexpr bool has_attribute = false;
  std::string_view word;
  explicit PlainWord(std::string_view text) : word(text) {}

  template <class Context, class RuleContext, class Attribute>
  bool parse(It& first, const It&, const Context& context, const RuleContext&, Attribute&) const {
    if (!syntax(context).is_word(first, word)) {
      syntax(context).missed(first, word);
      return false;
    }
    ++first;
    return true;
  }
};

// A terminal with a value: `Read::tokens` says how many tokens it takes, `Read::value` what it is.
template <class Read>
struct Terminal : x3::parser<Terminal<Read>> {
  using attribute_type = typename Read::Value;
  static constexpr bool has_attribute = true;

  template <class Context, class RuleContext, class Attribute>
  bool parse(It& first, const It&, const Context& context, const RuleContext&,
             Attribute& attribute) const {
    const size_t tokens = Read::tokens(syntax(context), first);
    if (tokens == 0) return false;
    if constexpr (!std::is_same_v<std::remove_cv_t<Attribute>, x3::unused_type>) {
      attribute = Read::value(syntax(context), first, tokens);
    }
    first += tokens;
    return true;
  }
};

struct ReadName {
  using Value = ast::Name;
  static size_t tokens(Syntax& syntax, It at) { return syntax.is_name(at) ? 1 : 0; }
  static Value value(Syntax& syntax, It at, size_t) { return syntax.name(*at); }
};
struct ReadString {
  using Value = std::string;
  static size_t tokens(Syntax&, It at) { return at->kind == Kind::kString ? 1 : 0; }
  static Value value(Syntax& syntax, It at, size_t) { return syntax.string(*at); }
};
struct ReadCount {
  using Value = uint32_t;
  static size_t tokens(Syntax&, It at) { return at->kind == Kind::kInt ? 1 : 0; }
  static Value value(Syntax& syntax, It at, size_t) { return syntax.count(at); }
};
struct ReadDuration {
  using Value = ast::Duration;
  static size_t tokens(Syntax& syntax, It at) { return syntax.duration_tokens(at); }
  static Value value(Syntax& syntax, It at, size_t tokens) { return syntax.duration(at, tokens); }
};
struct ReadLiteral {
  using Value = Expr;
  static size_t tokens(Syntax& syntax, It at) {
    const Kind kind = at->kind;
    const bool single = kind == Kind::kInt || kind == Kind::kFloat || kind == Kind::kString ||
                        kind == Kind::kTrue || kind == Kind::kFalse || kind == Kind::kNull;
    return std::max(syntax.duration_tokens(at), size_t{single});
  }
  static Value value(Syntax& syntax, It at, size_t tokens) {
    Expr expr;
    if (syntax.duration_tokens(at) > 0) {
      expr.kind = ExprKind::kDuration;
      expr.integer = syntax.duration(at, tokens).micros;
    } else {
      expr = syntax.literal(at);
    }
    expr.span = {at->span.begin, at[tokens - 1].span.end};
    return expr;
  }
};
template <Kind kFirst, Kind kLast>
struct ReadOperator {
  using Value = Kind;
  static size_t tokens(Syntax&, It at) { return at->kind >= kFirst && at->kind <= kLast ? 1 : 0; }
  static Value value(Syntax&, It at, size_t) { return at->kind; }
};

template <class Subject>
struct Need : x3::unary_parser<Subject, Need<Subject>> {
  using Base = x3::unary_parser<Subject, Need<Subject>>;
  static constexpr bool is_pass_through_unary = true;
  const char* what;
  Need(const Subject& inner, const char* expected) : Base(inner), what(expected) {}

  template <class Context, class RuleContext, class Attribute>
  bool parse(It& first, const It& last, const Context& context, RuleContext& rule_context,
             Attribute& attribute) const {
    if (this->subject.parse(first, last, context, rule_context, attribute)) return true;
    syntax(context).fail_expected(first, what);
  }
};
template <class Subject>
auto need(const Subject& subject, const char* what) {
  using Parser = typename x3::extension::as_parser<Subject>::value_type;
  return Need<Parser>(x3::as_parser(subject), what);
}

// Around the right side of a rule: what is to be done with its node when all of it has been read.
template <class Subject, class Finish>
struct Finished : x3::unary_parser<Subject, Finished<Subject, Finish>> {
  using Base = x3::unary_parser<Subject, Finished<Subject, Finish>>;
  Finish finish;
  Finished(const Subject& inner, Finish last_step) : Base(inner), finish(last_step) {}

  template <class Context, class Node, class Attribute>
  bool parse(It& first, const It& last, const Context& context, Node& node,
             Attribute& attribute) const {
    const It begin = first;
    if (!this->subject.parse(first, last, context, node, attribute)) return false;
    finish(syntax(context), node, begin, first);
    return true;
  }
};
template <class Finish, class Subject>
auto finished(Finish finish, const Subject& subject) {
  return Finished<Subject, Finish>(subject, finish);
}
constexpr auto set_span = [](Syntax&, auto& node, It first, It last) {
  node.span = {first->span.begin, last[-1].span.end};
};
template <class Subject>
auto spanned(const Subject& subject) {
  return finished(set_span, subject);
}

inline const Word event_{Kind::kEvent}, list_{Kind::kList}, pattern_{Kind::kPattern},
    on_{Kind::kOn}, by_{Kind::kBy}, match_{Kind::kMatch}, without_{Kind::kWithout},
    having_{Kind::kHaving}, within_{Kind::kWithin}, skip_{Kind::kSkip}, emit_{Kind::kEmit},
    suppress_{Kind::kSuppress}, meta_{Kind::kMeta}, then_{Kind::kThen}, next_{Kind::kNext},
    any_{Kind::kAny}, not_{Kind::kNot}, for_{Kind::kFor}, strict_{Kind::kStrict},
    longest_{Kind::kLongest}, until_{Kind::kUntil}, in_{Kind::kIn}, and_{Kind::kAnd},
    or_{Kind::kOr}, like_{Kind::kLike}, ilike_{Kind::kILike}, matches_{Kind::kMatches},
    is_{Kind::kIs}, null_{Kind::kNull}, between_{Kind::kBetween};
inline const Word lparen{Kind::kLeftParenthesis}, rparen{Kind::kRightParenthesis},
    lbracket{Kind::kLeftBracket}, rbracket{Kind::kRightBracket}, lbrace{Kind::kLeftBrace},
    rbrace{Kind::kRightBrace}, comma{Kind::kComma}, colon{Kind::kColon}, question{Kind::kQuestion},
    dot{Kind::kDot}, bar{Kind::kBar}, ampersand{Kind::kAmpersand}, plus{Kind::kPlus},
    minus{Kind::kMinus}, star{Kind::kStar}, end_{Kind::kEnd};
inline const PlainWord time_{"time"}, from_{"from"}, past_{"past"}, to_{"to"}, first_{"first"},
    last_{"last"}, none_{"none"}, leftmost_{"leftmost"}, timeout_{"timeout"};
inline const Terminal<ReadName> name;
inline const Terminal<ReadString> string;
inline const Terminal<ReadCount> count;
inline const Terminal<ReadDuration> duration;
inline const Terminal<ReadLiteral> literal;
inline const Terminal<ReadOperator<Kind::kEqual, Kind::kGreaterEqual>> comparison_operator;
inline const Terminal<ReadOperator<Kind::kPlus, Kind::kMinus>> sum_operator;
inline const Terminal<ReadOperator<Kind::kStar, Kind::kPercent>> product_operator;

}  // namespace tocsin::patterns::grammar
