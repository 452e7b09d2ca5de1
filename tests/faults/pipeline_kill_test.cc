// A pipeline with several sinks, killed at random moments: in the end all of them hold the bytes of
// an undisturbed run, and no file of a folder that has its name is ever another.
//
// TOCSIN_FAULT_KILLS is how often, TOCSIN_FAULT_SEED chooses other moments.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "tests/model/random_cases.h"
#include "tests/support/process.h"
#include "tests/support/running_program.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::faults {
namespace {

namespace fs = std::filesystem;
using std::chrono::microseconds;
using std::chrono::steady_clock;
using Files = std::map<std::string, std::string>;

constexpr uint64_t kPipelineKills = 25;
constexpr uint64_t kPipelineSeed = 1;

std::string pipeline(const std::string& events) {
  return "name = 'killed'\n[patterns]\nfiles = ['" TOCSIN_SOURCE_DIR
         "/samples/payments.tocsin', '" TOCSIN_SOURCE_DIR
         "/samples/velocity/pattern.tocsin', '" TOCSIN_SOURCE_DIR
         "/samples/rising_amounts/pattern.tocsin']\n"
         "[[source]]\nname = 'in'\ntype = 'file'\npaths = '" +
         events +
         "'\nout_of_order = '4s'\n"
         "[[sink]]\nname = 'hours'\ntype = 'file'\ndirectory = 'out/hours'\nrotate_every = '10m'\n"
         "rotate_bytes = '20KB'\n"
         "[[sink]]\nname = 'events'\ntype = 'file'\npath = 'out/events'\nformat = 'cloudevents'\n"
         "patterns = ['vel*']\n"
         "[[sink]]\nname = 'odd'\ntype = 'file'\ndirectory = 'out/odd'\nrotate_bytes = '5KB'\n"
         "patterns = []\n"
         "[outputs]\nlate = 'odd'\ndead_letter = 'odd'\n"
         "[state]\ndir = 'state'\ncheckpoint_every = '10ms'\n"
         "[engine]\nthreads = 2\n";
}

Files files_below(const std::string& folder, bool parts) {
  Files files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().lexically_relative(folder);
    const bool is_named = name.ends_with(".jsonl");
    if (entry.is_regular_file() && (parts || is_named))
      files[name] = tests::read_file(entry.path());
  }
  return files;
}

TEST(PipelineKills, SinksHoldWhatAnUndisturbedRunWrites) {
  const tests::TemporaryDirectory directory;
  const std::string events = directory.path("events.jsonl");
  ASSERT_EQ(tests::run_tocsin(
                {"generate", "payments", "--events", "30000", "--malformed", "2000", "-o", events})
                .status,
            0);
  const auto arguments = [&](const std::string& name) -> std::vector<std::string> {
    fs::create_directories(directory.path(name + "/out"));
    return {"run",          "--config", directory.write(name + "/p.toml", pipeline(events)),
            "--batch-size", "500",      "--log-level",
            "warning"};
  };
  const steady_clock::time_point begin = steady_clock::now();
  ASSERT_EQ(tests::run_tocsin(arguments("undisturbed")).status, 0);
  const auto took = std::chrono::duration_cast<microseconds>(steady_clock::now() - begin).count();
  const Files wanted = files_below(directory.path("undisturbed/out"), true);
  ASSERT_GT(wanted.size(), 10U);

  std::mt19937_64 random(model::environment("TOCSIN_FAULT_SEED", kPipelineSeed));
  const uint64_t kills = model::environment("TOCSIN_FAULT_KILLS", kPipelineKills);
  const std::vector<std::string> words = arguments("killed");
  uint64_t killed = 0;
  uint64_t ended = 0;
  while (killed < kills && ended < kills && !HasFailure()) {
    tests::RunningProgram program(words);
    std::this_thread::sleep_for(microseconds(random() % static_cast<uint64_t>(took)));
    program.signal(random() % 4 == 0 ? SIGTERM : SIGKILL);
    const int status = program.wait();
    EXPECT_TRUE(status == 0 || status == 128 + SIGKILL || status == 128 + SIGTERM) << program.err();
    if (status == 0) ++ended;
    if (status != 0) ++killed;
    for (const auto& [name, text] : files_below(directory.path("killed/out"), false)) {
      ASSERT_TRUE(wanted.contains(name)) << name;
      ASSERT_EQ(text, wanted.at(name)) << name;
    }
  }
  EXPECT_GT(killed, 0U);
  ASSERT_EQ(tests::run_tocsin(words).status, 0);
  EXPECT_EQ(files_below(directory.path("killed/out"), true), wanted);
}

}  // namespace
}  // namespace tocsin::faults
