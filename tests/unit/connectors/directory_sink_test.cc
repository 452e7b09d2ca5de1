#include "connectors/file/directory_sink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <random>

#include "tests/support/temporary_directory.h"

namespace tocsin::connectors {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr int64_t kHour = 3'600'000'000;
using Files = std::map<std::string, std::string>;

class DirectorySinkTest : public testing::Test {
 protected:
  DirectorySinkTest() { spec_.rotate_bytes = 24; }

  std::string folder() const { return directory_.path("out"); }

  std::unique_ptr<DirectorySink> open(const std::string& position, bool has_state = true) {
    auto sink = std::make_unique<DirectorySink>(spec_, has_state);
    const auto resumed = sink->resume(position);
    EXPECT_TRUE(resumed) << resumed.error().message;
    return sink;
  }
  static void write(runtime::Sink& sink, const std::string& json, int64_t complete = 0) {
    ASSERT_TRUE(sink.write({"p", "00", "{}", {complete}, json}));
  }
  // What a checkpoint does.
  static std::string checkpoint(runtime::Sink& sink) {
    EXPECT_TRUE(sink.flush());
    std::string position = sink.position();
    EXPECT_TRUE(sink.sync());
    EXPECT_TRUE(sink.settle(position));
    return position;
  }
  Files files(bool parts = true) const {
    Files files;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder())) {
      const std::string name = entry.path().filename().string();
      if (parts || name.ends_with(".jsonl")) files[name] = tests::read_file(entry.path());
    }
    return files;
  }

  tests::TemporaryDirectory directory_;
  FileSinkSpec spec_{"a", "", directory_.path("out"), {}, {}};
};

TEST_F(DirectorySinkTest, AFileGetsItsNameWhenACheckpointIsBehindIt) {
  const auto sink = open("");
  EXPECT_THAT(files(), IsEmpty());
  write(*sink, "{\"n\":1}");
  write(*sink, "{\"n\":2}");
  write(*sink, "{\"n\":3}");  // 24 bytes: full
  write(*sink, "{\"n\":4}");
  ASSERT_TRUE(sink->flush());
  const std::string first = "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n";
  EXPECT_THAT(files(), ElementsAre(Pair("a-000001.jsonl.part", first),
                                   Pair("a-000002.jsonl.part", "{\"n\":4}\n")));
  checkpoint(*sink);
  EXPECT_THAT(files(), ElementsAre(Pair("a-000001.jsonl", first),
                                   Pair("a-000002.jsonl.part", "{\"n\":4}\n")));
  ASSERT_TRUE(sink->close());  // stopped, not ended
  EXPECT_EQ(files(false).size(), 1U);
  const auto next = open(sink->position());
  ASSERT_TRUE(next->finish());
  EXPECT_EQ(files(false).size(), 2U);
}

TEST_F(DirectorySinkTest, WithoutStateAFileGetsItsNameAtOnce) {
  const auto sink = open("", false);
  for (const char* json : {"{\"n\":1}", "{\"n\":2}", "{\"n\":3}", "{\"n\":4}"}) write(*sink, json);
  EXPECT_EQ(files(false).size(), 1U);
  ASSERT_TRUE(sink->close());
  EXPECT_THAT(files(), ElementsAre(Pair("a-000001.jsonl", testing::_),
                                   Pair("a-000002.jsonl", "{\"n\":4}\n")));
}

TEST_F(DirectorySinkTest, PeriodsAreOfTheTimeOfCompletion) {
  spec_.rotate_bytes.reset();
  spec_.rotate_every = eventtime::Duration{kHour};
  const auto sink = open("");
  write(*sink, "-1", -kHour);
  write(*sink, "-0", -1);  // still of the hour before 1970
  write(*sink, "0", 0);
  write(*sink, "1", kHour - 1);
  write(*sink, "early", -kHour);  // what is written to it besides alerts has any time
  write(*sink, "2", 5 * kHour);
  ASSERT_TRUE(sink->finish());
  EXPECT_THAT(files(),
              ElementsAre(Pair("a-000001.jsonl", "-1\n-0\n"),
                          Pair("a-000002.jsonl", "0\n1\nearly\n"), Pair("a-000003.jsonl", "2\n")));
}

TEST_F(DirectorySinkTest, WhatBeginsEmptyRemovesItsOwnFilesOnly) {
  for (const char* name : {"a-000001.jsonl", "a-000007.jsonl.part", "a-1000000.jsonl"}) {
    directory_.write("out/" + std::string(name), "old\n");
  }
  const std::vector<std::string> others = {"a-000001.json", "a-1.jsonl",         "b-000001.jsonl",
                                           "a-x.jsonl",     "a-000001.jsonl.gz", "a"};
  for (const std::string& name : others) directory_.write("out/" + name, "kept\n");
  open("");
  EXPECT_EQ(files().size(), others.size());
}

TEST_F(DirectorySinkTest, WhatIsMissingOrChangedIsRefused) {
  const auto sink = open("");
  write(*sink, "{\"n\":1}");
  const std::string position = checkpoint(*sink);
  ASSERT_TRUE(sink->close());
  const std::string part = folder() + "/a-000001.jsonl.part";
  directory_.write("out/a-000002.jsonl.part", "kept until it is known that the run goes on");
  const Files before = files();
  directory_.write("out/a-000001.jsonl.part", "{\"n\":2}\n");
  const auto changed = DirectorySink(spec_, true).resume(position);
  ASSERT_FALSE(changed);
  EXPECT_THAT(changed.error().message, HasSubstr("differ"));
  fs::rename(part, folder() + "/a-000001.jsonl");
  EXPECT_FALSE(DirectorySink(spec_, true).resume(position));
  EXPECT_FALSE(fs::exists(part));
  fs::remove(folder() + "/a-000001.jsonl");
  const auto missing = DirectorySink(spec_, true).resume(position);
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().message, HasSubstr("it is missing"));
  EXPECT_TRUE(fs::exists(folder() + "/a-000002.jsonl.part"));
  for (const char* wrong : {"files ", "files 1 2 3", "files 0 0 0 0 x", "files 1 2 3 x out"}) {
    EXPECT_FALSE(DirectorySink(spec_, true).resume(wrong)) << wrong;
  }
}

// A run goes back to where a file did not have its name yet, and is killed before it has copied it.
TEST_F(DirectorySinkTest, ACopyThatWasNotFinishedIsMadeAgain) {
  auto sink = open("");
  write(*sink, "{\"n\":1}");
  write(*sink, "{\"n\":2}");
  const std::string position = checkpoint(*sink);
  write(*sink, "{\"n\":3}");
  ASSERT_TRUE(sink->finish());
  const std::string whole = "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n";
  ASSERT_THAT(files(), ElementsAre(Pair("a-000001.jsonl", whole)));
  for (const size_t copied : {0, 7, 15}) {
    directory_.write("out/a-000001.jsonl.part", whole.substr(0, copied));
    sink = open(position);
    EXPECT_EQ(files()["a-000001.jsonl.part"], whole.substr(0, 16));
  }
  write(*sink, "{\"n\":3}");
  ASSERT_TRUE(sink->finish());
  EXPECT_THAT(files(), ElementsAre(Pair("a-000001.jsonl", whole)));
}

// A file with the name is no copy of what has been lost of the part.
TEST_F(DirectorySinkTest, AFileThatIsShorterIsNotCopied) {
  auto sink = open("");
  write(*sink, "{\"n\":1}");
  const std::string position = checkpoint(*sink);
  ASSERT_TRUE(sink->close());
  directory_.write("out/a-000001.jsonl.part", "{\"n\":");
  directory_.write("out/a-000001.jsonl", "{");
  const Files before = files();
  const auto resumed = DirectorySink(spec_, true).resume(position);
  ASSERT_FALSE(resumed);
  EXPECT_THAT(resumed.error().message, HasSubstr("it has 5 bytes where the state knows 8"));
  EXPECT_EQ(files(), before);
}

TEST_F(DirectorySinkTest, FilesWithNamesMayBeTakenAway) {
  auto sink = open("");
  for (int n = 0; n < 8; ++n) write(*sink, "{\"n\":1}");
  const std::string position = checkpoint(*sink);
  fs::remove(folder() + "/a-000001.jsonl");
  sink = open(position);
  ASSERT_TRUE(sink->finish());
  EXPECT_THAT(files(),
              ElementsAre(Pair("a-000002.jsonl", testing::_), Pair("a-000003.jsonl", testing::_)));
}

// An input that has grown decides its end otherwise: a name that is not reached any more goes.
TEST_F(DirectorySinkTest, NamesBeyondTheLastGo) {
  auto sink = open("");
  write(*sink, "{\"n\":1}");
  const std::string position = checkpoint(*sink);
  for (int n = 0; n < 8; ++n) write(*sink, "{\"n\":2}");
  ASSERT_TRUE(sink->finish());
  EXPECT_EQ(files(false).size(), 3U);
  sink = open(position);
  write(*sink, "{\"n\":3}");
  ASSERT_TRUE(sink->finish());
  EXPECT_THAT(files(), ElementsAre(Pair("a-000001.jsonl", "{\"n\":1}\n{\"n\":3}\n")));
}

// Ended anywhere, and gone on from the last checkpoint or the one before it: the bytes of an
// undisturbed run, and no file with a name ever differs from them.
TEST_F(DirectorySinkTest, EndedAnywhereTheFilesAreTheSame) {
  spec_.rotate_every = eventtime::Duration{kHour};
  spec_.rotate_bytes = 60;
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    std::mt19937 random(seed);
    const auto below = [&](unsigned end) { return random() % end; };
    std::vector<std::pair<std::string, int64_t>> alerts;
    int64_t time = 0;
    for (int n = 0; n < 60; ++n) {
      time += below(12) == 0 ? kHour : static_cast<int64_t>(below(1000));
      alerts.emplace_back("{\"n\":" + std::to_string(n) + std::string(below(9), ' ') + "}", time);
    }
    fs::remove_all(folder());
    auto sink = open("");
    for (const auto& [json, complete] : alerts) write(*sink, json, complete);
    ASSERT_TRUE(sink->finish());
    const Files wanted = files();
    ASSERT_GT(wanted.size(), 5U);

    fs::remove_all(folder());
    std::vector<std::pair<size_t, std::string>> checkpoints = {{0, ""}};
    size_t next = 0;
    sink = open("");
    while (next < alerts.size()) {
      write(*sink, alerts[next].first, alerts[next].second);
      ++next;
      if (below(5) == 0) checkpoints.emplace_back(next, checkpoint(*sink));
      if (below(7) == 0) {
        ASSERT_TRUE(sink->flush());
      }
      const bool ends = below(30) == 0;  // the inputs ended, and have grown
      if (ends) {
        ASSERT_TRUE(sink->finish());
      }
      if (!ends && below(10) != 0) continue;
      if (below(4) == 0 && checkpoints.size() > 2) checkpoints.pop_back();
      next = checkpoints.back().first;
      sink = open(checkpoints.back().second);
      const Files named = files(false);
      for (const auto& [name, text] : named) {
        const bool is_last = name == named.rbegin()->first;
        EXPECT_TRUE(is_last || text == wanted.at(name)) << name;
      }
    }
    ASSERT_TRUE(sink->finish());
    EXPECT_EQ(files(), wanted);
  }
}

}  // namespace
}  // namespace tocsin::connectors
