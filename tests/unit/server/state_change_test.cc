// Patterns that change between two runs over one state directory, and the commands that look into
// it: diff beforehand, inspect at any time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using tests::ProcessResult;
using tests::run_tocsin;

const std::string kPay = "event Pay { card: string, amount: float, at: timestamp } time at\n";
const std::string kLast = "pattern last { by card match a: Pay[amount < 2]{3} within 1h }\n";

std::string three(const std::string& bound) {
  return "pattern three {\n  by card\n  match a: Pay[amount < 2] then b: Pay[amount > " + bound +
         "] then c: Pay[amount > 5] within 1h\n  emit bound: " + bound + "\n}\n";
}

class StateChange : public ::testing::Test {
 protected:
  // Each run goes on where the one before ended.
  ProcessResult run(const std::string& patterns, std::vector<std::string> flags = {}) {
    write_patterns(patterns);
    std::vector<std::string> line{"run",     "-p",   patterns_, "-i", "Pay=" + input_,
                                  "--state", state_, "-o",      out_, "--checkpoint-every",
                                  "1h"};
    line.insert(line.end(), flags.begin(), flags.end());
    return run_tocsin(line);
  }
  void write_patterns(const std::string& patterns) { directory_.write("p.tocsin", patterns); }
  void pay(const std::string& card, const std::string& amount) {
    ++second_;
    lines_ += R"({"card":")" + card + R"(","amount":)" + amount + R"(,"at":")" +
              (second_ < 10 ? "2026-03-01T10:00:0" : "2026-03-01T10:00:") +
              std::to_string(second_) + "Z\"}\n";
    directory_.write("in.jsonl", lines_);
  }
  void wait(int seconds) { second_ += seconds; }
  std::string alerts() const { return tests::read_file(out_); }
  size_t count(const std::string& text) const {
    const std::string all = alerts();
    size_t found = 0;
    for (size_t at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++found;
    return found;
  }
  ProcessResult state(const std::string& action, std::vector<std::string> flags = {}) {
    std::vector<std::string> line{"state", action, state_};
    line.insert(line.end(), flags.begin(), flags.end());
    return run_tocsin(line);
  }

  tests::TemporaryDirectory directory_;
  std::string patterns_ = directory_.path("p.tocsin");
  std::string input_ = directory_.path("in.jsonl");
  std::string state_ = directory_.path("state");
  std::string out_ = directory_.path("out.jsonl");
  std::string lines_;
  int second_ = 0;
};

TEST_F(StateChange, TheOldVersionDrainsAcrossRestartsAndChanges) {
  pay("c", "1.0");
  EXPECT_EQ(run(kPay + three("10")).status, 0);
  pay("c", "15.0");  // takes the old version on
  pay("d", "1.0");
  ProcessResult result = run(kPay + three("20"));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("pattern 'three' has changed: the old version finishes its "
                                    "partial matches and begins none"));
  pay("d", "25.0");  // the second one
  result = run(kPay + "// a comment, and\n\n" + three("30"));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("an older version goes on finishing its partial matches"));
  EXPECT_THAT(state("inspect").out, HasSubstr("three (old) card=d"));
  pay("c", "7.0");
  pay("d", "7.0");
  pay("e", "1.0");
  pay("e", "35.0");
  pay("e", "7.0");
  result = run(kPay + three("30"));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(count("\"bound\":10"), 1U) << alerts();
  EXPECT_EQ(count("\"bound\":20"), 1U) << alerts();
  EXPECT_EQ(count("\"bound\":30"), 1U) << alerts();
  EXPECT_EQ(count("\"pattern\":\"three\""), 3U);
  result = run(kPay + three("30"));
  EXPECT_THAT(result.err, Not(HasSubstr("older version")));
  EXPECT_THAT(state("inspect").out, Not(HasSubstr("old version")));
}

TEST_F(StateChange, ResetDropsAndMigrateKeeps) {
  pay("c", "1.0");
  EXPECT_EQ(run(kPay + three("10") + kLast).status, 0);
  pay("c", "15.0");
  ProcessResult result = run(kPay + three("20") + kLast, {"--on-change", "migrate"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("goes on with the partial matches of the old"));
  EXPECT_THAT(result.err, HasSubstr("patterns that have not changed and go on: 1"));
  pay("c", "25.0");
  pay("c", "7.0");
  EXPECT_EQ(run(kPay + three("20") + kLast).status, 0);
  EXPECT_EQ(count("\"bound\":20"), 1U) << alerts();
  EXPECT_EQ(count("\"amount\":15.0"), 0U);  // the new condition refused it

  pay("c", "1.0");
  EXPECT_EQ(run(kPay + three("20")).status, 0);
  pay("c", "25.0");
  pay("c", "7.0");
  result = run(kPay + three("21"), {"--on-change", "reset"});
  EXPECT_THAT(result.err, HasSubstr("the partial matches of the old version are dropped"));
  EXPECT_EQ(count("\"pattern\":\"three\""), 1U);
}

TEST_F(StateChange, ResetKeepsTheAlertsThatAreFoundAndNotYetWritten) {
  for (const char* amount : {"1.0", "15.0"}) pay("d", amount);
  for (const char* amount : {"1.0", "15.0", "7.0"}) pay("c", amount);
  EXPECT_EQ(run(kPay + three("10")).status, 0);  // its alert is held: another of its time may come
  const std::string before = alerts();
  EXPECT_THAT(before, HasSubstr(R"("key":{"card":"c"})"));
  pay("d", "7.0");
  ProcessResult result = run(kPay + three("20"), {"--on-change", "reset"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(alerts(), before);
  for (const char* amount : {"1.0", "25.0", "7.0"}) pay("d", amount);
  result = run(kPay + three("20"));
  EXPECT_THAT(result.err, Not(HasSubstr("older version")));
  EXPECT_THAT(alerts(), ::testing::StartsWith(before));
  EXPECT_EQ(count("\"bound\":20"), 1U) << alerts();

  // Not where that is impossible.
  result =
      run("event Pay { card: string, at: timestamp } time at\npattern three { match a: Pay }\n",
          {"--on-change", "reset"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(alerts(), ::testing::StartsWith(before));
  EXPECT_EQ(count("\"bound\":20"), 0U) << alerts();
}

TEST_F(StateChange, AnotherAutomatonCannotBeMigratedAndDrains) {
  pay("c", "1.0");
  EXPECT_EQ(run(kPay + three("10")).status, 0);
  std::string other = three("10");
  other.replace(other.find("1h"), 2, "2h");
  const ProcessResult result = run(kPay + other, {"--on-change", "migrate"});
  EXPECT_THAT(result.err, HasSubstr("the new version begins empty (not migrated, because its "
                                    "steps, their order, times or negations are others)"));
}

TEST_F(StateChange, WhatVersionsOfBeforeHaveCountedStaysCounted) {
  const std::string metrics = directory_.path("metrics.json");
  const auto pay_three = [&] {
    for (const char* amount : {"1.0", "15.0", "7.0"}) pay("c", amount);
    pay("d", "3.0");  // behind it the alert is out
  };
  pay_three();
  EXPECT_EQ(run(kPay + three("10"), {"--metrics", metrics}).status, 0);
  pay_three();
  EXPECT_EQ(run(kPay + three("11"), {"--metrics", metrics}).status, 0);
  EXPECT_THAT(tests::read_file(metrics), HasSubstr(R"("alerts":{"three":2})"));
  EXPECT_EQ(run(kPay + three("11"), {"--metrics", metrics}).status, 0);  // the old one is forgotten
  EXPECT_THAT(tests::read_file(metrics), HasSubstr(R"("alerts":{"three":2})"));
  pay_three();
  EXPECT_EQ(run(kPay + three("12"), {"--metrics", metrics, "--on-change", "reset"}).status, 0);
  EXPECT_THAT(tests::read_file(metrics), HasSubstr(R"("alerts":{"three":3})"));
}

TEST_F(StateChange, ListsOfAnOldVersionStayAsTheyWere) {
  const std::string listed =
      "list low: string from \"low.txt\"\npattern p { by card match a: Pay[amount < 2] then "
      "b: Pay[card in low] within 1h }\n";
  directory_.write("low.txt", "c\n");
  pay("c", "1.0");
  EXPECT_EQ(run(kPay + listed).status, 0);
  directory_.write("low.txt", "d\n");
  pay("d", "1.0");
  EXPECT_THAT(run(kPay + listed).err, HasSubstr("pattern 'p' has changed"));
  pay("c", "9.0");
  pay("d", "9.0");
  const ProcessResult result = run(kPay + listed);
  EXPECT_THAT(result.err, HasSubstr("an older version goes on"));
  EXPECT_EQ(count("\"key\":{\"card\":\"c\"}"), 1U) << alerts();
  EXPECT_EQ(count("\"key\":{\"card\":\"d\"}"), 1U) << alerts();
}

TEST_F(StateChange, EventsThatDoNotFitAnyMoreAreRefusedWithAWayOut) {
  pay("c", "1.0");
  EXPECT_EQ(run(kPay + three("10")).status, 0);
  const std::string without =
      "event Pay { card: string, at: timestamp } time at\n"
      "pattern three { by card match a: Pay then b: Pay within 1h }\n";
  const ProcessResult result = run(without);
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("cannot go on with the events as they are declared now: "
                                    "'Pay' has no field 'amount'"));
  EXPECT_THAT(result.err, HasSubstr("'--on-change reset'"));
  const ProcessResult diff = state("diff", {"-p", patterns_});
  EXPECT_EQ(diff.status, 0);
  EXPECT_THAT(diff.out, HasSubstr("note: --on-change drain would be refused: "));
  EXPECT_EQ(run(without, {"--on-change", "reset"}).status, 0);
}

TEST_F(StateChange, OlderVersionsGoWithTheirPattern) {
  const auto begin_two_versions = [&] {
    pay("c", "1.0");
    EXPECT_EQ(run(kPay + three("10") + kLast).status, 0);
    ProcessResult result = run(kPay + three("20") + kLast);
    EXPECT_THAT(result.err, HasSubstr("the old version finishes its partial matches"));
    pay("c", "15.0");
    pay("c", "7.0");
  };
  begin_two_versions();
  ProcessResult result = run(kPay + three("30") + kLast, {"--on-change", "reset"});
  EXPECT_THAT(result.err, HasSubstr("the partial matches of an old version are dropped"));
  EXPECT_EQ(count("\"pattern\":\"three\""), 0U) << alerts();
  begin_two_versions();
  EXPECT_EQ(run(kPay + kLast).status, 0);
  EXPECT_EQ(count("\"pattern\":\"three\""), 0U) << alerts();
}

TEST_F(StateChange, VersionsThatMatchAtOnceTellItInTheirOrder) {
  const auto version = [](const std::string& number) {
    return kPay +
           "pattern p {\n  by card\n  match a: Pay[amount < 2] then b: Pay[amount > 5] "
           "within 1h\n  emit bound: " +
           number + "\n}\n";
  };
  for (const char* number : {"1", "2"}) {
    pay("c", "1.0");
    EXPECT_EQ(run(version(number)).status, 0);
  }
  pay("c", "1.0");
  pay("c", "7.0");
  EXPECT_EQ(run(version("3")).status, 0);
  std::string order;
  const std::string all = alerts();
  for (size_t at = all.find("\"bound\":"); at != std::string::npos;
       at = all.find("\"bound\":", at + 1)) {
    order += all[at + 8];
  }
  EXPECT_EQ(order, "123") << all;
}

TEST_F(StateChange, AFirstEventStaysOneWhenItIsMigrated) {
  pay("c", "1.9");
  const std::string patterns = kPay + three("10") + kLast;
  EXPECT_EQ(run(patterns).status, 0);
  std::string stricter = patterns;
  for (size_t at = 0; (at = stricter.find("amount < 2", at)) != std::string::npos;) {
    stricter.replace(at, 10, "amount < 1");
  }
  pay("c", "15.0");
  pay("c", "7.0");
  pay("c", "0.5");
  pay("c", "0.5");
  EXPECT_EQ(run(stricter, {"--on-change", "migrate"}).status, 0);
  EXPECT_EQ(count("\"pattern\":\"three\""), 1U) << alerts();
  EXPECT_EQ(count("\"pattern\":\"last\""), 1U) << alerts();
}

TEST_F(StateChange, AnotherNumberOfInputsIsRefused) {
  pay("c", "1.0");
  EXPECT_EQ(run(kPay + three("10")).status, 0);
  const ProcessResult result =
      run(kPay + three("10"), {"-i", "Pay=" + directory_.write("more.jsonl", "")});
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("is of a run over 1 inputs, and this one has 2"));
}

TEST_F(StateChange, InspectReadsEventsAsTheyAreAndOldVersionsOfThem) {
  pay("c", "1.0");
  EXPECT_EQ(run(kPay + three("10")).status, 0);
  const std::string more =
      "event Pay { card: string, amount: float, shop: string?, at: timestamp } time at\n"
      "pattern three { by card match a: Pay[amount < 2] then b: Pay[shop == 'x'] within 1h }\n";
  ProcessResult result = run(more);
  EXPECT_EQ(result.status, 0) << result.err;
  pay("d", "1.0");
  EXPECT_EQ(run(more).status, 0);
  result = state("inspect");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("three (old) card=c"));
  EXPECT_THAT(result.out, HasSubstr("three card=d"));
}

TEST_F(StateChange, AnOldVersionWhoseKeyHasAnotherTypeIsRefused) {
  pay("c", "1.0");
  EXPECT_EQ(run(kPay + three("10")).status, 0);
  const ProcessResult result =
      run("event Pay { card: int, amount: float, at: timestamp } time at\n" + three("10"));
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.err, HasSubstr("a field that it uses has another type"));
}

TEST_F(StateChange, EventsThatDoNotFitAnyMoreAreNoMatterWhereNothingIsPending) {
  const std::string plain =
      "event Pay { card: string, at: timestamp } time at\n"
      "pattern three { by card match a: Pay then b: Pay within 1h }\n";
  for (const char* amount : {"1.0", "15.0", "7.0", "3.0"}) pay("c", amount);
  pay("d", "1.0");  // drains when three("20") comes
  EXPECT_EQ(run(kPay + three("10")).status, 0);
  ProcessResult result = run(kPay + three("20"));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(run(plain).status, 2);
  pay("d", "15.0");
  pay("d", "7.0");
  pay("d", "3.0");
  EXPECT_EQ(run(kPay + three("20")).status, 0);  // what was pending has matched
  write_patterns(plain);
  const ProcessResult diff = state("diff", {"-p", patterns_});
  EXPECT_EQ(diff.out,
            "checkpoint 3; --on-change:\n"
            "pattern        keys  drain    reset    migrate\n"
            "three             0  forget   reset    forget\n"
            "note: pattern 'three': not migrated, because its steps, their order, times or "
            "negations are others\n");
  result = run(plain);
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("pattern 'three' has changed: the old version has nothing "
                                    "pending and is forgotten, the new version begins empty"));
  EXPECT_THAT(result.err, Not(HasSubstr("older version")));
  EXPECT_EQ(count("\"bound\":10"), 2U) << alerts();
}

TEST_F(StateChange, EventsThatWaitForTheirTimeArePendingOfAnOldVersion) {
  pay("c", "1.0");
  EXPECT_EQ(run(kPay + three("10"), {"--out-of-order", "1m"}).status, 0);
  const std::string plain =
      "event Pay { card: string, at: timestamp } time at\n"
      "pattern three { by card match a: Pay then b: Pay within 1h }\n";
  EXPECT_THAT(run(plain, {"--out-of-order", "1m"}).err, HasSubstr("'Pay' has no field 'amount'"));
}

// Of a card, or of all cards: alerts suppress each other for ten seconds.
struct Suppressing {
  const char* name;
  const char* clause;
  const char* second;  // a card whose alerts are suppressed by those of "c"
};

class SuppressChange : public StateChange, public ::testing::WithParamInterface<Suppressing> {
 protected:
  static std::string quiet(const std::string& bound) {
    return kPay + "pattern quiet {\n  by card\n  match a: Pay[amount < 2] then b: Pay[amount > " +
           bound +
           " and amount > 10 * a.amount] within 1h\n  skip to next\n  emit bound: " + bound +
           "\n  suppress " + GetParam().clause + "\n}\n";
  }
  void match(const std::string& card) {
    pay(card, "1.0");
    pay(card, "15.0");
  }
  void go_on(const std::string& patterns, std::vector<std::string> flags = {}) {
    const ProcessResult result = run(patterns, std::move(flags));
    EXPECT_EQ(result.status, 0) << result.err;
  }
  // Of each alert its bound and, behind a plus, how many it says were suppressed.
  std::string told() const {
    std::string out;
    std::istringstream all(alerts());
    for (std::string line; std::getline(all, line);) {
      out += (out.empty() ? "" : " ") + number_behind(line, "\"bound\":");
      const std::string suppressed = number_behind(line, "\"suppressed\":");
      if (!suppressed.empty()) out += "+" + suppressed;
    }
    return out;
  }

  static std::string number_behind(const std::string& line, const std::string& name) {
    const size_t at = line.find(name);
    if (at == std::string::npos) return {};
    const size_t begin = at + name.size();
    return line.substr(begin, line.find_first_not_of("0123456789", begin) - begin);
  }

  const std::string second_card_ = GetParam().second;
};

TEST_P(SuppressChange, AnUnchangedPatternKnowsItsLastAlerts) {
  match("c");
  match(second_card_);
  pay("c", "1.0");
  go_on(quiet("10"));
  EXPECT_EQ(told(), "10");
  pay("c", "15.0");
  go_on(quiet("10") + kLast);
  EXPECT_EQ(told(), "10");
  wait(10);
  match(second_card_);
  go_on(quiet("10"));
  EXPECT_EQ(told(), "10 10+2");
}

TEST_P(SuppressChange, AMigratedPatternKnowsTheLastAlertsOfTheOldOne) {
  match("c");
  match(second_card_);
  pay("c", "1.0");
  go_on(quiet("10"));
  pay("c", "15.0");
  go_on(quiet("12"), {"--on-change", "migrate"});
  EXPECT_EQ(told(), "10");
  wait(10);
  match(second_card_);
  go_on(quiet("12"));
  EXPECT_EQ(told(), "10 12+2");
}

TEST_P(SuppressChange, AnOldVersionThatDrainsAndTheNewOneSuppressEachTheirOwn) {
  match("c");
  pay(second_card_, "1.0");
  pay("c", "1.9");
  go_on(quiet("10"));
  pay(second_card_, "15.0");  // of the old version, too soon
  match("c");                 // the first one of the new version
  go_on(quiet("12"));
  EXPECT_EQ(told(), "10 12");
  match(second_card_);
  wait(5);
  pay("c", "25.0");  // of the old version
  go_on(quiet("12"));
  EXPECT_EQ(told(), "10 12 10+1");
  wait(5);
  match("c");
  go_on(quiet("12"));
  EXPECT_EQ(told(), "10 12 10+1 12+1");
}

// What a version that has finished leaves in the checkpoint is taken for nobody else's.
TEST_P(SuppressChange, ALaterVersionKnowsNothingOfThoseThatHaveFinished) {
  for (const char* bound : {"10", "11", "12", "13"}) {
    match("c");
    go_on(quiet(bound));
  }
  EXPECT_EQ(told(), "10 11 12 13");
}

TEST_P(SuppressChange, ANewVersionAfterResetKnowsOfNoAlert) {
  match("c");
  match(second_card_);
  pay(second_card_, "1.0");
  go_on(quiet("10"));
  pay(second_card_, "15.0");
  match(second_card_);
  go_on(quiet("12"), {"--on-change", "reset"});
  EXPECT_EQ(told(), "10 12");
}

INSTANTIATE_TEST_SUITE_P(Suppress, SuppressChange,
                         ::testing::Values(Suppressing{"ByKey", "10s", "c"},
                                           Suppressing{"ByAValue", "10s by b.amount > 5", "d"}),
                         [](const auto& made) { return made.param.name; });

TEST_F(StateChange, DiffSaysBeforehandWhatWouldBe) {
  pay("c", "1.0");
  EXPECT_EQ(run(kPay + three("10") + kLast + "pattern gone { match a: Pay }\n").status, 0);
  write_patterns(kPay + three("20") + kLast + "pattern fresh { match a: Pay }\n");
  const ProcessResult text = state("diff", {"-p", patterns_});
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_EQ(text.out,
            "checkpoint 1; --on-change:\n"
            "pattern        keys  drain    reset    migrate\n"
            "three             1  drain    reset    migrate\n"
            "last              1  keep     keep     keep\n"
            "gone              0  drop     drop     drop\n"
            "fresh             0  add      add      add\n");
  const ProcessResult json = state("diff", {"-p", patterns_, "--format", "json"});
  EXPECT_EQ(json.out.substr(0, json.out.find("},")),
            R"({"checkpoint":1,"patterns":[{"pattern":"three","state":"three","drains":false,)"
            R"("keys":1,"drain":"drain","reset":"reset","migrate":"migrate")");
  EXPECT_EQ(state("diff").status, 2);
}

TEST_F(StateChange, InspectShowsWhatIsPending) {
  pay("c", "1.0");
  pay("d", "1.0");
  pay("c", "15.0");
  EXPECT_EQ(run(kPay + three("10") + kLast).status, 0);
  const ProcessResult text = state("inspect", {"--pattern", "three", "--key", "c"});
  EXPECT_EQ(text.status, 0) << text.err;
  EXPECT_THAT(text.out, HasSubstr("inputs\n  " + input_ + ": 3 records, "));
  EXPECT_THAT(text.out, HasSubstr("  three: keys 2, partial matches 2\npending\n"));
  EXPECT_THAT(
      text.out,
      HasSubstr("  three card=c\n"
                "    since 2026-03-01T10:00:01.000Z, next c, expires 2026-03-01T11:00:01.000Z\n"
                "      a: Pay 2026-03-01T10:00:01.000Z record 0 of " +
                input_ +
                "  {\"card\":\"c\",\"amount\":1.0,\"at\":\"2026-03-01T10:00:01Z\"}\n"
                "      b: Pay 2026-03-01T10:00:03.000Z record 2 of " +
                input_));
  EXPECT_THAT(text.out, Not(HasSubstr("card=d")));
  const ProcessResult json = state("inspect", {"--format", "json", "--limit", "1"});
  EXPECT_THAT(json.out, HasSubstr(R"({"pattern":"last","state":"last","drains":false,"keys":2,)"
                                  R"("partial_matches":2})"));
  EXPECT_THAT(json.out,
              HasSubstr(R"({"pattern":"three","state":"three","drains":false,"key":{"card":"c"},)"
                        R"("matches":[{"since":"2026-03-01T10:00:01.000Z",)"
                        R"("expires":"2026-03-01T11:00:01.000Z","next":["c"],"events":[)"
                        R"({"variable":"a","type":"Pay",)"));
  EXPECT_EQ(state("inspect", {"--pattern", "none"}).status, 2);
  EXPECT_EQ(state("inspect", {"--checkpoint", "77"}).status, 2);
}

TEST_F(StateChange, InspectReadsWhateverTheRunWasMadeWith) {
  pay("c", "1.0");
  for (const std::vector<std::string>& flags :
       {std::vector<std::string>{"--events", "none"}, {"--plan", "plain"}, {"--threads", "3"}}) {
    std::filesystem::remove_all(state_);
    EXPECT_EQ(run(kPay + three("10") + kLast, flags).status, 0);
    const ProcessResult result = state("inspect");
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("last card=c"));
  }
}

TEST_F(StateChange, InspectShowsTheFirstKeysUpToItsLimit) {
  for (const char* card : {"e", "b", "d", "a", "c"}) pay(card, "1.0");
  EXPECT_EQ(run(kPay + kLast).status, 0);
  const auto keys_with = [&](const std::string& limit) {
    const std::string out = state("inspect", {"--limit", limit}).out;
    std::istringstream lines(out.substr(out.find("pending\n")));
    std::string keys;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("  ") && line[2] != ' ') keys += line.substr(2) + "\n";
    }
    return keys;
  };
  EXPECT_EQ(keys_with("3"),
            "last card=a\nlast card=b\nlast card=c\nand 2 more keys; --limit shows more\n");
  EXPECT_EQ(keys_with("5"), "last card=a\nlast card=b\nlast card=c\nlast card=d\nlast card=e\n");
  EXPECT_EQ(keys_with("1"), "last card=a\nand 4 more keys; --limit shows more\n");
}

}  // namespace
}  // namespace tocsin::server
