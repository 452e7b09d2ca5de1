// Patterns that change while their input grows, from run to run: old versions drain, partial
// matches migrate or are dropped, and what comes out does not depend on the number of threads of
// each run, nor on where runs are killed; TOCSIN_FAULT_SEED chooses other moments.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "eventtime/check.h"
#include "tests/faults/rig.h"
#include "tests/faults/scenarios.h"
#include "tests/model/random.h"
#include "tests/model/random_cases.h"
#include "tests/support/process.h"
#include "tests/support/running_program.h"

namespace tocsin::faults {
namespace {

using std::chrono::steady_clock;

// What becomes of the patterns before a run, and how it takes that.
struct Change {
  std::string on_change;
  std::vector<std::pair<std::string, std::string>> edits;  // of what they were, each made once
};

struct Changing {
  std::string scenario;
  std::vector<Change> changes;  // one for each run behind the first
};

std::ostream& operator<<(std::ostream& out, const Changing& changing) {
  return out << changing.scenario;
}

const std::vector<Changing>& all() {
  static const std::vector<Changing> kAll = {
      {"Orders",
       {{"drain",
         {{"amount > 20]", "amount > 30]"},
          {"took: sent.at", "lasted: sent.at"},
          {"amount > 100]{2,}", "amount > 110]{2,}"},
          {"> 300\n", "> 350\n"}}},
        {"migrate",
         {{"amount > 30]", "amount > 25]"},
          {"lasted: sent.at", "took: sent.at"},
          {"amount > 110]{2,}", "amount > 90]{2,}"},
          {"> 350\n", "> 250\n"}}},
        {"drain", {{"for 5m", "for 4m"}, {"within 20m", "within 15m"}, {"30m", "25m"}}}}},
      {"TwoInputsRarely",
       {{"migrate",
         {{"then hit: Login[result", "then hit: Login[country != 'DE' and result"},
          {"emit   user: miss.user", "emit   whose: miss.user"}}},
        {"drain", {{"country != 'DE'", "country != 'FR'"}, {"for 2m", "for 3m"}, {"{20}", "{19}"}}},
        {"reset", {{"{19}", "{18}"}, {"within 10m", "within 20m"}}}}},
  };
  return kAll;
}

class ChangingPatterns : public testing::TestWithParam<Changing> {
 protected:
  ChangingPatterns() : rig_(scenario(GetParam().scenario)) {
    std::string text;
    for (const std::string& file : scenario(GetParam().scenario).patterns) {
      text += tests::read_file(TOCSIN_SOURCE_DIR "/" + file);
    }
    texts_.push_back(text);
    for (const Change& change : GetParam().changes) {
      for (const auto& [from, to] : change.edits) {
        const size_t at = text.find(from);
        TOCSIN_CHECK(at != std::string::npos, "a text that is edited is there");
        text.replace(at, from.size(), to);
      }
      texts_.push_back(text);
    }
  }

  // The words of a run; the input is as long as it is then.
  std::vector<std::string> prepare(size_t run, size_t threads) {
    const std::string patterns = directory_.write("patterns.tocsin", texts_[run]);
    for (size_t i = 0; i < scenario(GetParam().scenario).inputs.size(); ++i) {
      const std::string_view text = rig_.text(i);
      const size_t end = text.find('\n', text.size() * (run + 1) / texts_.size());
      rig_.set_text(i, text.substr(0, end == std::string_view::npos ? text.size() : end + 1));
    }
    std::vector<std::string> words = rig_.arguments();
    words[2] = patterns;
    words.insert(words.end(), {"--threads", std::to_string(threads)});
    if (run > 0) {
      const std::string forced = forced_.empty() ? GetParam().changes[run - 1].on_change : forced_;
      words.insert(words.end(), {"--on-change", forced});
    }
    return words;
  }

  Written all_runs(const std::vector<size_t>& threads) {
    rig_.forget();
    log_.clear();
    for (size_t run = 0; run < texts_.size(); ++run) {
      const tests::ProcessResult done = tests::run_tocsin(prepare(run, threads[run]));
      EXPECT_EQ(done.status, 0) << done.err;
      log_ += done.err;
    }
    return rig_.written();
  }

  Rig rig_;
  tests::TemporaryDirectory directory_;
  std::vector<std::string> texts_;  // of the patterns, by run
  std::string forced_;              // --on-change of all runs, if not empty
  std::string log_;
};

TEST_P(ChangingPatterns, GiveTheSameWithAnyNumberOfThreads) {
  const Written wanted = all_runs({1, 1, 1, 1});
  EXPECT_NE(log_.find("finishes its partial matches"), std::string::npos) << log_;
  EXPECT_NE(log_.find("goes on with the partial matches of the old"), std::string::npos) << log_;
  for (const std::vector<size_t>& threads :
       std::vector<std::vector<size_t>>{{2, 2, 2, 2}, {3, 3, 3, 3}, {1, 3, 2, 1}, {2, 1, 3, 2}}) {
    SCOPED_TRACE(testing::PrintToString(threads));
    EXPECT_EQ(difference(wanted, all_runs(threads)), "");
  }
  forced_ = "reset";
  EXPECT_NE(wanted.alerts, all_runs({1, 1, 1, 1}).alerts) << "nothing was pending";
}

TEST_P(ChangingPatterns, GiveTheSameWhereverRunsAreKilled) {
  ::setenv("ASAN_OPTIONS", "detect_leaks=0", 0);  // as in kill_test.cc
  const auto begin = steady_clock::now();
  const Written wanted = all_runs({1, 1, 1, 1});
  const auto took =
      std::chrono::duration_cast<std::chrono::microseconds>(steady_clock::now() - begin) /
      texts_.size();
  model::Random random(model::environment("TOCSIN_FAULT_SEED", 1));
  rig_.forget();
  for (size_t run = 0; run < texts_.size(); ++run) {
    for (size_t kill = 0; kill < 4; ++kill) {
      tests::RunningProgram program(prepare(run, 1 + random.below(3)));
      std::this_thread::sleep_for(
          std::chrono::microseconds(random.below(static_cast<size_t>(took.count()))));
      program.signal(SIGKILL);
      const int status = program.wait();
      EXPECT_TRUE(status == 128 + SIGKILL || status == 0) << program.err();
    }
    const tests::ProcessResult done = tests::run_tocsin(prepare(run, 1 + random.below(3)));
    EXPECT_EQ(done.status, 0) << done.err;
  }
  EXPECT_EQ(difference(wanted, rig_.written()), "");
}

INSTANTIATE_TEST_SUITE_P(Faults, ChangingPatterns, testing::ValuesIn(all()),
                         [](const auto& made) { return made.param.scenario; });

}  // namespace
}  // namespace tocsin::faults
