#include "server/state_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "connectors/state/checkpoint_store.h"
#include "connectors/state/file_storage.h"
#include "connectors/state/state_lock.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

using connectors::FileStorage;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using tests::ProcessResult;
using tests::run_tocsin;
using tests::TemporaryDirectory;

// A run that holds the directory and has written two checkpoints.
class StateCommand : public ::testing::Test {
 protected:
  StateCommand()
      : path_(directory_.path("state")),
        storage_(FileStorage::open(path_, FileStorage::Missing::kCreate).value()),
        lock_(connectors::StateLock::take(path_).value()),
        store_(*storage_) {
    EXPECT_TRUE(store_.restore([](std::string_view, std::string_view) {}));
    write("one", R"({"positions":[1]})");
    write("two", R"({"positions":[2]})");
  }

  void write(const std::string& value, const std::string& meta) {
    connectors::CheckpointRequest request;
    request.meta = meta;
    request.written = *eventtime::parse_timestamp("2026-03-01T10:00:00Z");
    request.records = [&](const connectors::Put& put) {
      for (int i = 0; i < 100; ++i) put("key " + std::to_string(i), i == 0 ? value : "same");
    };
    EXPECT_TRUE(store_.write(request));
  }

  std::string size(const std::string& name) const {
    return std::to_string(std::filesystem::file_size(path_ + "/" + name));
  }

  TemporaryDirectory directory_;
  std::string path_;
  std::unique_ptr<FileStorage> storage_;
  std::unique_ptr<connectors::StateLock> lock_;
  connectors::CheckpointStore store_;
};

TEST_F(StateCommand, ListsInATable) {
  const std::string base = size("base-000001.state");
  const std::string delta = size("delta-000002.state");
  ASSERT_EQ(base.size(), 3U);
  ASSERT_EQ(delta.size(), 2U);
  const ProcessResult result = run_tocsin({"state", "list", path_});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out,
            "file                    written                   records  base bytes  deltas  "
            "delta bytes  cold keys  cold bytes\n"
            "checkpoint-000002.json  2026-03-01T10:00:00.000Z      100         " +
                base + "       1           " + delta +
                "          0           0\n"
                "checkpoint-000001.json  2026-03-01T10:00:00.000Z      100         " +
                base + "       0            0          0           0\n");
}

TEST_F(StateCommand, ListsAsJson) {
  const ProcessResult result = run_tocsin({"state", "list", path_, "--format", "json"});
  EXPECT_EQ(result.status, 0) << result.err;
  const std::string base = size("base-000001.state");
  EXPECT_EQ(result.out,
            R"({"checkpoints":[{"file":"checkpoint-000002.json","number":2,)"
            R"("written":"2026-03-01T10:00:00.000Z","savepoint":null,"records":100,"base_bytes":)" +
                base + R"(,"deltas":1,"delta_bytes":)" + size("delta-000002.state") +
                R"(,"cold_keys":0,"cold_bytes":0,"meta":{"positions":[2]}},)"
                R"({"file":"checkpoint-000001.json","number":1,)"
                R"("written":"2026-03-01T10:00:00.000Z","savepoint":null,"records":100,)"
                R"("base_bytes":)" +
                base + R"(,"deltas":0,"delta_bytes":0,"cold_keys":0,"cold_bytes":0,)" +
                R"("meta":{"positions":[1]}}]})" + "\n");
}

TEST_F(StateCommand, VerifiesEachAndNamesWhatIsDamaged) {
  const ProcessResult whole = run_tocsin({"state", "verify", path_});
  EXPECT_EQ(whole.status, 0) << whole.err;
  EXPECT_THAT(whole.out, HasSubstr("  state\n"));
  EXPECT_THAT(whole.out, EndsWith("  whole\n"));
  directory_.write("state/delta-000002.state", "torn");
  const ProcessResult damaged = run_tocsin({"state", "verify", path_});
  EXPECT_EQ(damaged.status, 1);
  EXPECT_THAT(damaged.out, HasSubstr("  damaged: 'delta-000002.state' has 4 bytes of "));
  EXPECT_THAT(damaged.out, EndsWith("  whole\n"));
  const ProcessResult json = run_tocsin({"state", "verify", path_, "--format", "json"});
  EXPECT_EQ(json.status, 1);
  EXPECT_THAT(json.out,
              HasSubstr(R"("whole":false,"fault":"'delta-000002.state' has 4 bytes of )"));
  EXPECT_THAT(json.out, HasSubstr(R"("whole":true)"));
  // Sizes and hashes are read by verify alone.
  EXPECT_EQ(run_tocsin({"state", "list", path_}).status, 0);
}

TEST_F(StateCommand, AListShowsADamagedManifest) {
  directory_.write("state/checkpoint-000002.json", "{}");
  const ProcessResult result = run_tocsin({"state", "list", path_});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.out, HasSubstr("checkpoint-000002.json  "));
  EXPECT_THAT(result.out, HasSubstr("damaged: it ends too early\n"));
}

TEST_F(StateCommand, ASavepointStays) {
  const ProcessResult named = run_tocsin({"state", "savepoint", path_, "before-upgrade"});
  EXPECT_EQ(named.status, 0) << named.err;
  EXPECT_EQ(named.out, "checkpoint 2 is now the savepoint 'before-upgrade'\n");
  for (int i = 0; i < 5; ++i) write(std::to_string(i), "{}");
  const ProcessResult list = run_tocsin({"state", "verify", path_});
  EXPECT_EQ(list.status, 0);
  EXPECT_THAT(list.out, HasSubstr("savepoint-before-upgrade.json  "));
  EXPECT_EQ(list.out.find("checkpoint-000002.json"), std::string::npos);
  const ProcessResult again = run_tocsin({"state", "savepoint", path_, "before-upgrade"});
  EXPECT_EQ(again.status, 2);
  EXPECT_THAT(again.err, HasSubstr("has a savepoint 'before-upgrade' already"));
}

TEST_F(StateCommand, WrongLinesAndDirectories) {
  EXPECT_EQ(run_tocsin({"state", "list"}).status, 2);
  EXPECT_EQ(run_tocsin({"state", "lst", path_}).status, 2);
  EXPECT_EQ(run_tocsin({"state", "list", path_, "--format", "xml"}).status, 2);
  EXPECT_EQ(run_tocsin({"state", "list", path_, "name"}).status, 2);
  EXPECT_THAT(run_tocsin({"state", "savepoint", path_}).err, HasSubstr("needs a name"));
  EXPECT_EQ(run_tocsin({"state", "savepoint", path_, "a/b"}).status, 2);
  const ProcessResult missing = run_tocsin({"state", "list", path_ + "/none"});
  EXPECT_EQ(missing.status, 3);
  EXPECT_THAT(missing.err, StartsWith("error: cannot open the directory '"));
}

}  // namespace
}  // namespace tocsin::server
