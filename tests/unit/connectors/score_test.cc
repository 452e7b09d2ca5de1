#include "connectors/synthetic/score.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/temporary_directory.h"

namespace tocsin::connectors::synthetic {
namespace {

using tests::TemporaryDirectory;

std::string label(const std::string& kind, bool fraud, const std::string& ids) {
  return R"({"kind":")" + kind + R"(","fraud":)" + (fraud ? "true" : "false") +
         R"(,"key":{"card":"c1"},"start":"2026-03-01T00:00:00.000Z",)" +
         R"("end":"2026-03-01T00:01:00.000Z","ids":[)" + ids + "]}\n";
}

// An alert of a pattern with events of these ids in two variables.
std::string alert(const std::string& pattern, const std::string& first, const std::string& second,
                  const std::string& meta = {}) {
  return R"({"id":"x","pattern":")" + pattern + R"(","version":1,"key":{"card":"c1"},)" +
         R"("events":{"a":[)" + first + R"(],"b":[)" + second + "]}" + meta + "}\n";
}

std::string event(const std::string& id) {
  return R"({"type":"Payment","id":")" + id + R"(","at":"2026-03-01T00:00:00.000Z"})";
}

class ScoreTest : public testing::Test {
 protected:
  eventtime::Result<void> read(const std::string& labels, const std::string& alerts) {
    const auto read = scorer_.read_labels(directory_.write("labels.jsonl", labels));
    return read ? scorer_.read_alerts(directory_.write("alerts.jsonl", alerts)) : read;
  }

  TemporaryDirectory directory_;
  Scorer scorer_;
};

TEST_F(ScoreTest, CountsFoundAndMissed) {
  ASSERT_TRUE(read(label("velocity", true, R"("p1","p2","p3")") +
                       label("velocity", true, R"("p4","p5")") + label("spree", false, R"("p6")"),
                   alert("velocity", event("p1"), event("p2")) +
                       alert("velocity", event("p3"), event("p9")) +
                       alert("velocity", event("p6"), event("p7")) +
                       alert("velocity", event("p7"), event("p8"))));
  const auto scores = scorer_.scores();
  ASSERT_EQ(scores.size(), 1U);
  EXPECT_EQ(scores[0].kind, "velocity");
  EXPECT_EQ(scores[0].planted, 2U);
  EXPECT_EQ(scores[0].found, 1U);  // by two alerts
  EXPECT_EQ(scores[0].alerts, 4U);
  EXPECT_EQ(scores[0].true_alerts, 2U);
  EXPECT_DOUBLE_EQ(scores[0].recall(), 0.5);
  EXPECT_DOUBLE_EQ(scores[0].precision(), 0.5);
  EXPECT_EQ(scores[0].mistaken,
            (std::map<std::string, uint64_t>{{"nothing planted", 1}, {"spree", 1}}));
}

TEST_F(ScoreTest, HalfOfTheEventsSufficeLessDoNot) {
  ASSERT_TRUE(read(label("velocity", true, R"("p1")"),
                   alert("velocity", event("p1"), event("p7") + "," + event("p8")) +
                       alert("velocity", event("p1"), event("p7"))));
  EXPECT_EQ(scorer_.total().true_alerts, 1U);
  EXPECT_EQ(scorer_.total().mistaken.at("velocity"), 1U);
}

TEST_F(ScoreTest, TheKindIsOfTheMetaBeforeThePattern) {
  ASSERT_TRUE(read(label("velocity", true, R"("p1","p2")"),
                   alert("my_rule", event("p1"), event("p2"), R"(,"meta":{"kind":"velocity"})") +
                       alert("cash_out", event("p1"), event("p2"))));
  const auto scores = scorer_.scores();
  ASSERT_EQ(scores.size(), 2U);
  EXPECT_EQ(scores[0].kind, "cash_out");
  EXPECT_EQ(scores[0].true_alerts, 0U);
  EXPECT_EQ(scores[0].mistaken.at("velocity"), 1U);
  EXPECT_DOUBLE_EQ(scores[0].recall(), 1);
  EXPECT_DOUBLE_EQ(scores[0].precision(), 0);
  EXPECT_EQ(scores[1].true_alerts, 1U);
}

TEST_F(ScoreTest, HandsOutTheFirstTrueAlert) {
  const std::string good = alert("velocity", event("p1"), event("p2"));
  ASSERT_TRUE(read(label("velocity", true, R"("p1","p2")"),
                   alert("velocity", event("p7"), event("p8")) + good));
  EXPECT_EQ(scorer_.true_alert("velocity") + "\n", good);
  EXPECT_EQ(scorer_.true_alert("card_testing") + "\n", good);
}

TEST_F(ScoreTest, WithoutATrueAlertThereIsNoneToTell) {
  ASSERT_TRUE(read("", alert("velocity", event("p7"), event("p8"))));
  EXPECT_EQ(scorer_.true_alert("velocity"), "");
}

TEST_F(ScoreTest, WrongFilesAreNamedWithTheLine) {
  const std::string good = label("velocity", true, R"("p1")");
  auto wrong = read(good + "{\"kind\":\"x\"}\n", "");
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(wrong.error().message.ends_with("labels.jsonl:2: this is no label of an incident"))
      << wrong.error().message;
  wrong = read(good, "{\"pattern\":\"velocity\"}\n");
  ASSERT_FALSE(wrong);
  EXPECT_TRUE(wrong.error().message.ends_with("alerts.jsonl:1: this is no alert with its events"))
      << wrong.error().message;
  wrong = scorer_.read_labels(directory_.path("none"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().blame, eventtime::Blame::kWorld);
}

TEST(Story, IsATimeLine) {
  const std::string text =
      R"({"id":"x","pattern":"account_takeover","version":1,"key":{"customer":"u1"},)"
      R"("values":{"loss":900.0,"device":"d9"},"events":{"loot":[{"type":"Payment","id":"p3",)"
      R"("at":"2026-03-01T10:12:05.700Z","amount":900.00,"merchant":{"name":"Volt",)"
      R"("country":"DE"},"card_present":false,"device":"d9","auth":"declined",)"
      R"("reason":"expired_card"}],"changed":[{"type":"Account","id":"a1",)"
      R"("at":"2026-03-01T10:00:00.500Z","device":"d9","action":"password_change"}]}})";
  const auto story = tell_story(text, "what it means");
  ASSERT_TRUE(story);
  EXPECT_EQ(*story,
            "account_takeover, customer u1: what it means\n"
            "  10:00:00        +0s  changed  password_change  device d9\n"
            "  10:12:05     +12m5s  loot        900.00  Volt (DE)  online  device d9  "
            "declined: expired_card\n"
            "  loss: 900.0, device: d9\n");
}

TEST(Story, NeedsTheEvents) {
  EXPECT_FALSE(tell_story(R"({"pattern":"x","key":{}})", ""));
  EXPECT_FALSE(tell_story(R"({"pattern":"x","key":{},"events":{}})", ""));
  EXPECT_FALSE(tell_story("no alert", ""));
}

}  // namespace
}  // namespace tocsin::connectors::synthetic
