#include "connectors/records.h"

#include <gtest/gtest.h>

#include "connectors/json/json_decoder.h"

namespace tocsin::connectors {
namespace {

std::string dead_letter(const std::string& raw) {
  std::string out;
  append_dead_letter(out, "a \"b\".jsonl", {7, "no 'x'", raw});
  return out;
}

TEST(DeadLetter, HoldsTheBytesOfTheRecord) {
  EXPECT_EQ(dead_letter("{\"a\":\x01}"),
            R"({"source":"a \"b\".jsonl","position":7,"reason":"no 'x'","raw":"{\"a\":\u0001}"})");
  EXPECT_EQ(dead_letter(""),
            R"({"source":"a \"b\".jsonl","position":7,"reason":"no 'x'","raw":""})");
}

TEST(DeadLetter, WritesBase64WhereTheBytesAreNoUtf8) {
  const std::string start =
      R"({"source":"a \"b\".jsonl","position":7,"reason":"no 'x'","raw_base64":")";
  EXPECT_EQ(dead_letter("\xFF"), start + "/w==\"}");
  EXPECT_EQ(dead_letter("\xFF\xFE"), start + "//4=\"}");
  EXPECT_EQ(dead_letter("\xFF\xFE\xFD"), start + "//79\"}");
  EXPECT_EQ(dead_letter("Man\xC3"), start + "TWFuww==\"}");
}

TEST(LateEvent, HoldsTheEventAndTheWatermark) {
  const eventtime::Catalog catalog;
  const JsonDecoder decoder(catalog, {});
  eventtime::Row row;
  row.record = 12;
  row.raw = R"({"a": 1})";
  std::string out;
  append_late_event(out, "-", eventtime::Timestamp{1'500'000}, row, decoder.format());
  EXPECT_EQ(
      out,
      R"({"source":"-","position":12,"watermark":"1970-01-01T00:00:01.500Z","event":{"a": 1}})");
}

}  // namespace
}  // namespace tocsin::connectors
