// Where state outlives the program: one of the four doors to the world (with Source, Sink, Clock).
//
// A flat directory of files by name; a name holds no '/'. Every error is the world's and says which
// file and why ("cannot write 'state/base-000001.state': No space left on device"). What outlives a
// crash of the machine: bytes and name of a file up to its last sync(), a rename() that has
// returned; of all else any part may be there or not. The file system of the machine is
// connectors/state/file_storage.h, one that crashes where a test wants it tests/support/
// memory_storage.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/result.h"

namespace tocsin::runtime {

// After an error nothing more is written to it.
class WritableFile {
 public:
  WritableFile() = default;
  WritableFile(const WritableFile&) = delete;
  WritableFile& operator=(const WritableFile&) = delete;
  virtual ~WritableFile() = default;  // closes; an error is not told

  virtual eventtime::Result<void> write(std::string_view bytes) = 0;  // at the end
  virtual eventtime::Result<void> sync() = 0;
  virtual eventtime::Result<void> close() = 0;
  // The system may forget its copy in memory of what was synced, so that reading back reads the
  // disk. A wish.
  virtual void forget_cached() {}
};

class ReadableFile {
 public:
  ReadableFile() = default;
  ReadableFile(const ReadableFile&) = delete;
  ReadableFile& operator=(const ReadableFile&) = delete;
  virtual ~ReadableFile() = default;

  // The next bytes, at most `size`; 0 at the end of the file only.
  virtual eventtime::Result<size_t> read(char* out, size_t size) = 0;
  // The bytes from `offset` on, also such as were written since it was opened; less than `size` at
  // the end of the file only. Does not move the place of read(); for any thread.
  virtual eventtime::Result<size_t> read_at(uint64_t offset, char* out, size_t size) = 0;
};

struct StoredFile {
  std::string name;
  uint64_t bytes = 0;
};

class Storage {
 public:
  Storage() = default;
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
  virtual ~Storage() = default;

  // As messages name it: a path.
  virtual const std::string& name() const = 0;

  // A new file; one that has the name already is emptied.
  virtual eventtime::Result<std::unique_ptr<WritableFile>> create(const std::string& name) = 0;
  virtual eventtime::Result<std::unique_ptr<ReadableFile>> open(const std::string& name) = 0;
  // At once: others see the old name or the new one. Fails if there is a file `to`.
  virtual eventtime::Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual eventtime::Result<void> remove(const std::string& name) = 0;
  // By name. What is no plain file is not listed.
  virtual eventtime::Result<std::vector<StoredFile>> list() = 0;

  // A whole file, of which more than `max_bytes` is an error.
  eventtime::Result<std::string> read(const std::string& name, size_t max_bytes);
};

}  // namespace tocsin::runtime
