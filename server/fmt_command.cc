#include "server/fmt_command.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "patterns/parser.h"
#include "patterns/printer.h"
#include "server/exit_status.h"
#include "server/pattern_files.h"

namespace tocsin::server {

namespace {

using eventtime::Result;

eventtime::Unexpected<eventtime::Error> cannot_write(const std::string& path) {
  return eventtime::world_error(fmt::format("cannot write '{}': {}", path, std::strerror(errno)));
}

Result<void> write_and_sync(int file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno != EINTR) return cannot_write(path);
    text.remove_prefix(static_cast<size_t>(std::max<ssize_t>(written, 0)));
  }
  if (::fsync(file) != 0) return cannot_write(path);
  return {};
}

// A reader sees the old text or the new one; a symbolic link stays one; the mode is kept.
Result<void> replace_file(const std::string& path, std::string_view text) {
  std::error_code failed;
  const std::string target = std::filesystem::canonical(path, failed).string();
  struct stat status{};
  if (failed || ::stat(target.c_str(), &status) != 0) return cannot_write(path);
  std::string beside = target + ".XXXXXX";
  const int file = ::mkostemp(beside.data(), O_CLOEXEC);
  if (file < 0) return cannot_write(path);
  Result<void> result = write_and_sync(file, text, path);
  if (result && ::fchmod(file, status.st_mode & 07777) != 0) result = cannot_write(path);
  ::close(file);
  if (result && std::rename(beside.c_str(), target.c_str()) != 0) result = cannot_write(path);
  if (!result) ::unlink(beside.c_str());
  return result;
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
