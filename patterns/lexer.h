// Bytes to tokens, one at a time, comments set aside.
//
// What is no token is reported at once, and reading goes on with the nearest thing that it could
// have been: a string that is not closed ends with its line, a number that does not fit is a
// number. Nothing here recurses. Tested by tests/unit/patterns/lexer_test.cc.
#pragma once

#include <vector>

#include "patterns/ast.h"
#include "patterns/diagnostic.h"
#include "patterns/source_file.h"
#include "patterns/token.h"

namespace tocsin::patterns {

// After so many mistakes in a file the rest is not read: it is probably no pattern file.
inline constexpr size_t kMaxMistakes = 100;

// Files of declarations have no timestamps outside of strings, tests of patterns do.
enum class Dialect : uint8_t { kDeclarations, kTests };

class Lexer {
 public:
  // Both outlive the lexer. The text is valid UTF-8.
  Lexer(const SourceFile& file, Diagnostics& diagnostics, Dialect dialect = Dialect::kDeclarations);

  // The next token; kEnd at the end, as often as asked.
  Token next();
  // Whether only blanks and comments stand before `token` on its line.
  bool begins_line(const Token& token) const;
  bool gave_up() const { return gave_up_; }
  // How many mistakes there were; and how many strings and names that were not closed, so that
  // brackets in them are lost.
  size_t mistakes() const { return mistakes_; }
  size_t unclosed() const { return unclosed_; }
  std::vector<ast::Comment> take_comments() { return std::move(comments_); }

 private:
  void skip_blanks();
  bool skip_comment();
  Token in_quotes(size_t begin);
  Token number(size_t begin);
  Token timestamp(size_t begin, size_t end);
  Token punctuation(size_t begin);
  Token token(TokenKind kind, size_t begin, size_t end);
  void report(size_t begin, size_t end, const char* code, std::string message, std::string help);

  const SourceFile& file_;
  Diagnostics& diagnostics_;
  std::string_view text_;
  Dialect dialect_;
  size_t at_ = 0;
  size_t first_diagnostic_;
  bool gave_up_ = false;
  size_t mistakes_ = 0;
  size_t unclosed_ = 0;
  std::vector<ast::Comment> comments_;
};

// The first byte that is not UTF-8, or text.size().
size_t find_invalid_utf8(std::string_view text);

}  // namespace tocsin::patterns
