#include "server/pattern_test/test_parser.h"

#include <algorithm>
#include <utility>

#include "patterns/parser.h"
#include "server/pattern_test/test_words.h"

namespace tocsin::server {

namespace {

using patterns::Span;
using patterns::TokenKind;

class TestParser {
 public:
  TestParser(const patterns::SourceFile& file, patterns::Diagnostics& diagnostics)
      : file_(file), diagnostics_(diagnostics), words_(file, diagnostics) {}

  TestFile parse() {
    out_.declarations = std::string(file_.text());
    while (!words_.is(TokenKind::kEnd)) {
      const uint32_t begin = words_.token().span.begin;
      if (words_.begins_declaration()) {
        skip_declaration();
        continue;
      }
      if (words_.skip("use")) {
        use();
      } else if (words_.skip("test")) {
        test(begin);
      } else {
        words_.fail("'use', 'test', 'event', 'list' or 'pattern'",
                    {"use", "test", "event", "list", "pattern"});
        words_.take();
        skip_to_top_level();
      }
      set_aside({begin, words_.taken_end()});
    }
    report_lexical();
    return std::move(out_);
  }

 private:
  void set_aside(Span span) {
    for (uint32_t i = span.begin; i < span.end; ++i) {
      if (out_.declarations[i] != '\n') out_.declarations[i] = ' ';
    }
    set_aside_.push_back(span);
  }

  // What the lexer says of declarations, their own parser says again.
  void report_lexical() {
    for (const patterns::Diagnostic& item : words_.lexical().items()) {
      const bool ours = std::any_of(set_aside_.begin(), set_aside_.end(), [&](Span span) {
        return item.span.begin >= span.begin && item.span.begin <= span.end;
      });
      if (ours) diagnostics_.error(item.span, item.code, item.message, item.help);
    }
  }

  // Up to the next `use`, `test` or declaration outside of brackets, or, where a bracket was left
  // open, at the beginning of a line.
  void skip_to_top_level() {
    size_t depth = 0;
    while (!words_.is(TokenKind::kEnd)) {
      if (words_.begins_top_level() && (depth == 0 || words_.begins_line())) return;
      if (is_opening(words_.token().kind)) ++depth;
      if (is_closing(words_.token().kind) && depth > 0) --depth;
      words_.take();
    }
  }

  // The names of a declaration may be `use` and `test`, but no string follows them.
  void skip_declaration() {
    words_.take();
    skip_to_top_level();
  }

  void use() {
    auto path = words_.string("a file of declarations in quotes");
    if (path) {
      out_.uses.push_back(*std::move(path));
    } else {
      skip_to_top_level();
    }
  }

  void test(uint32_t begin) {
    PatternTest test;
    auto name = words_.string("the test's name in quotes");
    if (!name || !words_.expect(TokenKind::kLeftBrace)) return skip_to_top_level();
    test.name = *std::move(name);
    const auto repeated =
        std::find_if(out_.tests.begin(), out_.tests.end(),
                     [&](const PatternTest& other) { return other.name.text == test.name.text; });
    if (repeated != out_.tests.end()) {
      diagnostics_.error(test.name.span, "duplicate-name", "there is already a test of this name",
                         "the first one is in line " +
                             std::to_string(file_.position(repeated->name.span.begin).line));
    }
    test.expect_here = words_.taken_end();
    const size_t mistakes = diagnostics_.items().size();
    bool first = true;
    while (!words_.skip(TokenKind::kRightBrace)) {
      if (words_.is(TokenKind::kEnd) || (words_.begins_line() && words_.begins_top_level())) {
        // After a mistake the brace may have been passed over.
        if (diagnostics_.items().size() == mistakes) {
          diagnostics_.error(test.name.span, "unclosed", "the test is not closed",
                             "add the missing '}'");
        }
        break;
      }
      if (!line(test, first)) skip_to_line();
      first = false;
    }
    test.span = {begin, words_.taken_end()};
    out_.tests.push_back(std::move(test));
  }

  // Where the next line of a test may begin.
  void skip_to_line() {
    if (words_.closes_test()) return;
    words_.take();
    while (!words_.is(TokenKind::kEnd) && !words_.closes_test()) {
      const bool begins = words_.begins_time() || words_.is_word("expect") ||
                          words_.is_word("open") || words_.is_word("out") ||
                          words_.is(TokenKind::kRightBrace) || words_.begins_top_level();
      if (words_.begins_line() && begins) return;
      words_.take();
    }
  }

  bool line(PatternTest& test, bool first) {
    if (test.open_end) {
      words_.fail("'}': 'open end' is the last line");
      return false;
    }
    if (words_.is_word("out")) return out_of_order(test, first);
    bool read = false;
    if (words_.is_word("expect")) {
      read = expectation(test);
    } else if (words_.is_word("open")) {
      words_.take();
      test.open_end = true;
      return words_.expect("end");
    } else if (words_.begins_time()) {
      read = arrival(test);
    } else {
      words_.fail("a time such as +20s, 'expect', 'open end' or '}'", {"expect", "open", "out"});
    }
    if (read) test.expect_here = words_.taken_end();
    return read;
  }

  bool out_of_order(PatternTest& test, bool first) {
    if (!first) {
      words_.fail("a time such as +20s, 'expect' or '}': 'out of order' is the first line");
      return false;
    }
    words_.take();
    if (!words_.expect("of") || !words_.expect("order")) return false;
    const auto bound = words_.duration();
    if (!bound) return false;
    test.out_of_order = *bound;
    test.expect_here = words_.taken_end();
    return true;
  }

  bool arrival(PatternTest& test) {
    TestLine line;
    line.span.begin = words_.token().span.begin;
    test.absolute = test.absolute || words_.is(TokenKind::kTimestamp);
    const auto time = words_.time();
    if (!time) return false;
    line.time = *time;
    if (!ends_arrival() && !event(line)) return false;
    line.span.end = words_.taken_end();
    test.lines.push_back(std::move(line));
    return true;
  }

  // Behind a time: that only it passes.
  bool ends_arrival() const {
    const bool other = (words_.is_word("expect") || words_.is_word("open")) &&
                       !words_.next_is(TokenKind::kLeftBrace);
    return words_.begins_line() || words_.begins_time() || other ||
           words_.is(TokenKind::kRightBrace);
  }

  bool event(TestLine& line) {
    line.type = words_.name("the name of an event");
    if (!line.type) return false;
    auto fields = words_.map();
    if (!fields) return false;
    line.fields = *std::move(fields);
    if (!words_.skip("as")) return true;
    line.name = words_.name("a name for the event");
    return line.name.has_value();
  }

  bool expectation(PatternTest& test) {
    TestExpectation expectation;
    expectation.span.begin = words_.token().span.begin;
    words_.take();
    auto pattern = words_.name("the name of a pattern");
    if (!pattern) return false;
    expectation.pattern = *std::move(pattern);
    if (words_.skip("at")) {
      expectation.at = words_.time();
      if (!expectation.at) return false;
    }
    expectation.values.kind = TestValue::Kind::kMap;
    if (words_.is(TokenKind::kLeftBrace)) {
      auto values = words_.map();
      if (!values) return false;
      expectation.values = *std::move(values);
    }
    expectation.span.end = words_.taken_end();
    test.expectations.push_back(std::move(expectation));
    return true;
  }

  const patterns::SourceFile& file_;
  patterns::Diagnostics& diagnostics_;
  TestWords words_;
  TestFile out_;
  std::vector<Span> set_aside_;
};

}  // namespace

TestFile parse_tests(const patterns::SourceFile& file, patterns::Diagnostics& diagnostics) {
  if (!patterns::is_text(file, diagnostics)) return {};
  return TestParser(file, diagnostics).parse();
}

}  // namespace tocsin::server
