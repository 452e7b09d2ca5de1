#include "server/fmt_command.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>

#include "connectors/file/line_writer.h"
#include "patterns/parser.h"
#include "patterns/printer.h"
#include "server/exit_status.h"
#include "server/pattern_files.h"

namespace tocsin::server {

namespace {

namespace fs = std::filesystem;

using connectors::LineWriter;
using eventtime::Result;

// Writes a file beside the old one and gives it the old one's place and mode: a reader sees the old
// text or the new one. A symbolic link stays one.
Result<void> replace_file(const std::string& path, std::string_view text) {
  std::error_code failed;
  const fs::path target = fs::canonical(path, failed);
  const fs::path beside = target.string() + ".fmt-" + std::to_string(::getpid());
  Result<std::unique_ptr<LineWriter>> writer = LineWriter::open(beside.string());
  if (!writer) return eventtime::Unexpected<eventtime::Error>{writer.error()};
  Result<void> written = (*writer)->write_lines(text);
  if (written) written = (*writer)->close();
  if (written) {
    fs::permissions(beside, fs::status(target).permissions(), failed);
    if (!failed) fs::rename(beside, target, failed);
    if (failed) {
      written =
          eventtime::world_error(fmt::format("cannot write '{}': {}", path, failed.message()));
    }
  }
  if (!written) fs::remove(beside, failed);
  return written;
}

int fmt_file(const std::string& path, bool check) {
  const Result<patterns::SourceFile> source = read_source(path);
  if (!source) return report(source.error());
  patterns::Diagnostics diagnostics;
  const patterns::ast::File tree = patterns::parse(*source, diagnostics);
  if (diagnostics.has_errors()) {
    fmt::print(stderr, "{}", patterns::render(diagnostics, {&*source, 1}));
    return kInputWrong;
  }
  const std::string text = patterns::print(tree, *source);
  const bool changed = text != source->text();
  if (check) {
    if (!changed) return kDone;
    return std::max(kInputWrong, write_standard_output(source->name() + "\n"));
  }
  if (path == "-") return write_standard_output(text);
  if (!changed) return kDone;
  const Result<void> written = replace_file(path, text);
  if (!written) return report(written.error());
  fmt::print(stderr, "formatted {}\n", path);
  return kDone;
}

}  // namespace

int fmt(const FmtOptions& options) {
  int status = kDone;
  for (const std::string& path : options.files) {
    status = std::max(status, fmt_file(path, options.check));
  }
  return status;
}

}  // namespace tocsin::server
