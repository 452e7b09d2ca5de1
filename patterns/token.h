// The words of the pattern language: what the lexer makes and the grammar reads.
//
// A token knows its kind and where it stands; its value is read from the text when the tree is
// built, so that a file's tokens are small. Keywords are reserved: a name that is also a keyword
// is written in back-quotes. Words that have a meaning in one place only (`time`, `from`, `first`,
// `past`, units and functions) are plain names. Tested by tests/unit/patterns/lexer_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "patterns/source_file.h"

namespace tocsin::patterns {

enum class TokenKind : uint8_t {
  kEnd,   // behind the last token of a declaration
  kName,  // with or without back-quotes
  kString,
  kInt,
  kFloat,
  kDuration,   // `1h30m`; in words it is an int and a name
  kTimestamp,  // `2026-03-01T10:00:00Z`, where the dialect has such words
  kUnknown,    // a character that the language does not use, or `=`, `&&`, `||`, `<>`
  // Punctuation, in the order of kSpellings.
  kLeftParenthesis,
  kRightParenthesis,
  kLeftBracket,
  kRightBracket,
  kLeftBrace,
  kRightBrace,
  kComma,
  kColon,
  kQuestion,
  kDot,
  kBar,
  kAmpersand,
  kPlus,
  kMinus,
  kStar,
  kSlash,
  kPercent,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  // Keywords, in the order of kSpellings.
  kEvent,
  kList,
  kPattern,
  kOn,
  kBy,
  kMatch,
  kWithout,
  kHaving,
  kWithin,
  kSkip,
  kEmit,
  kSuppress,
  kMeta,
  kThen,
  kNext,
  kAny,
  kNot,
  kFor,
  kStrict,
  kLongest,
  kUntil,
  kIn,
  kAnd,
  kOr,
  kLike,
  kILike,
  kMatches,
  kIs,
  kNull,
  kBetween,
  kTrue,
  kFalse,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Span span;
};

// How punctuation and keywords are written; "" for the other kinds.
std::string_view spelling(TokenKind kind);
bool is_keyword(TokenKind kind);
bool is_opening(TokenKind kind);  // ( [ {
bool is_closing(TokenKind kind);  // ) ] }
// The keyword that is written like this, or kName.
TokenKind keyword_or_name(std::string_view text);

// Names and strings as they are meant: without their quotes, doubled quotes once.
std::string unquote(std::string_view text);
// A name as it is written: in back-quotes if it is a keyword or holds other characters than
// letters, digits and `_`. The keyword `in` may stand bare before `.` and `:`.
enum class Before : uint8_t { kDotOrColon, kOther };
std::string write_name(std::string_view name, Before before = Before::kOther);
// A string in the quotes that need the least doubling; double quotes if it does not matter.
std::string write_string(std::string_view text);

// A piece of the text for a message: in quotes, shortened, control characters left out.
std::string shown(std::string_view text);

// "minutes", "hour" … as the suffix that parse_duration knows ("m"); "" for other words.
std::string_view unit_suffix(std::string_view word);

}  // namespace tocsin::patterns
