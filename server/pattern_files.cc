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

Result<std::string> read_text(const std::string& path, size_t max_bytes, std::string_view kind) {
  const Result<std::unique_ptr<connectors::ByteReader>> reader = connectors::open_bytes(path);
  if (!reader) return Failure{reader.error()};
  std::string text;
  for (;;) {
    const size_t used = text.size();
    text.resize(used + kReadBytes);
    const Result<size_t> count = (*reader)->read(text.data() + used, kReadBytes);
    if (!count) return Failure{count.error()};
    text.resize(used + *count);
    if (*count == 0) return text;
    if (text.size() > max_bytes) {
      return eventtime::input_error(fmt::format("'{}' is longer than a {} may be, {} MiB",
                                                path == "-" ? "<stdin>" : path, kind,
                                                max_bytes >> 20));
    }
  }
}

Result<std::string> read_list(const std::string& path, size_t max_bytes) {
  return read_text(path, max_bytes, "list");
}

Result<patterns::SourceFile> read_source(const std::string& path) {
  Result<std::string> text = read_text(path, patterns::kMaxFileBytes, "pattern file");
  if (!text) return Failure{text.error()};
  return patterns::SourceFile(path == "-" ? "<stdin>" : path, *std::move(text));
}

Result<patterns::Loaded> read_patterns(std::span<const std::string> paths,
                                       std::map<std::string, std::string>* lists) {
  std::vector<patterns::SourceFile> sources;
  for (const std::string& path : paths) {
    Result<patterns::SourceFile> source = read_source(path);
    if (!source) return Failure{source.error()};
    sources.push_back(*std::move(source));
  }
  if (lists == nullptr) return patterns::load(std::move(sources), read_list);
  return patterns::load(std::move(sources), [lists](const std::string& path, size_t max_bytes) {
    Result<std::string> text = read_list(path, max_bytes);
    if (text) (*lists)[path] = *text;
    return text;
  });
}

}  // namespace tocsin::server
