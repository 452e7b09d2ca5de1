#include "server/fmt_command.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>

#include "patterns/parser.h"
#include "patterns/printer.h"
#include "server/exit_status.h"
#include "server/pattern_files.h"
#include "server/replace_file.h"

namespace tocsin::server {

namespace {

using eventtime::Result;

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
