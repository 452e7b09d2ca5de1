#include "connectors/kafka/log_records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "patterns/front_end.h"

namespace tocsin::connectors {
namespace {

using runtime::LogRecord;
using ::testing::HasSubstr;

constexpr const char* kEvents = R"(
event Payment { card: string, amount: int, at: timestamp, region: string? } time at
pattern p { on Payment by card match a: Payment then b: Payment within 1m }
)";

class LogRecordsTest : public testing::Test {
 protected:
  patterns::PatternSet set_ = *patterns::load({{"p.tocsin", kEvents}}).patterns;
  runtime::LogPartition partition_{"payments", 3};

  static LogRecord record(int64_t offset, std::string_view value,
                          std::optional<std::string_view> key = {}) {
    LogRecord made;
    made.offset = offset;
    made.key = key;
    made.value = value;
    made.time = {1'772'359'200'000'000};
    return made;
  }
  static std::string raw(const eventtime::Batch& batch, size_t row) {
    return std::string(batch.rows[row].raw);
  }
};

TEST_F(LogRecordsTest, NumbersAreOffsetsAndWhatIsNoEventIsRefused) {
  LogRecords records(partition_, set_.catalog, {}, {});
  records.add(record(7, R"({"card":"a","amount":1,"at":"2026-03-01T10:00:00Z"})"));
  records.add(record(9, R"({"card":"an open text)"));
  LogRecord tombstone = record(10, "");
  tombstone.value.reset();
  records.add(tombstone);
  records.add(record(12, "{\"card\":\"b\",\n\"amount\":2,\"at\":\"2026-03-01T10:00:01Z\"}"));
  records.add(record(14, std::string(kMaxRecordBytes + 1, ' ')));
  EXPECT_EQ(records.size(), 5U);
  eventtime::Batch batch(set_.catalog);
  ASSERT_TRUE(records.decode(batch));
  EXPECT_EQ(records.size(), 0U);
  ASSERT_EQ(batch.rows.size(), 2U);
  EXPECT_EQ(batch.rows[0].record, 7U);
  EXPECT_EQ(batch.rows[1].record, 12U);
  ASSERT_EQ(batch.rejects.size(), 3U);
  EXPECT_EQ(batch.rejects[0].record, 9U);
  EXPECT_EQ(batch.rejects[1].record, 10U);
  EXPECT_EQ(batch.rejects[2].record, 14U);
  EXPECT_THAT(batch.rejects[2].reason, HasSubstr("long"));

  // And again, into another batch.
  records.add(record(20, R"({"card":"c","amount":3,"at":"2026-03-01T10:00:02Z"})"));
  eventtime::Batch next(set_.catalog);
  ASSERT_TRUE(records.decode(next));
  ASSERT_EQ(next.rows.size(), 1U);
  EXPECT_EQ(next.rows[0].record, 20U);
}

// Beside a text that does not end each value is looked at alone.
TEST_F(LogRecordsTest, AnEmptyValueIsNoObject) {
  LogRecords records(partition_, set_.catalog, {}, {});
  for (const char* other : {R"({"card":"a","amount":1,"at":"2026-03-01T10:00:00Z"})", "{\"ca"}) {
    for (const char* empty : {"", "  "}) {
      records.add(record(1, empty));
      records.add(record(2, other));
      records.add(record(3, empty));
      eventtime::Batch batch(set_.catalog);
      ASSERT_TRUE(records.decode(batch));
      std::vector<uint64_t> no_objects;
      for (const eventtime::Reject& reject : batch.rejects) {
        if (reject.reason == "no JSON object") no_objects.push_back(reject.record);
      }
      EXPECT_EQ(no_objects, (std::vector<uint64_t>{1, 3})) << other;
    }
  }
}

TEST_F(LogRecordsTest, FieldsCanComeFromElsewhereInTheRecord) {
  const LogRecords::Fields fields = {
      {"card", *parse_field_origin("key")},     {"region", *parse_field_origin("header:region")},
      {"at", *parse_field_origin("timestamp")}, {"from", *parse_field_origin("topic")},
      {"p", *parse_field_origin("partition")},  {"o", *parse_field_origin("offset")}};
  LogRecords records(partition_, set_.catalog, {}, fields);
  const std::vector<runtime::LogHeader> headers = {
      {"region", "first"}, {"other", "x"}, {"region", "no\"rth"}};
  LogRecord one = record(5, R"( {"amount":1} )", "a\\b");
  one.headers = headers;
  records.add(one);
  records.add(record(6, R"({"amount":2})"));  // no key, so no card
  records.add(record(7, R"({"amount":3,"card":"own"})", "k"));
  records.add(record(8, "[]", "k"));
  records.add(record(9, "{ }", "k"));
  eventtime::Batch batch(set_.catalog);
  ASSERT_TRUE(records.decode(batch));
  ASSERT_EQ(batch.rows.size(), 1U);
  EXPECT_EQ(raw(batch, 0), R"({"card":"a\\b","region":"no\"rth","at":"2026-03-01T10:00:00.000Z",)"
                           R"("from":"payments","p":3,"o":5,"amount":1} )");
  ASSERT_EQ(batch.rejects.size(), 4U);
  EXPECT_THAT(batch.rejects[0].reason, HasSubstr("card"));
  EXPECT_THAT(batch.rejects[1].reason, HasSubstr("twice"));
  EXPECT_EQ(batch.rejects[2].raw, "[]");
  EXPECT_THAT(batch.rejects[3].reason, HasSubstr("amount")) << batch.rejects[3].raw;
}

// Of two types, which a header names.
class LogRecordsOfTwoTypes : public LogRecordsTest {
 protected:
  LogRecordsOfTwoTypes() {
    set_ = *patterns::load({{"p.tocsin", R"(
event Payment { amount: int, at: timestamp } time at
event Login { user: string, at: timestamp } time at
pattern p { on Login match a: Login }
)"}})
                .patterns;
  }
  static void add(LogRecords& to, int64_t offset, std::string_view value, std::string_view kind) {
    LogRecord one = record(offset, value);
    const std::vector<runtime::LogHeader> headers = {{"kind", kind}};
    if (!kind.empty()) one.headers = headers;
    to.add(one);
  }
};

TEST_F(LogRecordsOfTwoTypes, AHeaderCanNameTheType) {
  LogRecords records(partition_, set_.catalog, {}, {}, nullptr, "kind");
  add(records, 1, R"({"amount":1,"at":"2026-03-01T10:00:00Z"})", "Payment");
  add(records, 2, R"({"amount":2,"at":"2026-03-01T10:00:00Z"})", "Payment");
  add(records, 3, R"({"user":"u","at":"2026-03-01T10:00:00Z"})", "Login");
  add(records, 4, R"({"user":"u","at":"2026-03-01T10:00:00Z"})", "Logout");
  add(records, 5, R"({"user":"u","at":"2026-03-01T10:00:00Z"})", "");
  add(records, 6, R"({"user":"u","at":"2026-03-01T10:00:00Z"})", "Payment");
  add(records, 8, R"({"amount":3,"at":"2026-03-01T10:00:00Z"})", "Payment");
  eventtime::Batch batch(set_.catalog);
  ASSERT_TRUE(records.decode(batch));
  ASSERT_EQ(batch.rows.size(), 4U);
  const uint64_t offsets[] = {1, 2, 3, 8};
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(batch.rows[i].record, offsets[i]);
  EXPECT_EQ(batch.rows[2].type, *set_.catalog.find("Login"));
  EXPECT_EQ(batch.tables[0].columns[0].integer(batch.rows[3].table_row), 3);
  ASSERT_EQ(batch.rejects.size(), 3U);
  EXPECT_THAT(batch.rejects[0].reason, HasSubstr("Logout"));
  EXPECT_THAT(batch.rejects[1].reason, HasSubstr("no header 'kind'"));
  EXPECT_EQ(batch.rejects[2].record, 6U);
}

TEST_F(LogRecordsTest, ValuesCanBeRowsOfCsv) {
  DecodeOptions csv;
  csv.columns = {"card", "amount", "note", "at"};
  LogRecords records(partition_, set_.catalog, csv, {});
  records.add(record(7, "a,1,x,2026-03-01T10:00:00Z"));
  records.add(record(8, "\"b\n,\"\"c\",2,,2026-03-01T10:00:01Z\r\n"));
  records.add(record(9, "a,1"));
  records.add(record(10, "a,1,x,2026-03-01T10:00:00Z\nb,2,x,2026-03-01T10:00:00Z"));
  records.add(record(11, "a,1,x,\"2026-03-01T10:00:00Z"));
  records.add(record(12, "c,3,x,2026-03-01T10:00:02Z"));
  records.add(record(14, std::string(kMaxRecordBytes + 1, '\n')));
  LogRecord tombstone = record(15, "");
  tombstone.value.reset();
  records.add(tombstone);
  eventtime::Batch batch(set_.catalog);
  ASSERT_TRUE(records.decode(batch));
  ASSERT_EQ(batch.rows.size(), 3U);
  EXPECT_EQ(batch.rows[0].record, 7U);
  EXPECT_EQ(batch.rows[1].record, 8U);
  EXPECT_EQ(batch.rows[2].record, 12U);
  EXPECT_EQ(batch.tables[0].columns[0].text(batch.rows[1].table_row).view(), "b\n,\"c");
  std::string shown;
  records.format().append_json(shown, batch.rows[1].raw, 0);
  EXPECT_EQ(shown, R"({"card":"b\n,\"c","amount":2,"note":null,"at":"2026-03-01T10:00:01.000Z"})");
  ASSERT_EQ(batch.rejects.size(), 5U);
  EXPECT_EQ(batch.rejects[0].record, 9U);
  EXPECT_EQ(batch.rejects[0].reason, "2 cells where the source names 4");
  EXPECT_THAT(batch.rejects[1].reason, HasSubstr("line end outside of quotes"));
  EXPECT_THAT(batch.rejects[2].reason, HasSubstr("does not end"));
  EXPECT_THAT(batch.rejects[3].reason, HasSubstr("long"));
  EXPECT_EQ(batch.rejects[4].record, 15U);
  EXPECT_THAT(batch.rejects[4].reason, HasSubstr("without a value"));
}

TEST_F(LogRecordsTest, FieldsFromElsewhereAreColumnsInFrontOfARow) {
  DecodeOptions csv;
  csv.columns = {"amount"};
  const LogRecords::Fields fields = {{"card", *parse_field_origin("key")},
                                     {"at", *parse_field_origin("timestamp")},
                                     {"region", *parse_field_origin("header:region")},
                                     {"o", *parse_field_origin("offset")}};
  LogRecords records(partition_, set_.catalog, csv, fields);
  const std::vector<runtime::LogHeader> headers = {{"region", ""}};
  LogRecord one = record(5, "1", "a\",b");
  one.headers = headers;
  records.add(one);
  records.add(record(6, "2", "k"));
  records.add(record(7, "3"));  // no key, so no card
  records.add(record(8, "\"4", "k"));
  eventtime::Batch batch(set_.catalog);
  ASSERT_TRUE(records.decode(batch));
  ASSERT_EQ(batch.rows.size(), 2U);
  EXPECT_EQ(raw(batch, 0), R"("a"",b","2026-03-01T10:00:00.000Z","","5",1)");
  EXPECT_EQ(raw(batch, 1), R"("k","2026-03-01T10:00:00.000Z",,"6",2)");
  const eventtime::EventTable& table = batch.tables[0];
  EXPECT_EQ(table.columns[0].text(batch.rows[0].table_row).view(), "a\",b");
  EXPECT_FALSE(table.columns[3].value(batch.rows[0].table_row).is_null());
  EXPECT_TRUE(table.columns[3].value(batch.rows[1].table_row).is_null());
  ASSERT_EQ(batch.rejects.size(), 2U);
  EXPECT_THAT(batch.rejects[0].reason, HasSubstr("card"));
  EXPECT_THAT(batch.rejects[1].reason, HasSubstr("does not end"));
}

TEST(LogColumns, MustHoldWhatEventsNeed) {
  const patterns::PatternSet set = *patterns::load({{"p.tocsin", R"(
event Payment { card: string, amount: int, at: timestamp } time at
event Login { user: string?, at: timestamp } time at
pattern p { on Login match a: Login }
)"}})
                                        .patterns;
  const auto checked = [&](const std::vector<std::string>& columns, const char* type,
                           const LogRecords::Fields& fields = {}, bool has_header = false) {
    DecodeOptions decoding;
    decoding.columns = columns;
    if (type != nullptr) decoding.type = set.catalog.find(type);
    const auto done = LogRecords::check_columns(set.catalog, decoding, fields, has_header);
    return done ? std::string() : done.error().message;
  };
  EXPECT_EQ(checked({}, "Payment"), "") << "JSON";
  EXPECT_EQ(checked({"card", "amount", "at", "more"}, "Payment"), "");
  EXPECT_EQ(checked({"card", "amout", "at"}, "Payment"),
            "the columns of the source: no column 'amount' for field 'amount' of 'Payment'; did "
            "you mean 'amout'? its columns are card, amout, at");
  const LogRecords::Fields fields = {{"card", *parse_field_origin("key")}};
  EXPECT_EQ(checked({"amount", "at"}, "Payment", fields), "");
  EXPECT_THAT(checked({"card", "amount", "at"}, "Payment", fields), HasSubstr("twice"));
  EXPECT_EQ(checked({"at"}, "Login"), "");
  EXPECT_THAT(checked({"at"}, nullptr), HasSubstr("'type' that names the event's type"));
  EXPECT_EQ(checked({"at"}, nullptr, {}, true), "");
}

TEST_F(LogRecordsOfTwoTypes, AHeaderCanNameTheTypeOfARow) {
  DecodeOptions csv;
  csv.columns = {"user", "amount", "at"};
  LogRecords records(partition_, set_.catalog, csv, {}, nullptr, "kind");
  add(records, 1, ",1,2026-03-01T10:00:00Z", "Payment");
  add(records, 2, "u,,2026-03-01T10:00:00Z", "Login");
  add(records, 3, ",1,2026-03-01T10:00:00Z", "Login");
  add(records, 4, ",1,2026-03-01T10:00:00Z", "Logout");
  add(records, 5, "v,2,2026-03-01T10:00:00Z", "Payment");
  eventtime::Batch batch(set_.catalog);
  ASSERT_TRUE(records.decode(batch));
  ASSERT_EQ(batch.rows.size(), 3U);
  EXPECT_EQ(batch.rows[1].type, *set_.catalog.find("Login"));
  EXPECT_EQ(batch.rows[2].record, 5U);
  std::string shown;
  records.format().append_json(shown, batch.rows[2].raw, batch.rows[2].type);
  EXPECT_EQ(shown, R"({"user":"v","amount":2,"at":"2026-03-01T10:00:00.000Z"})");
  ASSERT_EQ(batch.rejects.size(), 2U);
  EXPECT_THAT(batch.rejects[0].reason, HasSubstr("user"));
  EXPECT_THAT(batch.rejects[1].reason, HasSubstr("Logout"));
}

TEST(FieldOrigins, AreNamed) {
  EXPECT_EQ(parse_field_origin("header:a:b")->header, "a:b");
  for (const char* text : {"", "header:", "value", "Key"}) EXPECT_FALSE(parse_field_origin(text));
}

// ---- the key of the topic ----

constexpr const char* kGrouped = R"(
event Payment { card: string, shop: int, at: timestamp } time at
event Login { card: string, at: timestamp } time at
pattern p { on Payment by card, shop match a: Payment then b: Payment within 1m }
pattern q { on Payment, Login by card match a: Payment then b: Login within 1m }
)";

patterns::PatternSet grouped(const std::string& more = "") {
  return *patterns::load({{"p.tocsin", kGrouped + more}}).patterns;
}

TEST(TopicKeys, PatternsMustBeGroupedByWhatIsDeclared) {
  const patterns::PatternSet set = grouped();
  EXPECT_TRUE(TopicKey::create(set, {"card"}, 8));
  const auto other = TopicKey::create(set, {"shop"}, 8);
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message, HasSubstr("pattern 'q' is not grouped by 'shop'"));
  EXPECT_TRUE(TopicKey::create(set, {"shop"}, 1)) << "all is in one partition";
  const auto none = grouped("pattern r { on Login match a: Login then b: Login within 1m }");
  EXPECT_THAT(TopicKey::create(none, {"card"}, 2).error().message, HasSubstr("'r' has no 'by'"));
  EXPECT_TRUE(TopicKey::create(none, {}, 1));
  const auto apart = grouped("pattern r { on Payment by shop match a: Payment[card == 'x'] }");
  EXPECT_THAT(TopicKey::create(apart, {}, 2).error().message, HasSubstr("different fields"));
}

TEST(TopicKeys, KeysOfRecordsAreLookedAtWhereNothingIsDeclared) {
  const patterns::PatternSet set = grouped();
  const TopicKey key = *TopicKey::create(set, {}, 8);
  const auto decoded = [&](std::optional<std::string_view> with) {
    DecodeOptions decoding;
    decoding.type = set.catalog.find("Payment");
    LogRecords records({"payments", 3}, set.catalog, decoding, {}, &key);
    LogRecord one;
    one.offset = 17;
    one.key = with;
    one.value = R"({"card":"c1","shop":5,"at":"2026-03-01T10:00:00Z"})";
    records.add(one);
    eventtime::Batch batch(set.catalog);
    const auto done = records.decode(batch);
    return done ? std::string() : done.error().message;
  };
  EXPECT_EQ(decoded("c1"), "");
  // p would do with the shop, and q would not.
  EXPECT_THAT(decoded("5"), HasSubstr("record 17 of 'payments-3' has the key '5', which is not the "
                                      "value of 'card'"));
  EXPECT_THAT(decoded({}), HasSubstr("has no key"));
}

}  // namespace
}  // namespace tocsin::connectors
