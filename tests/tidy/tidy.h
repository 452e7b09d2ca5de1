// The rules of the house that no compiler knows, as a test over the checked-out tree:
//
//   - includes run along the line of folders, and each outside library stays in its place
//   - width, length, blanks, `#pragma once`, a first line that says what the file is
//   - no unfinished work, no wall clock, chance or locale where output must be a function of input
//   - functions that only their file sees have names of their own
//   - the top level holds what the layout names; every link between documents leads somewhere,
//     and the tests that a comment names are there
//
// A finding names the line and what to do instead. Tested on small trees by
// tests/tidy/tidy_test.cc, which also runs it on ours.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::tidy {

struct Finding {
  std::string path;  // from the root
  size_t line = 0;   // from 1
  std::string message;
};

// "nfa/run.cc:3: error: 'nfa' includes 'server/log.h', use ..."
std::string to_string(const Finding& finding);

struct TextFile {
  std::string path;                     // from the root, with '/'
  std::vector<std::string_view> lines;  // without line ends
  std::string text;
};

// All findings in the tree at `root`, by path and line.
std::vector<Finding> check_tree(const std::filesystem::path& root);

// ---- the rules, each in the file of its kind ----

void check_includes(const TextFile& file, std::vector<Finding>& findings);  // includes.cc
void check_shape(const TextFile& file, std::vector<Finding>& findings);     // shape.cc
void check_words(const TextFile& file, std::vector<Finding>& findings);     // words.cc
void check_links(const TextFile& file, const std::filesystem::path& root,   // links.cc
                 std::vector<Finding>& findings);
void check_named_tests(const TextFile& file, const std::filesystem::path& root,  // links.cc
                       std::vector<Finding>& findings);

// A function that only its file sees has no namesake in its library. Looks at one file after the
// other; names.cc.
class NameRule {
 public:
  void check(const TextFile& file, std::vector<Finding>& findings);

 private:
  std::map<std::string, std::string> homes_;  // by folder and name: the first file
};

// ---- shared by the rules ----

// The folders of the architecture, each may include those before it.
const std::vector<std::string_view>& folders();
// The first part of a path: its folder at the top level.
std::string_view top_folder(std::string_view path);
bool is_cpp(std::string_view path);

}  // namespace tocsin::tidy
