#include "connectors/json/alert_reader.h"

#include <gtest/gtest.h>

namespace tocsin::connectors {
namespace {

TEST(AlertReader, ReadsWhatAlertsAreComparedBy) {
  const auto alerts =
      read_alerts(R"({"id":"ab","pattern":"p","version":1,"key":{"card":"c\"1","n":3},)"
                  R"("start":"2026-01-01T00:00:00.000Z","end":"2026-01-01T00:00:01.000Z",)"
                  R"("complete":"2026-01-01T00:00:02.000Z",)"
                  R"("values":{"sum":912.5,"none":null,"all":["a",1,null],"ok":true},)"
                  R"("events":{"a":[0,{"k":"x"}],"b":[7]},"meta":{"severity":"high"},)"
                  R"("suppressed":4,"timeout":true})"
                  "\n"
                  R"({"pattern":"q","key":{},"complete":"2026-01-01T00:00:02.000Z"})"
                  "\n");
  ASSERT_TRUE(alerts) << alerts.error().message;
  ASSERT_EQ(alerts->size(), 2U);
  const AlertLine& alert = alerts->front();
  EXPECT_EQ(alert.pattern, "p");
  EXPECT_EQ(to_string(alert.complete), "2026-01-01T00:00:02.000Z");
  EXPECT_EQ(alert.key, (AlertLine::Named<AlertValue>{{"card", {false, {{true, "c\"1"}}}},
                                                     {"n", {false, {{false, "3"}}}}}));
  EXPECT_EQ(alert.values, (AlertLine::Named<AlertValue>{
                              {"sum", {false, {{false, "912.5"}}}},
                              {"none", {false, {{false, "null"}}}},
                              {"all", {true, {{true, "a"}, {false, "1"}, {false, "null"}}}},
                              {"ok", {false, {{false, "true"}}}}}));
  EXPECT_EQ(alert.events, (AlertLine::Named<std::vector<std::string>>{{"a", {"0", R"({"k":"x"})"}},
                                                                      {"b", {"7"}}}));
  EXPECT_EQ(alert.suppressed, 4U);
  EXPECT_TRUE(alert.timeout);
  EXPECT_FALSE(alerts->back().timeout);
  EXPECT_TRUE(read_alerts("")->empty());
}

TEST(AlertReader, SaysWhatIsNoAlert) {
  for (const char* line : {"{", "[]", "{}", R"({"pattern":1})", R"({"pattern":"p","complete":"x"})",
                           R"({"pattern":"p","events":{"a":1}})"}) {
    const auto alerts = read_alerts(line);
    ASSERT_FALSE(alerts) << line;
    EXPECT_EQ(alerts.error().message, "this is no alert: " + std::string(line));
  }
}

}  // namespace
}  // namespace tocsin::connectors
