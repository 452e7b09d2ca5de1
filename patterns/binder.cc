#include "patterns/binder.h"

#include <algorithm>
#include <utility>

#include "eventtime/check.h"
#include "patterns/declarations.h"
#include "patterns/pattern_binder.h"
#include "patterns/warnings.h"

namespace tocsin::patterns {
namespace {

bool has_errors_since(const Diagnostics& diagnostics, size_t first) {
  const auto& items = diagnostics.items();
  return std::any_of(items.begin() + static_cast<std::ptrdiff_t>(first), items.end(),
                     [](const Diagnostic& item) { return item.severity == Severity::kError; });
}

struct Declared {
  size_t file = 0;
  Span span;
};

// Patterns have names of their own: one may be called as an event is.
class PatternNames {
 public:
  void add(const ast::Name& name, size_t file, std::span<const SourceFile> sources,
           Diagnostics& diagnostics) {
    const auto [first, added] = names_.try_emplace(name.text, Declared{file, name.span});
    if (added) return;
    diagnostics.error(name.span, "duplicate-name",
                      "there is already a pattern " + quoted(name.text),
                      first_one_is_at(sources[first->second.file], first->second.span));
  }

 private:
  NameMap<Declared> names_;
};

}  // namespace

std::optional<PatternSet> bind(std::span<const SourceFile> sources,
                               std::span<const ast::File> files, Diagnostics& diagnostics) {
  TOCSIN_CHECK(sources.size() == files.size(), "each file has its source");
  Declarations declarations(sources, files, diagnostics);
  PatternSet set;
  PatternNames names;
  for (size_t file = 0; file < files.size(); ++file) {
    diagnostics.set_file(static_cast<uint32_t>(file));
    const BindContext context{declarations, sources[file], diagnostics};
    for (const ast::Declaration& declaration : files[file].declarations) {
      if (!declaration.pattern) continue;
      const size_t first = diagnostics.items().size();
      names.add(declaration.pattern->name, file, sources, diagnostics);
      Pattern pattern = PatternBinder(context, *declaration.pattern).bind();
      if (has_errors_since(diagnostics, first)) continue;
      pattern.file = static_cast<uint32_t>(file);
      warn(pattern, *declaration.pattern, diagnostics);
      set.patterns.push_back(std::move(pattern));
    }
  }
  if (diagnostics.has_errors()) return std::nullopt;
  set.catalog = declarations.take_catalog();
  return set;
}

}  // namespace tocsin::patterns
