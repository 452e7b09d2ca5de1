// What the grammar's actions do: values of tokens, nodes of the tree, and the messages for what the
// grammar cannot read. Free of Spirit, so that only the rules themselves pay for its templates.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "patterns/ast.h"
#include "patterns/diagnostic.h"
#include "patterns/source_file.h"
#include "patterns/token.h"

namespace tocsin::patterns {

// Ends the reading of one clause, field or declaration. It never leaves grammar.cc.
struct SyntaxError {
  Span span;
  std::string code;
  std::string message;
  std::string help;
};

// The clauses of a pattern in the order in which they must stand.
enum class Clause : uint8_t {
  kOn,
  kBy,
  kMatch,
  kWithout,
  kHaving,
  kWithin,
  kSkip,
  kEmit,
  kOnTimeout,
  kSuppress,
  kMeta,
};
std::string_view spelling(Clause clause);
// What is expected behind a clause; the message adds what could continue the clause before.
inline constexpr const char* kClauseOrEnd = "a clause or '}'";

struct Connector {
  ast::Contiguity contiguity = ast::Contiguity::kRelaxed;
  Span span;
};

// A sequence while it is read: negations wait for the element that follows them.
struct SequenceText {
  ast::Sequence sequence;
  std::vector<ast::NegationText> pending;
  Connector connector;
  Span span;
};

ast::ExprKind operator_kind(TokenKind kind);

// The state of reading one declaration.
class Syntax {
 public:
  Syntax(const SourceFile& file, Diagnostics& diagnostics, const Token* first)
      : file_(file), diagnostics_(diagnostics), furthest_(first) {}

  // Remembers what would have been accepted at the furthest token, to guess misspelt words.
  void missed(const Token* at, std::string_view word);
  // "expected `what`, found 'x'", with the best help there is.
  [[noreturn]] void fail_expected(const Token* at, std::string_view what) const;
  [[noreturn]] void fail(Span span, std::string message, std::string help) const;
  void report(const SyntaxError& error);

  // Values of tokens.
  std::string_view text(const Token& token) const { return file_.text(token.span); }
  bool is_name(const Token* at) const;
  bool is_word(const Token* at, std::string_view word) const;
  ast::Name name(const Token& token) const;
  std::string string(const Token& token) const { return unquote(text(token)); }
  uint32_t count(const Token* at);
  // How many tokens from `at` on are one duration: 0 if there is none.
  size_t duration_tokens(const Token* at) const;
  ast::Duration duration(const Token* at, size_t tokens);
  ast::Expr literal(const Token* at);

  // Nodes of the tree.
  void raise(ast::Expr& expr, const Token* at) const;  // sets its height, within the limit
  ast::Expr chain(ast::ExprKind kind, std::vector<ast::Expr> operands, const Token* at) const;
  void attach_left(ast::Expr& left, ast::Expr tail, const Token* at) const;
  void prefix(ast::Expr& operand, ast::ExprKind kind, const Token* first, const Token* last) const;

  // Sequences.
  void enter_group() { ++groups_; }
  void leave_group() { --groups_; }
  void set_quantifier(ast::Element& element, ast::Quantifier quantifier) const;
  void set_loop(ast::Element& element, ast::Contiguity contiguity, const Token* at) const;
  void check_once(bool written, const Token* at) const;
  void add_negation(SequenceText& building, ast::NegationText negation, const Token* end) const;
  void add_element(SequenceText& building, ast::Element element) const;
  ast::Sequence finish(SequenceText& building, const Token* end) const;
  void check_part(const ast::Sequence& part, const Token* at) const;

  // Clauses.
  void begin_clause(ast::PatternDecl& pattern, Clause clause, const Token* first);
  void check_clauses(const ast::PatternDecl& pattern);

 private:
  const SourceFile& file_;
  Diagnostics& diagnostics_;
  const Token* furthest_;
  std::vector<std::string> missed_;
  std::vector<Clause> clauses_;
  size_t groups_ = 0;
};

}  // namespace tocsin::patterns
