// `run --config` and `check --config`, as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "server/metrics/metrics_server.h"
#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using tests::ProcessResult;
using tests::read_file;
using tests::run_tocsin;

constexpr std::string_view kPipelinePatterns =
    "event E { k: string, at: timestamp } time at\n"
    "event F { k: string, at: timestamp } time at\n"
    "pattern pair { match a: E[k == 'x'] then b: E[k == 'y'] within 1m }\n"
    "pattern lone_f { match a: F }\n";

std::string pipeline_event(const std::string& k, int second, const std::string& more = {}) {
  return R"({"k":")" + k + R"(","at":)" + std::to_string(second * 1000) + more + "}\n";
}

class PipelineRun : public testing::Test {
 protected:
  PipelineRun() {
    directory_.write("p.tocsin", kPipelinePatterns);
    directory_.write("e.jsonl", pipeline_event("x", 1) + pipeline_event("x", 20) +
                                    pipeline_event("y", 15) + pipeline_event("y", 30));
    directory_.write("f.csv", "name,k,at\nF,f1,1970-01-01T00:00:02Z\nF,f2,1970-01-01T00:00:40Z\n");
  }

  std::string config(const std::string& text) {
    return directory_.write("pipe/line.toml",
                            "name = 'test'\n[patterns]\nfiles = ['../*.tocsin']\n" + text);
  }
  ProcessResult run(const std::string& text, const std::string& input = {}) {
    return run_tocsin({"run", "--config", config(text)}, {.input = input});
  }
  ProcessResult check(const std::string& text) {
    return run_tocsin({"check", "--config", config(text)});
  }
  std::string out(const std::string& name) const {
    return read_file(directory_.path("pipe/" + name));
  }

  static constexpr const char* kSources =
      "[[source]]\nname = 'e'\ntype = 'file'\npaths = ['../e.jsonl']\nevent = 'E'\n"
      "out_of_order = '5s'\n"
      "[[source]]\nname = 'f'\ntype = 'file'\npaths = ['../*.csv']\nevent_field = 'name'\n"
      "out_of_order = '1s'\n";
  static constexpr const char* kSinks =
      "[[sink]]\nname = 'pairs'\ntype = 'file'\npath = 'pairs.jsonl'\npatterns = ['pa*']\n"
      "[[sink]]\nname = 'all'\ntype = 'file'\npath = 'all.jsonl'\n"
      "[[sink]]\nname = 'rest'\ntype = 'stdout'\npatterns = ['lone?f']\n";

  tests::TemporaryDirectory directory_;
};

// Each input has a bound of its own, each sink its patterns: what two runs with flags would give.
TEST_F(PipelineRun, SourcesAndSinksHaveTheirOwnSettings) {
  const ProcessResult result =
      run(std::string(kSources) + kSinks + "[outputs]\nlate = 'late.jsonl'\n");
  ASSERT_EQ(result.status, 0) << result.err;
  const std::string all = out("all.jsonl");
  const std::string pairs = out("pairs.jsonl");
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 4);
  EXPECT_EQ(std::count(pairs.begin(), pairs.end(), '\n'), 2);
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 2);
  EXPECT_THAT(pairs, testing::Not(HasSubstr("lone_f")));
  EXPECT_THAT(result.out, testing::Not(HasSubstr("pair\"")));
  EXPECT_THAT(out("late.jsonl"), IsEmpty());  // y at 15 s is 5 s behind x at 20 s
  const ProcessResult flags =
      run_tocsin({"run", "-p", directory_.path("p.tocsin"), "-i", "E=" + directory_.path("e.jsonl"),
                  "F=" + directory_.path("f.csv"), "--out-of-order", "5s"});
  EXPECT_EQ(flags.out, all);
}

TEST_F(PipelineRun, ABoundThatIsTooSmallMakesEventsLate) {
  std::string sources = kSources;
  sources.replace(sources.find("'5s'"), 4, "'4s'");
  ASSERT_EQ(run(sources + kSinks + "[outputs]\nlate = 'all'\n").status, 0);
  EXPECT_THAT(out("all.jsonl"), HasSubstr(R"("watermark":"1970-01-01T00:00:16.000Z")"));
  EXPECT_THAT(run(sources + kSinks).err, HasSubstr("'late' in [outputs] keeps them"));
}

TEST_F(PipelineRun, StandardInputIsASource) {
  const ProcessResult result =
      run("[[source]]\nname = 'in'\ntype = 'stdin'\nevent = 'F'\n[[sink]]\nname = 'out'\ntype = "
          "'stdout'\n[engine]\nevents = 'none'\n[outputs]\ndead_letter = 'out'\n",
          pipeline_event("f", 1) + "{}\n");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr(R"("pattern":"lone_f")"));
  EXPECT_THAT(result.out, HasSubstr(R"("source":"-","position":1,"reason")"));
  EXPECT_THAT(result.out, testing::Not(HasSubstr("\"events\"")));
}

// Positions of all sinks are in the state: a second run adds nothing, also after a sink was named
// otherwise, and a new one begins where the run goes on.
TEST_F(PipelineRun, AllSinksGoOnFromTheState) {
  const std::string text = std::string(kSources) + "[state]\ndir = 'state'\nkeep = 1\n";
  ASSERT_EQ(run(text + kSinks).status, 0);
  const std::string all = out("all.jsonl");
  const std::string pairs = out("pairs.jsonl");
  std::string sinks = kSinks;
  sinks.replace(sinks.find("'all'"), 5, "'any'");
  sinks += "[[sink]]\nname = 'new'\ntype = 'file'\npath = 'new.jsonl'\n";
  const ProcessResult again = run(text + sinks);
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("goes on from checkpoint"));
  EXPECT_EQ(out("all.jsonl"), all);
  EXPECT_EQ(out("pairs.jsonl"), pairs);
  EXPECT_LT(out("new.jsonl").size(), all.size());
  const ProcessResult listed = run_tocsin({"state", "list", directory_.path("pipe/state")});
  EXPECT_EQ(std::count(listed.out.begin(), listed.out.end(), '\n'), 2) << listed.out;

  const std::string other = directory_.write(
      "pipe/other.toml", "name = 'other'\n[patterns]\nfiles = ['../*.tocsin']\n" + text + kSinks);
  const ProcessResult refused = run_tocsin({"run", "--config", other});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("is of the pipeline 'test', not 'other'"));
  EXPECT_EQ(out("all.jsonl"), all);
}

// Events in CloudEvents come in, alerts in CloudEvents go out, into a folder of files.
TEST_F(PipelineRun, CloudEventsAndAFolder) {
  std::string records;
  for (int n = 1; n < 4; ++n) {
    records +=
        R"({"specversion":"1.0","id":"1","source":"s","type":"F","data":)" + pipeline_event("f", n);
    records.back() = '}';
    records += '\n';
  }
  directory_.write("cloud.jsonl", records);
  const ProcessResult result = run(
      "[[source]]\nname = 'in'\ntype = 'file'\npaths = '../cloud.jsonl'\nformat = 'cloudevents'\n"
      "[[sink]]\nname = 'out'\ntype = 'file'\ndirectory = 'folder'\nrotate_every = '2s'\n"
      "format = 'cloudevents'\n");
  ASSERT_EQ(result.status, 0) << result.err;
  const std::string first = out("folder/out-000001.jsonl");
  EXPECT_EQ(std::count(first.begin(), first.end(), '\n'), 1);
  EXPECT_THAT(first, HasSubstr(R"("source":"tocsin/test","type":"tocsin.alert.lone_f","time":)"));
  EXPECT_THAT(first, HasSubstr(R"("events":{"a":[{"k":"f","at":1000}]})"));
  const std::string second = out("folder/out-000002.jsonl");
  EXPECT_EQ(std::count(second.begin(), second.end(), '\n'), 2);
}

TEST_F(PipelineRun, APortInUseEndsTheRunBeforeItBegins) {
  auto server = MetricsServer::start({"127.0.0.1", 0});
  ASSERT_TRUE(server) << server.error().message;
  directory_.write("pipe/all.jsonl", "kept\n");
  const ProcessResult result =
      run(std::string(kSources) + kSinks +
          "[metrics]\nlisten = '127.0.0.1:" + std::to_string((*server)->port()) + "'\n");
  EXPECT_EQ(result.status, 3);
  EXPECT_THAT(result.err, HasSubstr("cannot serve metrics on 127.0.0.1 port"));
  EXPECT_EQ(out("all.jsonl"), "kept\n");
}

TEST_F(PipelineRun, MistakesAreToldBeforeAnythingStarts) {
  directory_.write("pipe/all.jsonl", "kept\n");
  for (const std::string& text :
       {std::string(kSources) + kSinks + "x = 1\n",
        "[[source]]\nname = 'e'\ntype = 'stdin'\nevent = 'G'\n" + std::string(kSinks)}) {
    const ProcessResult ran = run(text);
    EXPECT_EQ(ran.status, 1);
    EXPECT_THAT(ran.err, HasSubstr("line.toml:"));
    EXPECT_EQ(out("all.jsonl"), "kept\n");
    const ProcessResult checked = check(text);
    EXPECT_EQ(checked.status, 1);
    EXPECT_THAT(checked.err, HasSubstr("line.toml:"));
    EXPECT_EQ(checked.out, "");
  }
}

TEST_F(PipelineRun, CheckStartsNothing) {
  const ProcessResult result = check(std::string(kSources) + kSinks + "[state]\ndir = 'state'\n");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.out, "ok: 2 sources, 3 sinks, 2 patterns\n");
  EXPECT_FALSE(std::filesystem::exists(directory_.path("pipe/state")));
  EXPECT_FALSE(std::filesystem::exists(directory_.path("pipe/all.jsonl")));
  directory_.write("broken.tocsin", "pattern {");
  EXPECT_THAT(check(std::string(kSources) + kSinks).err, HasSubstr("broken.tocsin:1:"));
}

TEST_F(PipelineRun, FlagsThatTheFileReplacesAreRefused) {
  const std::string file = config(std::string(kSources) + kSinks);
  for (const char* flag : {"-p", "-i", "-o", "--state", "--threads", "--out-of-order"}) {
    const ProcessResult result = run_tocsin({"run", "--config", file, flag, "1s"});
    EXPECT_EQ(result.status, 2) << flag;
  }
  const ProcessResult out = run_tocsin({"run", "--config", file, "-o", "x"});
  EXPECT_THAT(out.err, HasSubstr("'--out' does not go with '--config'"));
  EXPECT_EQ(
      run_tocsin({"run", "--config", file, "--metrics", directory_.path("m"), "--log-level", "off"})
          .status,
      0);
  EXPECT_THAT(read_file(directory_.path("m")), HasSubstr("\"events\":6"));
  const ProcessResult both = run_tocsin({"check", "--config", file, "a.tocsin"});
  EXPECT_THAT(both.err, HasSubstr("pattern files do not go with '--config'"));
  EXPECT_THAT(run_tocsin({"check"}).err, HasSubstr("FILE is required"));
  EXPECT_THAT(run_tocsin({"run", "-i", "x"}).err, HasSubstr("--patterns is required"));
}

TEST_F(PipelineRun, AFileThatIsNotThere) {
  const ProcessResult result = run_tocsin({"run", "--config", directory_.path("none.toml")});
  EXPECT_EQ(result.status, 3);
  EXPECT_THAT(result.err, HasSubstr("none.toml': No such file"));
}

}  // namespace
}  // namespace tocsin::server
