// CSV with a header line to rows, or without one where the columns are known.
//
// Reasons of rejects, the first that applies: no UTF-8; a mistake with quotes; the number of cells;
// the event type; then the declared fields in their order.
//
// Tested by tests/unit/connectors/csv_decoder_test.cc and
// tests/fuzz/csv_fuzz.cc.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "connectors/csv/csv_layout.h"
#include "connectors/csv/csv_record.h"
#include "connectors/decoder.h"
#include "connectors/record_splitter.h"

namespace tocsin::connectors {

class CsvDecoder : public Decoder {
 public:
  // The catalog must outlive the decoder. `path` names the file in errors of the header.
  CsvDecoder(const eventtime::Catalog& catalog, const DecodeOptions& options, std::string path,
             size_t max_record_bytes = kMaxRecordBytes);
  // Of records without a header, with this layout.
  CsvDecoder(const eventtime::Catalog& catalog, const DecodeOptions& options, CsvLayout layout);

  eventtime::Result<size_t> cut(std::string_view bytes, bool at_end, size_t max_records,
                                std::vector<RecordSpan>& records) override;
  void decode(const std::vector<RecordSpan>& records, eventtime::Batch& batch) override;
  bool needs_header() const override { return !has_header_; }
  runtime::LineState line() const override { return splitter_.line(); }
  void resume(uint64_t next_record, runtime::LineState line) override {
    next_record_ = next_record;
    splitter_.resume(line);
  }
  std::unique_ptr<Decoder> another() const override;
  const eventtime::RecordFormat& format() const override { return format_; }

 private:
  // Records are shown as objects of their columns in order; declared ones typed, the others as
  // strings.
  class Format : public eventtime::RecordFormat {
   public:
    explicit Format(const eventtime::Catalog& catalog) : catalog_(catalog) {}
    void append_json(std::string& out, std::string_view raw, eventtime::TypeId type) const override;

    CsvLayout layout;  // written once, before the first record

   private:
    const eventtime::Catalog& catalog_;
  };

  // Why the record is refused, nothing if its row is written.
  using Refusal = std::optional<std::string>;
  Refusal decode_record(std::string_view record, eventtime::Batch& batch, eventtime::TypeId& type);
  bool store_plain_record(std::string_view record, eventtime::Batch& batch,
                          eventtime::TypeId& type);
  Refusal find_type(eventtime::Arena& strings, eventtime::TypeId& type) const;
  eventtime::Result<size_t> cut_header(std::string_view bytes, bool at_end);

  const eventtime::Catalog& catalog_;
  TypeRule type_rule_;
  std::string path_;
  RecordSplitter<CsvEnd> splitter_;
  Format format_;
  bool has_header_ = false;  // or needs none
  std::string_view named_by_ = "the header has";
  uint64_t next_record_ = 0;
  std::vector<CsvCell> cells_;
  std::vector<uint32_t> ends_;  // of the cells of a plain record
};

}  // namespace tocsin::connectors
