#include "runtime/derived_events.h"

#include <gtest/gtest.h>

#include "tests/support/json_run.h"

namespace tocsin::runtime {
namespace {

using eventtime::Text;
using eventtime::Timestamp;
using eventtime::Value;

TEST(DerivedEvents, BecomeABatchInTheirOrder) {
  const patterns::PatternSet set = tests::load_patterns(
      "event Input { at: timestamp } time at\n"
      "event Found { who: string, sum: float?, n: int?, seen: timestamp } time seen\n"
      "pattern p { match a: Input then b: Input within 1h }\n");
  DerivedEvent first;
  first.time = Timestamp{1'000'000};
  first.type = *set.catalog.find("Found");
  first.id = 77;
  first.texts.emplace_back("a name that is longer than twelve bytes");
  first.values = {Value::of_text(Text(first.texts.back())), Value::of_float(2.5), Value::null(),
                  Value::of_timestamp(first.time)};
  DerivedEvent second = first;
  second.values[0] = Value::of_text(Text("\"short\""));
  second.values[2] = Value::of_int(3);
  const auto batch = to_batch(set.catalog, std::vector<DerivedEvent>{first, second});
  first.texts.clear();

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

}  // namespace
}  // namespace tocsin::runtime
