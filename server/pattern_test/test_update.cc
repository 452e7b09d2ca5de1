#include "server/pattern_test/test_update.h"

#include <algorithm>
#include <utility>

namespace tocsin::server {

namespace {

using patterns::SourceFile;
using patterns::Span;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r") == std::string_view::npos;
}

// Where the line's text ends that `at` lies in: before its line end, of one or two bytes.
size_t text_end(std::string_view text, size_t at) {
  const size_t end = std::min(text.find('\n', at), text.size());
  return end > at && end < text.size() && text[end - 1] == '\r' ? end - 1 : end;
}

// The `expect` with its line, from the end of the line before, if nothing else stands there; else
// with the blanks before it.
Span removal(std::string_view text, Span span) {
  const auto end = static_cast<uint32_t>(text_end(text, span.end));
  uint32_t begin = span.begin;
  while (begin > 0 && (text[begin - 1] == ' ' || text[begin - 1] == '\t')) --begin;
  const bool first = begin > 0 && text[begin - 1] == '\n';
  if (!first || !is_blank(text.substr(span.end, end - span.end))) return {begin, span.end};
  --begin;
  if (begin > 0 && text[begin - 1] == '\r') --begin;
  return {begin, end};
}

// Where another line goes, and what stands before its text.
struct Insertion {
  uint32_t at = 0;
  std::string before;
};

Insertion place_for_more(std::string_view text, const CheckedTest& test) {
  const size_t here = test.expect_here;
  size_t end = text_end(text, here);
  if (end >= test.span.end) return {test.expect_here, " "};  // a test on one line
  const bool returns = text[end] == '\r';
  const std::string_view rest = text.substr(here, end - here);
  // A comment that goes on behind the line stays whole.
  const size_t comment = rest.find("/*");
  if (comment != std::string_view::npos && rest.find("*/", comment) == std::string_view::npos) {
    end = here;
  }
  const uint32_t line_of =
      test.expectations.empty()
          ? (test.arrivals.empty() ? test.span.begin : test.arrivals.back().span.begin)
          : test.expectations.back().span.begin;
  const size_t newline = text.rfind('\n', line_of);
  const size_t line_begin = newline == std::string_view::npos ? 0 : newline + 1;
  const size_t indent_end = std::min(text.find_first_not_of(" \t", line_begin), text.size());
  std::string indent(text.substr(line_begin, indent_end - line_begin));
  if (line_of == test.span.begin) indent += "  ";
  return {static_cast<uint32_t>(end), (returns ? "\r\n" : "\n") + indent};
}

}  // namespace

std::vector<Edit> edits_for(const SourceFile& source, const CheckedTest& test, const Judge& judge,
                            const Verdict& verdict, const Played& played) {
  std::vector<Edit> edits;
  std::vector<bool> written(played.alerts.size(), false);
  for (size_t i = 0; i < test.expectations.size(); ++i) {
    if (verdict.alert_of[i] != Verdict::kNone) continue;
    const CheckedExpectation& expected = test.expectations[i];
    Edit edit;
    edit.removed = source.text(expected.span);
    const size_t nearest = verdict.nearest_of[i];
    if (nearest == Verdict::kNone) {
      edit.span = removal(source.text(), expected.span);
    } else {
      written[nearest] = true;
      edit.span = expected.span;
      edit.added = judge.expect_text(played.alerts[nearest], &expected);
      edit.text = edit.added;
    }
    edits.push_back(std::move(edit));
  }
  const Insertion place = place_for_more(source.text(), test);
  for (const size_t alert : verdict.unexpected) {
    if (written[alert]) continue;
    Edit edit;
    edit.span = {place.at, place.at};
    edit.added = judge.expect_text(played.alerts[alert]);
    edit.text = place.before + edit.added;
    edits.push_back(std::move(edit));
  }
  return edits;
}

std::string apply(std::string_view text, std::vector<Edit> edits) {
  std::stable_sort(edits.begin(), edits.end(), [](const Edit& left, const Edit& right) {
    return left.span.begin < right.span.begin;
  });
  std::string out;
  size_t done = 0;
  for (const Edit& edit : edits) {
    out += text.substr(done, edit.span.begin - done);
    out += edit.text;
    done = edit.span.end;
  }
  return out.append(text.substr(done));
}

}  // namespace tocsin::server
