// A disk that is full: the run ends with an error, or goes on and warns; with more room it goes on
// to the same bytes. Needs the right to mount a small disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "tests/faults/rig.h"
#include "tests/faults/scenarios.h"
#include "tests/support/process.h"

namespace tocsin::faults {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using tests::run_tocsin;

class SmallDisk {
 public:
  explicit SmallDisk(std::string path) : path_(std::move(path)) {
    fs::create_directories(path_);
    mounted_ = set_size(kFirstSize, 0);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }

  bool is_mounted() const { return mounted_; }
  void grow() {
    size_ += size_ / 2;
    EXPECT_TRUE(set_size(size_, MS_REMOUNT)) << std::strerror(errno);
  }

 private:
  static constexpr size_t kFirstSize = size_t{48} << 10;

  bool set_size(size_t bytes, unsigned long flags) const {
    const std::string options = "size=" + std::to_string(bytes);
    return ::mount("tmpfs", path_.c_str(), "tmpfs", flags, options.c_str()) == 0;
  }

  std::string path_;
  bool mounted_ = false;
  size_t size_ = kFirstSize;
};

// Runs again and again, with a little more room each time, until a run comes to its end.
void expect_goes_on_with_room(const Rig& rig, SmallDisk& disk,
                              const std::vector<std::string>& flags = {}) {
  const Written wanted = rig.undisturbed();
  size_t stopped = 0;
  size_t warned = 0;
  while (true) {
    std::vector<std::string> words = rig.arguments();
    words.insert(words.end(), flags.begin(), flags.end());
    const tests::ProcessResult result = run_tocsin(words);
    const bool was_full = result.err.find("No space left on device") != std::string::npos;
    if (result.status == 0) {
      warned += was_full ? 1 : 0;
      break;
    }
    ASSERT_EQ(result.status, 3) << result.err;
    ASSERT_TRUE(was_full) << result.err;
    ASSERT_LT(++stopped, 30U);
    disk.grow();
  }
  EXPECT_EQ(difference(wanted, rig.written()), "");
  EXPECT_GT(stopped + warned, 0U) << "the disk was never full";
}

class FullDisk : public testing::Test {
 protected:
  FullDisk() : rig_(scenario("Ticks")) {}
  Rig rig_;
};

constexpr const char* kNoMount = "SKIPPED: no right to mount, so no full disk is tested";

TEST_F(FullDisk, OfTheState) {
  SmallDisk disk(rig_.state());
  if (!disk.is_mounted()) GTEST_SKIP() << kNoMount;
  expect_goes_on_with_room(rig_, disk);
}

TEST_F(FullDisk, OfColdKeys) {
  SmallDisk disk(rig_.state());
  if (!disk.is_mounted()) GTEST_SKIP() << kNoMount;
  expect_goes_on_with_room(rig_, disk, {"--memory", "1KB"});
}

TEST_F(FullDisk, OfTheOutputs) {
  for (const char* name : {"alerts", "late", "dead"}) {
    SCOPED_TRACE(name);
    rig_.forget();
    SmallDisk disk(rig_.file("disk"));
    if (!disk.is_mounted()) GTEST_SKIP() << kNoMount;
    // Dead letters are few; something else is there, too.
    const std::string other(std::string(name) == "dead" ? 46'000 : 0, 'x');
    std::ofstream(rig_.file("disk/other")) << other;
    fs::create_symlink(rig_.file("disk/") + name, rig_.file(name));
    expect_goes_on_with_room(rig_, disk);
  }
}

TEST_F(FullDisk, OfAll) {
  SmallDisk disk(rig_.file(""));
  if (!disk.is_mounted()) GTEST_SKIP() << kNoMount;
  expect_goes_on_with_room(rig_, disk);
}

}  // namespace
}  // namespace tocsin::faults
