// The words of a test file, one after the other, with what they mean: names, times, values.
// Mistakes are reported where they are found; the caller then looks for the next line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "patterns/diagnostic.h"
#include "patterns/source_file.h"
#include "patterns/token.h"
#include "server/pattern_test/test_file.h"

namespace tocsin::server {

class TestWords {
 public:
  // Both outlive it. What the lexer finds wrong is kept in lexical().
  TestWords(const patterns::SourceFile& file, patterns::Diagnostics& diagnostics);

  // ---- words ----
  const patterns::Token& token() const { return words_[at_].token; }
  bool is(patterns::TokenKind kind) const { return token().kind == kind; }
  bool is_word(std::string_view word) const { return is_word(at_, word); }
  bool next_is(patterns::TokenKind kind) const;
  bool begins_line() const { return words_[at_].begins_line; }
  // `use` or `test` with the string that belongs to it (at the beginning of a line a name will do,
  // which is a mistake), or the beginning of a declaration.
  bool begins_top_level() const;
  // A brace with the end of the file or the beginning of something else behind it.
  bool closes_test();
  bool begins_declaration() const;
  void take();
  // One past the last byte of the last word that was taken.
  uint32_t taken_end() const { return at_ == 0 ? 0 : words_[at_ - 1].token.span.end; }
  std::string_view text(const patterns::Token& token) const { return file_.text(token.span); }

  // ---- what the words mean; nothing after a mistake ----
  bool skip(patterns::TokenKind kind);
  bool skip(std::string_view word);
  bool expect(patterns::TokenKind kind);
  bool expect(std::string_view word);
  std::optional<patterns::ast::Name> name(std::string_view what);
  std::optional<patterns::ast::Name> string(std::string_view what);
  std::optional<eventtime::Duration> duration();
  bool begins_time() const;
  std::optional<eventtime::Timestamp> time();
  std::optional<TestValue> value(int depth = 0);
  std::optional<TestValue> map(int depth = 0);

  // "expected `what`, found ..." at this word; `candidates` may have been meant.
  void fail(std::string_view what, const std::vector<std::string>& candidates = {});
  const patterns::Diagnostics& lexical() const { return lexical_; }

 private:
  struct Word {
    patterns::Token token;
    bool begins_line = false;
  };
  bool is_word(size_t at, std::string_view word) const;
  std::optional<TestValue> list(int depth);
  std::optional<TestValue> literal(bool negative);
  std::optional<TestValue> integer(bool negative);
  std::optional<TestValue> number_or_duration(bool negative);
  std::optional<TestValue> named();
  bool end_of_item(patterns::TokenKind close);

  const patterns::SourceFile& file_;
  patterns::Diagnostics& diagnostics_;
  patterns::Diagnostics lexical_;
  std::vector<Word> words_;  // the last is kEnd
  size_t at_ = 0;
};

}  // namespace tocsin::server
