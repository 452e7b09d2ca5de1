#include "tests/support/temporary_directory.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <iterator>
#include <system_error>

#include "eventtime/check.h"

namespace tocsin::tests {

TemporaryDirectory::TemporaryDirectory() : TemporaryDirectory(Where::kDisk) {}

TemporaryDirectory::TemporaryDirectory(Where where) {
  const std::filesystem::path memory = "/dev/shm";
  std::error_code ignored;
  const bool is_there = std::filesystem::is_directory(memory, ignored);
  const std::filesystem::path base =
      where == Where::kMemory && is_there ? memory : std::filesystem::temp_directory_path();
  std::string name = (base / "tocsin_test.XXXXXX").string();
  TOCSIN_CHECK(mkdtemp(name.data()) != nullptr, "a test can create a temporary directory");
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;  // what is left behind lies in the system's temporary directory
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDirectory::write(std::string_view name, std::string_view text) const {
  const std::filesystem::path file = path_ / name;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  EXPECT_TRUE(out) << file;
  return file.string();
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << "cannot read " << path;
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace tocsin::tests
