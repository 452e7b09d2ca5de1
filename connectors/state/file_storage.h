// The doors of runtime/storage.h on a directory of the file system. Tested by
// tests/unit/connectors/file_storage_test.cc.
//
// A synced file is dropped from the system's cache, so that who reads it back reads the disk.
#pragma once

#include <memory>
#include <string>

#include "eventtime/result.h"
#include "runtime/storage.h"

namespace tocsin::connectors {

class FileStorage : public runtime::Storage {
 public:
  enum class Missing : unsigned char { kCreate, kError };

  // The directory is made, with those above it, if it is missing and `missing` says so.
  static eventtime::Result<std::unique_ptr<FileStorage>> open(const std::string& path,
                                                              Missing missing);
  ~FileStorage() override;

  const std::string& name() const override { return path_; }
  eventtime::Result<std::unique_ptr<runtime::WritableFile>> create(
      const std::string& name) override;
  eventtime::Result<std::unique_ptr<runtime::ReadableFile>> open(const std::string& name) override;
  eventtime::Result<void> rename(const std::string& from, const std::string& to) override;
  eventtime::Result<void> remove(const std::string& name) override;
  eventtime::Result<std::vector<runtime::StoredFile>> list() override;

 private:
  FileStorage(std::string path, int directory) : path_(std::move(path)), directory_(directory) {}

  std::string path_;
  int directory_;  // open as long as this lives
};

}  // namespace tocsin::connectors
