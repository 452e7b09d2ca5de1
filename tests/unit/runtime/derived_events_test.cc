#include "runtime/derived_events.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/support/json_run.h"

namespace tocsin::runtime {
namespace {

using eventtime::Text;
using eventtime::Timestamp;
using eventtime::Value;

DerivedEvent found(const patterns::PatternSet& set, const std::string& who, Value n) {
  DerivedEvent event;
  event.time = Timestamp{1'000'000};
  event.type = *set.catalog.find("Found");
  event.id = 77;
  event.values.push_back(event.own(Value::of_text(Text(who))));
  event.values.push_back(Value::of_float(2.5));
  event.values.push_back(n);
  event.values.push_back(Value::of_timestamp(event.time));
  return event;
}

TEST(DerivedEvents, BecomeABatchInTheirOrder) {
  const patterns::PatternSet set = tests::load_patterns(
      "event Input { at: timestamp } time at\n"
      "event Found { who: string, sum: float?, n: int?, seen: timestamp } time seen\n"
      "pattern p { match a: Input then b: Input within 1h }\n");
  std::vector<DerivedEvent> events;
  events.push_back(found(set, "a name that is longer than twelve bytes", Value::null()));
  events.push_back(found(set, "\"short\"", Value::of_int(3)));
  const auto batch = to_batch(set.catalog, events);
  events.clear();

  ASSERT_EQ(batch->rows.size(), 2U);
  EXPECT_EQ(batch->input, kDerivedInput);
  const eventtime::Row& row = batch->rows[0];
  EXPECT_EQ(row.time, Timestamp{1'000'000});
  EXPECT_EQ(row.record, 77U);
  EXPECT_EQ(row.raw, R"({"who":"a name that is longer than twelve bytes","sum":2.5,"n":null,)"
                     R"("seen":"1970-01-01T00:00:01.000Z"})");
  const eventtime::EventTable& table = batch->tables[row.type];
  EXPECT_EQ(table.columns[0].text(row.table_row).view(), "a name that is longer than twelve bytes");
  EXPECT_TRUE(table.columns[2].is_null(row.table_row));
  EXPECT_EQ(table.columns[2].integer(batch->rows[1].table_row), 3);
  std::string shown;
  object_format().append_json(shown, batch->rows[1].raw, row.type);
  EXPECT_EQ(shown, R"({"who":"\"short\"","sum":2.5,"n":3,"seen":"1970-01-01T00:00:01.000Z"})");
}

// A text of 13 to 15 bytes lies in the string object itself.
TEST(DerivedEvents, KeepTheirTextsWhenTheirListGrows) {
  const patterns::PatternSet set = tests::load_patterns(
      "event Input { card: string, at: timestamp } time at\n"
      "event Found { who: string, seen: timestamp } time seen\n"
      "pattern first { by card match a: Input next b: Input within 1h emit Found { who: a.card } "
      "}\n"
      "pattern second { match f: Found emit who: f.who }\n");
  tests::Lines lines;
  for (int i = 10; i < 40; ++i) {
    for (const int second : {i, 100 + i}) {
      lines.push_back(R"({"type":"Input","card":"card number )" + std::to_string(i) + R"(","at":)" +
                      std::to_string(second * 1000) + "}");
    }
  }
  std::sort(lines.begin(), lines.end(), [](const std::string& left, const std::string& right) {
    return left.substr(left.find("at")) < right.substr(right.find("at"));
  });
  tests::RunSettings settings;
  settings.out_of_order = {3'600'000'000};
  const std::string alerts = tests::run_json(set, {lines}, settings).alerts;
  for (int i = 10; i < 40; ++i) {
    const std::string values = R"("values":{"who":"card number )" + std::to_string(i) + R"("},)";
    const size_t second = alerts.find(values, alerts.find(R"("pattern":"second")"));
    EXPECT_NE(second, std::string::npos) << values;
  }
}

}  // namespace
}  // namespace tocsin::runtime
