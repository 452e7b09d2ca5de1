// What the front end says about files with mistakes, word for word: each *.tocsin and *.test under
// tests/golden/diagnostics has a *.txt beside it with the rendered diagnostics, warnings included.
// `TOCSIN_UPDATE=1 golden_test` writes them anew; review the difference before you commit it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "patterns/front_end.h"
#include "server/pattern_test/test_loader.h"

namespace tocsin {
namespace {

namespace fs = std::filesystem;

const fs::path kRoot = fs::path(TOCSIN_SOURCE_DIR) / "tests/golden/diagnostics";

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<fs::path> cases() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(kRoot)) {
    const fs::path kind = entry.path().extension();
    if (kind == ".tocsin" || kind == ".test") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// With the file's name in place of its path, which is different everywhere.
std::string test_diagnostics(const fs::path& path) {
  auto loaded = server::load_tests(path.string());
  EXPECT_TRUE(loaded) << loaded.error().message;
  if (!loaded) return {};
  patterns::SourceFile& source = loaded->sources.front();
  source = patterns::SourceFile(path.filename().string(), std::string(source.text()));
  std::string shown = patterns::render(loaded->diagnostics, loaded->sources);
  const std::string folder = path.parent_path().string() + "/";
  for (size_t at = shown.find(folder); at != std::string::npos; at = shown.find(folder, at)) {
    shown.erase(at, folder.size());
  }
  return shown;
}

std::string diagnostics(const fs::path& path) {
  if (path.extension() == ".test") return test_diagnostics(path);
  std::vector<patterns::SourceFile> sources;
  sources.emplace_back(path.filename().string(), read(path));
  // Lists lie beside the file that declares them.
  const auto read_list = [&](const std::string& name, size_t) -> eventtime::Result<std::string> {
    const fs::path list = path.parent_path() / name;
    if (!fs::exists(list)) return eventtime::world_error("there is no file '" + name + "'");
    return read(list);
  };
  const patterns::Loaded loaded = patterns::load(std::move(sources), read_list);
  return patterns::render(loaded.diagnostics, loaded.sources);
}

TEST(Diagnostics, AreWordForWordAsWritten) {
  const bool update = std::getenv("TOCSIN_UPDATE") != nullptr;
  const std::vector<fs::path> paths = cases();
  ASSERT_FALSE(paths.empty());
  for (const fs::path& path : paths) {
    fs::path expected = path;
    expected.replace_extension(".txt");
    const std::string shown = diagnostics(path);
    EXPECT_FALSE(shown.empty()) << path << " has no mistakes";
    if (update) std::ofstream(expected, std::ios::binary) << shown;
    EXPECT_EQ(shown, read(expected)) << path << "\nTOCSIN_UPDATE=1 accepts this";
  }
}

}  // namespace
}  // namespace tocsin
