// A directory in memory that fails where a test wants it: the machine stops at the n-th operation,
// the disk is full, bytes are flipped.
//
// Creating, writing, syncing, closing, renaming (twice: the new name, and that it outlives a
// crash), removing, listing, opening and reading at an offset are one operation each. From the one
// at which the machine stops, everything is an error; a write that is hit has written the half.
// crash() then starts it again with what has outlived.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "runtime/storage.h"

namespace tocsin::tests {

// What a crash leaves of that which was not synced.
enum class Loss : unsigned char {
  kNothing,   // all is there
  kUnsynced,  // names and bytes are as they were synced
  kBytes,     // new names are there, their bytes are not
  kTorn,      // new names are there, half of their bytes, the last of which is wrong
};

class MemoryStorage : public runtime::Storage {
 public:
  const std::string& name() const override { return name_; }
  eventtime::Result<std::unique_ptr<runtime::WritableFile>> create(
      const std::string& name) override;
  eventtime::Result<std::unique_ptr<runtime::ReadableFile>> open(const std::string& name) override;
  eventtime::Result<void> rename(const std::string& from, const std::string& to) override;
  eventtime::Result<void> remove(const std::string& name) override;
  eventtime::Result<std::vector<runtime::StoredFile>> list() override;

  uint64_t operations() const { return operations_; }
  // Operations are counted from now on; the n-th is the one that is hit. 0: none.
  void stop_at(uint64_t operation);
  void crash(Loss loss);
  // Operations are counted from now on; before the n-th another process does this, as a whole.
  void interrupt_at(uint64_t operation, std::function<void()> other);

  // All files together; more is "No space left on device".
  void set_capacity(uint64_t bytes) { capacity_ = bytes; }
  uint64_t bytes() const;

  // A copy of all files, and back.
  std::map<std::string, std::string> files() const;
  void set_files(const std::map<std::string, std::string>& files);

 private:
  friend class MemoryReader;
  friend class MemoryWriter;
  struct File {
    std::string bytes;
    size_t synced = 0;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;

  eventtime::Result<void> step(const std::string& name);
  eventtime::Result<void> append(File& file, const std::string& name, std::string_view bytes);
  eventtime::Result<void> sync(File& file, const std::string& name);

  std::string name_ = "memory";
  std::recursive_mutex mutex_;  // files may be written and read by several threads
  Names now_;
  Names durable_;
  uint64_t operations_ = 0;
  uint64_t stop_at_ = 0;
  uint64_t interrupt_at_ = 0;
  std::function<void()> other_;
  uint64_t capacity_ = UINT64_MAX;
};

}  // namespace tocsin::tests
