// Which file may include what.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "tests/tidy/tidy.h"

namespace tocsin::tidy {

namespace {

// Outside libraries, and the only place that knows each. A place is the beginning of a path.
struct Home {
  std::string_view include;
  std::string_view place;
};
constexpr std::array<Home, 9> kHomes = {{{"boost/spirit/", "patterns/grammar"},
                                         {"boost/fusion/", "patterns/grammar"},
                                         {"hs/", "patterns/regex"},
                                         {"simdjson", "connectors/"},
                                         {"zlib.h", "connectors/"},
                                         {"zstd.h", "connectors/"},
                                         {"spdlog/", "server/"},
                                         {"CLI/", "server/"},
                                         {"toml++/", "server/pipeline/config_tree"}}};

// Programs are made of patterns by these; what runs programs knows nothing of patterns
// (docs/architecture.md).
constexpr std::array<std::string_view, 11> kPatternReaders = {
    "nfa/code",      "nfa/column_search", "nfa/compiler",    "nfa/condition_shape",
    "nfa/conjunct",  "nfa/edge_builder",  "nfa/field_index", "nfa/fingerprint",
    "nfa/predicate", "nfa/program",       "nfa/slots"};

bool reads_patterns(std::string_view path) {
  return std::any_of(kPatternReaders.begin(), kPatternReaders.end(),
                     [path](std::string_view place) { return path.starts_with(place); });
}

// The name between quotes or angles of an #include, or "".
std::string_view included(std::string_view line, bool& quoted) {
  constexpr std::string_view kInclude = "#include ";
  if (!line.starts_with(kInclude)) return {};
  line.remove_prefix(kInclude.size());
  if (line.empty() || (line.front() != '"' && line.front() != '<')) return {};
  quoted = line.front() == '"';
  line.remove_prefix(1);
  return line.substr(0, line.find(quoted ? '"' : '>'));
}

// Place on the line of folders; of a test, behind its end.
size_t rank(std::string_view folder) {
  return static_cast<size_t>(std::find(folders().begin(), folders().end(), folder) -
                             folders().begin());
}

std::string wrong_include(std::string_view path, std::string_view target) {
  const std::string_view from = top_folder(path);
  const std::string_view to = top_folder(target);
  if (to != "tests" && rank(to) == folders().size()) {
    return fmt::format("'{}' is no path from the root, use one", target);
  }
  if (from != "tests" && rank(to) > rank(from)) {
    return fmt::format("'{}' includes '{}', use only what lies to the left in {}", from, target,
                       fmt::join(folders(), " <- "));
  }
  if (from == "nfa" && to == "patterns" && !reads_patterns(path)) {
    return fmt::format("'{}' reads patterns, use what nfa/compiler.h makes of them", path);
  }
  return {};
}

std::string wrong_library(std::string_view path, std::string_view target) {
  if (top_folder(path) == "tests" && !target.starts_with("boost/spirit/")) return {};
  for (const Home& home : kHomes) {
    if (target.starts_with(home.include) && !path.starts_with(home.place)) {
      return fmt::format("<{}> is included, use it only in {}*", target, home.place);
    }
  }
  return {};
}

}  // namespace

void check_includes(const TextFile& file, std::vector<Finding>& findings) {
  for (size_t i = 0; i < file.lines.size(); ++i) {
    bool quoted = false;
    const std::string_view target = included(file.lines[i], quoted);
    if (target.empty()) continue;
    std::string message =
        quoted ? wrong_include(file.path, target) : wrong_library(file.path, target);
    if (!message.empty()) findings.push_back({file.path, i + 1, std::move(message)});
  }
}

}  // namespace tocsin::tidy
