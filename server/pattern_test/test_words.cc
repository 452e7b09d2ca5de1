#include "server/pattern_test/test_words.h"

#include <charconv>
#include <limits>
#include <utility>

#include "patterns/lexer.h"

namespace tocsin::server {

using patterns::Span;
using patterns::Token;
using patterns::TokenKind;
using patterns::ast::Name;

namespace {

// Lists in maps in lists: nothing that can be compared is deeper.
constexpr int kMaxDepth = 3;

TestValue of_kind(TestKind kind, Span span) {
  TestValue value;
  value.kind = kind;
  value.span = span;
  return value;
}

TestValue of_integer(TestKind kind, int64_t integer, Span span) {
  TestValue value = of_kind(kind, span);
  value.integer = integer;
  return value;
}

}  // namespace

TestWords::TestWords(const patterns::SourceFile& file, patterns::Diagnostics& diagnostics)
    : file_(file), diagnostics_(diagnostics) {
  patterns::Lexer lexer(file, lexical_, patterns::Dialect::kTests);
  do {
    const Token token = lexer.next();
    words_.push_back({token, lexer.begins_line(token)});
  } while (words_.back().token.kind != TokenKind::kEnd);
}

// ---- words ----

bool TestWords::is_word(size_t at, std::string_view word) const {
  return words_[at].token.kind == TokenKind::kName && text(words_[at].token) == word;
}

bool TestWords::next_is(TokenKind kind) const {
  return !is(TokenKind::kEnd) && words_[at_ + 1].token.kind == kind;
}

bool TestWords::begins_declaration() const {
  return is(TokenKind::kEvent) || is(TokenKind::kList) || is(TokenKind::kPattern);
}

bool TestWords::begins_top_level() const {
  if (begins_declaration()) return next_is(TokenKind::kName);
  if (!is_word("use") && !is_word("test")) return false;
  return next_is(TokenKind::kString) || (begins_line() && next_is(TokenKind::kName));
}

bool TestWords::closes_test() {
  if (!is(TokenKind::kRightBrace)) return false;
  ++at_;
  const bool last = is(TokenKind::kEnd) || (begins_line() && begins_top_level());
  --at_;
  return last;
}

void TestWords::take() {
  if (!is(TokenKind::kEnd)) ++at_;
}

bool TestWords::skip(TokenKind kind) {
  if (!is(kind)) return false;
  take();
  return true;
}

bool TestWords::skip(std::string_view word) {
  if (!is_word(word)) return false;
  take();
  return true;
}

bool TestWords::expect(TokenKind kind) {
  if (skip(kind)) return true;
  fail("'" + std::string(spelling(kind)) + "'");
  return false;
}

bool TestWords::expect(std::string_view word) {
  if (skip(word)) return true;
  fail("'" + std::string(word) + "'", {std::string(word)});
  return false;
}

void TestWords::fail(std::string_view what, const std::vector<std::string>& candidates) {
  std::string help;
  std::string found = patterns::shown(text(token()));
  if (is(TokenKind::kEnd)) {
    found = "the end of the file";
  } else if (is_keyword(token().kind)) {
    found = "the keyword " + found;
    if (what.find("name") != std::string_view::npos) {
      help = "a name that is also a keyword is written in back-quotes: `" +
             std::string(text(token())) + "`";
    }
  } else if (is(TokenKind::kName)) {
    help = patterns::did_you_mean(text(token()), candidates);
  }
  diagnostics_.error(token().span, "syntax", "expected " + std::string(what) + ", found " + found,
                     std::move(help));
}

// ---- what they mean ----

std::optional<Name> TestWords::name(std::string_view what) {
  const Token word = token();
  // `in` is a natural name for one side of a transfer, as in patterns.
  const bool is_in = word.kind == TokenKind::kIn && next_is(TokenKind::kColon);
  if (word.kind != TokenKind::kName && !is_in) {
    fail(what);
    return std::nullopt;
  }
  take();
  return Name{patterns::unquote(text(word)), word.span};
}

std::optional<Name> TestWords::string(std::string_view what) {
  const Token word = token();
  if (!skip(TokenKind::kString)) {
    fail(what);
    return std::nullopt;
  }
  return Name{patterns::unquote(text(word)), word.span};
}

std::optional<eventtime::Duration> TestWords::duration() {
  const uint32_t begin = token().span.begin;
  std::string written;
  if (is(TokenKind::kDuration)) {
    written = text(token());
    take();
  }
  while (is(TokenKind::kInt) && next_is(TokenKind::kName)) {
    const std::string_view unit = patterns::unit_suffix(text(words_[at_ + 1].token));
    if (unit.empty()) break;
    written += text(token());
    written += unit;
    take();
    take();
  }
  if (written.empty()) {
    fail("a duration such as 20s, 10m or 1h30m");
    return std::nullopt;
  }
  const auto duration = eventtime::parse_duration(written);
  // Of a single word the lexer has said so.
  if (!duration) {
    diagnostics_.error({begin, taken_end()}, "number",
                       patterns::shown(written) + " is neither a number nor a duration",
                       "a duration is written 250ms 5s 10m 1h30m 2d 1w, or in words: 10 minutes");
  }
  return duration;
}

bool TestWords::begins_time() const {
  return is(TokenKind::kPlus) || is(TokenKind::kTimestamp);
}

std::optional<eventtime::Timestamp> TestWords::time() {
  if (skip(TokenKind::kPlus)) {
    const auto span = duration();
    if (!span) return std::nullopt;
    return kTestStart + *span;
  }
  if (!is(TokenKind::kTimestamp)) {
    fail("a time such as +20s or 2026-03-01T10:00:00Z");
    return std::nullopt;
  }
  const Token word = token();
  take();
  return eventtime::parse_timestamp(text(word));
}

std::optional<TestValue> TestWords::value(int depth) {
  if (depth > kMaxDepth) {
    diagnostics_.error(token().span, "limit", "values nest too deep", {});
    return std::nullopt;
  }
  const Token word = token();
  switch (word.kind) {
    case TokenKind::kLeftBrace:
      return map(depth);
    case TokenKind::kLeftBracket:
      return list(depth);
    case TokenKind::kMinus:
      take();
      return number_or_duration(true);
    case TokenKind::kPlus:
      if (next_is(TokenKind::kInt) || next_is(TokenKind::kDuration)) {
        const auto time = this->time();
        if (!time) return std::nullopt;
        return of_integer(TestKind::kTimestamp, time->micros, {word.span.begin, taken_end()});
      }
      take();
      fail("a duration: +20s is a time");
      return std::nullopt;
    case TokenKind::kName:
      return named();
    default:
      return literal(false);
  }
}

std::optional<TestValue> TestWords::literal(bool negative) {
  const Token word = token();
  switch (word.kind) {
    case TokenKind::kNull:
      take();
      return of_kind(TestKind::kNull, word.span);
    case TokenKind::kTrue:
    case TokenKind::kFalse:
      take();
      return of_integer(TestKind::kBool, word.kind == TokenKind::kTrue ? 1 : 0, word.span);
    case TokenKind::kString: {
      take();
      TestValue value = of_kind(TestKind::kString, word.span);
      value.text = patterns::unquote(text(word));
      return value;
    }
    case TokenKind::kTimestamp: {
      const auto time = this->time();
      if (!time) return std::nullopt;
      return of_integer(TestKind::kTimestamp, time->micros, word.span);
    }
    default:
      return number_or_duration(negative);
  }
}

std::optional<TestValue> TestWords::number_or_duration(bool negative) {
  const Token word = token();
  const uint32_t begin = negative && at_ > 0 ? words_[at_ - 1].token.span.begin : word.span.begin;
  const bool in_words = word.kind == TokenKind::kInt && next_is(TokenKind::kName) &&
                        !patterns::unit_suffix(text(words_[at_ + 1].token)).empty();
  if (word.kind == TokenKind::kDuration || in_words) {
    const auto span = duration();
    if (!span) return std::nullopt;
    return of_integer(TestKind::kDuration, negative ? -span->micros : span->micros,
                      {begin, taken_end()});
  }
  if (word.kind == TokenKind::kInt) return integer(negative);
  if (!skip(TokenKind::kFloat)) {
    fail(negative ? "a number or a duration" : "a value");
    return std::nullopt;
  }
  TestValue value = of_kind(TestKind::kFloat, {begin, word.span.end});
  const std::string_view written = text(word);
  std::from_chars(written.begin(), written.end(), value.number);
  if (negative) value.number = -value.number;
  return value;
}

std::optional<TestValue> TestWords::integer(bool negative) {
  const Token word = token();
  const uint32_t begin = negative ? words_[at_ - 1].token.span.begin : word.span.begin;
  take();
  uint64_t magnitude = 0;
  const std::string_view written = text(word);
  std::from_chars(written.begin(), written.end(), magnitude);
  constexpr auto kLargest = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (magnitude > kLargest && !negative) {
    diagnostics_.error(word.span, "number",
                       "the number " + patterns::shown(written) + " does not fit in 64 bits", {});
    return std::nullopt;
  }
  // Unsigned, so that the smallest number wraps around to itself.
  const uint64_t bits = negative ? uint64_t{0} - magnitude : magnitude;
  return of_integer(TestKind::kInt, static_cast<int64_t>(bits), {begin, word.span.end});
}

// The name of an event, or `timestamp('...')`.
std::optional<TestValue> TestWords::named() {
  const Token word = token();
  take();
  if (text(word) == "timestamp" && skip(TokenKind::kLeftParenthesis)) {
    const auto written = string("a time in quotes");
    if (!written || !expect(TokenKind::kRightParenthesis)) return std::nullopt;
    const auto time = eventtime::parse_timestamp(written->text);
    if (!time) {
      diagnostics_.error(written->span, "number", patterns::shown(written->text) + " is no time",
                         "a time is written 2026-03-01T10:00:00Z");
      return std::nullopt;
    }
    return of_integer(TestKind::kTimestamp, time->micros, {word.span.begin, taken_end()});
  }
  TestValue value = of_kind(TestKind::kName, word.span);
  value.text = patterns::unquote(text(word));
  return value;
}

// Behind an item of a list or map: a comma, or the end (which is left).
bool TestWords::end_of_item(TokenKind close) {
  if (skip(TokenKind::kComma) || is(close)) return true;
  fail("',' or '" + std::string(spelling(close)) + "'");
  return false;
}

std::optional<TestValue> TestWords::list(int depth) {
  TestValue list = of_kind(TestKind::kList, token().span);
  take();
  while (!skip(TokenKind::kRightBracket)) {
    auto item = value(depth + 1);
    if (!item || !end_of_item(TokenKind::kRightBracket)) return std::nullopt;
    list.items.push_back(*std::move(item));
  }
  list.span.end = taken_end();
  return list;
}

std::optional<TestValue> TestWords::map(int depth) {
  TestValue map = of_kind(TestKind::kMap, token().span);
  if (!expect(TokenKind::kLeftBrace)) return std::nullopt;
  while (!skip(TokenKind::kRightBrace)) {
    auto key = name("a name");
    if (!key || !expect(TokenKind::kColon)) return std::nullopt;
    auto item = value(depth + 1);
    if (!item || !end_of_item(TokenKind::kRightBrace)) return std::nullopt;
    map.names.push_back(*std::move(key));
    map.items.push_back(*std::move(item));
  }
  map.span.end = taken_end();
  return map;
}

}  // namespace tocsin::server
