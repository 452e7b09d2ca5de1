// Decoding alone, from bytes in memory to typed columns: our JSON and CSV decoders, and simdjson's
// DOM over the same lines as the yardstick.
#include <benchmark/benchmark.h>
#include <simdjson.h>

#include <cstring>
#include <random>
#include <string>

#include "connectors/csv/csv_decoder.h"
#include "connectors/file/file_source.h"
#include "connectors/json/json_decoder.h"

namespace tocsin::connectors {
namespace {

using eventtime::Catalog;
using eventtime::Type;

constexpr size_t kRecords = 20'000;
constexpr size_t kBatchRecords = 1000;

eventtime::Field field(const std::string& name, Type type, bool nullable, const std::string& path) {
  eventtime::Field result;
  result.name = name;
  result.type = type;
  result.nullable = nullable;
  result.path = path;
  return result;
}

Catalog payments(bool nested) {
  eventtime::EventSchema schema;
  schema.name = "Payment";
  schema.fields = {field("id", Type::kString, false, "id"),
                   field("card", Type::kString, false, "card"),
                   field("amount", Type::kFloat, false, "amount"),
                   field("country", Type::kString, true, "country"),
                   field("merchant", Type::kString, true, nested ? "merchant.name" : "merchant"),
                   field("ip", Type::kString, false, "ip"),
                   field("approved", Type::kBool, false, "approved"),
                   field("at", Type::kTimestamp, false, "at")};
  schema.time_field = schema.fields.size() - 1;
  return {{schema}};
}

std::string number(std::mt19937_64& random, uint64_t below) {
  return std::to_string(random() % below);
}

struct Payment {
  std::string id, card, amount, country, merchant, ip, approved, at;
};

Payment payment(std::mt19937_64& random) {
  Payment result;
  result.id = "pay-" + number(random, 1'000'000'000);
  result.card = "c" + number(random, 1'000'000);
  result.amount = number(random, 1000) + "." + std::to_string(10 + random() % 90);
  result.country = random() % 2 == 0 ? "NL" : "DE";
  result.merchant = "merchant " + number(random, 100'000);
  result.ip = "10." + number(random, 256) + "." + number(random, 256) + ".7";
  result.approved = random() % 8 == 0 ? "false" : "true";
  result.at = "2026-03-01T" + std::to_string(10 + random() % 10) + ":" +
              std::to_string(10 + random() % 50) + ":0" + number(random, 10) + "." +
              std::to_string(100 + random() % 900) + "Z";
  return result;
}

std::string json_lines() {
  std::mt19937_64 random(1);
  std::string text;
  for (size_t i = 0; i < kRecords; ++i) {
    const Payment p = payment(random);
    text += R"({"id":")" + p.id + R"(","card":")" + p.card + R"(","amount":)" + p.amount +
            R"(,"country":")" + p.country + R"(","merchant":{"name":")" + p.merchant +
            R"(","mcc":5411},"ip":")" + p.ip + R"(","approved":)" + p.approved + R"(,"at":")" +
            p.at + "\"}\n";
  }
  return text;
}

std::string csv_lines() {
  std::mt19937_64 random(1);
  std::string text = "id,card,amount,country,merchant,ip,approved,at\n";
  for (size_t i = 0; i < kRecords; ++i) {
    const Payment p = payment(random);
    text += p.id + "," + p.card + "," + p.amount + "," + p.country + "," + p.merchant + "," + p.ip +
            "," + p.approved + "," + p.at + "\n";
  }
  return text;
}

// Decodes the whole text; returns how many rows.
size_t decode_all(std::string_view text, const Catalog& catalog, Decoder& decoder) {
  size_t rows = 0;
  std::vector<RecordSpan> records;
  for (size_t at = 0; at < text.size();) {
    eventtime::Batch batch(catalog);
    records.clear();
    const std::string_view rest = text.substr(at);
    const size_t used = *decoder.cut(rest, true, kBatchRecords, records);
    batch.raw.reserve(used + kPaddingBytes);
    batch.raw.assign(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(used));
    batch.raw.resize(used + kPaddingBytes);
    decoder.decode(records, batch);
    rows += batch.rows.size();
    at += used;
  }
  return rows;
}

void report(benchmark::State& state, size_t bytes) {
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kRecords));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes));
}

void json_decode(benchmark::State& state) {
  const std::string text = json_lines();
  const Catalog catalog = payments(true);
  for (auto _ : state) {
    JsonDecoder decoder(catalog, {});
    if (decode_all(text, catalog, decoder) != kRecords) state.SkipWithError("rejects");
  }
  report(state, text.size());
}
BENCHMARK(json_decode);

// What a DOM costs alone: every line copied into a padded buffer and parsed, nothing read from it.
void json_simdjson_dom(benchmark::State& state) {
  const std::string text = json_lines();
  simdjson::dom::parser parser;
  std::vector<char> line(1 << 12);
  for (auto _ : state) {
    for (size_t at = 0; at < text.size();) {
      const size_t size = text.find('\n', at) - at;
      std::memcpy(line.data(), text.data() + at, size);
      const auto parsed = parser.parse(line.data(), size, false);
      if (parsed.error() != simdjson::SUCCESS) state.SkipWithError("not valid");
      at += size + 1;
    }
  }
  report(state, text.size());
}
BENCHMARK(json_simdjson_dom);

void csv_decode(benchmark::State& state) {
  const std::string text = csv_lines();
  const Catalog catalog = payments(false);
  for (auto _ : state) {
    CsvDecoder decoder(catalog, {}, "payments.csv");
    if (decode_all(text, catalog, decoder) != kRecords) state.SkipWithError("rejects");
  }
  report(state, text.size());
}
BENCHMARK(csv_decode);

}  // namespace
}  // namespace tocsin::connectors
