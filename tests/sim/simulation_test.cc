// Many simulations (simulation.h): the alerts of a run that crashes again and again are those of
// the undisturbed one. TOCSIN_SIM_CASES and TOCSIN_SIM_SEED widen them: case number n of a run is
// made from seed + n.
#include "tests/sim/simulation.h"

#include <gtest/gtest.h>

#include <iostream>
#include <string>

#include "tests/model/random_cases.h"

namespace tocsin::sim {
namespace {

constexpr uint64_t kCases = 2000;
constexpr uint64_t kSeed = 1;

TEST(Simulation, CrashesChangeNothing) {
  const uint64_t cases = model::environment("TOCSIN_SIM_CASES", kCases);
  const uint64_t first = model::environment("TOCSIN_SIM_SEED", kSeed);
  Outcome all;
  uint64_t with_alerts = 0;
  size_t failures = 0;
  for (uint64_t seed = first; seed < first + cases; ++seed) {
    const Outcome outcome = Simulation(seed).run();
    all.crashes += outcome.crashes;
    all.resumed += outcome.resumed;
    all.passed_over += outcome.passed_over;
    all.full += outcome.full;
    with_alerts += outcome.alerts > 0 ? 1 : 0;
    if (!outcome.difference) continue;
    ADD_FAILURE() << *outcome.difference
                  << "\nrepeat with: TOCSIN_SIM_CASES=1 TOCSIN_SIM_SEED=" << seed << " sim_test";
    if (++failures == model::kFailuresShown) return;
  }
  std::cout << cases << " cases, " << with_alerts << " of them with alerts; " << all.crashes
            << " crashes, " << all.resumed << " lives went on, " << all.passed_over
            << " damaged checkpoints were passed over, " << all.full << " found no room\n";
  if (cases < 1000) return;
  EXPECT_GE(with_alerts, cases / 3) << "too many cases say nothing";
  EXPECT_GE(all.crashes, cases);
  EXPECT_GE(all.resumed, cases);
  EXPECT_GE(all.passed_over, cases / 100);
  EXPECT_GE(all.full, cases / 100);
}

}  // namespace
}  // namespace tocsin::sim
