#include "connectors/state/file_storage.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace tocsin::connectors {

namespace fs = std::filesystem;
using eventtime::Result;
using runtime::StoredFile;

namespace {

eventtime::Unexpected<eventtime::Error> storage_failed(std::string_view what,
                                                       const std::string& path, int error) {
  return eventtime::world_error(
      fmt::format("cannot {} '{}': {}", what, path, std::strerror(error)));
}

class Writer : public runtime::WritableFile {
 public:
  Writer(int file, int directory, std::string path)
      : file_(file), directory_(directory), path_(std::move(path)) {}
  ~Writer() override {
    if (file_ >= 0) ::close(file_);
  }

  Result<void> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = ::write(file_, bytes.data(), bytes.size());
      if (count >= 0) {
        bytes.remove_prefix(static_cast<size_t>(count));
      } else if (errno != EINTR) {
        return storage_failed("write", path_, errno);
      }
    }
    return {};
  }

  Result<void> sync() override {
    if (::fsync(file_) != 0) return storage_failed("write", path_, errno);
    // The name is the directory's: without this the bytes could be there and nothing lead to them.
    if (::fsync(directory_) != 0) return storage_failed("write", path_, errno);
    return {};
  }

  void forget_cached() override { ::posix_fadvise(file_, 0, 0, POSIX_FADV_DONTNEED); }

  Result<void> close() override {
    const int file = file_;
    file_ = -1;
    return ::close(file) == 0 ? Result<void>() : storage_failed("write", path_, errno);
  }

 private:
  int file_;
  int directory_;
  std::string path_;
};

class Reader : public runtime::ReadableFile {
 public:
  Reader(int file, std::string path) : file_(file), path_(std::move(path)) {}
  ~Reader() override { ::close(file_); }

  Result<size_t> read(char* out, size_t size) override {
    while (true) {
      const ssize_t count = ::read(file_, out, size);
      if (count >= 0) return static_cast<size_t>(count);
      if (errno != EINTR) return storage_failed("read", path_, errno);
    }
  }

  Result<size_t> read_at(uint64_t offset, char* out, size_t size) override {
    size_t done = 0;
    while (done < size) {
      const ssize_t count =
          ::pread(file_, out + done, size - done, static_cast<off_t>(offset + done));
      if (count == 0) break;
      if (count > 0) {
        done += static_cast<size_t>(count);
      } else if (errno != EINTR) {
        return storage_failed("read", path_, errno);
      }
    }
    return done;
  }

 private:
  int file_;
  std::string path_;
};

}  // namespace

Result<std::unique_ptr<FileStorage>> FileStorage::open(const std::string& path, Missing missing) {
  if (missing == Missing::kCreate) {
    std::error_code error;
    fs::create_directories(path, error);
    // A file in the way has a clearer name than what create_directories() says of it.
    if (error && error != std::errc::not_a_directory && error != std::errc::file_exists) {
      return storage_failed("create the directory", path, error.value());
    }
  }
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return storage_failed("open the directory", path, errno);
  std::unique_ptr<FileStorage> storage(new FileStorage(path, directory));
  if (::faccessat(directory, ".", R_OK | X_OK, AT_EACCESS) != 0) {
    return storage_failed("open the directory", path, errno);
  }
  return storage;
}

FileStorage::~FileStorage() {
  ::close(directory_);
}

Result<std::unique_ptr<runtime::WritableFile>> FileStorage::create(const std::string& name) {
  constexpr int kFlags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
  constexpr mode_t kMode = 0666;
  std::string path = fmt::format("{}/{}", path_, name);
  const int file = ::openat(directory_, name.c_str(), kFlags, kMode);
  if (file < 0) return storage_failed("write", path, errno);
  return std::unique_ptr<runtime::WritableFile>(
      std::make_unique<Writer>(file, directory_, std::move(path)));
}

Result<std::unique_ptr<runtime::ReadableFile>> FileStorage::open(const std::string& name) {
  std::string path = fmt::format("{}/{}", path_, name);
  const int file = ::openat(directory_, name.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return storage_failed("read", path, errno);
  return std::unique_ptr<runtime::ReadableFile>(std::make_unique<Reader>(file, std::move(path)));
}

Result<void> FileStorage::rename(const std::string& from, const std::string& to) {
  const std::string path = fmt::format("{}/{}", path_, to);
  int renamed = ::renameat2(directory_, from.c_str(), directory_, to.c_str(), RENAME_NOREPLACE);
  if (renamed != 0 && errno == EINVAL) {  // some network file systems know no flags
    struct stat status{};
    if (::fstatat(directory_, to.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
      return storage_failed("write", path, EEXIST);
    }
    renamed = ::renameat(directory_, from.c_str(), directory_, to.c_str());
  }
  if (renamed != 0) return storage_failed("write", path, errno);
  return ::fsync(directory_) == 0 ? Result<void>() : storage_failed("write", path, errno);
}

Result<void> FileStorage::remove(const std::string& name) {
  if (::unlinkat(directory_, name.c_str(), 0) == 0) return {};
  return storage_failed("remove", fmt::format("{}/{}", path_, name), errno);
}

Result<std::vector<StoredFile>> FileStorage::list() {
  // Its own descriptor: the position in a directory belongs to it.
  const int copy = ::openat(directory_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return storage_failed("read the directory", path_, errno);
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::fdopendir(copy), &::closedir);
  if (directory == nullptr) return storage_failed("read the directory", path_, errno);
  std::vector<StoredFile> files;
  errno = 0;
  while (const dirent* entry = ::readdir(directory.get())) {
    struct stat status{};
    // One that has gone meanwhile, by another process, is not there.
    const bool there = ::fstatat(directory_, entry->d_name, &status, 0) == 0;
    if (there && S_ISREG(status.st_mode)) {
      files.push_back({entry->d_name, static_cast<uint64_t>(status.st_size)});
    }
    errno = 0;
  }
  if (errno != 0) return storage_failed("read the directory", path_, errno);
  std::sort(files.begin(), files.end(),
            [](const StoredFile& left, const StoredFile& right) { return left.name < right.name; });
  return files;
}

}  // namespace tocsin::connectors
