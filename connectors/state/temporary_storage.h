// A directory that lives as long as the process needs it: under $TMPDIR, or where the system has
// temporary files. It is made when the first file is, and removed with all that is in it when this
// object goes. A killed process leaves what it had not removed.
//
// For one thread. Tested by tests/unit/connectors/file_storage_test.cc.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/state/file_storage.h"
#include "runtime/storage.h"

namespace tocsin::connectors {

class TemporaryStorage : public runtime::Storage {
 public:
  TemporaryStorage();
  ~TemporaryStorage() override;

  const std::string& name() const override { return name_; }
  eventtime::Result<std::unique_ptr<runtime::WritableFile>> create(
      const std::string& name) override;
  eventtime::Result<std::unique_ptr<runtime::ReadableFile>> open(const std::string& name) override;
  eventtime::Result<void> rename(const std::string& from, const std::string& to) override;
  eventtime::Result<void> remove(const std::string& name) override;
  eventtime::Result<std::vector<runtime::StoredFile>> list() override;

 private:
  eventtime::Result<FileStorage*> directory();

  std::string name_;  // before the directory is there: what it will begin with
  std::unique_ptr<FileStorage> directory_;
};

}  // namespace tocsin::connectors
