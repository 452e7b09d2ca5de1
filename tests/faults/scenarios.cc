#include "tests/faults/scenarios.h"

#include <algorithm>

#include "eventtime/check.h"

namespace tocsin::faults {

namespace {

std::vector<std::string> payment_patterns() {
  std::vector<std::string> files = {"samples/payments.tocsin"};
  for (const char* name : {"account_takeover", "card_testing", "cash_out", "code_guessing",
                           "impossible_travel", "rising_amounts", "shared_device", "velocity"}) {
    files.push_back("samples/" + std::string(name) + "/pattern.tocsin");
  }
  return files;
}

const std::string kOrders = "tests/faults/patterns/orders.tocsin";
const std::string kTicks = "tests/faults/patterns/ticks.tocsin";
const std::string kLogins = "tests/faults/patterns/logins.tocsin";

std::vector<std::string> flags(const std::string& out_of_order, const std::string& batch_size,
                               std::vector<std::string> more = {}) {
  more.insert(more.end(), {"--out-of-order", out_of_order, "--batch-size", batch_size});
  return more;
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> kScenarios = {
      {"Samples", payment_patterns(), {{"payments", "a.jsonl", 8000, 1}}, flags("5s", "40"), "0s"},
      {"Orders",
       {kOrders},
       {{"orders", "a.jsonl", 10000, 2}},
       flags("5s", "30", {"--events", "none"}),
       "5ms"},
      {"OrdersRunByRun",
       {kOrders},
       {{"orders", "a.jsonl.zst", 6000, 3}},
       flags("6s", "50", {"--plan", "plain"}),
       "0s"},
      {"Ticks",
       {kTicks},
       {{"ticks", "a.jsonl", 6000, 4}},
       flags("4s", "20", {"--max-starts", "3"}),
       "10ms"},
      {"LoginsAsCsv", {kLogins}, {{"logins", "a.csv", 15000, 5}}, flags("2s", "25"), "0s"},
      {"TwoInputs",
       {kOrders},
       {{"orders", "a.jsonl", 5000, 6}, {"orders", "b.csv.zst", 5000, 7}},
       flags("5s", "30"),
       "0s"},
      {"TwoInputsRarely",
       {kLogins},
       {{"logins", "a.jsonl", 30000, 8}, {"logins", "b.jsonl", 10000, 9}},
       flags("5s", "20", {"--events", "none"}),
       "30ms"},
  };
  return kScenarios;
}

const Scenario& scenario(const std::string& name) {
  const auto found = std::ranges::find(scenarios(), name, &Scenario::name);
  TOCSIN_CHECK(found != scenarios().end(), "a test names a scenario that there is");
  return *found;
}

}  // namespace tocsin::faults
