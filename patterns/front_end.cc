#include "patterns/front_end.h"

#include <utility>

#include "patterns/binder.h"
#include "patterns/parser.h"

namespace tocsin::patterns {

eventtime::Result<std::string> cannot_read(const std::string& path, size_t /*max_bytes*/) {
  return eventtime::world_error("there are no files here, and so no '" + path + "'");
}

Loaded load(std::vector<SourceFile> sources, const ReadFile& read_file) {
  Loaded loaded;
  loaded.sources = std::move(sources);
  for (size_t file = 0; file < loaded.sources.size(); ++file) {
    loaded.diagnostics.set_file(static_cast<uint32_t>(file));
    loaded.files.push_back(parse(loaded.sources[file], loaded.diagnostics));
  }
  loaded.patterns = patterns::bind(loaded.sources, loaded.files, read_file, loaded.diagnostics);
  return loaded;
}

}  // namespace tocsin::patterns
