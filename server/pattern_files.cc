#include "server/pattern_files.h"

#include <fmt/core.h>

#include <memory>
#include <utility>
#include <vector>

#include "connectors/file/byte_reader.h"
#include "patterns/parser.h"

namespace tocsin::server {

namespace {

using eventtime::Result;
using Failure = eventtime::Unexpected<eventtime::Error>;

constexpr size_t kReadBytes = size_t{64} << 10;

}  // namespace

Result<patterns::SourceFile> read_source(const std::string& path) {
  const Result<std::unique_ptr<connectors::ByteReader>> reader = connectors::open_bytes(path);
  if (!reader) return Failure{reader.error()};
  const std::string name = path == "-" ? "<stdin>" : path;
  std::string text;
  for (;;) {
    const size_t used = text.size();
    text.resize(used + kReadBytes);
    const Result<size_t> count = (*reader)->read(text.data() + used, kReadBytes);
    if (!count) return Failure{count.error()};
    text.resize(used + *count);
    if (*count == 0) return patterns::SourceFile(name, std::move(text));
    if (text.size() > patterns::kMaxFileBytes) {
      return eventtime::input_error(fmt::format("'{}' is longer than a pattern file may be, {} MiB",
                                                name, patterns::kMaxFileBytes >> 20));
    }
  }
}

Result<patterns::Loaded> read_patterns(std::span<const std::string> paths) {
  std::vector<patterns::SourceFile> sources;
  for (const std::string& path : paths) {
    Result<patterns::SourceFile> source = read_source(path);
    if (!source) return Failure{source.error()};
    sources.push_back(*std::move(source));
  }
  return patterns::load(std::move(sources));
}

}  // namespace tocsin::server
