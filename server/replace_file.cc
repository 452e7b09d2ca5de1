#include "server/replace_file.h"

#include <fmt/core.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <system_error>

#include "connectors/file/line_writer.h"

namespace tocsin::server {

namespace fs = std::filesystem;

using connectors::LineWriter;
using eventtime::Result;

Result<void> replace_file(const std::string& path, std::string_view text) {
  std::error_code failed;
  const fs::path target = fs::canonical(path, failed);
  const fs::path beside = target.string() + ".new-" + std::to_string(::getpid());
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

}  // namespace tocsin::server
