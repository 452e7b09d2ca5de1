// A live run that is killed again and again while others append to its input.
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "tests/faults/rig.h"
#include "tests/faults/scenarios.h"
#include "tests/model/random.h"
#include "tests/model/random_cases.h"
#include "tests/support/running_program.h"

namespace tocsin::faults {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using tests::eventually;
using tests::RunningProgram;

constexpr uint64_t kLiveKills = 20;
constexpr uint64_t kLiveSeed = 1;

class Live : public testing::Test {
 protected:
  Live() : rig_(scenario("Orders")), wanted_(rig_.undisturbed()) { rig_.set_text(0, ""); }

  std::vector<std::string> words(std::vector<std::string> words, const std::string& idle) const {
    words.insert(words.end(), {"--follow", "--idle-after", idle});
    return words;
  }

  // Pieces that end anywhere, also within a line.
  void append(size_t most) {
    const std::string piece = rig_.text(0).substr(appended_, random_.below(most) + 1);
    std::ofstream(rig_.input(0), std::ios::app | std::ios::binary) << piece;
    appended_ += piece.size();
  }

  // `pause`: each run first has nothing to read for so many milliseconds at most.
  void append_and_kill(const std::string& idle, size_t pause) {
    const uint64_t kills = model::environment("TOCSIN_FAULT_KILLS", kLiveKills);
    const size_t piece = rig_.text(0).size() / kills / 10;
    for (uint64_t i = 0; i < kills; ++i) {
      RunningProgram program(words(rig_.arguments(), idle));
      std::this_thread::sleep_for(milliseconds(random_.below(pause)));
      for (int j = 0; j < 10; ++j) {
        append(2 * piece);
        std::this_thread::sleep_for(milliseconds(random_.below(20)));
      }
      program.signal(SIGKILL);
      EXPECT_EQ(program.wait(), 128 + SIGKILL) << program.err();
      EXPECT_EQ(program.err().find("error:"), std::string::npos) << program.err();
    }
    const std::string left = rig_.text(0).substr(std::min(appended_, rig_.text(0).size()));
    std::ofstream(rig_.input(0), std::ios::app | std::ios::binary) << left;
  }

  // Where the process stands in its input, by the system.
  bool has_read_all(const RunningProgram& program) const {
    const fs::path folder = "/proc/" + std::to_string(program.process());
    std::error_code gone;
    for (const fs::directory_entry& file : fs::directory_iterator(folder / "fd", gone)) {
      if (fs::read_symlink(file.path(), gone) != rig_.input(0)) continue;
      std::ifstream info(folder / "fdinfo" / file.path().filename());
      std::string word;
      size_t position = 0;
      info >> word >> position;
      return position == fs::file_size(rig_.input(0));
    }
    return false;
  }

  // Until it has read all, so many alerts are there, and it rests.
  void run_until_it_rests(const std::vector<std::string>& words, const std::string& alerts,
                          size_t least, const std::function<bool()>& is_ready = {}) {
    RunningProgram program(words);
    EXPECT_TRUE(eventually([&] {
      return has_read_all(program) && fs::exists(alerts) && fs::file_size(alerts) >= least &&
             (!is_ready || is_ready());
    })) << program.err();
    size_t before = 0;
    do {
      before = fs::file_size(alerts);
      std::this_thread::sleep_for(milliseconds(300));
    } while (fs::file_size(alerts) != before);
    program.signal(SIGTERM);
    EXPECT_EQ(program.wait(), 0) << program.err();
  }

  Rig rig_;
  Written wanted_;
  model::Random random_{model::environment("TOCSIN_FAULT_SEED", kLiveSeed)};
  size_t appended_ = 0;
};

// Its end is not known to a live run; a bounded one goes on from there and decides the rest.
TEST_F(Live, TheOutputIsThatOfABoundedRun) {
  append_and_kill("never", 100);
  EXPECT_FALSE(fs::exists(rig_.state() + "/marks")) << "the clock had its say in what it found";
  run_until_it_rests(words(rig_.arguments(), "never"), rig_.file("alerts"), 1);
  const std::string alerts = tests::read_file(rig_.file("alerts"));
  EXPECT_GT(alerts.size(), wanted_.alerts.size() / 2);
  EXPECT_TRUE(wanted_.alerts.starts_with(alerts)) << "not the same as far as it goes";
  rig_.finish();
  EXPECT_EQ(difference(wanted_, rig_.written()), "");
}

// Time that went on without events depends on when what came; the journal repeats it.
TEST_F(Live, TheJournalRepeatsTheRun) {
  append_and_kill("30ms", 500);
  const std::string journal = rig_.state() + "/journal";
  run_until_it_rests(words(rig_.arguments(), "30ms"), rig_.file("alerts"), 1,
                     [&] { return fs::exists(journal) && fs::file_size(journal) > 200; });
  const Written live = rig_.written();
  const std::string folder = rig_.file("again");
  fs::create_directories(folder);
  fs::copy(journal, folder + "/journal");
  std::vector<std::string> again = words(rig_.arguments(folder), "never");
  again.insert(again.end(), {"--journal", folder});
  run_until_it_rests(again, folder + "/alerts", live.alerts.size());
  EXPECT_EQ(difference(live, Rig::written(folder)), "");
}

}  // namespace
}  // namespace tocsin::faults
