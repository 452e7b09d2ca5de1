// Any bytes: parse ends and says what is wrong. A text without mistakes is printed; what is printed
// has the same tree and the same comments, and prints as itself.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "eventtime/check.h"
#include "patterns/parser.h"
#include "patterns/printer.h"
#include "tests/support/ast_dump.h"

namespace {

using namespace tocsin::patterns;  // NOLINT: what this file is about

// Comments as they are kept: their blanks aside.
std::vector<std::string> comments(const ast::File& file, const SourceFile& source) {
  std::vector<std::string> out;
  for (const ast::Comment& comment : file.comments) {
    std::string text(source.text(comment.span));
    std::erase_if(text, [](char c) {
      return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
    });
    out.push_back(std::move(text));
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<SourceFile> source;
  source.emplace_back("t", std::string(reinterpret_cast<const char*>(data), size));
  Diagnostics diagnostics;
  const ast::File file = parse(source[0], diagnostics);
  if (diagnostics.has_errors()) {
    TOCSIN_CHECK(!render(diagnostics, source).empty(), "mistakes are shown");
    return 0;
  }
  const SourceFile printed("p", print(file, source[0]));
  const ast::File again = parse(printed, diagnostics);
  TOCSIN_CHECK(!diagnostics.has_errors(), "what is printed can be read");
  TOCSIN_CHECK(tocsin::test::dump(file) == tocsin::test::dump(again), "printing keeps the tree");
  TOCSIN_CHECK(comments(file, source[0]) == comments(again, printed), "printing keeps comments");
  TOCSIN_CHECK(print(again, printed) == printed.text(), "printing twice changes nothing");
  return 0;
}
