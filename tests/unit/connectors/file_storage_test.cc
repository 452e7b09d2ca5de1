#include "connectors/state/file_storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/temporary_directory.h"

namespace tocsin::connectors {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using tests::TemporaryDirectory;
using Missing = FileStorage::Missing;

void write(runtime::Storage& storage, const std::string& name, std::string_view bytes) {
  const auto file = storage.create(name);
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_TRUE((*file)->write(bytes));
  EXPECT_TRUE((*file)->sync());
  EXPECT_TRUE((*file)->close());
}

TEST(FileStorage, MakesItsDirectoryOrSaysThatItIsMissing) {
  const TemporaryDirectory directory;
  const std::string path = directory.path("a/b/state");
  const auto missing = FileStorage::open(path, Missing::kError);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().blame, eventtime::Blame::kWorld);
  EXPECT_EQ(missing.error().message,
            "cannot open the directory '" + path + "': No such file or directory");
  EXPECT_TRUE(FileStorage::open(path, Missing::kCreate));
  EXPECT_TRUE(std::filesystem::is_directory(path));
}

TEST(FileStorage, AFileIsNoDirectory) {
  const TemporaryDirectory directory;
  const std::string file = directory.write("state", "");
  for (const std::string& path : {file, file + "/below"}) {
    const auto opened = FileStorage::open(path, Missing::kCreate);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().message, "cannot open the directory '" + path + "': Not a directory");
  }
}

TEST(FileStorage, WritesReadsListsRenamesRemoves) {
  const TemporaryDirectory directory;
  const auto storage = FileStorage::open(directory.path().string(), Missing::kError).value();
  write(*storage, "b", "bytes");
  write(*storage, "a", "");
  std::filesystem::create_directory(directory.path("folder"));
  const auto files = storage->list();
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 2U);
  EXPECT_EQ((*files)[0].name, "a");
  EXPECT_EQ((*files)[1].name, "b");
  EXPECT_EQ((*files)[1].bytes, 5U);
  ASSERT_TRUE(storage->rename("b", "c"));
  EXPECT_EQ(storage->read("c", 5).value(), "bytes");
  EXPECT_THAT(storage->read("c", 4).error().message, HasSubstr("it is larger than 4 bytes"));
  EXPECT_THAT(storage->read("b", 5).error().message, EndsWith("/b': No such file or directory"));
  ASSERT_TRUE(storage->remove("c"));
  EXPECT_THAT(storage->remove("c").error().message, HasSubstr("cannot remove '"));
}

TEST(FileStorage, ARenameReplacesNothing) {
  const TemporaryDirectory directory;
  const auto storage = FileStorage::open(directory.path().string(), Missing::kError).value();
  write(*storage, "a", "new");
  write(*storage, "b", "old");
  EXPECT_THAT(storage->rename("a", "b").error().message, EndsWith("/b': File exists"));
  EXPECT_EQ(storage->read("b", 10).value(), "old");
}

TEST(FileStorage, AFullDiskIsSaid) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  const auto devices = FileStorage::open("/dev", Missing::kError);
  ASSERT_TRUE(devices);
  const auto file = (*devices)->create("full");
  if (!file) GTEST_SKIP() << file.error().message;
  EXPECT_EQ((*file)->write("x").error().message,
            "cannot write '/dev/full': No space left on device");
}

}  // namespace
}  // namespace tocsin::connectors
