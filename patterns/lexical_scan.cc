#include "patterns/lexical_scan.h"

#include "patterns/parser.h"

namespace tocsin::patterns {
namespace {

TokenKind closing_of(TokenKind opening) {
  return static_cast<TokenKind>(static_cast<uint8_t>(opening) + 1);
}
TokenKind opening_of(TokenKind closing) {
  return static_cast<TokenKind>(static_cast<uint8_t>(closing) - 1);
}
std::string in_quotes(TokenKind kind) {
  return "'" + std::string(spelling(kind)) + "'";
}

}  // namespace

LexicalScan::LexicalScan(const SourceFile& file, Diagnostics& diagnostics)
    : file_(file), diagnostics_(diagnostics), lexer_(file, diagnostics) {
  current_ = lexer_.next();
  ahead_ = lexer_.next();
}

void LexicalScan::advance() {
  current_ = ahead_;
  ahead_ = lexer_.next();
}

bool LexicalScan::begins_declaration() const {
  const bool keyword = current_.kind == TokenKind::kEvent || current_.kind == TokenKind::kList ||
                       current_.kind == TokenKind::kPattern;
  if (!keyword || (open_.empty() && deeper_ == 0)) return keyword;
  return ahead_.kind == TokenKind::kName && lexer_.begins_line(current_);
}

std::optional<std::vector<Token>> LexicalScan::next() {
  std::vector<Token> tokens;
  while (true) {
    if (current_.kind != TokenKind::kEnd && !begins_declaration()) skip_to_declaration();
    if (current_.kind == TokenKind::kEnd) return std::nullopt;
    tokens.clear();
    if (read_declaration(tokens)) return tokens;
    if (tokens.size() > 1 && tokens[1].kind == TokenKind::kName) {
      unread_.push_back({unquote(file_.text(tokens[1].span)), tokens[1].span});
    }
  }
}

void LexicalScan::skip_to_declaration() {
  static const std::vector<std::string> keywords = {"event", "list", "pattern"};
  const std::string found(file_.text(current_.span));
  diagnostics_.error(current_.span, "syntax",
                     "expected 'event', 'list' or 'pattern', found " + shown(found),
                     did_you_mean(found, keywords));
  open_.clear();
  deeper_ = 0;
  // What stands between brackets belongs to what could not be read.
  while (current_.kind != TokenKind::kEnd && !begins_declaration()) {
    if (is_opening(current_.kind)) {
      if (open_.size() < kMaxNesting) open_.push_back(current_);
    } else if (is_closing(current_.kind) && !open_.empty()) {
      open_.pop_back();
    }
    advance();
  }
  open_.clear();
}

bool LexicalScan::read_declaration(std::vector<Token>& tokens) {
  sound_ = true;
  unclosed_before_ = lexer_.unclosed();
  const size_t mistakes_before = lexer_.mistakes();
  bool fits = true;
  size_t bytes = 0;
  do {
    sound_ = sound_ && lexer_.unclosed() == unclosed_before_;
    if (is_opening(current_.kind)) open(current_);
    if (is_closing(current_.kind)) sound_ = close(current_) && sound_;
    bytes += current_.span.end - current_.span.begin;
    if (fits && bytes > kMaxDeclarationBytes) {
      diagnostics_.error(tokens.empty() ? current_.span : tokens.front().span, "limit",
                         "the declaration is longer than " + std::to_string(kMaxDeclarationBytes) +
                             " bytes, blanks and comments aside",
                         "long sets of values belong into a list: 'list NAME: string from ...'");
      fits = false;
    }
    if (fits) tokens.push_back(current_);
    advance();
  } while (current_.kind != TokenKind::kEnd && !begins_declaration());
  if (!open_.empty() && sound_ && !lexer_.gave_up()) {
    report_open(open_.back(), current_.kind == TokenKind::kEnd
                                  ? "the end of the file"
                                  : "the next " + std::string(spelling(current_.kind)));
    sound_ = false;
  }
  has_values_ = lexer_.mistakes() == mistakes_before;
  open_.clear();
  deeper_ = 0;
  if (!fits || !sound_ || lexer_.gave_up()) return false;
  const uint32_t end = tokens.back().span.end;
  tokens.push_back({TokenKind::kEnd, {end, end}});
  return true;
}

void LexicalScan::open(const Token& token) {
  if (open_.size() < kMaxNesting) {
    open_.push_back(token);
  } else if (deeper_++ == 0 && sound_) {
    diagnostics_.error(token.span, "limit",
                       "brackets nest deeper than " + std::to_string(kMaxNesting), {});
    sound_ = false;
  }
}

bool LexicalScan::close(const Token& token) {
  if (deeper_ > 0) {
    --deeper_;
    return true;
  }
  const TokenKind opening = opening_of(token.kind);
  if (!open_.empty() && open_.back().kind == opening) {
    open_.pop_back();
    return true;
  }
  size_t match = open_.size();
  while (match > 0 && open_[match - 1].kind != opening) --match;
  if (!sound_) {
    // One message for a declaration: the brackets behind the first mistake are guesswork.
  } else if (match > 0) {
    report_open(open_.back(), "the " + in_quotes(token.kind) + " in line " +
                                  std::to_string(file_.position(token.span.begin).line));
  } else {
    diagnostics_.error(
        token.span, "unclosed",
        in_quotes(token.kind) + " closes nothing: there is no " + in_quotes(opening) + " for it",
        {});
  }
  if (match > 0) open_.resize(match - 1);
  return false;
}

void LexicalScan::report_open(const Token& opener, const std::string& where) {
  diagnostics_.error(opener.span, "unclosed",
                     in_quotes(opener.kind) + " is not closed before " + where,
                     "add the missing " + in_quotes(closing_of(opener.kind)));
}

}  // namespace tocsin::patterns
