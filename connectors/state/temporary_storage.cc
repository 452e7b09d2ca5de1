#include "connectors/state/temporary_storage.h"

#include <fmt/core.h>
#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace tocsin::connectors {

namespace fs = std::filesystem;
using eventtime::Error;
using eventtime::Result;
using eventtime::Unexpected;

TemporaryStorage::TemporaryStorage() {
  std::error_code error;
  const fs::path parent = fs::temp_directory_path(error);
  name_ = ((error ? fs::path("/tmp") : parent) / "tocsin-").string();
}

TemporaryStorage::~TemporaryStorage() {
  if (!directory_) return;
  directory_.reset();
  std::error_code error;  // what stays is the system's to clean up
  fs::remove_all(name_, error);
}

Result<FileStorage*> TemporaryStorage::directory() {
  if (directory_) return directory_.get();
  std::string path = name_ + "XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) {
    return eventtime::world_error(
        fmt::format("cannot create the directory '{}': {}", path, std::strerror(errno)));
  }
  auto opened = FileStorage::open(path, FileStorage::Missing::kError);
  if (!opened) return Unexpected<Error>{opened.error()};
  name_ = path;
  directory_ = std::move(*opened);
  return directory_.get();
}

Result<std::unique_ptr<runtime::WritableFile>> TemporaryStorage::create(const std::string& name) {
  const Result<FileStorage*> made = directory();
  if (!made) return Unexpected<Error>{made.error()};
  return (*made)->create(name);
}

Result<std::unique_ptr<runtime::ReadableFile>> TemporaryStorage::open(const std::string& name) {
  const Result<FileStorage*> made = directory();
  if (!made) return Unexpected<Error>{made.error()};
  return (*made)->open(name);
}

Result<void> TemporaryStorage::rename(const std::string& from, const std::string& to) {
  const Result<FileStorage*> made = directory();
  return made ? (*made)->rename(from, to) : Unexpected<Error>{made.error()};
}

Result<void> TemporaryStorage::remove(const std::string& name) {
  const Result<FileStorage*> made = directory();
  return made ? (*made)->remove(name) : Unexpected<Error>{made.error()};
}

Result<std::vector<runtime::StoredFile>> TemporaryStorage::list() {
  if (!directory_) return std::vector<runtime::StoredFile>();
  return directory_->list();
}

}  // namespace tocsin::connectors
