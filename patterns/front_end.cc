#include "patterns/front_end.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "patterns/binder.h"
#include "patterns/parser.h"

namespace tocsin::patterns {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};

eventtime::Unexpected<eventtime::Error> cannot_read(const std::string& path) {
  return eventtime::world_error("cannot read '" + path + "': " + std::strerror(errno));
}

eventtime::Result<SourceFile> read_file(const std::string& path) {
  const bool standard_input = path == "-";
  const std::unique_ptr<std::FILE, CloseFile> file(standard_input ? stdin
                                                                  : std::fopen(path.c_str(), "rb"));
  if (file == nullptr) return cannot_read(path);
  std::string text;
  std::array<char, 1 << 16> buffer;
  // One byte more than the parser takes is enough for it to refuse the file.
  while (text.size() <= kMaxFileBytes) {
    const size_t got = std::fread(buffer.data(), 1, buffer.size(), file.get());
    text.append(buffer.data(), got);
    if (got < buffer.size()) break;
  }
  if (std::ferror(file.get()) != 0) return cannot_read(path);
  return SourceFile(standard_input ? "<stdin>" : path, std::move(text));
}

}  // namespace

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

eventtime::Result<Loaded> load_files(std::span<const std::string> paths) {
  std::vector<SourceFile> sources;
  for (const std::string& path : paths) {
    eventtime::Result<SourceFile> source = read_file(path);
    if (!source) return eventtime::Unexpected<eventtime::Error>{source.error()};
    sources.push_back(std::move(*source));
  }
  return load(std::move(sources));
}

}  // namespace tocsin::patterns
