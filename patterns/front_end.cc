#include "patterns/front_end.h"

#include <utility>

#include "patterns/binder.h"
#include "patterns/parser.h"

namespace tocsin::patterns {

Loaded load(std::vector<SourceFile> sources) {
  Loaded loaded;
  loaded.sources = std::move(sources);
  for (size_t file = 0; file < loaded.sources.size(); ++file) {
    loaded.diagnostics.set_file(static_cast<uint32_t>(file));
    loaded.files.push_back(parse(loaded.sources[file], loaded.diagnostics));
  }
  loaded.patterns = patterns::bind(loaded.sources, loaded.files, loaded.diagnostics);
  return loaded;
}

}  // namespace tocsin::patterns
