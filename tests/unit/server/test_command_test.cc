// Runs `tocsin test`.
#include "server/test_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/process.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::server {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using tests::ProcessResult;
using tests::read_file;
using tests::run_tocsin;
using tests::TemporaryDirectory;

constexpr std::string_view kTestedPattern = R"(
event Payment {
  card: string,
  amount: float,
  merchant: string? from "merchant.name",
  n: int,
  ok: bool,
  took: duration?,
  seen: timestamp?,
  at: timestamp,
} time at
pattern card_testing {
  by card
  match probe: Payment[amount < 2]{3,} then hit: Payment[amount > 500]
  within 10m
  emit probes: count(probe), loss: hit.amount, shops: collect(probe.merchant), took: hit.took,
       seen: hit.seen, lasting: time(hit) - time(probe), ok: hit.ok, n: hit.n
}
pattern quiet { by card match a: Payment[n == 7] then not b: Payment[n == 8] for 1h within 2h }
)";

// A folder with the pattern, and a test file that uses it.
struct Folder {
  explicit Folder(const std::string& tests) {
    directory.write("card.tocsin", kTestedPattern);
    file = directory.write("card.test", "use \"card.tocsin\"\n" + tests);
  }
  TemporaryDirectory directory;
  std::string file;
};

const std::string kPasses = R"(
test "all that can be written" {
  out of order 5s
  +0s   Payment { card: 'c1', amount: 1, merchant: "it's" } as p1
  +20s  Payment { card: 'c1', amount: 1.5e0 } as p2   // nobody
  +15s  Payment { card: 'c1', amount: -0.5, merchant: 'b' } as late_one
  +0s   Payment { card: 'c2' } as other
  2026-01-01T00:00:40Z Payment {
    card: 'c1', amount: 900, took: 10 minutes, seen: timestamp('2026-03-01 10:00:00'), ok: true,
    n: -9223372036854775808
  } as hit
  +2h
  expect card_testing at +40s {
    probe: [p1, late_one, p2], hit: hit, key: {card: 'c1'}, probes: 3, loss: 900.0,
    shops: ['it''s', 'b', null], took: 10m, seen: 2026-03-01T10:00:00Z, lasting: 20s, ok: true,
    n: -9223372036854775808, timeout: false, suppressed: 0
  }
}
test "silence" { +1s Payment { amount: 900 } }
)";

TEST(TestCommand, SaysWhatPassed) {
  const Folder folder(kPasses);
  const ProcessResult result = run_tocsin({"test", folder.file});
  EXPECT_EQ(result.out, "ok      " + folder.file + ":3: all that can be written\n" + "ok      " +
                            folder.file + ":20: silence\n2 tests, 0 failed\n");
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, IsEmpty());
}

const std::string kFails = R"(
test "differs" {
  +0s  Payment { card: 'c1', amount: 1 } as p1
  +1s  Payment { card: 'c1', amount: 1 } as p2
  +2s  Payment { card: 'c1', amount: 1 }
  +1s  Payment { card: 'c1', amount: 1 } as p4
  +3s  Payment { card: 'c1', amount: 501 } as hit
  expect card_testing at +4s { probe: [p1, p2], probes: 2, hit: [hit], key: {card: 'c2'} }  // stays
  expect quiet
  /* before the end */
}

test "comes unasked" {
  +0s  Payment { card: 'c1', n: 7, amount: 5 } as p  // it
}
test "passes" { +0s Payment {} }
)";

TEST(TestCommand, ShowsWhatDiffers) {
  const Folder folder(kFails);
  const ProcessResult result = run_tocsin({"test", folder.file});
  EXPECT_EQ(result.out,
            "FAILED  " + folder.file + ":3: differs\n" +
                "  line 9: missing\n"
                "    expect card_testing at +4s { probe: [p1, p2], probes: 2, hit: [hit], "
                "key: {card: 'c2'} }\n"
                "  instead came\n"
                "    expect card_testing at +3s { hit: [hit], probes: 3, loss: 501.0, "
                "shops: [null, null, null], took: null, seen: null, lasting: 1s, ok: false, n: 0 }"
                "  // probe: [p1, p2, (line 6)]\n"
                "      at: expected +4s, found +3s\n"
                "      probe: expected [p1, p2], found [p1, p2, (line 6)]\n"
                "      probes: expected 2, found 3\n"
                "      card: expected 'c2', found 'c1'\n"
                "  line 10: missing\n"
                "    expect quiet\n"
                "  line 7: the event is late, nothing matches it\n"
                "FAILED  " +
                folder.file + ":14: comes unasked\n" +
                "  not expected\n"
                "    expect quiet at +1h { a: [p] }\n"
                "ok      " +
                folder.file + ":17: passes\n3 tests, 2 failed\n");
  EXPECT_EQ(result.status, 1);
}

TEST(TestCommand, UpdateWritesWhatCameAndNothingElse) {
  const Folder folder(kFails);
  const ProcessResult result = run_tocsin({"test", "--update", folder.file});
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, HasSubstr("updated " + folder.file + ":3: differs\n  - expect card_tes"));
  EXPECT_THAT(result.out, HasSubstr("\n  + expect card_testing at +3s { hit: [hit], probes: 3, "));
  EXPECT_THAT(result.out, EndsWith("3 tests, 0 failed, 2 updated\n"));
  EXPECT_EQ(read_file(folder.file), R"(use "card.tocsin"

test "differs" {
  +0s  Payment { card: 'c1', amount: 1 } as p1
  +1s  Payment { card: 'c1', amount: 1 } as p2
  +2s  Payment { card: 'c1', amount: 1 }
  +1s  Payment { card: 'c1', amount: 1 } as p4
  +3s  Payment { card: 'c1', amount: 501 } as hit
  expect card_testing at +3s { hit: [hit], probes: 3, key: {card: 'c1'} }  // stays
  /* before the end */
}

test "comes unasked" {
  +0s  Payment { card: 'c1', n: 7, amount: 5 } as p  // it
  expect quiet at +1h { a: [p] }
}
test "passes" { +0s Payment {} }
)");
  EXPECT_EQ(run_tocsin({"test", folder.file}).status, 0);
}

TEST(TestCommand, UpdateKeepsLineEndsAndTestsOnOneLine) {
  const Folder folder(
      "test 'a' { +0s Payment { n: 7 } as p }\r\n"
      "test 'b' {\r\n\t+0s Payment { n: 7 } as p // it\r\n"
      "\texpect card_testing at +1s\r\n\texpect card_testing\r\n}\r\n"
      "test 'c' { expect quiet }\r\n");
  EXPECT_EQ(run_tocsin({"test", "--update", folder.file}).status, 0);
  EXPECT_EQ(read_file(folder.file),
            "use \"card.tocsin\"\n"
            "test 'a' { +0s Payment { n: 7 } as p expect quiet at +1h { a: [p] } }\r\n"
            "test 'b' {\r\n\t+0s Payment { n: 7 } as p // it\r\n"
            "\texpect quiet at +1h { a: [p] }\r\n}\r\n"
            "test 'c' { }\r\n");
  EXPECT_EQ(run_tocsin({"test", folder.file}).status, 0);
}

TEST(TestCommand, AnOpenEndDecidesWhatTimeHasPassed) {
  const Folder folder(R"(
test "time has passed" { +0s Payment { n: 7 } as p +1h expect quiet at +1h { a: [p] } open end }
test "time has not" { +0s Payment { n: 7 } +59m59s open end }
test "nor within the bound" { out of order 1s +0s Payment { n: 7 } +1h open end }
test "an end decides" { +0s Payment { n: 7 } as p expect quiet at +1h { a: [p] } }
test "time makes late" { +0s Payment { n: 7 } +2h +30m Payment { n: 8 } expect quiet }
)");
  const ProcessResult result = run_tocsin({"test", folder.file});
  EXPECT_THAT(result.out, EndsWith("5 tests, 0 failed\n"));
}

TEST(TestCommand, EachExpectationHasAnAlertOfItsOwn) {
  const Folder folder(R"(
test "the vague one leaves the exact one its alert" {
  +0s  Payment { card: 'a', n: 7 } as a
  +0s  Payment { card: 'b', n: 7 } as b
  expect quiet
  expect quiet { a: [a] }
}
test "one alert is not two" { +0s  Payment { n: 7 } as a expect quiet expect quiet { a: a } }
)");
  const ProcessResult result = run_tocsin({"test", folder.file});
  EXPECT_THAT(result.out, HasSubstr("ok      " + folder.file + ":3: "));
  EXPECT_THAT(result.out, EndsWith("2 tests, 1 failed\n"));
}

TEST(TestCommand, RecordsThatAreNoEventsAreNamed) {
  const Folder folder("test 'a' {\n  +0s Payment { took: -5s }\n}\n");
  const ProcessResult result = run_tocsin({"test", folder.file});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.out, HasSubstr("  line 3: the event is refused: "));
  EXPECT_EQ(run_tocsin({"test", "--update", folder.file}).out, result.out);
}

TEST(TestCommand, AFolderStandsForAllTestsBelowIt) {
  const TemporaryDirectory directory;
  const std::string event = "event E { at: timestamp } time at\n";
  const std::string two = directory.write("b/two.test", event + "test 'two' { +0s E {} }");
  const std::string one = directory.write("a/one.test", event + "test 'one' { +0s E {} }");
  directory.write("a/other.txt", "nonsense");
  const std::string folder = directory.path().string();
  EXPECT_EQ(run_tocsin({"test", folder}).out,
            "ok      " + one + ":2: one\nok      " + two + ":2: two\n2 tests, 0 failed\n");
  EXPECT_EQ(run_tocsin({"test", folder, "--filter", "tw"}).out,
            "ok      " + two + ":2: two\n1 test, 0 failed\n");
  const ProcessResult none = run_tocsin({"test", folder, "--filter", "three"});
  EXPECT_EQ(none.status, 2);
  EXPECT_EQ(none.err, "error: no test has 'three' in its name\n");
}

TEST(TestCommand, MistakesDoNotHideOtherFiles) {
  const TemporaryDirectory directory;
  directory.write("a.test", "test 'a' {\n  +1x\n}\n");
  directory.write("b.test", "event E { at: timestamp } time at test 'b' { +0s E {} }");
  const ProcessResult result = run_tocsin({"test", directory.path().string()});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("a.test:2:4: error[number]: "));
  EXPECT_THAT(result.out, HasSubstr(": b\n1 test, 0 failed, 1 file with mistakes\n"));
}

TEST(TestCommand, WhatCannotBeReadIsNamed) {
  const TemporaryDirectory directory;
  const ProcessResult missing = run_tocsin({"test", "/nonexistent/a.test"});
  EXPECT_EQ(missing.status, 3);
  EXPECT_EQ(missing.err, "error: cannot read '/nonexistent/a.test': No such file or directory\n");
  const ProcessResult empty = run_tocsin({"test", directory.path().string()});
  EXPECT_EQ(empty.status, 1);
  EXPECT_THAT(empty.err, HasSubstr("there is no *.test below '"));
  const ProcessResult input = run_tocsin({"test", "-"});
  EXPECT_EQ(input.status, 2);
  EXPECT_EQ(input.err, "error: tests are read from files: '-' is none\n");
  EXPECT_EQ(run_tocsin({"test"}).status, 2);
}

}  // namespace
}  // namespace tocsin::server
