#include "patterns/token.h"

#include <algorithm>
#include <array>

namespace tocsin::patterns {
namespace {

constexpr std::string_view kSpellings[] = {
    "",      "",      "",        "",       "",        "",       "",        "",  // kEnd to kUnknown
    "(",     ")",     "[",       "]",      "{",       "}",      ",",       ":",        "?",
    ".",     "|",     "&",       "+",      "-",       "*",      "/",       "%",        "==",
    "!=",    "<",     "<=",      ">",      ">=",      "event",  "list",    "pattern",  "on",
    "by",    "match", "without", "having", "within",  "skip",   "emit",    "suppress", "meta",
    "then",  "next",  "any",     "not",    "for",     "strict", "longest", "until",    "in",
    "and",   "or",    "like",    "ilike",  "matches", "is",     "null",    "between",  "true",
    "false",
};
constexpr size_t kFirstKeyword = static_cast<size_t>(TokenKind::kEvent);
static_assert(std::size(kSpellings) == static_cast<size_t>(TokenKind::kFalse) + 1);

constexpr std::array<std::string_view, 7> kUnitWords = {
    "microsecond", "millisecond", "second", "minute", "hour", "day", "week"};
constexpr std::array<std::string_view, 7> kUnitSuffixes = {"us", "ms", "s", "m", "h", "d", "w"};

bool is_plain_name(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string quote(std::string_view text, char mark) {
  std::string out(1, mark);
  for (char c : text) out.append(c == mark ? 2 : 1, c);
  out += mark;
  return out;
}

}  // namespace

std::string_view spelling(TokenKind kind) {
  return kSpellings[static_cast<size_t>(kind)];
}

bool is_opening(TokenKind kind) {
  return kind == TokenKind::kLeftParenthesis || kind == TokenKind::kLeftBracket ||
         kind == TokenKind::kLeftBrace;
}

bool is_closing(TokenKind kind) {
  return kind == TokenKind::kRightParenthesis || kind == TokenKind::kRightBracket ||
         kind == TokenKind::kRightBrace;
}

bool is_keyword(TokenKind kind) {
  return kind >= TokenKind::kEvent;
}

TokenKind keyword_or_name(std::string_view text) {
  const auto* first = std::begin(kSpellings) + kFirstKeyword;
  const auto* found = std::find(first, std::end(kSpellings), text);
  if (found == std::end(kSpellings)) return TokenKind::kName;
  return static_cast<TokenKind>(found - std::begin(kSpellings));
}

std::string unquote(std::string_view text) {
  const char mark = text.empty() ? '\0' : text.front();
  if (mark != '"' && mark != '\'' && mark != '`') return std::string(text);
  text.remove_prefix(1);
  // A string that is not closed has been reported; here it ends where its line ends.
  if (!text.empty() && text.back() == mark) text.remove_suffix(1);
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == mark) ++i;
  }
  return out;
}

std::string write_name(std::string_view name, Before before) {
  if (name == "in" && before == Before::kDotOrColon) return "in";
  const bool plain = is_plain_name(name) && keyword_or_name(name) == TokenKind::kName;
  return plain ? std::string(name) : quote(name, '`');
}

std::string write_string(std::string_view text) {
  const bool single =
      text.find('"') != std::string_view::npos && text.find('\'') == std::string_view::npos;
  return quote(text, single ? '\'' : '"');
}

std::string shown(std::string_view text) {
  constexpr size_t kMaxShownBytes = 40;
  size_t end = text.size();
  if (end > kMaxShownBytes) {
    end = kMaxShownBytes;
    while ((static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  }
  std::string out = "'";
  for (char c : text.substr(0, end)) out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  return out + (end < text.size() ? "...'" : "'");
}

std::string_view unit_suffix(std::string_view word) {
  if (!word.empty() && word.back() == 's') word.remove_suffix(1);
  const auto* found = std::find(kUnitWords.begin(), kUnitWords.end(), word);
  return found == kUnitWords.end() ? std::string_view()
                                   : kUnitSuffixes[static_cast<size_t>(found - kUnitWords.begin())];
}

}  // namespace tocsin::patterns
