// What checkpoints hold, when they are bases and deltas, what is kept; in this process and in a
// child.
#include "connectors/state/checkpoint_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "connectors/state/checkpoint_writer.h"
#include "connectors/state/file_storage.h"
#include "tests/support/memory_storage.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/checkpoints.h"

namespace tocsin::connectors {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tests::MemoryStorage;
using tests::TemporaryDirectory;

std::vector<std::string> names(runtime::Storage& storage) {
  std::vector<std::string> result;
  const auto files = storage.list();
  for (const runtime::StoredFile& file : *files) result.push_back(file.name);
  return result;
}

TEST(CheckpointStore, ANewDirectoryHasNothingToRestore) {
  MemoryStorage storage;
  const FoundCheckpoint found = restore(storage);
  EXPECT_EQ(found.error, "");
  EXPECT_EQ(found.number, 0U);
  EXPECT_THAT(found.notes, IsEmpty());
}

TEST(CheckpointStore, GivesBackRecordsAndMeta) {
  MemoryStorage storage;
  const State state{{"", "no key"}, {"a", ""}, {std::string("\0\xFF", 2), std::string(3, '\0')}};
  CheckpointStore store(storage);
  restore_into(store);
  ASSERT_TRUE(store.write(request(state, R"({ "at": 1.50, "text": "a\nb" })")));
  const FoundCheckpoint found = restore(storage);
  EXPECT_EQ(found.error, "");
  EXPECT_EQ(found.number, 1U);
  EXPECT_EQ(found.state, state);
  EXPECT_EQ(found.meta, R"({"at":1.50,"text":"a\nb"})");
}

TEST(CheckpointStore, AStateWithoutRecordsIsAStateToo) {
  MemoryStorage storage;
  CheckpointStore store(storage);
  restore_into(store);
  ASSERT_TRUE(store.write(request({}, R"({"at":1})")));
  const FoundCheckpoint found = restore(storage);
  EXPECT_EQ(found.number, 1U);
  EXPECT_EQ(found.meta, R"({"at":1})");
  EXPECT_THAT(found.state, IsEmpty());
}

TEST(CheckpointStore, WritesWhatHasChanged) {
  MemoryStorage storage;
  CheckpointStore store(storage);
  restore_into(store);
  State state = numbered_state(1000);
  ASSERT_TRUE(store.write(request(state)));
  state["key-7"] = "other";
  state["new"] = "record";
  state.erase("key-9");
  const auto second = store.write(request(state));
  ASSERT_TRUE(second);
  ASSERT_EQ(second->files.size(), 2U);
  EXPECT_EQ(second->files[1].name, "delta-000002.state");
  EXPECT_EQ(second->files[1].records, 2U);
  EXPECT_EQ(second->files[1].deletions, 1U);
  EXPECT_EQ(second->records, 1000U);
  EXPECT_EQ(restore(storage).state, state);
}

TEST(CheckpointStore, WritesNoFileWhereNothingHasChanged) {
  MemoryStorage storage;
  CheckpointStore store(storage);
  restore_into(store);
  const State state = numbered_state(10);
  ASSERT_TRUE(store.write(request(state, R"({"at":1})")));
  ASSERT_TRUE(store.write(request(state, R"({"at":2})")));
  EXPECT_THAT(names(storage),
              ElementsAre("base-000001.state", "checkpoint-000001.json", "checkpoint-000002.json"));
  EXPECT_EQ(restore(storage).meta, R"({"at":2})");
}

TEST(CheckpointStore, GoesOnWithDeltasAfterARestore) {
  MemoryStorage storage;
  State state = numbered_state(1000);
  for (int i = 0; i < 5; ++i) {
    CheckpointStore store(storage);
    restore_into(store);
    state["key-" + std::to_string(i)] = "of round " + std::to_string(i);
    state.erase("key-" + std::to_string(500 + i));
    const auto written = store.write(request(state));
    ASSERT_TRUE(written);
    EXPECT_EQ(written->files.size(), static_cast<size_t>(i) + 1);
  }
  EXPECT_EQ(restore(storage).state, state);
}

TEST(CheckpointStore, AKeyComesBackAfterItsDeletion) {
  MemoryStorage storage;
  CheckpointStore store(storage);
  restore_into(store);
  State state = numbered_state(1000);
  ASSERT_TRUE(store.write(request(state)));
  state.erase("key-1");
  ASSERT_TRUE(store.write(request(state)));
  state["key-1"] = "again";
  ASSERT_TRUE(store.write(request(state)));
  EXPECT_EQ(restore(storage).state, state);
  state.erase("key-1");
  ASSERT_TRUE(store.write(request(state)));
  EXPECT_EQ(restore(storage).state, state);
}

TEST(CheckpointStore, MakesANewBaseAfterTwentyDeltas) {
  MemoryStorage storage;
  CheckpointStore store(storage);
  restore_into(store);
  State state = numbered_state(10'000);
  for (size_t i = 0; i <= kMaxDeltas; ++i) {
    state["key-1"] = std::to_string(i);
    const auto written = store.write(request(state));
    ASSERT_TRUE(written);
    EXPECT_EQ(written->files.size(), i + 1);
  }
  state["key-1"] = "last";
  const auto written = store.write(request(state));
  ASSERT_TRUE(written);
  EXPECT_EQ(written->files.size(), 1U);
  EXPECT_EQ(restore(storage).state, state);
}

TEST(CheckpointStore, MakesANewBaseWhenDeltasAreHalfOfIt) {
  MemoryStorage storage;
  CheckpointStore store(storage);
  restore_into(store);
  State state = numbered_state(1000);
  ASSERT_TRUE(store.write(request(state)));
  size_t number = 0;
  for (auto& [key, value] : state) value += number++ % 10 < 7 ? "!" : "";
  const auto delta = store.write(request(state));
  ASSERT_TRUE(delta);
  ASSERT_EQ(delta->files.size(), 2U);
  EXPECT_GT(delta->files[1].bytes, delta->files[0].bytes / 2);
  EXPECT_LT(delta->files[1].bytes, delta->files[0].bytes);
  state["key-1"] = "x";
  const auto base = store.write(request(state));
  ASSERT_TRUE(base);
  EXPECT_EQ(base->files.size(), 1U);
  EXPECT_EQ(restore(storage).state, state);
}

TEST(CheckpointStore, KeepsTheNewestAndWhatTheyNeed) {
  MemoryStorage storage;
  CheckpointStore store(storage, {.keep = 2});
  restore_into(store);
  State state = numbered_state(1000);
  for (int i = 0; i < 4; ++i) {
    state["key-1"] = std::to_string(i);
    ASSERT_TRUE(store.write(request(state)));
  }
  EXPECT_THAT(names(storage),
              ElementsAre("base-000001.state", "checkpoint-000003.json", "checkpoint-000004.json",
                          "delta-000002.state", "delta-000003.state", "delta-000004.state"));
  for (auto& [key, value] : state) value += "!";
  ASSERT_TRUE(store.write(request(state)));  // a large delta
  ASSERT_TRUE(store.write(request(state)));  // a base
  ASSERT_TRUE(store.write(request(state)));
  EXPECT_THAT(names(storage),
              ElementsAre("base-000006.state", "checkpoint-000006.json", "checkpoint-000007.json"));
}

TEST(CheckpointStore, RemovesOnlyWhatIsItsOwn) {
  MemoryStorage storage;
  storage.set_files({{"base-000009.state", "left over"},
                     {"checkpoint-000009.json.tmp", "left over"},
                     {"base-9.state", "not ours"},
                     {"journal", "not ours"},
                     {"savepoint-x.json.77.tmp", "of another process"}});
  CheckpointStore store(storage);
  restore_into(store);
  EXPECT_THAT(names(storage), ElementsAre("base-9.state", "journal", "savepoint-x.json.77.tmp"));
  const State state = numbered_state(3);
  const auto written = store.write(request(state));
  ASSERT_TRUE(written);
  EXPECT_EQ(written->number, 10U);  // what was left over named 9
  EXPECT_THAT(names(storage),
              ElementsAre("base-000010.state", "base-9.state", "checkpoint-000010.json", "journal",
                          "savepoint-x.json.77.tmp"));
}

TEST(CheckpointStore, ASavepointStaysWithItsFiles) {
  MemoryStorage storage;
  CheckpointStore store(storage, {.keep = 1});
  restore_into(store);
  const State first = numbered_state(10);
  ASSERT_TRUE(store.write(request(first)));
  const auto made = make_savepoint(storage, "before-upgrade");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->number, 1U);
  State state = numbered_state(2000);
  for (int i = 0; i < 4; ++i) {
    state["key-1"] = std::to_string(i);
    ASSERT_TRUE(store.write(request(state)));
  }
  const std::vector<StoredCheckpoint> stored = list_checkpoints(storage).value();
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_EQ(stored[1].manifest->savepoint, "before-upgrade");
  State found;
  const auto put = [&](std::string_view key, std::string_view value) { found.emplace(key, value); };
  EXPECT_TRUE(verify_checkpoint(storage, *stored[1].manifest));
  ASSERT_TRUE(read_checkpoint(storage, *stored[1].manifest, put));
  EXPECT_EQ(found, first);
  EXPECT_EQ(restore(storage).state, state);
}

TEST(CheckpointStore, SavepointsHaveNamesOfTheirOwn) {
  MemoryStorage storage;
  EXPECT_THAT(make_savepoint(storage, "a").error().message, HasSubstr("no whole checkpoint"));
  CheckpointStore store(storage);
  restore_into(store);
  ASSERT_TRUE(store.write(request({})));
  for (const char* name : {"", "a/b", "a b", "../x", "\xC3\xA4"}) {
    const auto made = make_savepoint(storage, name);
    ASSERT_FALSE(made) << name;
    EXPECT_EQ(made.error().blame, eventtime::Blame::kUsage);
  }
  EXPECT_FALSE(make_savepoint(storage, std::string(101, 'a')));
  ASSERT_TRUE(make_savepoint(storage, "a.B_9-"));
  const auto again = make_savepoint(storage, "a.B_9-");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message, "'memory' has a savepoint 'a.B_9-' already");
}

TEST(CheckpointStore, OutputsAreSyncedBeforeItIsThere) {
  MemoryStorage storage;
  CheckpointStore store(storage);
  restore_into(store);
  State state = numbered_state(3);
  CheckpointRequest made = request(state);
  made.before_publish = [&]() -> eventtime::Result<void> {
    EXPECT_THAT(names(storage), ElementsAre("base-000001.state"));
    return eventtime::world_error("the output cannot be synced");
  };
  const auto written = store.write(made);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, "the output cannot be synced");
  EXPECT_THAT(names(storage), IsEmpty());
  made.before_publish = [] { return eventtime::Result<void>(); };
  ASSERT_TRUE(store.write(made));
  EXPECT_EQ(restore(storage).state, state);
  size_t asked = 0;
  made.before_publish = [&] { return ++asked, eventtime::Result<void>(); };
  ASSERT_TRUE(store.write(made));  // without a file of its own
  state["key-1"] = "changed";
  ASSERT_TRUE(store.write(made));  // a delta
  EXPECT_EQ(asked, 2U);
}

// ---- in a child ----

std::unique_ptr<FileStorage> storage_in(const TemporaryDirectory& directory) {
  return FileStorage::open(directory.path("state"), FileStorage::Missing::kCreate).value();
}

TEST(BackgroundCheckpoint, WritesTheStateAsItWas) {
  const TemporaryDirectory directory;
  const auto storage = storage_in(directory);
  CheckpointStore store(*storage);
  restore_into(store);
  State state = numbered_state(20'000);
  const State before = state;
  ASSERT_TRUE(store.start(request(state, R"({"at":1})")));
  EXPECT_TRUE(store.running());
  for (auto& [key, value] : state) value = "changed meanwhile";
  const auto written = store.wait();
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_FALSE(store.running());
  EXPECT_EQ(written->number, 1U);
  EXPECT_EQ(written->records, before.size());
  const FoundCheckpoint found = restore(*storage);
  EXPECT_EQ(found.state, before);
  EXPECT_EQ(found.meta, R"({"at":1})");
}

TEST(BackgroundCheckpoint, WhatAChildWroteTheNextOneKnows) {
  const TemporaryDirectory directory;
  const auto storage = storage_in(directory);
  CheckpointStore store(*storage);
  restore_into(store);
  State state = numbered_state(20'000);
  for (int i = 0; i < 4; ++i) {
    state["key-1"] = std::to_string(i);
    if (i == 2) {
      ASSERT_TRUE(store.write(request(state)));  // in this process, in between
      continue;
    }
    ASSERT_TRUE(store.start(request(state)));
    std::optional<eventtime::Result<Manifest>> outcome;
    while (!(outcome = store.poll())) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ASSERT_TRUE(*outcome) << outcome->error().message;
    EXPECT_EQ((*outcome)->files.size(), static_cast<size_t>(i) + 1);
    EXPECT_EQ((*outcome)->files.back().records, i == 0 ? state.size() : 1U);
  }
  EXPECT_EQ(restore(*storage).state, state);
}

TEST(BackgroundCheckpoint, RemovesOldOnes) {
  const TemporaryDirectory directory;
  const auto storage = storage_in(directory);
  CheckpointStore store(*storage, {.keep = 1});
  restore_into(store);
  State state = numbered_state(100);
  for (int i = 0; i < 3; ++i) {
    state["key-1"] = std::to_string(i);
    ASSERT_TRUE(store.start(request(state)));
    ASSERT_TRUE(store.wait());
  }
  EXPECT_THAT(names(*storage), ElementsAre("base-000001.state", "checkpoint-000003.json",
                                           "delta-000002.state", "delta-000003.state"));
}

TEST(BackgroundCheckpoint, TellsWhatIsWrong) {
  const TemporaryDirectory directory;
  const auto storage = storage_in(directory);
  CheckpointStore store(*storage);
  restore_into(store);
  const State state = numbered_state(10);
  CheckpointRequest made = request(state);
  made.before_publish = []() -> eventtime::Result<void> {
    return eventtime::world_error("the output cannot be synced");
  };
  ASSERT_TRUE(store.start(made));
  const auto failed = store.wait();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "the output cannot be synced");
  ASSERT_TRUE(store.start(request(state)));
  ASSERT_TRUE(store.wait());
  EXPECT_EQ(restore(*storage).state, state);
}

TEST(BackgroundCheckpoint, AKilledChildIsNoticedAndTheNextOneWorks) {
  const TemporaryDirectory directory;
  const auto storage = storage_in(directory);
  CheckpointStore store(*storage);
  restore_into(store);
  State state = numbered_state(10'000);
  ASSERT_TRUE(store.write(request(state)));
  const State before = state;
  state["key-1"] = "changed";
  CheckpointRequest made = request(state);
  made.before_publish = []() -> eventtime::Result<void> {
    ::pause();  // the delta is on disk, the manifest is not
    return {};
  };
  ASSERT_TRUE(store.start(made));
  const std::string delta = directory.path("state/delta-000002.state");
  while (!std::filesystem::exists(delta)) {
    EXPECT_FALSE(store.poll());
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ::kill(store.child(), SIGKILL);
  const auto failed = store.wait();
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("it was ended by signal 9"));
  ASSERT_TRUE(std::filesystem::exists(delta));
  ASSERT_TRUE(store.start(request(state)));
  const auto written = store.wait();
  ASSERT_TRUE(written);
  EXPECT_EQ(written->number, 3U);
  EXPECT_FALSE(std::filesystem::exists(delta));
  EXPECT_EQ(restore(*storage).state, state);
}

}  // namespace
}  // namespace tocsin::connectors
