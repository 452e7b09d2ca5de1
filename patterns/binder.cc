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
                      "there is already a pattern " + in_quotes(name.text),
                      first_one_is_at(sources[first->second.file], first->second.span));
  }

 private:
  NameMap<Declared> names_;
};

// Patterns whose events come back to them would feed themselves for ever.
class CycleFinder {
 public:
  explicit CycleFinder(const std::vector<Pattern>& patterns)
      : patterns_(patterns), states_(patterns.size()) {}

  void report(Diagnostics& diagnostics) {
    for (size_t i = 0; i < patterns_.size(); ++i) {
      const bool emits = patterns_[i].emitted_event || patterns_[i].timeout_event;
      if (emits && states_[i] == State::kNew && !visit(i)) {
        const Pattern& pattern = patterns_[path_.front()];
        std::string names;
        for (const size_t on_path : path_) names += patterns_[on_path].name + " -> ";
        diagnostics.set_file(pattern.file);
        diagnostics.error(pattern.span, "cycle",
                          "the events that " + in_quotes(pattern.name) +
                              " emits come back to it: " + names + pattern.name,
                          "leave the event out of 'on' or 'match' of one of them");
        return;
      }
    }
  }

 private:
  enum class State : uint8_t { kNew, kOnPath, kDone };

  // False if a cycle was found, which `path_` then holds.
  bool visit(size_t pattern) {
    states_[pattern] = State::kOnPath;
    path_.push_back(pattern);
    for (size_t next = 0; next < patterns_.size(); ++next) {
      if (!feeds(patterns_[pattern], patterns_[next])) continue;
      if (states_[next] == State::kOnPath) {
        path_.erase(path_.begin(), std::find(path_.begin(), path_.end(), next));
        return false;
      }
      if (states_[next] == State::kNew && !visit(next)) return false;
    }
    states_[pattern] = State::kDone;
    path_.pop_back();
    return true;
  }

  static bool feeds(const Pattern& from, const Pattern& to) {
    const auto takes = [&](const std::optional<EmittedEvent>& event) {
      return event && std::binary_search(to.inputs.begin(), to.inputs.end(), event->type);
    };
    return takes(from.emitted_event) || takes(from.timeout_event);
  }

  const std::vector<Pattern>& patterns_;
  std::vector<State> states_;
  std::vector<size_t> path_;
};

}  // namespace

std::optional<PatternSet> bind(std::span<const SourceFile> sources,
                               std::span<const ast::File> files, const ReadFile& read_file,
                               Diagnostics& diagnostics) {
  TOCSIN_CHECK(sources.size() == files.size(), "each file has its source");
  Declarations declarations(sources, files, read_file, diagnostics);
  RegexCache regexes;
  PatternSet set;
  PatternNames names;
  for (size_t file = 0; file < files.size(); ++file) {
    diagnostics.set_file(static_cast<uint32_t>(file));
    const BindContext context{declarations, sources[file], regexes, diagnostics};
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
  CycleFinder(set.patterns).report(diagnostics);
  if (diagnostics.has_errors()) return std::nullopt;
  set.catalog = declarations.take_catalog();
  return set;
}

}  // namespace tocsin::patterns
