// What the fuzz targets of the decoders share: a catalog, and all records of a text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/decoder.h"
#include "eventtime/batch.h"

namespace tocsin::fuzz {

inline constexpr size_t kMaxRecordBytes = 4096;

inline eventtime::Catalog catalog() {
  using eventtime::Type;
  const auto field = [](const char* name, Type type, bool nullable, const char* path) {
    eventtime::Field result;
    result.name = name;
    result.type = type;
    result.nullable = nullable;
    result.path = path;
    return result;
  };
  eventtime::EventSchema pay;
  pay.name = "Pay";
  pay.fields = {
      field("at", Type::kTimestamp, false, "at"),    field("card", Type::kString, true, "card"),
      field("amount", Type::kFloat, true, "amount"), field("n", Type::kInt, true, "m.n"),
      field("ok", Type::kBool, true, "m.ok"),        field("took", Type::kDuration, true, "took")};
  eventtime::EventSchema login = pay;
  login.name = "Login";
  login.fields[1].nullable = false;
  return {{pay, login}};
}

struct Outcome {
  std::string result;  // the row's values and how it is shown, or the reason
  std::string raw;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

inline std::vector<Outcome> decode(connectors::Decoder& decoder, const eventtime::Catalog& catalog,
                                   std::string_view text, size_t batch_records = 1000) {
  std::vector<Outcome> outcomes;
  while (true) {
    std::vector<connectors::RecordSpan> records;
    const auto used = decoder.cut(text, true, batch_records, records);
    if (!used) {
      outcomes.push_back({used.error().message, {}});
      return outcomes;
    }
    if (*used == 0) return outcomes;
    eventtime::Batch batch(catalog);
    batch.raw.assign(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(*used));
    batch.raw.resize(*used + connectors::kPaddingBytes);
    decoder.decode(records, batch);
    text.remove_prefix(*used);
    const size_t first = outcomes.size();
    outcomes.resize(first + records.size());
    const uint64_t first_record = first;
    for (const eventtime::Row& row : batch.rows) {
      std::string result;
      for (const eventtime::Column& column : batch.tables[row.type].columns) {
        eventtime::append_json(result, column.value(row.table_row));
      }
      decoder.format().append_json(result, row.raw, row.type);
      outcomes[first + (row.record - first_record)] = {result, std::string(row.raw)};
    }
    for (const eventtime::Reject& reject : batch.rejects) {
      outcomes[first + (reject.record - first_record)] = {reject.reason, reject.raw};
    }
  }
}

}  // namespace tocsin::fuzz
