#include "tests/support/markdown.h"

#include <algorithm>

namespace tocsin::tests {

namespace fs = std::filesystem;

std::vector<CodeBlock> code_blocks(std::string_view document) {
  constexpr std::string_view kFence = "```";
  std::vector<CodeBlock> blocks;
  bool inside = false;
  size_t number = 0;
  while (!document.empty()) {
    const size_t end = std::min(document.find('\n'), document.size());
    const std::string_view line = document.substr(0, end);
    document.remove_prefix(std::min(end + 1, document.size()));
    ++number;
    if (line.starts_with(kFence)) {
      inside = !inside;
      if (inside) blocks.push_back({std::string(line.substr(kFence.size())), "", number + 1});
    } else if (inside) {
      blocks.back().text.append(line).append("\n");
    }
  }
  return blocks;
}

std::vector<fs::path> documents(const fs::path& root) {
  std::vector<fs::path> found = {root / "README.md", root / "CHANGELOG.md"};
  for (const char* folder : {"docs", "samples"}) {
    if (!fs::exists(root / folder)) continue;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.path().extension() == ".md") found.push_back(entry.path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace tocsin::tests
