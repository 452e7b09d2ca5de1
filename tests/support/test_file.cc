#include "tests/support/test_file.h"

#include <algorithm>
#include <cctype>

namespace tocsin::tests {

namespace {

// 2026-01-01T00:00:00Z, from which `+` counts.
constexpr Timestamp kTestStart{1767225600000000};

struct Token {
  enum class Kind : uint8_t { kEnd, kWord, kString, kSign };
  Kind kind = Kind::kEnd;
  std::string text;
  size_t begin = 0;
  size_t end = 0;
};

bool is_word_byte(char byte) {
  return std::isalnum(static_cast<unsigned char>(byte)) != 0 ||
         std::string_view("_+-.:").find(byte) != std::string_view::npos;
}

class Tokens {
 public:
  explicit Tokens(std::string_view text) : text_(text) { advance(); }

  const Token& peek() const { return token_; }
  Token take() {
    Token taken = token_;
    advance();
    return taken;
  }
  bool at(std::string_view text) const {
    return token_.kind != Token::Kind::kString && token_.text == text;
  }
  bool skip(std::string_view text) {
    if (!at(text)) return false;
    advance();
    return true;
  }

 private:
  void skip_blanks() {
    while (place_ < text_.size()) {
      if (text_.substr(place_, 2) == "//") {
        place_ = std::min(text_.find('\n', place_), text_.size());
      } else if (text_.substr(place_, 2) == "/*") {
        const size_t end = text_.find("*/", place_ + 2);
        place_ = end == std::string_view::npos ? text_.size() : end + 2;
      } else if (std::isspace(static_cast<unsigned char>(text_[place_])) != 0) {
        ++place_;
      } else {
        return;
      }
    }
  }

  // The quote itself is written twice.
  void take_string(char quote) {
    token_.kind = Token::Kind::kString;
    for (++place_; place_ < text_.size(); ++place_) {
      if (text_[place_] == quote) {
        if (text_.substr(place_ + 1, 1) != std::string_view(&quote, 1)) break;
        ++place_;
      }
      token_.text += text_[place_];
    }
    place_ = std::min(place_ + 1, text_.size());
  }

  // A word goes on over ':' only inside a time: `10:00`, not `card: 'c1'`.
  void take_word() {
    token_.kind = Token::Kind::kWord;
    const auto digit_at = [&](size_t place) {
      return place < text_.size() && std::isdigit(static_cast<unsigned char>(text_[place])) != 0;
    };
    while (place_ < text_.size() && is_word_byte(text_[place_])) {
      if (text_[place_] == ':' && !digit_at(place_ + 1)) break;
      token_.text += text_[place_++];
    }
  }

  void advance() {
    skip_blanks();
    token_ = Token{};
    token_.begin = place_;
    if (place_ < text_.size()) {
      const char byte = text_[place_];
      if (byte == '"' || byte == '\'') {
        take_string(byte);
      } else if (is_word_byte(byte) && byte != ':') {
        take_word();
      } else {
        token_.kind = Token::Kind::kSign;
        token_.text = text_.substr(place_++, 1);
      }
    }
    token_.end = place_;
  }

  std::string_view text_;
  size_t place_ = 0;
  Token token_;
};

class TestParser {
 public:
  explicit TestParser(std::string_view text) : text_(text), tokens_(text) {}

  eventtime::Result<TestFile> parse() {
    file_.declarations = std::string(text_);
    while (tokens_.peek().kind != Token::Kind::kEnd && error_.empty()) {
      const size_t begin = tokens_.peek().begin;
      if (skip("use")) {
        file_.uses.push_back(expect_string());
        blank(begin);
      } else if (skip("test")) {
        test(begin);
        blank(begin);
      } else {
        skip_declarations();
      }
    }
    if (!error_.empty()) return eventtime::input_error(error_);
    return std::move(file_);
  }

 private:
  void fail(const std::string& wanted) {
    if (!error_.empty()) return;
    const Token& token = tokens_.peek();
    error_ = "line " + std::to_string(line_of(token.begin)) + ": expected " + wanted + ", not '" +
             token.text + "'";
  }

  uint32_t line_of(size_t place) const {
    return 1 + static_cast<uint32_t>(
                   std::count(text_.begin(), text_.begin() + static_cast<ptrdiff_t>(place), '\n'));
  }

  // Keeps the places of the rest, so that diagnostics show the lines of this file.
  void blank(size_t begin) {
    for (size_t i = begin; i < last_end_; ++i) {
      if (file_.declarations[i] != '\n') file_.declarations[i] = ' ';
    }
  }

  Token take() {
    last_end_ = tokens_.peek().end;
    return tokens_.take();
  }
  bool skip(std::string_view text) {
    if (!tokens_.at(text)) return false;
    take();
    return true;
  }
  void expect(std::string_view text) {
    if (!skip(text)) fail("'" + std::string(text) + "'");
  }
  std::string expect_string() {
    if (tokens_.peek().kind != Token::Kind::kString) fail("a text in quotes");
    return take().text;
  }
  std::string expect_word(const char* wanted) {
    if (tokens_.peek().kind != Token::Kind::kWord) fail(wanted);
    return take().text;
  }

  // Events, lists and patterns, up to the next `use` or `test`. Each of them can also be a name.
  void skip_declarations() {
    size_t depth = 0;
    bool names = false;  // the next token is a declaration's name
    while (tokens_.peek().kind != Token::Kind::kEnd) {
      if (depth == 0 && !names && (tokens_.at("use") || tokens_.at("test"))) return;
      names = depth == 0 && (tokens_.at("event") || tokens_.at("list") || tokens_.at("pattern") ||
                             tokens_.at("time"));
      const Token token = take();
      if (token.kind != Token::Kind::kSign) continue;
      if (token.text == "{") ++depth;
      if (token.text == "}" && depth > 0) --depth;
    }
  }

  TestValue value() {
    TestValue value;
    if (tokens_.peek().kind == Token::Kind::kString) {
      value.kind = TestValue::Kind::kString;
      value.text = take().text;
    } else if (tokens_.at("{")) {
      value = map();
    } else if (skip("[")) {
      value.kind = TestValue::Kind::kList;
      while (error_.empty() && !skip("]")) {
        value.items.push_back(this->value());
        if (!tokens_.at("]")) expect(",");
      }
    } else {
      value.text = expect_word("a value");
    }
    return value;
  }

  TestValue map() {
    TestValue map;
    map.kind = TestValue::Kind::kMap;
    expect("{");
    while (error_.empty() && !skip("}")) {
      map.names.push_back(expect_word("a name"));
      expect(":");
      map.items.push_back(value());
      if (!tokens_.at("}")) expect(",");
    }
    return map;
  }

  Timestamp time() {
    const std::string_view text = tokens_.peek().text;
    std::optional<Timestamp> time;
    if (text.starts_with('+')) {
      const auto span = eventtime::parse_duration(text.substr(1));
      if (span) time = kTestStart + *span;
    } else {
      time = eventtime::parse_timestamp(text);
    }
    if (!time) fail("a time such as +20s");
    take();
    return time.value_or(Timestamp{});
  }

  Duration duration() {
    const auto span = eventtime::parse_duration(tokens_.peek().text);
    if (!span) fail("a duration");
    take();
    return span.value_or(Duration{});
  }

  void expectation(PatternTest& test) {
    TestExpectation expectation;
    expectation.pattern = expect_word("the name of a pattern");
    if (skip("at")) expectation.at = time();
    expectation.values.kind = TestValue::Kind::kMap;
    if (tokens_.at("{")) expectation.values = map();
    test.expectations.push_back(std::move(expectation));
  }

  void arrival(PatternTest& test) {
    TestLine line;
    line.time = time();
    const std::string& next = tokens_.peek().text;
    const bool is_type = tokens_.peek().kind == Token::Kind::kWord &&
                         std::isalpha(static_cast<unsigned char>(next[0])) != 0 &&
                         next != "expect" && next != "open";
    if (is_type) {
      line.type = take().text;
      line.fields = map();
      if (skip("as")) line.name = expect_word("a name for the event");
    }
    test.lines.push_back(std::move(line));
  }

  void test(size_t begin) {
    PatternTest test;
    test.line = line_of(begin);
    test.name = expect_string();
    expect("{");
    if (skip("out")) {
      expect("of");
      expect("order");
      test.out_of_order = duration();
    }
    while (error_.empty() && !skip("}")) {
      if (test.open_end) {
        fail("'}' after 'open end'");
      } else if (skip("expect")) {
        expectation(test);
      } else if (skip("open")) {
        expect("end");
        test.open_end = true;
      } else {
        arrival(test);
      }
    }
    file_.tests.push_back(std::move(test));
  }

  std::string_view text_;
  Tokens tokens_;
  TestFile file_;
  std::string error_;
  size_t last_end_ = 0;
};

}  // namespace

eventtime::Result<TestFile> parse_test_file(std::string_view text) {
  return TestParser(text).parse();
}

}  // namespace tocsin::tests
