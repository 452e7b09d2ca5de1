#include "server/output_file.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tocsin::server {

eventtime::Result<OutputFile> OutputFile::open(const std::string& path) {
  if (path == "-") return OutputFile("standard output", STDOUT_FILENO);
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor < 0) {
    return eventtime::world_error(fmt::format("cannot write '{}': {}", path, std::strerror(errno)));
  }
  return OutputFile(fmt::format("'{}'", path), descriptor);
}

OutputFile::~OutputFile() {
  if (descriptor_ > STDERR_FILENO) ::close(descriptor_);
}

eventtime::Result<void> OutputFile::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<size_t>(written));
    } else if (errno != EINTR) {
      reader_gone_ = errno == EPIPE;
      return eventtime::world_error(
          fmt::format("cannot write {}: {}", path_, std::strerror(errno)));
    }
  }
  return {};
}

eventtime::Result<void> OutputFile::close() {
  const int descriptor = std::exchange(descriptor_, -1);
  if (descriptor <= STDERR_FILENO || ::close(descriptor) == 0) return {};
  return eventtime::world_error(fmt::format("cannot write {}: {}", path_, std::strerror(errno)));
}

}  // namespace tocsin::server
