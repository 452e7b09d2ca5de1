#include "server/pattern_files.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "patterns/binder.h"
#include "patterns/parser.h"

namespace tocsin::server {

namespace {

constexpr size_t kReadBytes = size_t{64} << 10;

eventtime::Result<std::string> read_all(int file, const std::string& name) {
  std::string text;
  for (;;) {
    const size_t used = text.size();
    text.resize(used + kReadBytes);
    const ssize_t count = ::read(file, text.data() + used, kReadBytes);
    text.resize(used + static_cast<size_t>(count > 0 ? count : 0));
    if (count == 0) return text;
    if (count < 0 && errno != EINTR) {
      return eventtime::world_error(
          fmt::format("cannot read '{}': {}", name, std::strerror(errno)));
    }
    if (text.size() > patterns::kMaxFileBytes) {
      return eventtime::input_error(fmt::format("'{}' is longer than a pattern file may be, {} MiB",
                                                name, patterns::kMaxFileBytes >> 20));
    }
  }
}

}  // namespace

eventtime::Result<patterns::SourceFile> read_source(const std::string& path) {
  const bool standard_input = path == "-";
  const std::string name = standard_input ? "<stdin>" : path;
  const int file = standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) {
    return eventtime::world_error(fmt::format("cannot open '{}': {}", name, std::strerror(errno)));
  }
  eventtime::Result<std::string> text = read_all(file, name);
  if (!standard_input) ::close(file);
  if (!text) return eventtime::Unexpected<eventtime::Error>{text.error()};
  return patterns::SourceFile(name, *std::move(text));
}

eventtime::Result<PatternFiles> read_patterns(std::span<const std::string> paths) {
  PatternFiles files;
  for (const std::string& path : paths) {
    eventtime::Result<patterns::SourceFile> source = read_source(path);
    if (!source) return eventtime::Unexpected<eventtime::Error>{source.error()};
    files.sources.push_back(*std::move(source));
  }
  for (uint32_t i = 0; i < files.sources.size(); ++i) {
    files.diagnostics.set_file(i);
    files.trees.push_back(patterns::parse(files.sources[i], files.diagnostics));
  }
  files.set = patterns::bind(files.sources, files.trees, files.diagnostics);
  return files;
}

}  // namespace tocsin::server
