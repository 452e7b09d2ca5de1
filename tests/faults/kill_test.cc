// Killed, stopped and ended at random moments, again and again, each time going on with another
// number of threads: what comes out in the end has the same bytes as of an undisturbed run.
//
// TOCSIN_FAULT_KILLS is how often each scenario is killed, TOCSIN_FAULT_SEED chooses other moments.
// The moments are times, so that a seed repeats them just about.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
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
using std::chrono::microseconds;
using std::chrono::steady_clock;
using tests::RunningProgram;

constexpr uint64_t kKills = 30;
constexpr uint64_t kSeed = 1;

// Those that write checkpoints, whichever thread has begun them.
std::vector<pid_t> children_of(pid_t process) {
  std::vector<pid_t> children;
  std::error_code gone;
  const fs::path tasks = "/proc/" + std::to_string(process) + "/task";
  for (fs::directory_iterator at(tasks, gone), end; !gone && at != end; at.increment(gone)) {
    std::ifstream list(at->path() / "children");
    for (pid_t child = 0; list >> child;) children.push_back(child);
  }
  return children;
}

// What is seen of the runs on the way.
struct Counts {
  uint64_t kills = 0;
  uint64_t children = 0;  // killed, too
  uint64_t terminations = 0;
  uint64_t stops = 0;
  uint64_t resumed = 0;  // runs that went on from a checkpoint
  uint64_t rounds = 0;   // that came to their end
};

class Disturbed {
 public:
  Disturbed(const Scenario& scenario, uint64_t seed)
      : rig_(scenario), random_(seed), wanted_(rig_.undisturbed()) {}

  void run(uint64_t kills) {
    const steady_clock::time_point begin = steady_clock::now();
    rig_.finish();
    compare();
    longest_pause_ =
        std::chrono::duration_cast<microseconds>(steady_clock::now() - begin).count() / 2;
    most_pause_ = 2 * longest_pause_;
    rig_.forget();
    while (counts_.kills < kills && !testing::Test::HasFailure()) one_process();
    rig_.finish();
    compare();
  }
  const Counts& counts() const { return counts_; }

 private:
  // Starts it, and disturbs it until it is gone, one way or the other.
  void one_process() {
    std::vector<std::string> words = rig_.arguments();
    words.insert(words.end(), {"--threads", std::to_string(1 + random_.below(3))});
    if (random_.percent(50)) words.insert(words.end(), {"--memory", "1KB"});  // all goes to disk
    RunningProgram program(words);
    // A start that is disturbed says less than what follows it.
    const int looks = random_.percent(80) ? 2000 : 0;
    for (int look = 0; look < looks && !holds_the_state(program); ++look) {
      std::this_thread::sleep_for(microseconds(500));
    }
    while (!ends_by_itself(program)) {
      const size_t choice = random_.below(100);
      if (choice < 15) {
        kill_children(program);
      } else if (choice < 25) {
        ++counts_.stops;
        program.signal(SIGSTOP);
        std::this_thread::sleep_for(microseconds(random_.below(20'000)));
        program.signal(SIGCONT);
      } else if (choice < 40 && holds_the_state(program)) {
        ++counts_.terminations;
        program.signal(SIGTERM);
        const int status = program.wait();
        // When all is done and told, a signal ends it as it ends every program.
        const bool was_done = program.err().find(" events/s;") != std::string::npos;
        EXPECT_TRUE(status == 0 || (was_done && status == 128 + SIGTERM)) << status << '\n'
                                                                          << program.err();
        break;
      } else {
        ++counts_.kills;
        program.signal(SIGKILL);
        const int status = program.wait();
        EXPECT_TRUE(status == 128 + SIGKILL || status == 0) << status << '\n' << program.err();
        break;
      }
    }
    look_at_log(program.err());
  }

  // Waits for a random time; whether it ended by then.
  bool ends_by_itself(RunningProgram& program) {
    const auto pause = random_.below(static_cast<size_t>(longest_pause_));
    const auto until = steady_clock::now() + microseconds(pause);
    while (steady_clock::now() < until) {
      if (const std::optional<int> status = program.poll()) {
        EXPECT_EQ(*status, 0) << program.err();
        ++counts_.rounds;
        longest_pause_ = longest_pause_ * 3 / 4;
        compare();
        rig_.forget();
        return true;
      }
      std::this_thread::sleep_for(microseconds(500));
    }
    return false;
  }

  // The next one that writes, at a random moment of its life.
  void kill_children(const RunningProgram& program) {
    std::vector<pid_t> children;
    for (int look = 0; look < 100 && children.empty(); ++look) {
      std::this_thread::sleep_for(microseconds(200));
      children = children_of(program.process());
    }
    std::this_thread::sleep_for(microseconds(random_.below(4000)));
    for (const pid_t child : children) counts_.children += ::kill(child, SIGKILL) == 0 ? 1 : 0;
  }

  // Before, a signal ends it as it ends every program.
  bool holds_the_state(const RunningProgram& program) const {
    std::ifstream lock(rig_.state() + "/lock");
    const std::string text{std::istreambuf_iterator<char>(lock), std::istreambuf_iterator<char>()};
    return text.ends_with(" " + std::to_string(program.process()) + "\n");
  }

  void look_at_log(const std::string& log) {
    if (log.find("goes on from checkpoint") != std::string::npos) {
      ++counts_.resumed;
    } else {
      // Perhaps the machine is busy: the runs shall get somewhere, and not always to the end.
      longest_pause_ = std::min(longest_pause_ * 9 / 8, most_pause_);
    }
    for (const char* bad : {"damaged", "Sanitizer", "runtime error", "error:"}) {
      EXPECT_EQ(log.find(bad), std::string::npos) << log;
    }
  }

  void compare() { EXPECT_EQ(difference(wanted_, rig_.written()), ""); }

  Rig rig_;
  model::Random random_;
  Written wanted_;
  int64_t longest_pause_ = 0;  // microseconds
  int64_t most_pause_ = 0;
  Counts counts_;
};

class Kills : public testing::TestWithParam<std::string> {};

TEST_P(Kills, TheOutputIsTheSame) {
  // The search for leaks stops the process itself, and would meet our stops; other tests look.
  ::setenv("ASAN_OPTIONS", "detect_leaks=0", 0);
  const uint64_t kills = model::environment("TOCSIN_FAULT_KILLS", kKills);
  const uint64_t seed = model::environment("TOCSIN_FAULT_SEED", kSeed);
  Disturbed disturbed(scenario(GetParam()), seed);
  disturbed.run(kills);
  const Counts& counts = disturbed.counts();
  std::cout << counts.kills << " kills, " << counts.children << " of writers, "
            << counts.terminations << " ends, " << counts.stops << " stops; " << counts.resumed
            << " runs went on, " << counts.rounds << " came to their end\n";
  EXPECT_GE(counts.resumed, counts.kills / 8) << "most runs began anew, which says little";
  if (HasFailure()) {
    std::cout << "repeat with: TOCSIN_FAULT_KILLS=" << kills << " TOCSIN_FAULT_SEED=" << seed
              << " faults_test --gtest_filter=*Kills*/" << GetParam() << "\n";
  }
}

std::vector<std::string> names() {
  std::vector<std::string> names;
  for (const Scenario& scenario : scenarios()) names.push_back(scenario.name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Faults, Kills, testing::ValuesIn(names()),
                         [](const auto& made) { return made.param; });

}  // namespace
}  // namespace tocsin::faults
