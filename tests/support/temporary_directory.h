// A directory for one test, gone with all its files when the test ends.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace tocsin::tests {

class TemporaryDirectory {
 public:
  // In memory, where the system has a place for that, nobody waits for a disk.
  enum class Where : uint8_t { kDisk, kMemory };

  TemporaryDirectory();
  explicit TemporaryDirectory(Where where);
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();

  const std::filesystem::path& path() const { return path_; }
  // The full path of a file in it, which need not exist.
  std::string path(std::string_view name) const { return (path_ / name).string(); }
  // Writes a file, with the folders that its name asks for; returns its full path.
  std::string write(std::string_view name, std::string_view text) const;

 private:
  std::filesystem::path path_;
};

// All bytes of a file; the test fails if it cannot be read.
std::string read_file(const std::string& path);

}  // namespace tocsin::tests
