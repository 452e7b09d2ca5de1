// Examples in documents, so that tests can run them.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::tests {

struct CodeBlock {
  std::string language;  // what stands behind the opening fence
  std::string text;      // with the last line's end
  size_t line = 0;       // of its first line of text, from 1
};

// The fenced code blocks of a document, in order.
std::vector<CodeBlock> code_blocks(std::string_view document);

// README.md, CHANGELOG.md and all of docs/ and samples/, by path.
std::vector<std::filesystem::path> documents(const std::filesystem::path& root);

}  // namespace tocsin::tests
