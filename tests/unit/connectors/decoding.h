// Decodes text held in memory and shows what came out, a line for each record: for tables of
// expectations, and to compare two ways of decoding.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "connectors/file/file_source.h"
#include "connectors/json/json_decoder.h"

namespace tocsin::connectors {

// Delivers a text in pieces of at most `piece` bytes.
class TextReader : public ByteReader {
 public:
  TextReader(std::string text, size_t piece) : text_(std::move(text)), piece_(piece) {}
  eventtime::Result<size_t> read(char* out, size_t size) override {
    const size_t count = std::min({size, piece_, text_.size() - at_});
    std::memcpy(out, text_.data() + at_, count);
    at_ += count;
    return count;
  }
  uint64_t bytes_read() const override { return at_; }
  std::optional<uint64_t> bytes_total() const override { return text_.size(); }

 private:
  std::string text_;
  size_t piece_;
  size_t at_ = 0;
};

struct Slicing {
  size_t batch = 1000;     // records of a batch
  size_t piece = 1 << 20;  // bytes of a read
};

inline eventtime::Field field(std::string name, eventtime::Type type, bool nullable = false,
                              std::string path = {}) {
  eventtime::Field result;
  result.path = path.empty() ? name : std::move(path);
  result.name = std::move(name);
  result.type = type;
  result.nullable = nullable;
  return result;
}

inline eventtime::EventSchema event(std::string name, std::vector<eventtime::Field> fields) {
  eventtime::EventSchema schema;
  schema.name = std::move(name);
  schema.fields = std::move(fields);
  schema.time_field = *schema.find("at");
  return schema;
}

// Events of a text and a time.
inline const eventtime::Catalog& text_events() {
  static const eventtime::Catalog kCatalog = {{event(
      "E", {field("s", eventtime::Type::kString), field("at", eventtime::Type::kTimestamp)})}};
  return kCatalog;
}

inline void append_row(std::string& out, const eventtime::Batch& batch, const eventtime::Row& row,
                       const eventtime::Catalog& catalog) {
  const eventtime::EventSchema& schema = catalog.types[row.type];
  out += schema.name + "{";
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    if (i > 0) out += ", ";
    out += schema.fields[i].name + ": ";
    eventtime::append_json(out, batch.tables[row.type].columns[i].value(row.table_row));
  }
  out += "}";
}

// "0 Payment{card: "c1", at: "…"}" or "1 refused: reason", in the order of the input, which begins
// with record `first`.
inline void append_records(std::vector<std::string>& lines, const eventtime::Batch& batch,
                           const eventtime::Catalog& catalog, uint64_t first = 0) {
  std::vector<std::pair<uint64_t, std::string>> numbered;
  for (const eventtime::Row& row : batch.rows) {
    const auto& time = batch.tables[row.type].columns[catalog.types[row.type].time_field];
    EXPECT_EQ(row.time.micros, time.integer(row.table_row));
    std::string text = std::to_string(row.record) + " ";
    append_row(text, batch, row, catalog);
    text += " <- ";
    text += row.raw;
    numbered.emplace_back(row.record, text);
  }
  for (const eventtime::Reject& reject : batch.rejects) {
    numbered.emplace_back(reject.record, std::to_string(reject.record) +
                                             " refused: " + reject.reason + " <- " + reject.raw);
  }
  std::sort(numbered.begin(), numbered.end());
  for (auto& [record, text] : numbered) {
    EXPECT_EQ(record, first + lines.size());
    lines.push_back(std::move(text));
  }
}

// All records; an error of the source as the last line.
inline std::vector<std::string> read_all(runtime::Source& source, const eventtime::Catalog& catalog,
                                         size_t batch_size) {
  std::vector<std::string> lines;
  const uint64_t first = source.position().records;
  while (true) {
    eventtime::Batch batch(catalog);
    const auto more = source.read(batch, batch_size);
    if (!more || !*more) {
      EXPECT_TRUE(batch.rows.empty() && batch.rejects.empty());
      if (!more) lines.push_back("error: " + more.error().message);
      return lines;
    }
    EXPECT_GE(batch.rows.size() + batch.rejects.size(), 1U);
    EXPECT_LE(batch.rows.size() + batch.rejects.size(), batch_size);
    append_records(lines, batch, catalog, first);
  }
}

template <class DecoderOf, class... Args>
std::vector<std::string> decode_text(const std::string& text, const eventtime::Catalog& catalog,
                                     const Slicing& slicing, Args&&... args) {
  FileSource source("input", std::make_unique<TextReader>(text, slicing.piece),
                    std::make_unique<DecoderOf>(catalog, std::forward<Args>(args)...));
  return read_all(source, catalog, slicing.batch);
}

}  // namespace tocsin::connectors
