#include "patterns/parser.h"

#include "patterns/grammar.h"
#include "patterns/lexical_scan.h"

namespace tocsin::patterns {

bool is_text(const SourceFile& file, Diagnostics& diagnostics) {
  if (file.text().size() > kMaxFileBytes) {
    diagnostics.error({0, 0}, "limit",
                      "the file is longer than " + std::to_string(kMaxFileBytes >> 20) + " MiB",
                      {});
    return false;
  }
  const auto invalid = static_cast<uint32_t>(find_invalid_utf8(file.text()));
  if (invalid < file.text().size()) {
    diagnostics.error({invalid, invalid + 1}, "utf-8", "the file is not UTF-8 from here on",
                      "convert it to UTF-8");
    return false;
  }
  return true;
}

ast::File parse(const SourceFile& file, Diagnostics& diagnostics) {
  ast::File out;
  if (!is_text(file, diagnostics)) return out;
  LexicalScan scan(file, diagnostics);
  while (const std::optional<std::vector<Token>> tokens = scan.next()) {
    auto declaration = read_declaration(file, *tokens, diagnostics);
    if (declaration && scan.has_values()) {
      out.declarations.push_back(std::move(*declaration));
    } else if ((*tokens)[1].kind == TokenKind::kName) {
      const Span name = (*tokens)[1].span;
      out.unread.push_back({unquote(file.text(name)), name});
    }
  }
  for (ast::Name& name : scan.take_unread()) out.unread.push_back(std::move(name));
  out.comments = scan.take_comments();
  return out;
}

}  // namespace tocsin::patterns
