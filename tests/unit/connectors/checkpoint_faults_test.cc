// Crashes, full disks and damage: what a restore gives is a state that was written, whole, or an
// error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <random>

#include "connectors/state/checkpoint_store.h"
#include "connectors/state/digest.h"
#include "connectors/state/file_storage.h"
#include "tests/support/memory_storage.h"
#include "tests/support/temporary_directory.h"
#include "tests/unit/connectors/checkpoints.h"

namespace tocsin::connectors {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tests::Loss;
using tests::MemoryStorage;

// What a run writes, one after the other; every state differs from every other. Two are kept, so
// that old ones are removed, with a base in between.
constexpr CheckpointOptions kKeepTwo{.keep = 2};
const std::vector<State>& script() {
  static const std::vector<State> kStates = [] {
    std::vector<State> states{numbered_state(60)};
    State state = states.front();
    state["key-3"] = "changed";
    state.erase("key-4");
    states.push_back(state);
    state["key-4"] = "is back";
    states.push_back(state);
    for (auto& [key, value] : state) value += "!";
    states.push_back(state);
    state.erase("key-50");
    states.push_back(state);  // a base
    state["more"] = "";
    states.push_back(state);
    return states;
  }();
  return kStates;
}

// Writes the states from `first` on, until something fails; how many have been written.
size_t run(MemoryStorage& storage, size_t first) {
  CheckpointStore store(storage, kKeepTwo);
  size_t written = first;
  if (restore_into(store).error != "") return written;
  while (written < script().size() && store.write(request(script()[written]))) ++written;
  return written;
}

// The number of states of the script up to the one found: 0 for none.
size_t place_of(const FoundCheckpoint& found) {
  if (found.number == 0) return 0;
  const auto at = std::find(script().begin(), script().end(), found.state);
  EXPECT_NE(at, script().end()) << "a state that was never written";
  return static_cast<size_t>(at - script().begin()) + 1;
}

uint64_t operations_of_a_run() {
  MemoryStorage storage;
  EXPECT_EQ(run(storage, 0), script().size());
  return storage.operations();
}

constexpr Loss kLosses[] = {Loss::kNothing, Loss::kUnsynced, Loss::kBytes, Loss::kTorn};

TEST(CheckpointFaults, ACrashAtAnyOperationLeavesTheOldStateOrTheNew) {
  const uint64_t operations = operations_of_a_run();
  ASSERT_GT(operations, 100U);
  for (const Loss loss : kLosses) {
    for (uint64_t n = 1; n <= operations; ++n) {
      SCOPED_TRACE(testing::Message() << "operation " << n << ", loss " << static_cast<int>(loss));
      MemoryStorage storage;
      storage.stop_at(n);
      const size_t written = run(storage, 0);
      storage.crash(loss);
      const FoundCheckpoint found = restore(storage);
      ASSERT_EQ(found.error, "");
      EXPECT_THAT(found.notes, IsEmpty());
      const size_t place = place_of(found);
      ASSERT_TRUE(place == written || place == written + 1) << place << " of " << written;
      ASSERT_EQ(run(storage, place), script().size());
      ASSERT_EQ(restore(storage).state, script().back());
    }
  }
}

TEST(CheckpointFaults, ASecondCrashWhileItRecoversIsNoWorse) {
  const uint64_t operations = operations_of_a_run();
  for (uint64_t n = 1; n <= operations; n += 7) {
    for (uint64_t m = 1; m <= 60; m += 5) {
      SCOPED_TRACE(testing::Message() << "operations " << n << " and " << m);
      MemoryStorage storage;
      storage.stop_at(n);
      run(storage, 0);
      storage.crash(Loss::kTorn);
      const size_t first = place_of(restore(storage));
      storage.stop_at(m);
      const size_t written = run(storage, first);
      storage.crash(Loss::kUnsynced);
      const FoundCheckpoint found = restore(storage);
      ASSERT_EQ(found.error, "");
      const size_t place = place_of(found);
      ASSERT_TRUE(place == written || place == written + 1) << place << " of " << written;
    }
  }
}

TEST(CheckpointFaults, AFullDiskKeepsWhatIsThereAndTheRunGoesOnWhenThereIsRoom) {
  MemoryStorage large;
  run(large, 0);
  for (uint64_t room = 0; room < 2 * large.bytes(); room += 41) {
    SCOPED_TRACE(testing::Message() << room << " bytes");
    MemoryStorage storage;
    storage.set_capacity(room);
    CheckpointStore store(storage, kKeepTwo);
    ASSERT_EQ(restore_into(store).error, "");
    size_t last = 0;
    for (size_t i = 0; i < script().size(); ++i) {
      const auto written = store.write(request(script()[i]));
      if (written) {
        last = i + 1;
      } else {
        EXPECT_THAT(written.error().message, HasSubstr("No space left on device"));
      }
      ASSERT_EQ(place_of(restore(storage)), last);
    }
    storage.set_capacity(UINT64_MAX);
    ASSERT_TRUE(store.write(request(script()[0])));
    ASSERT_EQ(restore(storage).state, script()[0]);
  }
}

// ---- damage ----

// A base, two deltas, three checkpoints; number n is state n - 1 of this.
std::vector<State> small_script() {
  std::vector<State> states{numbered_state(20)};
  State state = states.front();
  state["key-1"] = "x";
  states.push_back(state);
  state.erase("key-2");
  states.push_back(state);
  return states;
}

std::map<std::string, std::string> small_directory() {
  MemoryStorage storage;
  CheckpointStore store(storage);
  restore_into(store);
  for (const State& state : small_script()) EXPECT_TRUE(store.write(request(state)));
  return storage.files();
}

// What a directory with damage in `name` may give. `go_on`: writing goes on, too.
void expect_no_other_state(const std::map<std::string, std::string>& files, const std::string& name,
                           bool go_on = true) {
  static const std::vector<State> kStates = small_script();
  MemoryStorage storage;
  storage.set_files(files);
  const FoundCheckpoint found = restore(storage);
  const FileName damaged = parse_file_name(name);
  if (damaged.kind == FileKind::kBase) {
    EXPECT_THAT(found.error,
                AllOf(HasSubstr("no checkpoint in 'memory' is whole"), HasSubstr(name + "'")));
    return;
  }
  ASSERT_EQ(found.error, "");
  ASSERT_GE(found.number, 1U);
  EXPECT_EQ(found.state, kStates[found.number - 1]);
  const bool passed_over = damaged.number == 3 || damaged.kind == FileKind::kDelta;
  EXPECT_EQ(found.number, passed_over ? damaged.number - 1 : 3);
  if (passed_over) {
    ASSERT_FALSE(found.notes.empty());
    EXPECT_THAT(found.notes.back(), HasSubstr(name + "'"));
  }
  if (!go_on) return;
  CheckpointStore store(storage);
  restore_into(store);
  const auto written = store.write(request(kStates[0]));
  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(written->number, 4U);  // which was never used
  EXPECT_EQ(restore(storage).state, kStates[0]);
}

TEST(CheckpointFaults, AFlippedByteInAnyFileIsFound) {
  const auto whole = small_directory();
  ASSERT_EQ(whole.size(), 6U);
  for (const auto& [name, bytes] : whole) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      SCOPED_TRACE(testing::Message() << name << " at " << i);
      auto files = whole;
      files[name][i] = static_cast<char>(bytes[i] ^ (1 << (i % 8)));
      expect_no_other_state(files, name, i % 16 == 0);
    }
  }
}

TEST(CheckpointFaults, ATruncatedFileIsFound) {
  const auto whole = small_directory();
  for (const auto& [name, bytes] : whole) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      SCOPED_TRACE(testing::Message() << name << " of " << i << " bytes");
      auto files = whole;
      files[name].resize(i);
      expect_no_other_state(files, name, i % 16 == 0);
    }
    auto longer = whole;
    longer[name] += '\0';
    expect_no_other_state(longer, name);
  }
}

TEST(CheckpointFaults, AMissingFileIsFound) {
  const auto whole = small_directory();
  for (const auto& [name, bytes] : whole) {
    SCOPED_TRACE(name);
    if (parse_file_name(name).kind == FileKind::kCheckpoint) continue;  // the others stay
    auto files = whole;
    files.erase(name);
    expect_no_other_state(files, name);
  }
}

TEST(CheckpointFaults, FilesOfOtherCheckpointsAreNotTaken) {
  const auto whole = small_directory();
  auto files = whole;
  std::swap(files["delta-000002.state"], files["delta-000003.state"]);
  MemoryStorage storage;
  storage.set_files(files);
  EXPECT_EQ(restore(storage).number, 1U);
  files = whole;
  files["checkpoint-000003.json"] = whole.at("checkpoint-000001.json");
  storage.set_files(files);
  const FoundCheckpoint found = restore(storage);
  EXPECT_EQ(found.number, 2U);
  ASSERT_EQ(found.notes.size(), 1U);
  EXPECT_EQ(found.notes[0],
            "'checkpoint-000003.json' is damaged: it is the manifest of another checkpoint");
}

TEST(CheckpointFaults, ASavepointIsUsedWhereAllElseIsDamaged) {
  MemoryStorage storage;
  storage.set_files(small_directory());
  ASSERT_TRUE(make_savepoint(storage, "kept"));
  auto files = storage.files();
  for (auto& [name, bytes] : files) {
    if (name.starts_with("checkpoint-")) bytes.clear();
  }
  storage.set_files(files);
  const FoundCheckpoint found = restore(storage);
  EXPECT_EQ(found.error, "");
  EXPECT_EQ(found.number, 3U);
  EXPECT_EQ(found.notes.size(), 1U);
}

std::string newer_manifest() {
  const std::string body = "{\"tocsin\":\"checkpoint\",\"format\":3,\n";
  return body + "\"hash\":\"" + to_hex(XXH3_128bits(body.data(), body.size())) + "\"}\n";
}

TEST(CheckpointFaults, ANewerFormatIsRefusedAndKept) {
  auto files = small_directory();
  files["checkpoint-000004.json"] = newer_manifest();
  MemoryStorage storage;
  storage.set_files(files);
  EXPECT_EQ(restore(storage).error,
            "'memory/checkpoint-000004.json' cannot be used: its format has version 3, this "
            "program knows 2");
  EXPECT_EQ(storage.files(), files);
}

TEST(CheckpointFaults, DamagedOnesDoNotCountAsKept) {
  auto files = small_directory();
  files["delta-000003.state"].back() ^= 1;
  MemoryStorage storage;
  storage.set_files(files);
  CheckpointStore store(storage, kKeepTwo);
  ASSERT_EQ(restore_into(store).number, 2U);
  ASSERT_TRUE(store.write(request(script()[0])));
  EXPECT_FALSE(storage.files().contains("checkpoint-000003.json"));
  EXPECT_FALSE(storage.files().contains("delta-000003.state"));
  EXPECT_TRUE(storage.files().contains("checkpoint-000002.json"));
}

TEST(CheckpointFaults, OnesWithoutTheirBytesDoNotCountAsKept) {
  auto files = small_directory();
  files["delta-000003.state"].pop_back();
  MemoryStorage storage;
  storage.set_files(files);
  remove_old_checkpoints(storage, 2, {});
  EXPECT_FALSE(storage.files().contains("checkpoint-000003.json"));
  EXPECT_TRUE(storage.files().contains("checkpoint-000002.json"));
  EXPECT_TRUE(storage.files().contains("checkpoint-000001.json"));
}

TEST(CheckpointFaults, AManifestUnderAnotherNameIsNotTaken) {
  MemoryStorage storage;
  storage.set_files(small_directory());
  ASSERT_TRUE(make_savepoint(storage, "kept"));
  auto files = storage.files();
  files["savepoint-other.json"] = files["savepoint-kept.json"];
  files["checkpoint-000003.json"] = files["savepoint-kept.json"];
  storage.set_files(files);
  const auto checkpoints = list_checkpoints(storage);
  ASSERT_TRUE(checkpoints);
  for (const StoredCheckpoint& checkpoint : *checkpoints) {
    const bool is_copy = checkpoint.file == "savepoint-other.json" || checkpoint.name.number == 3;
    EXPECT_EQ(checkpoint.manifest ? "" : checkpoint.manifest.error().message,
              is_copy ? "it is the manifest of another checkpoint" : "")
        << checkpoint.file;
  }
}

TEST(CheckpointFaults, AManifestOfANewerProgramIsNeverRemoved) {
  auto files = small_directory();
  const std::string newer = newer_manifest();
  files["checkpoint-000001.json"] = newer;
  MemoryStorage storage;
  storage.set_files(files);
  CheckpointStore store(storage, {.keep = 1});
  EXPECT_EQ(restore_into(store).number, 3U);
  for (const State& state : script()) ASSERT_TRUE(store.write(request(state)));
  EXPECT_EQ(storage.files()["checkpoint-000001.json"], newer);
  EXPECT_FALSE(storage.files().contains("checkpoint-000002.json"));
}

TEST(CheckpointFaults, AnAttemptThatFindsNoRoomLeavesNothing) {
  for (uint64_t capacity = 0;; ++capacity) {
    SCOPED_TRACE(capacity);
    MemoryStorage storage;
    storage.set_capacity(capacity);
    CheckpointStore store(storage);
    restore_into(store);
    const State state = numbered_state(3);
    if (store.write(request(state))) break;
    EXPECT_THAT(storage.files(), IsEmpty());
  }
}

// A disk that does not keep what was written, and says nothing.
TEST(CheckpointFaults, WhatReadsBackOtherwiseMakesNoCheckpoint) {
  for (const std::string name : {"delta-000002.state", "checkpoint-000002.json.tmp"}) {
    const std::string last_name = name.substr(0, name.find(".tmp"));
    const size_t whole = small_directory()[last_name].size();
    size_t noticed = 0;
    bool interrupted = true;
    for (uint64_t n = 1; interrupted; ++n) {
      MemoryStorage storage;
      CheckpointStore store(storage);
      restore_into(store);
      ASSERT_TRUE(store.write(request(small_script()[0])));
      interrupted = false;
      bool changed = false;
      storage.interrupt_at(n, [&] {
        interrupted = true;
        auto files = storage.files();
        if (!files.contains(name) || files[name].size() != whole) return;
        changed = true;
        files[name].back() ^= 1;
        storage.set_files(files);
      });
      const auto written = store.write(request(small_script()[1]));
      const std::string message = "'memory/" + name + "' reads back otherwise than written";
      if (!changed || written || written.error().message != message) continue;
      ++noticed;
      EXPECT_EQ(restore(storage).state, small_script()[0]);
    }
    EXPECT_GT(noticed, 0U) << name;
  }
}

// ---- two processes ----

TEST(CheckpointFaults, OneThatIsRemovedWhileItIsListedIsNotDamaged) {
  bool interrupted = true;
  for (uint64_t n = 1; interrupted; ++n) {
    MemoryStorage storage;
    storage.set_files(small_directory());
    interrupted = false;
    storage.interrupt_at(n, [&] {
      interrupted = true;
      EXPECT_TRUE(storage.remove("checkpoint-000002.json"));
    });
    const auto checkpoints = list_checkpoints(storage);
    ASSERT_TRUE(checkpoints);
    for (const StoredCheckpoint& checkpoint : *checkpoints) EXPECT_TRUE(checkpoint.manifest);
  }
}

// A run that has written all but the last of the script and keeps one.
struct Writer {
  explicit Writer(MemoryStorage& storage) : store(storage, {.keep = 1}) {
    restore_into(store);
    for (size_t i = 0; i + 1 < script().size(); ++i) write(script()[i]);
  }
  void write(const State& state) {
    const auto written = store.write(request(state));
    EXPECT_TRUE(written) << written.error().message;
  }
  CheckpointStore store;
};

void expect_whole_savepoint(MemoryStorage& storage, const eventtime::Result<Manifest>& made) {
  ASSERT_TRUE(made) << made.error().message;
  const auto whole = verify_checkpoint(storage, *made);
  EXPECT_TRUE(whole) << whole.error().message;
}

TEST(CheckpointFaults, ASavepointIsWholeWheneverOldOnesAreRemoved) {
  for (uint64_t n = 1; n < 60; ++n) {
    SCOPED_TRACE(n);
    MemoryStorage storage;
    Writer writer(storage);
    storage.interrupt_at(n, [&] {
      for (const State& state : script()) writer.write(state);
    });
    expect_whole_savepoint(storage, make_savepoint(storage, "s"));
  }
}

TEST(CheckpointFaults, OldOnesAreRemovedWheneverASavepointIsMade) {
  bool interrupted = true;
  for (uint64_t n = 1; interrupted; ++n) {
    SCOPED_TRACE(n);
    MemoryStorage storage;
    Writer writer(storage);
    interrupted = false;
    storage.interrupt_at(n, [&] {
      interrupted = true;
      expect_whole_savepoint(storage, make_savepoint(storage, "s"));
    });
    writer.write(script().back());
    if (!interrupted) break;
    const auto checkpoints = list_checkpoints(storage);
    ASSERT_TRUE(checkpoints);
    for (const StoredCheckpoint& checkpoint : *checkpoints) {
      ASSERT_TRUE(checkpoint.manifest);
      EXPECT_TRUE(verify_checkpoint(storage, *checkpoint.manifest)) << checkpoint.file;
    }
  }
}

// ---- a child that is killed at any moment ----

TEST(CheckpointFaults, AKilledChildLeavesTheOldStateOrTheNew) {
  const tests::TemporaryDirectory directory;
  const auto storage =
      FileStorage::open(directory.path("state"), FileStorage::Missing::kCreate).value();
  CheckpointStore store(*storage);
  restore_into(store);
  State state = numbered_state(2000);
  ASSERT_TRUE(store.write(request(state)));
  State before = state;
  std::mt19937 random(7);
  size_t killed = 0;
  for (int i = 0; i < 60; ++i) {
    for (int j = 0; j < 5; ++j) {
      state["key-" + std::to_string(random() % 3000)] = std::to_string(random());
    }
    ASSERT_TRUE(store.start(request(state)));
    ::usleep(static_cast<useconds_t>(random() % 30'000));
    ::kill(store.child(), SIGKILL);
    const auto written = store.wait();
    killed += written ? 0 : 1;
    const FoundCheckpoint found = restore(*storage);
    ASSERT_EQ(found.error, "");
    EXPECT_THAT(found.notes, IsEmpty());
    ASSERT_TRUE(found.state == state || (!written && found.state == before)) << i;
    before = found.state;
  }
  EXPECT_GT(killed, 0U);
  ASSERT_TRUE(store.start(request(state)));
  ASSERT_TRUE(store.wait());
  EXPECT_EQ(restore(*storage).state, state);
}

}  // namespace
}  // namespace tocsin::connectors
