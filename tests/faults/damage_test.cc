// Damage in the files that a run goes on from: an older checkpoint and in the end the right bytes,
// or an error that names the file and leaves all as it is; never a wrong answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "connectors/state/digest.h"
#include "tests/faults/rig.h"
#include "tests/faults/scenarios.h"
#include "tests/support/process.h"
#include "tests/support/running_program.h"

namespace tocsin::faults {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using tests::eventually;
using tests::read_file;
using tests::run_tocsin;
using tests::RunningProgram;

using Files = std::map<std::string, std::string>;  // by path

Files files_below(const fs::path& folder) {
  Files files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[entry.path()] = read_file(entry.path());
  }
  return files;
}

// A run that was ended in the middle, when it had written a few checkpoints.
class Damage : public testing::Test {
 protected:
  Damage() : rig_(scenario("Orders")), wanted_(rig_.undisturbed()) {
    RunningProgram program(rig_.arguments());
    EXPECT_TRUE(eventually([&] { return newest_checkpoint() >= "checkpoint-000004"; }));
    program.signal(SIGTERM);
    EXPECT_EQ(program.wait(), 0) << program.err();
    fs::remove(rig_.state() + "/lock");
    kept_ = files_below(rig_.file(""));
  }

  // Its file's name, "" if there is none. Older ones go while new ones come.
  std::string newest_checkpoint() const {
    std::string newest;
    std::error_code gone;
    for (const fs::directory_entry& entry : fs::directory_iterator(rig_.state(), gone)) {
      const std::string name = entry.path().filename();
      if (name.starts_with("checkpoint-") && name.ends_with(".json"))
        newest = std::max(newest, name);
    }
    return newest;
  }
  void put_back() const {
    rig_.forget();
    fs::create_directories(rig_.state());
    for (const auto& [path, bytes] : kept_) set(path, bytes);
  }
  static void set(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  // A lock and a summary say nothing of the output.
  Files files() const {
    Files files = files_below(rig_.file(""));
    files.erase(rig_.state() + "/lock");
    return files;
  }

  // Nothing whole is left to go on from if this file is damaged: each checkpoint names it. How many
  // share a base depends on how far the run had come at each.
  bool each_checkpoint_needs(const std::string& path) const {
    const std::string name = fs::path(path).filename();
    for (const auto& [other, bytes] : kept_) {
      if (!other.starts_with(rig_.state() + "/checkpoint-")) continue;
      if (other != path && bytes.find('"' + name + '"') == std::string::npos) return false;
    }
    return true;
  }

  void expect_refused(int status, const std::string& message) const {
    const Files before = files();
    const tests::ProcessResult result = run_tocsin(rig_.arguments());
    EXPECT_EQ(result.status, status) << result.err;
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_TRUE(files() == before) << "something was written";
  }
  void expect_goes_on() const {
    rig_.finish();
    EXPECT_EQ(difference(wanted_, rig_.written()), "");
  }

  Rig rig_;
  Written wanted_;
  Files kept_;
};

std::vector<std::pair<std::string, std::string>> damaged(const std::string& bytes) {
  std::vector<std::pair<std::string, std::string>> all = {
      {"emptied", ""},
      {"cut in half", bytes.substr(0, bytes.size() / 2)},
      {"one byte longer", bytes + '\0'}};
  for (const size_t percent : {3, 50, 99}) {
    std::string flipped = bytes;
    flipped[bytes.size() * percent / 100] ^= 4;
    all.emplace_back("a bit flipped behind " + std::to_string(percent) + " percent", flipped);
  }
  return all;
}

TEST_F(Damage, OfAnyFileOfTheStateIsFoundAndNeverAWrongAnswer) {
  size_t passed_over = 0;
  for (const auto& [path, bytes] : kept_) {
    if (!path.starts_with(rig_.state())) continue;
    for (const auto& [how, instead] : damaged(bytes)) {
      SCOPED_TRACE(path + ": " + how);
      put_back();
      set(path, instead);
      if (each_checkpoint_needs(path)) {
        expect_refused(3, "no checkpoint in '" + rig_.state() + "' is whole; 'checkpoint-");
        continue;
      }
      const tests::ProcessResult result = run_tocsin(rig_.arguments());
      passed_over += result.err.find("damaged") == std::string::npos ? 0 : 1;
      ASSERT_EQ(result.status, 0) << result.err;
      ASSERT_EQ(difference(wanted_, rig_.written()), "");
    }
  }
  EXPECT_GT(passed_over, 3U);
}

TEST_F(Damage, OfAllCheckpointsIsRefused) {
  for (const char* kind : {"checkpoint-", "base-"}) {
    SCOPED_TRACE(kind);
    put_back();
    for (const auto& [path, bytes] : kept_) {
      if (!path.starts_with(rig_.state() + "/" + kind)) continue;
      std::string flipped = bytes;
      flipped[bytes.size() / 2] ^= 1;
      set(path, flipped);
    }
    expect_refused(3, "no checkpoint in '" + rig_.state() + "' is whole; 'checkpoint-");
  }
  put_back();
  expect_goes_on();
}

TEST_F(Damage, OfTheNewestCheckpointMeansTheOneBefore) {
  const std::string state = rig_.state() + "/";
  const auto newest = kept_.lower_bound(state + "checkpoint-999999.json");
  ASSERT_NE(newest, kept_.begin());
  const std::string manifest = std::prev(newest)->first;
  ASSERT_THAT(manifest, HasSubstr("checkpoint-"));
  put_back();
  set(manifest, "torn");
  const tests::ProcessResult result = run_tocsin(rig_.arguments());
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr(fs::path(manifest).filename().string() + "' is damaged"));
  EXPECT_THAT(result.err, HasSubstr("goes on from checkpoint"));
  EXPECT_EQ(difference(wanted_, rig_.written()), "");
}

TEST_F(Damage, OfAnOutputIsRefused) {
  for (const char* name : {"alerts", "late", "dead"}) {
    SCOPED_TRACE(name);
    const std::string path = rig_.file(name);
    const std::string message = "'" + path + "' is not the output that the state goes with";
    const std::string& bytes = kept_.at(path);
    put_back();
    fs::remove(path);
    expect_refused(3, message + ": it is missing");
    set(path, bytes.substr(0, bytes.size() - 1));
    expect_refused(3, message + ": it has");
    std::string changed = bytes;
    changed[changed.size() - 2] ^= 1;
    set(path, changed);
    expect_refused(3, message + ": the bytes before the place where the state stands differ");
    set(path, bytes);
    expect_goes_on();
  }
}

TEST_F(Damage, AnotherInputIsRefused) {
  std::string text = rig_.text(0);
  text[100] ^= 1;
  rig_.set_text(0, text);
  expect_refused(1, "is not the input that the state was made from: its first bytes differ");
  rig_.set_text(0, rig_.text(0).substr(0, 200));
  expect_refused(1, "it ends before the place where the state stands");
  fs::remove(rig_.input(0));
  expect_refused(3, "cannot read '" + rig_.input(0) + "'");
  rig_.set_text(0, rig_.text(0));
  expect_goes_on();
}

TEST_F(Damage, ANewerFormatIsRefused) {
  const std::string body = "{\"tocsin\":\"checkpoint\",\"format\":3,\n";
  const auto hash = XXH3_128bits(body.data(), body.size());
  const std::string newer = rig_.state() + "/checkpoint-000999.json";
  set(newer, body + "\"hash\":\"" + connectors::to_hex(hash) + "\"}\n");
  expect_refused(3, "its format has version 3, this program knows 2");
  fs::remove(newer);
  expect_goes_on();
}

TEST_F(Damage, ADirectoryInUseIsRefused) {
  RunningProgram first(rig_.arguments());
  ASSERT_TRUE(eventually([&] { return fs::exists(rig_.state() + "/lock"); }));
  ASSERT_TRUE(eventually([&] { return !read_file(rig_.state() + "/lock").empty(); }));
  first.signal(SIGSTOP);
  const tests::ProcessResult second = run_tocsin(rig_.arguments());
  EXPECT_EQ(second.status, 3);
  EXPECT_THAT(second.err, HasSubstr("is in use by process " + std::to_string(first.process())));
  first.signal(SIGCONT);
  EXPECT_EQ(first.wait(), 0) << first.err();
  EXPECT_EQ(difference(wanted_, rig_.written()), "");
}

}  // namespace
}  // namespace tocsin::faults
