#include "runtime/alert.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "tests/support/json_run.h"

namespace tocsin::runtime {
namespace {

using eventtime::Type;
using tests::Lines;

std::string run(const std::string& patterns, const std::vector<Lines>& inputs,
                EventDetail detail = EventDetail::kFull) {
  tests::RunSettings settings;
  settings.options.events = detail;
  return tests::run_json(tests::load_patterns(patterns), inputs, settings).alerts;
}

constexpr const char* kPayment =
    "event Payment { card: string, amount: float, merchant: string? from \"merchant.name\", "
    "at: timestamp } time at\n";

const std::string kCardTesting = std::string(kPayment) + R"(
pattern card_testing "many small probes" {
  by     card
  match  probe: Payment[amount < 2]{2,} then hit: Payment[amount > 500]
  within 10m
  emit   probes: count(probe), loss: hit.amount, first_probe: first(probe.at)
  meta   severity: "high", tries: 3, weight: 0.5, live: true, every: 1h30m
})";

const Lines kPayments = {
    R"({"card":"c42", "amount":1.0,"at":"2026-03-01T10:00:00Z"})",
    R"({"card":"c42","amount":1.5,"at":"2026-03-01T10:00:01.25Z","extra":[1, 2]})",
    R"({"card":"c42","amount":912.5,"at":"2026-03-01T10:04:10.500001Z","merchant":{"name":"m"}})",
};

// Section 4 of the language page, byte for byte. The id may never change: sinks rely on it.
TEST(Alert, IsOneLineOfJson) {
  EXPECT_EQ(
      run(kCardTesting, {kPayments}),
      R"({"id":"f50b83697ebf196e24a84b6ad1bbfccc","pattern":"card_testing","version":1,)"
      R"("key":{"card":"c42"},)"
      R"("start":"2026-03-01T10:00:00.000Z","end":"2026-03-01T10:04:10.500001Z",)"
      R"("complete":"2026-03-01T10:04:10.500001Z",)"
      R"("values":{"probes":2,"loss":912.5,"first_probe":"2026-03-01T10:00:00.000Z"},)"
      R"("events":{"probe":[)" +
          kPayments[0] + "," + kPayments[1] + R"(],"hit":[)" + kPayments[2] +
          R"(]},"meta":{"severity":"high","tries":3,"weight":0.5,"live":true,"every":"1h30m"}})"
          "\n");
}

TEST(Alert, LeavesOutWhatIsNotWritten) {
  EXPECT_EQ(run(std::string(kPayment) + "pattern p { match a: Payment }", {{kPayments[0]}},
                EventDetail::kNone),
            R"({"id":"09646c940a35c79f4aa26e479cdb23db","pattern":"p","version":1,"key":{},)"
            R"("start":"2026-03-01T10:00:00.000Z","end":"2026-03-01T10:00:00.000Z",)"
            R"("complete":"2026-03-01T10:00:00.000Z"})"
            "\n");
}

TEST(Alert, ShowsValuesOfAllTypes) {
  const std::string patterns =
      "event E { b: bool?, i: int, f: float?, s: string?, t: timestamp?, at: timestamp } time at\n"
      "pattern p { by i match e: E{2} emit b: e.b, i, f: e.f, s: e.s, t: e.t, d: e.t - e.at, "
      "nothing: first(e.b), long: concat(e.s, ' and some more text'), bs: collect(e.b), "
      "ns: collect(e.i), fs: collect(e.f), ss: collect(e.s), ts: collect(e.t) }";
  const Lines lines = {
      R"({"i":-7,"s":"a \"quoted\" text\n","f":1,"t":0,"at":0})",
      R"({"b":true,"i":-7,"f":1e22,"s":"ü","t":"2026-01-01T00:00:00.000001Z",)"
      R"("at":"2025-12-31T00:00:00Z"})",
  };
  const std::string alert = run(patterns, {lines}, EventDetail::kNone);
  const size_t values = alert.find(",\"values\":");
  ASSERT_NE(values, std::string::npos);
  EXPECT_EQ(alert.substr(values),
            R"(,"values":{"b":true,"i":-7,"f":1e+22,"s":"ü","t":"2026-01-01T00:00:00.000001Z",)"
            R"("d":"1d1us","nothing":null,"long":"ü and some more text","bs":[null,true],)"
            R"("ns":[-7,-7],"fs":[1.0,1e+22],"ss":["a \"quoted\" text\n","ü"],)"
            R"("ts":["1970-01-01T00:00:00.000Z","2026-01-01T00:00:00.000001Z"]}})"
            "\n");
}

// Runs a pattern over two events and looks at its alerts, at least one.
template <class Look>
void look_at_alerts(const std::string& clauses, const Look& look) {
  auto engine =
      Engine::create(tests::load_patterns("event E { k: string, n: int?, at: timestamp } time at\n"
                                          "event F { k: string, at: timestamp } time at\n"
                                          "pattern p { by k match " +
                                          clauses + " }"),
                     {});
  ASSERT_TRUE(engine);
  tests::JsonInput input((*engine)->patterns().catalog, 0);
  (*engine)->add_input({}, input.format());
  const Lines lines = {R"({"type":"E","k":"a key of some length","n":4,"at":0})",
                       R"({"type":"E","k":"a key of some length","at":1000})"};
  size_t alerts = 0;
  const auto on_alert = [&](const Alert& alert) {
    ++alerts;
    look(alert);
  };
  (*engine)->push(input.decode(lines), on_alert, [](const Engine::Late&) {});
  (*engine)->finish(0, on_alert);
  EXPECT_GT(alerts, 0U);
}

TEST(Alert, GivesItsValuesWithTheirTypes) {
  look_at_alerts(
      "e: E{2} emit n: sum(e.n), last: e.n, half: avg(e.n) / 2, text: upper(k), span: time(e) - "
      "first(e.at), all: collect(e.n), keys: collect(e.k)",
      [](const Alert& alert) {
        ASSERT_EQ(alert.results().size(), 7U);
        EXPECT_EQ(alert.results()[3].name, "text");
        EXPECT_EQ(alert.value(0).type, Type::kInt);
        EXPECT_EQ(alert.value(0).cell.integer, 4);
        EXPECT_TRUE(alert.value("last")->is_null());
        EXPECT_EQ(alert.value("half")->cell.number, 2.0);
        EXPECT_EQ(alert.value("span")->type, Type::kDuration);
        EXPECT_EQ(alert.value("span")->cell.integer, 1'000'000);
        EXPECT_FALSE(alert.value("no such result"));
        EXPECT_FALSE(alert.is_list(0));
        EXPECT_TRUE(alert.list(0).empty());

        const eventtime::Value text = alert.value(3);
        std::string line;
        alert.append_json(line);
        EXPECT_EQ(text.cell.text.view(), "A KEY OF SOME LENGTH") << "it lives as long as the alert";

        EXPECT_TRUE(alert.is_list(5));
        EXPECT_TRUE(alert.value(5).is_null());
        ASSERT_EQ(alert.list(5).size(), 2U);
        EXPECT_EQ(alert.list(5)[0].cell.integer, 4);
        EXPECT_TRUE(alert.list(5)[1].is_null());
        EXPECT_EQ(alert.list(6)[1].cell.text.view(), "a key of some length");
      });
}

TEST(Alert, OfATimeoutHasTheValuesOfTheTimeout) {
  look_at_alerts("e: E then f: F within 10s emit k on timeout emit missing: concat(k, '!')",
                 [](const Alert& alert) {
                   ASSERT_TRUE(alert.timeout());
                   ASSERT_EQ(alert.results().size(), 1U);
                   EXPECT_EQ(alert.value("missing")->cell.text.view(), "a key of some length!");
                   EXPECT_FALSE(alert.value("k"));
                 });
}

// What records of Kafka are keyed by, so it may never change.
TEST(Alert, ARecordIsKeyedByTheTextOfTheOnlyField) {
  const auto record_keys = [](const std::string& by, const std::string& line) {
    auto engine =
        Engine::create(tests::load_patterns("event E { s: string, i: int, f: float, at: timestamp "
                                            "} time at\npattern p { " +
                                            by + " match e: E }"),
                       {});
    EXPECT_TRUE(engine);
    tests::JsonInput input((*engine)->patterns().catalog, 0);
    (*engine)->add_input({}, input.format());
    const Lines lines = {line};
    Lines keys;
    const auto on_alert = [&](const Alert& alert) {
      std::string key = "before ";
      const bool is_keyed = alert.append_record_key(key);
      keys.push_back(is_keyed ? key : "none, " + key);
    };
    (*engine)->push(input.decode(lines), on_alert, [](const Engine::Late&) {});
    (*engine)->finish(0, on_alert);
    return keys;
  };
  const std::string event = R"({"s":"a \"b\" \u00e9","i":17,"f":-1.5,"at":0})";
  EXPECT_EQ(record_keys("", event), Lines{"none, before "});
  EXPECT_EQ(record_keys("by s", event), Lines{"before a \"b\" \xc3\xa9"});
  EXPECT_EQ(record_keys("by i", event), Lines{"before 17"});
  EXPECT_EQ(record_keys("by f", event), Lines{"before -1.5"});
  EXPECT_EQ(record_keys("by s, i", event),
            Lines{"before {\"s\":\"a \\\"b\\\" \xc3\xa9\",\"i\":17}"});
  EXPECT_EQ(record_keys("by i, s", R"({"s":"","i":2,"f":0,"at":0})"),
            Lines{R"(before {"i":2,"s":""})"});
  EXPECT_EQ(record_keys("by s", R"({"s":"","i":2,"f":0,"at":0})"), Lines{"before "});
}

TEST(Alert, GroupsEventsByVariable) {
  EXPECT_EQ(tests::letter_matches("match (a: A then b: B?){3} then c: C", "A1 B1 A2 A3 B3 C1"),
            "a=A1,A2,A3 b=B1,B3 c=C1");
  const std::string alert =
      run(tests::letter_pattern("match a: A then b: B? then c: C"), {tests::letters("A1 C1")});
  EXPECT_NE(alert.find("\"c\":["), std::string::npos);
  EXPECT_EQ(alert.find("\"b\":"), std::string::npos);
}

std::set<std::string> ids(const std::string& alerts) {
  std::set<std::string> result;
  std::istringstream lines(alerts);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_EQ(line.substr(0, 7), R"({"id":")");
    EXPECT_TRUE(result.insert(line.substr(7, 32)).second) << "twice: " << line;
  }
  return result;
}

TEST(Alert, TheIdTellsTheMatchesOfAPatternApart) {
  const std::string all = tests::letter_pattern("match a: A+ any then any b: B skip none");
  const auto found = ids(run(all, {tests::letters("A1 A1 A1 B1 B1")}));
  EXPECT_EQ(found.size(), 14U);  // seven sets of As and two Bs, equal in all but their positions
  // Other contents at the same positions are the same match.
  EXPECT_EQ(ids(run(all, {tests::letters("A7 A8 A9 B1 B1")})), found);
}

TEST(Alert, TheIdDependsOnPatternKeyVariablesAndPositions) {
  std::set<std::string> all;
  size_t expected = 0;
  const auto add = [&](const std::string& patterns, const std::vector<Lines>& inputs) {
    all.merge(ids(run(patterns, inputs)));
    EXPECT_EQ(all.size(), ++expected) << patterns;
  };
  const Lines ab = tests::letters("A1 B1");
  const std::string pattern = tests::letter_pattern("match a: A then b: B");
  add(pattern, {ab});
  add(tests::letter_pattern("match a: A then c: B"), {ab});
  add(pattern, {{}, ab});
  add(pattern, {tests::letters("X1 A1 B1")});
  std::string renamed = pattern;
  renamed.replace(renamed.find("pattern p"), 9, "pattern q");
  add(renamed, {ab});
  add(tests::letter_pattern("by id match a: A{2}"), {tests::letters("A1 A1")});
  add(tests::letter_pattern("by id match a: A{2}"), {tests::letters("A2 A2")});
}

TEST(Alert, TheIdDoesNotDependOnWhatIsShown) {
  EXPECT_EQ(ids(run(kCardTesting, {kPayments})),
            ids(run(kCardTesting, {kPayments}, EventDetail::kNone)));
}

}  // namespace
}  // namespace tocsin::runtime
