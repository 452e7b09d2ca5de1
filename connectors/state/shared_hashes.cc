#include "connectors/state/shared_hashes.h"

#include <fmt/core.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Result;

namespace {

eventtime::Unexpected<eventtime::Error> no_memory(int error) {
  return eventtime::world_error(
      fmt::format("no memory for the hashes of records: {}", std::strerror(error)));
}

}  // namespace

Result<std::unique_ptr<SharedHashes>> SharedHashes::create() {
  const int file = ::memfd_create("tocsin-record-hashes", MFD_CLOEXEC);
  if (file < 0) return no_memory(errno);
  return std::unique_ptr<SharedHashes>(new SharedHashes(file));
}

SharedHashes::~SharedHashes() {
  if (mapped_ != nullptr) ::munmap(mapped_, mapped_bytes_);
  ::close(file_);
}

void SharedHashes::append(const RecordHash& hash) {
  buffer_.push_back(hash);
  if (buffer_.size() >= kBufferedHashes) flush();
}

Result<void> SharedHashes::finish() {
  flush();
  buffer_.shrink_to_fit();
  return status_;
}

void SharedHashes::flush() {
  // write(), not a mapping: where memory ends the one fails, the other kills.
  const char* next = reinterpret_cast<const char*>(buffer_.data());
  size_t left = buffer_.size() * sizeof(RecordHash);
  while (left > 0 && status_) {
    const ssize_t count = ::write(file_, next, left);
    if (count >= 0) {
      next += count;
      left -= static_cast<size_t>(count);
    } else if (errno != EINTR) {
      status_ = no_memory(errno);
    }
  }
  buffer_.clear();
}

Result<std::span<const RecordHash>> SharedHashes::read() const {
  struct stat status{};
  TOCSIN_CHECK(::fstat(file_, &status) == 0, "an open file has a size");
  const auto bytes = static_cast<size_t>(status.st_size);
  if (bytes == 0) return std::span<const RecordHash>();
  if (mapped_ == nullptr) {
    void* const mapped = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file_, 0);
    if (mapped == MAP_FAILED) return no_memory(errno);
    mapped_ = mapped;
    mapped_bytes_ = bytes;
  }
  TOCSIN_CHECK(bytes == mapped_bytes_, "nothing is appended to hashes that are read");
  return std::span(static_cast<const RecordHash*>(mapped_), bytes / sizeof(RecordHash));
}

}  // namespace tocsin::connectors
