#include "server/explain_command.h"

#include <fmt/format.h>

#include "nfa/compiler.h"
#include "nfa/dump.h"
#include "patterns/diagnostic.h"
#include "server/exit_status.h"
#include "server/pattern_files.h"

namespace tocsin::server {
namespace {

using eventtime::Error;
using eventtime::Result;

std::string dump(const nfa::Program& program, ExplainFormat format) {
  switch (format) {
    case ExplainFormat::kDot:
      return nfa::dump_dot(program);
    case ExplainFormat::kJson:
      return nfa::dump_json(program);
    case ExplainFormat::kText:
      break;
  }
  return nfa::dump_text(program);
}

// The chosen patterns, one after the other; in text an empty line between them.
Result<std::string> explain_set(const patterns::PatternSet& set, const ExplainOptions& options) {
  std::string out;
  nfa::PredicateSet predicates;
  std::vector<std::string> names;
  for (const patterns::Pattern& pattern : set.patterns) {
    names.push_back(pattern.name);
    if (options.pattern && *options.pattern != pattern.name) continue;
    const Result<nfa::Program> program = nfa::compile(pattern, set.catalog, predicates);
    if (!program) return eventtime::Unexpected<Error>{program.error()};
    if (!out.empty() && options.format == ExplainFormat::kText) out += '\n';
    out += dump(*program, options.format);
  }
  if (out.empty() && options.pattern) {
    return eventtime::usage_error(
        fmt::format("there is no pattern '{}'; {}", *options.pattern,
                    fmt::format("declared are {}", fmt::join(names, ", "))));
  }
  return out;
}

}  // namespace

int explain(const ExplainOptions& options) {
  const Result<patterns::Loaded> files = read_patterns(options.files);
  if (!files) return report(files.error());
  if (!files->patterns) {
    fmt::print(stderr, "{}", patterns::render(files->diagnostics, files->sources));
    return kInputWrong;
  }
  const Result<std::string> text = explain_set(*files->patterns, options);
  if (!text) return report(text.error());
  return write_standard_output(*text);
}

}  // namespace tocsin::server
