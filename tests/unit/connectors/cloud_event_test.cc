// CloudEvents 1.0: alerts as such, and events in them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/cloudevents/cloud_event_sink.h"
#include "connectors/file/file_sink.h"
#include "connectors/file/file_source.h"
#include "connectors/records.h"
#include "tests/support/temporary_directory.h"

namespace tocsin::connectors {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string cloud_event(const runtime::OutgoingAlert& alert) {
  std::string out;
  append_cloud_event(out, alert, "tocsin/x");
  return out;
}

TEST(CloudEvent, AnAlert) {
  EXPECT_EQ(cloud_event({"velocity", "c16c", R"({"card":"c\"42"})", {1'500'000}, R"({"a":1})"}),
            R"({"specversion":"1.0","id":"c16c","source":"tocsin/x",)"
            R"("type":"tocsin.alert.velocity",)"
            R"("subject":"{\"card\":\"c\\\"42\"}","time":"1970-01-01T00:00:01.500Z",)"
            R"("datacontenttype":"application/json","data":{"a":1}})");
}

TEST(CloudEvent, WhatIsNoAlert) {
  EXPECT_EQ(cloud_event({"late", "1", "{}", {0}, "{}", "late"}),
            R"({"specversion":"1.0","id":"1","source":"tocsin/x","type":"tocsin.late",)"
            R"("time":"1970-01-01T00:00:00.000Z","datacontenttype":"application/json","data":{}})");
  EXPECT_EQ(cloud_event({"x", "1", "{}", eventtime::kEarliestTimestamp, "{}", "dead_letter"}),
            R"({"specversion":"1.0","id":"1","source":"tocsin/x","type":"tocsin.dead_letter",)"
            R"("datacontenttype":"application/json","data":{}})");
}

TEST(CloudEvent, AnySinkCanHaveThem) {
  const tests::TemporaryDirectory directory;
  CloudEventSink sink(std::make_unique<FileSink>("a", directory.path("out")), "tocsin/x");
  const runtime::OutgoingAlert alert{"p", "1", "{}", {}, "{}"};
  ASSERT_TRUE(sink.resume(""));
  ASSERT_TRUE(sink.write(alert));
  ASSERT_TRUE(sink.close());
  EXPECT_EQ(tests::read_file(directory.path("out")), cloud_event(alert) + "\n");
}

class CloudEventSource : public testing::Test {
 protected:
  CloudEventSource() {
    eventtime::EventSchema payment;
    payment.name = "Payment";
    payment.fields = {{"amount", eventtime::Type::kFloat, false, {}, "amount"},
                      {"shop", eventtime::Type::kString, true, {}, "shop.name"},
                      {"at", eventtime::Type::kTimestamp, false, {}, "at"}};
    payment.time_field = 2;
    catalog_.types.push_back(payment);
    payment.name = "Refund";
    catalog_.types.push_back(payment);
  }

  // Types and amounts of the records; of refused ones the reasons.
  std::vector<std::string> read(const std::string& text) {
    SourceSpec spec;
    spec.path = directory_.write("in.jsonl", text);
    spec.decoding.cloud_events = true;
    auto source = open_source(spec, catalog_);
    EXPECT_TRUE(source);
    eventtime::Batch batch(catalog_);
    const auto more = (*source)->read(batch, 1000);
    EXPECT_TRUE(more);
    std::vector<std::string> out;
    for (const eventtime::Row& row : batch.rows) {
      const eventtime::EventTable& table = batch.tables[row.type];
      shown_.clear();
      (*source)->format().append_json(shown_, row.raw, row.type);
      out.push_back(catalog_.types[row.type].name + " " +
                    std::to_string(static_cast<int>(table.columns[0].number(row.table_row))) + " " +
                    shown_);
    }
    for (const eventtime::Reject& reject : batch.rejects) out.push_back(reject.reason);
    return out;
  }

  tests::TemporaryDirectory directory_;
  eventtime::Catalog catalog_;
  std::string shown_;
};

TEST_F(CloudEventSource, TheEventIsTheData) {
  // Of one shape, twice: what is known of it must be right, too.
  const std::string data = R"({"amount":5,"shop":{"name":"s"},"at":1000})";
  const std::string event = R"({"specversion":"1.0","id":"1","type":"Refund","at":"x","data":)" +
                            data + R"(,"source":"s"})" + "\n";
  EXPECT_THAT(read(event + event), ElementsAre("Refund 5 " + data, "Refund 5 " + data));
}

TEST_F(CloudEventSource, WhatIsNoCloudEventIsRefused) {
  const std::string data = R"({"amount":5,"at":1000})";
  EXPECT_THAT(read(R"({"type":"Refund","data":)" + data + "}\n" +                            //
                   R"({"specversion":"1.0","type":"Refund","amount":5,"at":1000})" + "\n" +  //
                   R"({"specversion":"1.0","type":"Refund","data":"x"})" + "\n" +            //
                   R"({"specversion":"1.0","type":"Other","data":)" + data + "}\n" +         //
                   R"({"specversion":"1.0","type":"Refund","data":{"at":1000}})" + "\n"),
              ElementsAre("no CloudEvent: it has no 'specversion'",
                          "no CloudEvent: its 'data' is no object",
                          "no CloudEvent: its 'data' is no object", HasSubstr("unknown event type"),
                          HasSubstr("amount")));
}

}  // namespace
}  // namespace tocsin::connectors
