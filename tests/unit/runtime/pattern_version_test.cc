// Patterns that change between two engines: what the old version still finds, and what the new one
// finds, are the matches of each over the whole input that lie on its side of the change.
#include "runtime/pattern_version.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <random>
#include <sstream>

#include "tests/support/json_run.h"
#include "tests/support/saved_engine.h"

namespace tocsin::runtime {
namespace {

using tests::JsonInput;
using tests::Lines;

const std::string kVersionEvents = R"(
event Pay { n: int, card: string, amount: float, at: timestamp } time at
event Sum { card: string, total: float, at: timestamp } time at
)";
constexpr eventtime::Duration kOutOfOrder{2'000'000};

Lines random_payments(uint64_t seed, size_t count) {
  std::mt19937_64 random(seed);
  Lines lines;
  int64_t now = 100'000;
  for (size_t n = 0; n < count; ++n) {
    now += 1 + static_cast<int64_t>(random() % 900);
    lines.push_back(R"({"type":"Pay","n":)" + std::to_string(n) + R"(,"card":"c)" +
                    std::to_string(random() % 3) + R"(","amount":)" +
                    std::to_string(random() % 10) + R"(.5,"at":)" +
                    std::to_string(now - static_cast<int64_t>(random() % 2200)) + "}");
  }
  return lines;
}

// The records that a match binds, the first in time first.
std::vector<uint64_t> records_of(const std::string& alert) {
  simdjson::dom::parser parser;
  const simdjson::dom::object object = parser.parse(alert);
  std::vector<std::pair<int64_t, uint64_t>> events;
  const simdjson::dom::object variables = object["events"];
  for (const auto [name, bound] : variables) {
    const simdjson::dom::array all = bound;
    for (const simdjson::dom::element event : all) {
      events.emplace_back(int64_t(event["at"]), uint64_t(event["n"]));
    }
  }
  std::sort(events.begin(), events.end());
  std::vector<uint64_t> records;
  for (const auto& [at, n] : events) records.push_back(n);
  return records;
}

// The lines that `keep` wants.
template <typename Keep>
std::string filter(const std::string& alerts, const Keep& keep) {
  std::string out;
  std::istringstream lines(alerts);
  for (std::string line; std::getline(lines, line);) {
    if (keep(line)) out += line + "\n";
  }
  return out;
}

// One engine after the other over one input, each with the state of the one before.
class Change {
 public:
  Change(const patterns::PatternSet& set, EngineOptions options)
      : options_(std::move(options)), input_(set.catalog, 0), engine_(create(set, {})) {}

  void push(const Lines& lines, size_t begin, size_t end, size_t batch_size = 3) {
    for (size_t at = begin; at < end; at += batch_size) {
      const size_t count = std::min(batch_size, end - at);
      engine_->push(input_.decode(std::span(lines).subspan(at, count)), alerts_,
                    [](const Engine::Late&) {});
    }
  }
  void change(const patterns::PatternSet& set, std::vector<PatternVersion> versions) {
    const tests::SavedEngine saved = tests::save(*engine_);
    engine_ = create(set, std::move(versions));
    const eventtime::Result<void> restored = tests::restore(*engine_, saved);
    EXPECT_TRUE(restored) << restored.error().message;
  }
  // As a restart without a change.
  void restart(const patterns::PatternSet& set, std::vector<PatternVersion> versions) {
    const auto again = [&] { return create(set, versions); };
    tests::replace_by_restored(engine_, again);
  }
  InputPlace place(uint64_t records) const { return {{records}, engine_->derived_until()}; }
  Engine& engine() { return *engine_; }
  std::string take() { return std::exchange(alerts_, {}); }
  std::string finish() {
    engine_->finish(0, alerts_);
    return take();
  }

 private:
  std::unique_ptr<Engine> create(const patterns::PatternSet& set,
                                 std::vector<PatternVersion> versions) {
    EngineOptions options = options_;
    options.versions = std::move(versions);
    auto engine = *Engine::create(set, options);
    engine->add_input(kOutOfOrder, input_.format());
    return engine;
  }

  EngineOptions options_;
  JsonInput input_;
  std::unique_ptr<Engine> engine_;
  std::string alerts_;
};

std::string undisturbed(const patterns::PatternSet& set, EngineOptions options,
                        const Lines& lines) {
  Change run(set, std::move(options));
  run.push(lines, 0, lines.size());
  return run.finish();
}

struct Shape {
  const char* name;
  const char* old_clauses;
  const char* new_clauses;
};
// Matches that exclude no others: then those of one side do not depend on the other.
const Shape kShapes[] = {
    {"pair", "match a: Pay[amount < 4] then b: Pay[amount > a.amount] within 9s skip none",
     "match a: Pay[amount < 6] then b: Pay[amount > 5] within 7s skip none"},
    {"every b", "match a: Pay[amount < 4] then any b: Pay[amount > 7] within 9s skip none",
     "match a: Pay[amount < 2] then any b: Pay[amount > 7] within 9s skip none"},
    {"absence", "match a: Pay[amount > 4] then not b: Pay[amount < 2] for 6s skip none",
     "match a: Pay[amount > 2] then not b: Pay[amount < 3] for 5s skip none"},
    {"loop", "match a: Pay[amount > 3]{3} within 12s skip to next",
     "match a: Pay[amount > 2]{4} within 12s skip to next"},
    {"sum", "match a: Pay{2,} having sum(a.amount) > 14 within 12s skip to next",
     "match a: Pay{2,} having sum(a.amount) > 18 within 12s skip to next"},
    {"loop and step",
     "match a: Pay[amount < 6]{2,} then b: Pay[amount > 7] within 15s skip to next",
     "match a: Pay[amount < 7]{2,} then b: Pay[amount > 8] within 15s skip to next"},
    {"runs",
     "match a: Pay[amount < 5] then b: Pay[amount > a.amount] then c: Pay[amount > 6] "
     "within 15s skip none",
     "match a: Pay[amount < 6] then b: Pay[amount > 2] then c: Pay[amount > b.amount] "
     "within 15s skip none"},
    {"timeouts",
     "match a: Pay[amount < 3] then b: Pay[amount > 8] then c: Pay[amount > 8] "
     "within 6s skip none on timeout emit n: count(b)",
     "match a: Pay[amount < 2] then b: Pay[amount > 8] then c: Pay[amount > 8] "
     "within 7s skip none on timeout emit n: count(b)"},
    {"without end", "match a: Pay[amount > 8] then b: Pay[amount < 1] skip none",
     "match a: Pay[amount > 7] then b: Pay[amount < 2] skip none"},
};

std::string pattern(const std::string& name, const std::string& clauses,
                    const std::string& version) {
  return "pattern " + name + " { by card " + clauses + " meta version: \"" + version + "\" }\n";
}

// Both versions, the old one first, under one name.
patterns::PatternSet both(const Shape& shape) {
  patterns::PatternSet set = tests::load_patterns(
      kVersionEvents + pattern("p_old", shape.old_clauses, "old") +
      pattern("p", shape.new_clauses, "new") + pattern("q", shape.old_clauses, "same"));
  set.patterns[0].name = "p";
  return set;
}

patterns::PatternSet before(const Shape& shape) {
  return tests::load_patterns(kVersionEvents + pattern("p", shape.old_clauses, "old") +
                              pattern("q", shape.old_clauses, "same"));
}

class PatternVersions : public ::testing::TestWithParam<PlanChoice> {};

TEST_P(PatternVersions, EachFindsTheMatchesOfItsSide) {
  for (const Shape& shape : kShapes) {
    size_t across = 0;
    size_t drained = 0;
    for (uint64_t seed = 0; seed < 6; ++seed) {
      const Lines lines = random_payments(seed, 80);
      const size_t cut = 20 + seed * 3;
      const EngineOptions options{.plan = GetParam()};
      const patterns::PatternSet old_set = before(shape);
      const patterns::PatternSet set = both(shape);

      const auto of = [](const std::string& alerts, const std::string& version) {
        return filter(alerts, [&](const std::string& alert) {
          return alert.find("\"version\":\"" + version) != std::string::npos;
        });
      };
      // The old one over all; the new one where what comes before the change is of other keys.
      const std::string all = undisturbed(set, options, lines);
      const std::string old_ones = filter(of(all, "old"), [&](const std::string& alert) {
        const std::vector<uint64_t> records = records_of(alert);
        across += records.front() < cut && records.back() >= cut ? 1 : 0;
        return records.front() < cut;
      });
      Lines later = lines;
      for (size_t n = 0; n < cut; ++n) {
        later[n].replace(later[n].find("\"card\":\"c"), 9, "\"card\":\"" + std::to_string(n));
      }
      const std::string new_ones =
          filter(of(undisturbed(set, options, later), "new"),
                 [&](const std::string& alert) { return records_of(alert).front() >= cut; });

      Change changed(old_set, options);
      changed.push(lines, 0, cut);
      const InputPlace place = changed.place(cut);
      const std::vector<PatternVersion> versions{
          {"p", {}, place}, {"p@2", place, {}}, {"q", {}, {}}};
      changed.change(set, versions);
      for (size_t at = cut; at < lines.size(); at += 6) {
        changed.push(lines, at, std::min(at + 6, lines.size()));
        drained += changed.engine().has_pending(0) ? 0 : 1;
        changed.restart(set, versions);
      }
      const std::string found = changed.finish();
      EXPECT_EQ(of(found, "old"), old_ones) << shape.name << ", seed " << seed;
      EXPECT_EQ(of(found, "new"), new_ones) << shape.name << ", seed " << seed;
      EXPECT_EQ(of(found, "same"), of(all, "same")) << shape.name << ", seed " << seed;
    }
    const bool bound_alone = std::string(shape.name) == "absence";
    EXPECT_TRUE(across > 0 || bound_alone) << shape.name;
    const bool ends = std::string(shape.old_clauses).find("within") != std::string::npos;
    if (ends) {
      EXPECT_GT(drained, 0U) << shape.name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Plans, PatternVersions,
                         ::testing::Values(PlanChoice::kBest, PlanChoice::kPlain));

TEST(PatternVersion, OneThatDrainsRemembersNoMoreOfWhatItLooksBackOn) {
  const std::string clauses = "match not x: Pay[amount > 8] for 5s then a: Pay[amount < 2]";
  const patterns::PatternSet set =
      tests::load_patterns(kVersionEvents + pattern("p", clauses, "old"));
  const Lines lines = random_payments(3, 60);
  Change changed(set, {});
  changed.push(lines, 0, 30);
  changed.change(set, {{"p", {}, changed.place(30)}});
  changed.take();
  changed.push(lines, 30, 60);
  EXPECT_FALSE(changed.engine().has_pending(0));
  EXPECT_EQ(changed.engine().stats().live_keys, 0U);
}

TEST(PatternVersion, EventsThatPatternsEmitHaveTheirSideToo) {
  const std::string low =
      "pattern low { by card match a: Pay[amount < 5] then b: Pay[amount > 4] within 4s skip none "
      "emit Sum { card: a.card, total: a.amount } }\n";
  const std::string high = "by card match s: Sum then t: Sum[total > s.total] within 9s skip none ";
  const patterns::PatternSet old_set = tests::load_patterns(kVersionEvents + low + "pattern p { " +
                                                            high + " meta version: \"old\" }");
  patterns::PatternSet set = tests::load_patterns(kVersionEvents + low + "pattern p_old { " + high +
                                                  " meta version: \"old\" }" + "pattern p { " +
                                                  high + " meta version: \"new\" }");
  set.patterns[1].name = "p";
  size_t old_ones = 0;
  size_t new_ones = 0;
  for (uint64_t seed = 0; seed < 8; ++seed) {
    const Lines lines = random_payments(seed, 90);
    Change undisturbed(old_set, {});
    undisturbed.push(lines, 0, 45);
    const eventtime::Timestamp until = undisturbed.engine().derived_until();
    undisturbed.push(lines, 45, 90);
    Change changed(old_set, {});
    changed.push(lines, 0, 45);
    const InputPlace place = changed.place(45);
    changed.change(set, {{"low", {}, {}}, {"p", {}, place}, {"p@2", place, {}}});
    changed.push(lines, 45, 90);
    const std::string all = undisturbed.take() + undisturbed.finish();
    const std::string found = changed.take() + changed.finish();
    const auto of = [](const std::string& alerts, const std::string& version) {
      return filter(alerts, [&](const std::string& alert) {
        return alert.find("\"version\":\"" + version) != std::string::npos;
      });
    };
    const auto begins_before = [&](const std::string& alert) {
      const size_t at = alert.find("\"start\":\"") + 9;
      return *eventtime::parse_timestamp(alert.substr(at, 24)) < until;
    };
    const std::string p = of(all, "old");
    EXPECT_EQ(of(found, "old"), filter(p, begins_before));
    const std::string rest =
        filter(p, [&](const std::string& alert) { return !begins_before(alert); });
    EXPECT_EQ(std::count(rest.begin(), rest.end(), '\n'), [&] {
      const std::string fresh = of(found, "new");
      return std::count(fresh.begin(), fresh.end(), '\n');
    }());
    old_ones += of(found, "old").empty() ? 0 : 1;
    new_ones += rest.empty() ? 0 : 1;
  }
  EXPECT_GT(old_ones, 0U);
  EXPECT_GT(new_ones, 0U);
}

TEST(PatternVersion, WhatIsOfAPatternOrATypeThatIsGoneIsPassedOver) {
  const Shape& shape = kShapes[6];
  const patterns::PatternSet old_set = before(shape);
  const patterns::PatternSet set = tests::load_patterns(
      "event Pay { n: int, amount: float, card: string, more: string?, at: timestamp } time at\n" +
      pattern("q", shape.old_clauses, "same"));
  const Lines lines = random_payments(4, 80);
  Change undisturbed(old_set, {});
  undisturbed.push(lines, 0, 80);
  const std::string expected =
      filter(undisturbed.take() + undisturbed.finish(), [](const std::string& alert) {
        return alert.find("\"pattern\":\"q\"") != std::string::npos;
      });
  Change changed(old_set, {});
  changed.push(lines, 0, 40);
  std::string found = filter(changed.take(), [](const std::string& alert) {
    return alert.find("\"pattern\":\"q\"") != std::string::npos;
  });
  // The input is read with the new declarations from now on.
  Lines rest(lines.begin() + 40, lines.end());
  const tests::SavedEngine saved = tests::save(changed.engine());
  JsonInput input(set.catalog, 0);
  (void)input.decode(Lines(lines.begin(), lines.begin() + 40));
  auto engine = *Engine::create(set, {});
  engine->add_input(kOutOfOrder, input.format());
  ASSERT_TRUE(tests::restore(*engine, saved));
  engine->push(input.decode(rest), found, [](const Engine::Late&) {});
  engine->finish(0, found);
  EXPECT_EQ(found, expected);
}

// The old condition took it, so it goes on, whatever the new one says of such events.
TEST(PatternVersion, FirstEventsThatWaitCanBeDecidedBeforeTheirPatternChanges) {
  const std::string clauses = " then b: Pay then c: Pay within 1h skip none";
  const patterns::PatternSet old_set = tests::load_patterns(
      kVersionEvents + pattern("p", "match a: Pay[amount < 1]" + clauses, "v"));
  const patterns::PatternSet set = tests::load_patterns(
      kVersionEvents + pattern("p", "match a: Pay[amount > 9]" + clauses, "v"));
  const auto pay = [](int n, const char* amount) {
    return R"({"type":"Pay","n":)" + std::to_string(n) + R"(,"card":"c","amount":)" + amount +
           R"(,"at":)" + std::to_string(100'000 + n * 10'000) + "}";
  };
  const Lines lines{pay(0, "0.5"), R"({"type":"Pay","n":1,"card":"d","amount":5.0,"at":110000})",
                    pay(2, "5.0"), pay(3, "5.0")};
  Change changed(old_set, {});
  changed.push(lines, 0, 2);
  changed.engine().begin_waiting();
  changed.change(set, {});
  changed.push(lines, 2, 4);
  const std::string found = changed.finish();
  EXPECT_EQ(std::count(found.begin(), found.end(), '\n'), 1) << found;
  EXPECT_EQ(records_of(found), (std::vector<uint64_t>{0, 2, 3}));
}

}  // namespace
}  // namespace tocsin::runtime
