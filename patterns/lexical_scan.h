// Cuts a file into its top-level declarations before the grammar sees it, and checks what must hold
// of each: brackets match and nest no deeper than kMaxNesting, and it is not longer than
// kMaxDeclarationBytes. So a mistake in one declaration does not hide those in the others, and no
// text can exhaust the grammar's stack.
//
// A declaration begins with `event`, `list` or `pattern` outside of all brackets; or, when a
// bracket is left open, with one of them and a name at the beginning of a line. Tested by
// tests/unit/patterns/lexical_scan_test.cc.
#pragma once

#include <optional>
#include <vector>

#include "patterns/lexer.h"

namespace tocsin::patterns {

class LexicalScan {
 public:
  LexicalScan(const SourceFile& file, Diagnostics& diagnostics);

  // The tokens of the next declaration that the grammar may read, with a kEnd behind them;
  // nothing at the end of the file. The others have been reported.
  std::optional<std::vector<Token>> next();
  // Whether each token of that declaration has a value: no number was too large.
  bool has_values() const { return has_values_; }
  // Names of the declarations that were left out.
  std::vector<ast::Name> take_unread() { return std::move(unread_); }
  std::vector<ast::Comment> take_comments() { return lexer_.take_comments(); }

 private:
  bool begins_declaration() const;
  void advance();
  void skip_to_declaration();
  bool read_declaration(std::vector<Token>& tokens);
  void open(const Token& token);
  bool close(const Token& token);
  void report_open(const Token& opener, const std::string& where);

  const SourceFile& file_;
  Diagnostics& diagnostics_;
  Lexer lexer_;
  Token current_;
  Token ahead_;
  std::vector<ast::Name> unread_;
  std::vector<Token> open_;  // at most kMaxNesting
  size_t deeper_ = 0;        // brackets open beyond that
  size_t unclosed_before_ = 0;
  bool has_values_ = true;
  bool sound_ = true;  // nothing wrong with this declaration so far
};

}  // namespace tocsin::patterns
