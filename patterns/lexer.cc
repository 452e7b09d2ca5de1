#include "patterns/lexer.h"

#include <charconv>

#include "eventtime/timestamp.h"
#include "eventtime/value.h"

namespace tocsin::patterns {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}
bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

// Whether `shape` begins at `at`: `d` is a digit, anything else itself.
bool looks_like(std::string_view text, size_t at, std::string_view shape) {
  if (text.size() < at + shape.size()) return false;
  for (size_t i = 0; i < shape.size(); ++i) {
    const bool fits = shape[i] == 'd' ? is_digit(text[at + i]) : text[at + i] == shape[i];
    if (!fits) return false;
  }
  return true;
}

// Where the timestamp ends that begins at `begin`, `begin` if there is none.
size_t timestamp_end(std::string_view text, size_t begin) {
  constexpr std::string_view kDate = "dddd-dd-dd";
  if (!looks_like(text, begin, kDate)) return begin;
  size_t end = begin + kDate.size();
  if (end == text.size()) return end;
  if (text[end] == 'T' || text[end] == 't' || looks_like(text, end, " dd:dd")) {
    ++end;
    while (end < text.size() && (is_digit(text[end]) || text[end] == ':' || text[end] == '.')) {
      ++end;
    }
  }
  if (looks_like(text, end, "+dd:dd") || looks_like(text, end, "-dd:dd")) end += 6;
  while (end < text.size() && is_word(text[end])) ++end;  // `Z`, and what does not belong there
  return end;
}

constexpr std::string_view kDurationHelp =
    "a duration is written 250ms 5s 10m 1h30m 2d 1w, or in words: 10 minutes";

}  // namespace

Lexer::Lexer(const SourceFile& file, Diagnostics& diagnostics, Dialect dialect)
    : file_(file),
      diagnostics_(diagnostics),
      text_(file.text()),
      dialect_(dialect),
      first_diagnostic_(diagnostics.items().size()) {
  if (text_.starts_with("\xEF\xBB\xBF")) at_ = 3;  // some editors mark a file as UTF-8
}

Token Lexer::token(TokenKind kind, size_t begin, size_t end) {
  at_ = end;
  return {kind, {static_cast<uint32_t>(begin), static_cast<uint32_t>(end)}};
}

void Lexer::report(size_t begin, size_t end, const char* code, std::string message,
                   std::string help) {
  ++mistakes_;
  diagnostics_.error({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)}, code,
                     std::move(message), std::move(help));
}

Token Lexer::next() {
  skip_blanks();
  if (!gave_up_ && diagnostics_.items().size() >= first_diagnostic_ + kMaxMistakes) {
    report(at_, at_, "limit", "too many mistakes: the rest of the file is not read", {});
    gave_up_ = true;
  }
  if (gave_up_) at_ = text_.size();
  const size_t begin = at_;
  if (begin == text_.size()) return token(TokenKind::kEnd, begin, begin);
  const char c = text_[begin];
  if (c == '"' || c == '\'' || c == '`') return in_quotes(begin);
  if (is_digit(c)) {
    const size_t end = dialect_ == Dialect::kTests ? timestamp_end(text_, begin) : begin;
    return end > begin ? timestamp(begin, end) : number(begin);
  }
  if (!is_word(c)) return punctuation(begin);
  size_t end = begin;
  while (end < text_.size() && is_word(text_[end])) ++end;
  return token(keyword_or_name(text_.substr(begin, end - begin)), begin, end);
}

bool Lexer::begins_line(const Token& token) const {
  if (!comments_.empty() && comments_.back().span.end > token.span.begin) return false;
  for (size_t i = token.span.begin; i > 0 && text_[i - 1] != '\n'; --i) {
    if (!is_blank(text_[i - 1])) return false;
  }
  return true;
}

void Lexer::skip_blanks() {
  do {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  } while (skip_comment());
}

bool Lexer::skip_comment() {
  const std::string_view rest = text_.substr(at_);
  size_t length = 0;
  if (rest.starts_with("//")) {
    length = std::min(rest.find('\n'), rest.size());
    while (is_blank(rest[length - 1])) --length;
  } else if (rest.starts_with("/*")) {
    const size_t close = rest.find("*/", 2);
    if (close == std::string_view::npos) {
      report(at_, at_ + 2, "unclosed", "the comment is not closed", "close it with '*/'");
      length = rest.size();
    } else {
      length = close + 2;
    }
  } else {
    return false;
  }
  comments_.push_back({{static_cast<uint32_t>(at_), static_cast<uint32_t>(at_ + length)}});
  at_ += length;
  return true;
}

Token Lexer::in_quotes(size_t begin) {
  const char mark = text_[begin];
  const bool name = mark == '`';
  size_t end = begin + 1;
  while (end < text_.size() && text_[end] != '\n') {
    if (text_[end] == mark) {
      if (end + 1 == text_.size() || text_[end + 1] != mark) break;
      ++end;
    }
    ++end;
  }
  if (end == text_.size() || text_[end] == '\n') {
    while (is_blank(text_[end - 1])) --end;
    ++unclosed_;
    report(begin, end, "unclosed",
           std::string(name ? "the name" : "the string") + " is not closed on its line",
           std::string("close it with ") + mark + "; the quote itself is written twice");
  } else {
    ++end;
    if (name && end - begin == 2) report(begin, end, "syntax", "a name is empty", {});
  }
  return token(name ? TokenKind::kName : TokenKind::kString, begin, end);
}

Token Lexer::number(size_t begin) {
  const auto digits = [this](size_t from) {
    while (from < text_.size() && is_digit(text_[from])) ++from;
    return from;
  };
  size_t end = digits(begin);
  TokenKind kind = TokenKind::kInt;
  if (end + 1 < text_.size() && text_[end] == '.' && is_digit(text_[end + 1])) {
    kind = TokenKind::kFloat;
    end = digits(end + 1);
  }
  if (end < text_.size() && (text_[end] == 'e' || text_[end] == 'E')) {
    const bool sign = end + 1 < text_.size() && (text_[end + 1] == '-' || text_[end + 1] == '+');
    const size_t exponent = digits(end + (sign ? 2 : 1));
    if (exponent > end + (sign ? 2 : 1)) {
      kind = TokenKind::kFloat;
      end = exponent;
    }
  }
  size_t word_end = end;
  while (word_end < text_.size() && is_word(text_[word_end])) ++word_end;
  const std::string_view word = text_.substr(begin, word_end - begin);
  if (word_end > end) {
    if (kind != TokenKind::kInt || !eventtime::parse_duration(word)) {
      report(begin, word_end, "number", shown(word) + " is neither a number nor a duration",
             std::string(kDurationHelp));
    }
    return token(TokenKind::kDuration, begin, word_end);
  }
  double value = 0;
  uint64_t integer = 0;
  const bool fits = kind == TokenKind::kFloat
                        ? std::from_chars(word.begin(), word.end(), value).ec == std::errc()
                        : std::from_chars(word.begin(), word.end(), integer).ec == std::errc() &&
                              integer <= uint64_t{1} << 63;
  if (!fits) {
    report(begin, end, "number", "the number " + shown(word) + " does not fit in 64 bits", {});
  }
  return token(kind, begin, end);
}

Token Lexer::timestamp(size_t begin, size_t end) {
  const std::string_view written = text_.substr(begin, end - begin);
  if (!eventtime::parse_timestamp(written)) {
    report(begin, end, "number", shown(written) + " is no time",
           "a time is written 2026-03-01T10:00:00Z");
  }
  return token(TokenKind::kTimestamp, begin, end);
}

Token Lexer::punctuation(size_t begin) {
  const std::string_view rest = text_.substr(begin);
  if (rest.size() >= 2) {
    const std::string_view two = rest.substr(0, 2);
    for (TokenKind kind : {TokenKind::kEqual, TokenKind::kNotEqual, TokenKind::kLessEqual,
                           TokenKind::kGreaterEqual}) {
      if (two == spelling(kind)) return token(kind, begin, begin + 2);
    }
    if (two == "&&" || two == "||" || two == "<>") {
      return token(TokenKind::kUnknown, begin, begin + 2);
    }
  }
  for (auto i = static_cast<size_t>(TokenKind::kLeftParenthesis);
       i <= static_cast<size_t>(TokenKind::kGreaterEqual); ++i) {
    const auto kind = static_cast<TokenKind>(i);
    if (rest.substr(0, 1) == spelling(kind)) return token(kind, begin, begin + 1);
  }
  return token(TokenKind::kUnknown, begin, begin + eventtime::utf8_length(text_, begin));
}

size_t find_invalid_utf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const size_t bytes = eventtime::utf8_length(text, at);
    if (bytes == 0) return at;
    at += bytes;
  }
  return at;
}

}  // namespace tocsin::patterns
