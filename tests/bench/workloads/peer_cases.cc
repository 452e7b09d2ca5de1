// W1 to W6. The rates of the others are the best of Flink CEP 2.3.0, Esper 8.9.0 and Siddhi 5.1.30
// with events in memory on one core of an AMD EPYC (2.6 GHz nominal), whatever the way the pattern
// was written.
#include <fmt/format.h>

#include "tests/bench/workloads/cases.h"
#include "tests/bench/workloads/work.h"

namespace tocsin::bench {

namespace {

// One pattern over `Event`.
std::string payment_pattern(const std::string& clauses) {
  return std::string(kEventDeclaration) + "pattern p { " + clauses + " }\n";
}

Row keyed_two_steps(const Settings& settings) {
  return measure<Event>(
      {.patterns =
           payment_pattern("by key match a: Event[amount > 900] then b: Event[kind == 'withdraw'] "
                           "within 60s skip to next"),
       .stream = keyed_payments(settings.scale),
       .expected = expected_withdrawals(),
       .peer = 6.10e6,
       .known = 22'242},
      settings);
}

Row card_testing(const Settings& settings) {
  return measure<Event>({.patterns = payment_pattern("by key match s: Event[amount < 2]{3,} "
                                                     "then l: Event[amount > 200] within 10m"),
                         .stream = card_charges(settings.scale),
                         .expected = expected_card_tests(),
                         .peer = 3.53e6,
                         .known = 552},
                        settings);
}

// E00, E01, ... with amounts below 100, the last below `last`, in every combination.
struct Chain {
  size_t steps = 3;
  int last = 100;
  double peer = 0;
  uint64_t known = 0;
};

Row any_order(const Chain& chain, const Settings& settings) {
  std::string clauses = "match ";
  for (size_t step = 0; step < chain.steps; ++step) {
    clauses +=
        fmt::format("{}s{}: Event[kind == 'E{:02}' and amount < {}] ", step == 0 ? "" : "then any ",
                    step, step, step + 1 == chain.steps ? chain.last : 100);
  }
  return measure<Event>({.patterns = payment_pattern(clauses + "within 1000ms skip none"),
                         .stream = twelve_kinds(settings.scale),
                         .expected = expected_chains(chain.steps, chain.last),
                         .peer = chain.peer,
                         .known = chain.known},
                        settings);
}

// Starts that live as long as the window, which is full before the timing begins.
struct LiveStarts {
  const char* window = "";
  int64_t seconds = 0;
  double peer = 0;
};

Row live_starts(const LiveStarts& live, const Settings& settings, Stream<Event> stream,
                const std::string& end, Expected<Event> expected, double peer) {
  const auto data_seconds = static_cast<int64_t>(5'000 * settings.scale);
  if (5 * live.seconds >= 4 * data_seconds) {  // too little is left behind the first window
    Row row;
    row.peer = peer;
    row.note = fmt::format("skipped, the stream has {} s; --scale {:.2f}", data_seconds,
                           0.01 + static_cast<double>(live.seconds) / 4'000);
    return row;
  }
  return measure<Event>({.patterns = payment_pattern(fmt::format(
                             "match a: Event[kind == 'start'] then b: Event[kind == 'end' "
                             "and {}] within {} skip to next",
                             end, live.window)),
                         .stream = std::move(stream),
                         .expected = std::move(expected),
                         .warm_up_millis = 1000 * live.seconds,
                         .max_starts = 50'000'000,
                         .peer = peer},
                        settings);
}

// An end that ends many starts comes once in ten windows.
double rare_end(const LiveStarts& live) {
  return 0.001 / static_cast<double>(live.seconds);
}

Row ends_of_id(const LiveStarts& live, const Settings& settings) {
  return live_starts(live, settings, starts_and_ends(settings.scale), "id == a.id",
                     expected_ends_of_id(1000 * live.seconds), live.peer);
}

Row ends_above(const LiveStarts& live, const Settings& settings) {
  return live_starts(live, settings, starts_and_ends(settings.scale, rare_end(live)),
                     "amount > 999", expected_ends_above(1000 * live.seconds, 999), 0);
}

Row ends_above_start(const LiveStarts& live, const Settings& settings) {
  return live_starts(live, settings, starts_and_ends(settings.scale, rare_end(live)),
                     "amount > a.amount", expected_ends_above_start(1000 * live.seconds), 0);
}

Row absence(const Settings& settings) {
  return measure<Event>({.patterns = payment_pattern("by key match a: Event[kind == 'A'] "
                                                     "then not b: Event[kind == 'B'] for 30s"),
                         .stream = answered_calls(settings.scale),
                         .expected = expected_absences(),
                         .peer = 704e3,
                         .known = 100'470},
                        settings);
}

struct RuleCount {
  size_t rules = 0;
  double peer = 0;
  uint64_t known = 0;
};

Row many_rules(const RuleCount& count, const Settings& settings) {
  std::vector<AmountRule> rules = amount_rules(count.rules);
  std::string patterns(kEventDeclaration);
  for (size_t i = 0; i < rules.size(); ++i) {
    patterns += fmt::format(
        "pattern rule{} {{ by key match a: Event[amount >= {:.3f} and amount < {:.3f}] then b: "
        "Event[kind == 'withdraw' and amount > {:.3f}] within 60s skip to next }}\n",
        i, rules[i].low, rules[i].high, rules[i].threshold);
  }
  return measure<Event>({.patterns = std::move(patterns),
                         .stream = plain_payments(settings.scale),
                         .expected = expected_rule_matches(std::move(rules)),
                         .peer = count.peer,
                         .known = count.known},
                        settings);
}

void add_chains(std::vector<Case>& cases) {
  const auto add = [&](const char* name, const Chain& chain) {
    cases.push_back(
        {"w3", name, [=](const Settings& settings) { return any_order(chain, settings); }});
  };
  add("3 steps", {3, 100, 2.26e6, 288'278});
  add("3 steps sel", {3, 1, 1.91e6, 2'892});
  add("8 steps", {8, 100});
  add("8 steps sel", {8, 1});
}

void add_live_starts(std::vector<Case>& cases) {
  for (const LiveStarts& live : {LiveStarts{"1s", 1, 799e3}, LiveStarts{"10s", 10, 587e3},
                                 LiveStarts{"100s", 100, 469e3}, LiveStarts{"1000s", 1000, 485e3},
                                 LiveStarts{"1h", 3600, 280e3}, LiveStarts{"6h", 21'600, 0}}) {
    const auto add = [&](const char* name, auto run_one) {
      cases.push_back({"w4", fmt::format("{} {}", name, live.window),
                       [=](const Settings& settings) { return run_one(live, settings); },
                       live.seconds > 3600});
    };
    add("id", ends_of_id);
    add("local", ends_above);
    add("greater", ends_above_start);
  }
}

}  // namespace

std::vector<Case> peer_cases() {
  std::vector<Case> cases = {{"w1", "keyed pair", keyed_two_steps},
                             {"w2", "card testing", card_testing}};
  add_chains(cases);
  add_live_starts(cases);
  cases.push_back({"w5", "absence", absence});
  for (const RuleCount& count :
       {RuleCount{10, 1.93e6, 2'161}, {100, 614e3, 25'418}, {1000, 86.8e3, 245'007}}) {
    cases.push_back({"w6", fmt::format("{} rules", count.rules),
                     [=](const Settings& settings) { return many_rules(count, settings); }});
  }
  return cases;
}

}  // namespace tocsin::bench
