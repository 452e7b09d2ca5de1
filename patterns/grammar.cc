// The rules. Each has the node it makes as its attribute; actions in brackets fill it in.

#include "patterns/grammar.h"

#include "eventtime/check.h"
#include "patterns/grammar_actions.h"

namespace tocsin::patterns {
namespace {

using namespace grammar;  // NOLINT: the words and actions of this file

// ---- expressions ----

struct Disjunction;
struct Conjunction;
struct Negation;
struct Primary;
struct Unary;
struct Comparison;
struct Sum;
struct Product;
struct ComparisonTail;
struct Membership;
struct SumTail;
struct ProductTail;
struct Expression;
struct ConjunctionNode;

const x3::rule<Expression, Expr> expression = "expression";
const x3::rule<Disjunction, Chain> disjunction = "disjunction";
const x3::rule<ConjunctionNode, Expr> conjunction_node = "conjunction";
const x3::rule<Conjunction, Chain> conjunction = "conjunction";
const x3::rule<Negation, Expr> negation = "negation";
const x3::rule<Comparison, Expr> comparison = "comparison";
const x3::rule<ComparisonTail, Expr> comparison_tail = "comparison";
const x3::rule<Membership, Expr> membership = "membership";
const x3::rule<Sum, Expr> sum = "sum";
const x3::rule<SumTail, Expr> sum_tail = "sum";
const x3::rule<Product, Expr> product = "product";
const x3::rule<ProductTail, Expr> product_tail = "product";
const x3::rule<Unary, Expr> unary = "unary";
const x3::rule<Primary, Expr> primary = "primary";

const auto expression_def = disjunction[take_chain<ExprKind::kOr>];
const auto disjunction_def = conjunction_node[add<&Chain::operands>] >>
                             *(or_ >> need(conjunction_node,
                                           "an expression after 'or'")[add<&Chain::operands>]);
const auto conjunction_node_def = conjunction[take_chain<ExprKind::kAnd>];
const auto conjunction_def = negation[add<&Chain::operands>] >>
                             *(and_ >>
                               need(negation, "an expression after 'and'")[add<&Chain::operands>]);
const auto negation_def =
    finished(add_prefixes<ExprKind::kNot, Kind::kNot>,
             (+not_ >> need(comparison, "an expression after 'not'")[take]) | comparison[take]);
const auto comparison_def = sum[take] >>
                            -(comparison_tail[attach_left] >>
                              -(comparison_operator |
                                Terminal<ReadOperator<Kind::kIn, Kind::kIn>>())[refuse_comparison]);
const auto comparison_tail_def = spanned(
    (comparison_operator[take_operator] >>
     need(sum, "an expression after the comparison")[operand]) |
    (is_[kind<ExprKind::kIsNull>] >> -not_[put<&Expr::negated, true>] >>
     need(null_, "'null' or 'not null' after 'is'")) |
    (not_ >>
     need(membership, "'in', 'between', 'like', 'ilike' or 'matches' after 'not'")[take_negated]) |
    membership[take]);
const auto membership_def = spanned(
    (in_ >> ((lparen[kind<ExprKind::kIn>] >> need(expression, "a value after '('")[operand] >>
              *(comma >> need(expression, "a value after ','")[operand]) >>
              need(rparen, "an operator, ',' or ')' after the value")) |
             need(name, "'(' or the name of a list after 'in'")[take_list_name])) |
    (between_[kind<ExprKind::kBetween>] >> need(sum, "the lower bound after 'between'")[operand] >>
     need(and_, "an operator, or 'and' and the upper bound, after the lower bound") >>
     need(sum, "the upper bound after 'and'")[operand]) |
    (like_[kind<ExprKind::kLike>] >> need(sum, "a pattern after 'like'")[operand]) |
    (ilike_[kind<ExprKind::kILike>] >> need(sum, "a pattern after 'ilike'")[operand]) |
    (matches_[kind<ExprKind::kMatches>] >>
     need(sum, "a regular expression after 'matches'")[operand]));
const auto sum_def = product[take] >> *sum_tail[attach_left];
const auto sum_tail_def = spanned(sum_operator[take_operator] >>
                                  need(product, "an expression after the operator")[operand]);
const auto product_def = unary[take] >> *product_tail[attach_left];
const auto product_tail_def = spanned(product_operator[take_operator] >>
                                      need(unary, "an expression after the operator")[operand]);
const auto unary_def =
    finished(add_prefixes<ExprKind::kNegate, Kind::kMinus>,
             (+minus >> need(primary, "an expression after '-'")[take]) | primary[take]);
const auto primary_def = finished(
    finish_primary,
    literal[take] |
        (lparen >> need(expression, "an expression after '('")[take_parenthesis] >>
         need(rparen, "an operator or ')' after the expression")) |
        (name[take_name] >> -((lparen[begin_call] >>
                               ((expression[operand] >>
                                 *(comma >> need(expression, "an expression after ','")[operand]) >>
                                 need(rparen, "an operator, ',' or ')' after the argument")) |
                                need(rparen, "an argument or ')' after '('"))) |
                              (dot[kind<ExprKind::kMember>] >>
                               need(name, "the name of a field after '.'")[set<&Expr::member>] >>
                               -dot[refuse_path]))));

BOOST_SPIRIT_DEFINE(expression, disjunction, conjunction_node, conjunction, negation, comparison,
                    comparison_tail, membership, sum, sum_tail, product, product_tail, unary,
                    primary)

// ---- sequences ----

struct Condition;
struct StepRule;
struct QuantifierRule;
struct ElementRule;
struct ConnectorRule;
struct NegationRule;
struct SequenceTextRule;
struct SequenceRule;

const x3::rule<Condition, Expr> condition = "condition";
const x3::rule<StepRule, ast::StepText> step = "step";
const x3::rule<QuantifierRule, ast::Quantifier> quantifier = "quantifier";
const x3::rule<ElementRule, ast::Element> element = "element";
const x3::rule<ConnectorRule, Connector> connector = "connector";
const x3::rule<NegationRule, ast::NegationText> negated_step = "negation";
const x3::rule<SequenceTextRule, SequenceText> sequence_text = "sequence";
const x3::rule<SequenceRule, ast::Sequence> sequence = "sequence";

const auto condition_def = lbracket >> need(expression, "a condition after '['")[take] >>
                           need(rbracket, "an operator or ']' after the condition");
const auto step_def = spanned(
    name[set<&ast::StepText::variable>] >>
    ((colon >>
      ((name[set<&ast::StepText::type>] >> -condition[set<&ast::StepText::condition>]) |
       need(condition,
            "the name of an event type or '[' after ':'")[set<&ast::StepText::condition>])) |
     -condition[set<&ast::StepText::condition>]));
const auto quantifier_def = spanned(
    (question[put<&ast::Quantifier::minimum, 0U>] | star[at_least<0>] | plus[at_least<1>] |
     (lbrace >> need(count, "the number of rounds after '{': {n}, {n,} or {n,m}")[set_rounds] >>
      -(comma[set_between] >> -count[set<&ast::Quantifier::maximum>]) >>
      need(rbrace, "'}' after the number of rounds: {n}, {n,} or {n,m}"))) >>
    -question[put<&ast::Quantifier::reluctant, true>]);
const auto element_def = finished(
    finish_element,
    ((lparen[begin_group] >>
      need(sequence, "a step, a group or a negation after '('")[add<&ast::Element::alternatives>] >>
      (+(bar >> need(sequence, "an alternative after '|'")[add<&ast::Element::alternatives>]) |
       +(ampersand[begin_all] >> need(sequence, "an element after '&'")[add_part]) | x3::eps) >>
      need(rparen, "a connector, '|', '&' or ')' after the element")[end_group]) |
     step[set<&ast::Element::step>]) >>
        x3::eps[begin_suffixes] >>
        *(quantifier[set_quantifier] | strict_[set_loop<ast::Contiguity::kStrict>] |
          any_[set_loop<ast::Contiguity::kAny>] | longest_[set_longest] |
          (until_[begin_until] >>
           need(condition, "a condition in brackets after 'until'")[set<&ast::Element::until>]) |
          (in_[begin_in] >> need(duration, "a duration after 'in'")[set<&ast::Element::in>])));
const auto connector_def =
    spanned((then_ >> -any_[put<&Connector::contiguity, ast::Contiguity::kAny>]) |
            next_[put<&Connector::contiguity, ast::Contiguity::kStrict>]);
const auto negated_step_def =
    spanned(not_ >> need(step, "a single step after 'not'")[set<&ast::NegationText::step>] >>
            -(for_ >> need(duration, "a duration after 'for'")[set<&ast::NegationText::duration>]));
const auto sequence_text_def =
    spanned((element[add_element] | negated_step[add_negation] | connector[refuse_connector]) >>
            *(connector[set<&SequenceText::connector>] >>
              (negated_step[add_negation] |
               need(element, "a step, '(' or 'not' after the connector")[add_element])));
const auto sequence_def = sequence_text[take_sequence];

BOOST_SPIRIT_DEFINE(condition, step, quantifier, element, connector, negated_step, sequence_text,
                    sequence)

// ---- event and list ----

struct FieldRule;
struct EventFields;
struct EventRule;
struct ListRule;

const x3::rule<FieldRule, ast::FieldDecl> field = "field";
const x3::rule<EventFields, ast::EventDecl> event_fields = "fields";
const x3::rule<EventRule, ast::EventDecl> event = "event";
const x3::rule<ListRule, ast::ListDecl> list = "list";

const auto field_def = spanned(
    name[set<&ast::FieldDecl::name>] >> need(colon, "':' and a type after the field's name") >>
    need(name, "a type after ':'")[set<&ast::FieldDecl::type>] >>
    -(lparen >> need(name, "a unit: s, ms, us or ns")[set<&ast::FieldDecl::unit>] >>
      need(rparen, "')' after the unit")) >>
    -question[put<&ast::FieldDecl::nullable, true>] >>
    -(from_ >> need(string, "a path in quotes after 'from'")[set<&ast::FieldDecl::from>]));
const auto event_fields_def =
    *(field[add<&ast::EventDecl::fields>] >> need(comma | &rbrace, "',' or '}' after the field")) >>
    need(rbrace, "the name of a field, or '}'")[set_close] >>
    -(time_ >>
      need(name, "the name of the field that carries event time")[set<&ast::EventDecl::time>]) >>
    need(end_, "'event', 'list' or 'pattern'");
const auto event_def =
    spanned(event_ >> need(name, "a name after 'event'")[set<&ast::EventDecl::name>] >>
            need(lbrace, "'{' and the fields after the event's name") >> event_fields[take_fields]);
const auto list_def =
    spanned(list_ >> need(name, "a name after 'list'")[set<&ast::ListDecl::name>] >>
            need(colon, "':' and a type after the list's name") >>
            need(name, "a type after ':'")[set<&ast::ListDecl::type>] >>
            need(from_, "'from' and the path of a file after the type") >>
            need(string, "a path in quotes after 'from'")[set<&ast::ListDecl::path>] >>
            need(end_, "'event', 'list' or 'pattern'"));

BOOST_SPIRIT_DEFINE(field, event_fields, event, list)

// ---- pattern ----

struct KeyPart;
struct KeyRule;
struct WithoutRule;
struct DurationClause;
struct SkipRule;
struct AssignmentRule;
struct LiteralRule;
struct MetaRule;
struct EmitRule;
struct SuppressRule;
struct Clauses;
struct PatternRule;

const x3::rule<KeyPart, ast::KeyField> key_part = "key";
const x3::rule<KeyRule, ast::KeyDecl> key = "key";
const x3::rule<WithoutRule, ast::WithoutClause> without = "without";
const x3::rule<DurationClause, ast::WithinClause> within = "within";
const x3::rule<SkipRule, ast::SkipClause> skip = "skip";
const x3::rule<AssignmentRule, ast::Assignment> assignment = "assignment";
const x3::rule<LiteralRule, Expr> signed_literal = "literal";
const x3::rule<MetaRule, ast::Assignment> meta = "meta";
const x3::rule<EmitRule, ast::EmitClause> emit_values = "emit";
const x3::rule<SuppressRule, ast::SuppressClause> suppress = "suppress";
const x3::rule<Clauses, ast::PatternDecl> clauses = "clauses";
const x3::rule<PatternRule, ast::PatternDecl> pattern = "pattern";

const auto key_part_def = name[set<&ast::KeyField::variable>] >> dot >>
                          need(name, "the name of a field after '.'")[set<&ast::KeyField::field>];
const auto key_def =
    spanned(name[set<&ast::KeyDecl::name>] >> -dot[refuse_step_field] >>
            -(colon >> need(key_part,
                            "a field of a step, 'a.card', after ':'")[add<&ast::KeyDecl::fields>] >>
              *(comma >> key_part[add<&ast::KeyDecl::fields>])) >>
            x3::eps[add_plain_key]);
const auto without_def =
    spanned(step[set<&ast::WithoutClause::step>] >>
            -(between_ >>
              need(name, "the name of a step after 'between'")[set<&ast::WithoutClause::after>] >>
              need(and_, "'and' and the name of a step") >>
              need(name, "the name of a step after 'and'")[set<&ast::WithoutClause::before>]));
const auto within_def = spanned(duration[set<&ast::WithinClause::duration>]);
const auto skip_def = spanned(
    ((past_ >> need(last_, "'last' after 'past'")) |
     (to_ >>
      need((next_[skip_kind<ast::SkipKind::kToNext>]) |
               (first_[skip_kind<ast::SkipKind::kToFirst>] >>
                need(name, "the name of a step after 'first'")[set<&ast::SkipClause::variable>]) |
               (last_[skip_kind<ast::SkipKind::kToLast>] >>
                need(name, "the name of a step after 'last'")[set<&ast::SkipClause::variable>]),
           "'next', 'first' or 'last' after 'to'")) |
     none_[skip_kind<ast::SkipKind::kNone>]) >>
    -leftmost_[put<&ast::SkipClause::leftmost, true>]);
const auto assignment_def = name[name_value] >>
                            -(colon >> need(expression,
                                            "a value after ':'")[set<&ast::Assignment::value>]) >>
                            -(dot | lparen)[refuse_unnamed];
const auto signed_literal_def = (minus >> literal)[negate] | literal[take];
const auto meta_def = name[set<&ast::Assignment::name>] >>
                      need(colon, "':' and a literal after the name") >>
                      need(signed_literal,
                           "a literal (a string, a number, true, false, a duration or null)")
                          [set<&ast::Assignment::value>];
const auto emit_values_def = spanned(
    (&(name >> lbrace) >> name[set<&ast::EmitClause::event>] >> lbrace >>
     *(assignment[add<&ast::EmitClause::values>] >>
       need(comma | &rbrace, "an operator, ',' or '}' after the value")) >>
     need(rbrace, "the name of a field, or '}'")) |
    (assignment[add<&ast::EmitClause::values>] >>
     *(comma >> need(assignment, "the name of a value after ','")[add<&ast::EmitClause::values>])));
const auto suppress_def = spanned(
    duration[set<&ast::SuppressClause::duration>] >>
    -(by_ >> need(expression, "an expression after 'by'")[add<&ast::SuppressClause::by>] >>
      *(comma >> need(expression, "an expression after ','")[add<&ast::SuppressClause::by>])));
const auto clauses_def =
    *(((on_ >> timeout_ >> emit_)[begin<Clause::kOnTimeout, 3>] >>
       need(emit_values, "the name of a value after 'emit'")[set<&ast::PatternDecl::on_timeout>]) |
      (on_[begin<Clause::kOn>] >>
       need(name, "the name of an event type after 'on'")[add<&ast::PatternDecl::on>] >>
       *(comma >> need(name, "the name of an event type after ','")[add<&ast::PatternDecl::on>])) |
      (by_[begin<Clause::kBy>] >>
       need(key, "the name of a field after 'by'")[add<&ast::PatternDecl::by>] >>
       *(comma >> need(key, "the name of a field after ','")[add<&ast::PatternDecl::by>])) |
      (match_[begin<Clause::kMatch>] >>
       need(sequence, "a step, '(' or 'not' after 'match'")[set<&ast::PatternDecl::match>]) |
      (without_[begin<Clause::kWithout>] >>
       need(without, "the name of a step after 'without'")[add<&ast::PatternDecl::without>] >>
       *(comma >> need(without, "the name of a step after ','")[add<&ast::PatternDecl::without>])) |
      (having_[begin<Clause::kHaving>] >>
       need(expression, "a condition after 'having'")[set<&ast::PatternDecl::having>]) |
      (within_[begin<Clause::kWithin>] >>
       need(within, "a duration after 'within'")[set<&ast::PatternDecl::within>]) |
      (skip_[begin<Clause::kSkip>] >>
       need(skip, "'past last', 'to next', 'to first', 'to last' or 'none' after 'skip'")
           [set<&ast::PatternDecl::skip>]) |
      (emit_[begin<Clause::kEmit>] >>
       need(emit_values, "the name of a value after 'emit'")[set<&ast::PatternDecl::emit>]) |
      (suppress_[begin<Clause::kSuppress>] >>
       need(suppress, "a duration after 'suppress'")[set<&ast::PatternDecl::suppress>]) |
      (meta_[begin<Clause::kMeta>] >>
       need(meta, "a name after 'meta'")[add<&ast::PatternDecl::meta>] >>
       *(comma >> need(meta, "a name after ','")[add<&ast::PatternDecl::meta>]))) >>
    need(rbrace, kClauseOrEnd) >> need(end_, "'event', 'list' or 'pattern'");
const auto pattern_def =
    spanned(pattern_ >> need(name, "a name after 'pattern'")[set<&ast::PatternDecl::name>] >>
            -string[set<&ast::PatternDecl::description>] >>
            need(lbrace, "'{' after the pattern's name") >> clauses[take_clauses]);

BOOST_SPIRIT_DEFINE(key_part, key, without, within, skip, assignment, signed_literal, meta,
                    emit_values, suppress, clauses, pattern)

// ---- one declaration ----

// Where reading can go on after a mistake at `error`: the next clause of a pattern, the next field
// of an event. Nothing if the declaration has no more of them.
It resume(const SourceFile& file, const std::vector<Token>& tokens, Span error, It after) {
  if (tokens.front().kind == Kind::kList) return nullptr;
  const bool is_event = tokens.front().kind == Kind::kEvent;
  size_t depth = 0;
  for (const Token& token : tokens) {
    switch (token.kind) {
      case Kind::kLeftParenthesis:
      case Kind::kLeftBracket:
      case Kind::kLeftBrace:
        ++depth;
        break;
      case Kind::kRightParenthesis:
      case Kind::kRightBracket:
      case Kind::kRightBrace:
        --depth;
        break;
      default:
        break;
    }
    if (depth != 1 || token.span.begin < error.begin || &token <= after) continue;
    if (is_event && token.kind == Kind::kComma) return &token + 1;
    // `on` and `by` may stand inside of clauses, and nothing is lost without them.
    if (is_event || token.kind < Kind::kMatch || token.kind > Kind::kMeta) continue;
    // `by meta match ...`: a keyword in the wrong place is a clause only if it begins a line.
    const std::string_view before = file.text({(&token - 1)->span.end, token.span.begin});
    if (token.span != error || before.find('\n') != std::string_view::npos) return &token;
  }
  return nullptr;
}

// Reads with `rule` from `at` on; after a mistake, which is reported, tells where it was.
template <class Node, class Rule>
std::optional<Node> attempt(const std::vector<Token>& tokens, Syntax& state, const Rule& rule,
                            It at, Span& mistake) {
  try {
    Node node;
    const It last = tokens.data() + tokens.size();
    const bool read_all = x3::parse(at, last, x3::with<SyntaxTag>(state)[rule], node);
    TOCSIN_CHECK(read_all, "a rule reads its declaration or says why not");
    return node;
  } catch (const SyntaxError& error) {
    state.report(error);
    mistake = error.span;
    return std::nullopt;
  }
}

// After a mistake, what is left of the declaration is read with `rest`, for its mistakes only.
template <class Node, class Rule, class Rest>
std::optional<Node> read(const SourceFile& file, const std::vector<Token>& tokens, Syntax& state,
                         const Rule& rule, const Rest& rest) {
  Span mistake;
  std::optional<Node> node = attempt<Node>(tokens, state, rule, tokens.data(), mistake);
  if (node) return node;
  for (It at = resume(file, tokens, mistake, tokens.data()); at != nullptr;
       at = resume(file, tokens, mistake, at)) {
    if (attempt<Node>(tokens, state, rest, at, mistake)) break;
  }
  return std::nullopt;
}

}  // namespace

std::optional<ast::Declaration> read_declaration(const SourceFile& file,
                                                 const std::vector<Token>& tokens,
                                                 Diagnostics& diagnostics) {
  const size_t before = diagnostics.items().size();
  Syntax state(file, diagnostics, tokens.data());
  ast::Declaration out;
  switch (tokens.front().kind) {
    case Kind::kEvent:
      out.event = read<ast::EventDecl>(file, tokens, state, event, event_fields);
      break;
    case Kind::kList:
      out.list = read<ast::ListDecl>(file, tokens, state, list, list);
      break;
    default:
      TOCSIN_CHECK(tokens.front().kind == Kind::kPattern, "a declaration begins with its keyword");
      out.pattern = read<ast::PatternDecl>(file, tokens, state, pattern, clauses);
      if (out.pattern) state.check_clauses(*out.pattern);
  }
  if (diagnostics.items().size() > before) return std::nullopt;
  return out;
}

}  // namespace tocsin::patterns
