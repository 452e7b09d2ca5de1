// Examples in documents are checked like anybody's: the ```tocsin blocks of each document are files
// that are read together.
#include <gtest/gtest.h>

#include "patterns/diagnostic.h"
#include "patterns/front_end.h"
#include "tests/support/markdown.h"
#include "tests/support/temporary_directory.h"

namespace tocsin {
namespace {

namespace fs = std::filesystem;

// Empty lines stand for the text before the block, so that mistakes are shown at their line.
patterns::SourceFile source_of(const tests::CodeBlock& block, const std::string& document) {
  return {document, std::string(block.line - 1, '\n') + block.text};
}

// A list is the block that is marked with its file's name.
eventtime::Result<std::string> list_in(const std::vector<tests::CodeBlock>& code,
                                       const fs::path& path) {
  for (const tests::CodeBlock& block : code) {
    if (block.language == path.filename()) return block.text;
  }
  return eventtime::world_error("no block is marked " + path.filename().string());
}

TEST(Docs, PatternsInDocumentsAreRight) {
  const fs::path root = TOCSIN_SOURCE_DIR;
  size_t blocks = 0;
  for (const fs::path& document : tests::documents(root)) {
    const std::string name = document.lexically_relative(root).string();
    std::vector<patterns::SourceFile> sources;
    const auto code = tests::code_blocks(tests::read_file(document.string()));
    for (const tests::CodeBlock& block : code) {
      if (block.language == "tocsin") sources.push_back(source_of(block, name));
    }
    blocks += sources.size();
    const patterns::Loaded loaded = patterns::load(
        std::move(sources), [&](const std::string& path, size_t) { return list_in(code, path); });
    EXPECT_TRUE(loaded.patterns) << patterns::render(loaded.diagnostics, loaded.sources);
  }
  EXPECT_GE(blocks, 2u) << "README.md and docs/start.md have patterns";
}

TEST(Docs, CodeBlocksAreFound) {
  const std::vector<tests::CodeBlock> blocks =
      tests::code_blocks("a\n```tocsin\nb\nc\n```\nd\n```\n```\n");
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[0].language, "tocsin");
  EXPECT_EQ(blocks[0].text, "b\nc\n");
  EXPECT_EQ(blocks[0].line, 3u);
  EXPECT_EQ(blocks[1].language, "");
  EXPECT_EQ(blocks[1].text, "");
}

}  // namespace
}  // namespace tocsin
