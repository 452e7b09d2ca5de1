// JSON lines to rows: one object a line, walked once in document order, straight into the columns.
//
// Whether a record is valid depends on the declarations alone: everything in it is checked,
// declared or not (JsonWalker). Reasons of rejects, the first that applies: no JSON object; not
// valid JSON; a key stands twice; the event type; then the declared fields in their order.
//
// Of CloudEvents the object `data` is the event; a record is one if it has that and `specversion`.
//
// The path "a.b" is field b of object a. At each level a field called like the whole rest of the
// path wins over the way through an object.
//
// Tested by tests/unit/connectors/json_decoder_test.cc, json_property_test.cc and
// tests/fuzz/json_fuzz.cc.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/decoder.h"
#include "connectors/json/json_walker.h"
#include "connectors/json/shape_cache.h"
#include "connectors/json/structural_index.h"
#include "connectors/record_splitter.h"

namespace tocsin::connectors {

class JsonDecoder : public Decoder {
 public:
  // The catalog must outlive the decoder.
  JsonDecoder(const eventtime::Catalog& catalog, const DecodeOptions& options,
              size_t max_record_bytes = kMaxRecordBytes);

  eventtime::Result<size_t> cut(std::string_view bytes, bool at_end, size_t max_records,
                                std::vector<RecordSpan>& records) override;
  void decode(const std::vector<RecordSpan>& records, eventtime::Batch& batch) override;
  runtime::LineState line() const override { return splitter_.line(); }
  void resume(uint64_t next_record, runtime::LineState line) override {
    next_record_ = next_record;
    splitter_.resume(line);
  }
  std::unique_ptr<Decoder> another() const override;
  const eventtime::RecordFormat& format() const override { return format_; }

 private:
  // Records are shown as they came, of CloudEvents their data.
  class Format : public eventtime::RecordFormat {
   public:
    explicit Format(bool cloud_events) : cloud_events_(cloud_events) {}
    void append_json(std::string& out, std::string_view raw, eventtime::TypeId type) const override;

   private:
    bool cloud_events_;
  };
  // Each of these returns why the record is refused, nothing if its row is written.
  using Refusal = std::optional<std::string>;
  Refusal decode_alone(std::string_view line, eventtime::Batch& batch, eventtime::TypeId& type);
  Refusal decode_unknown(const JsonRecord& record, eventtime::Batch& batch,
                         eventtime::TypeId& type);
  Refusal find_type(const JsonRecord& record, uint32_t type_step, eventtime::TypeId& type);

  void decode_near(std::span<const RecordSpan> records, eventtime::Batch& batch);
  // Takes the row of a record of a known shape; false, and no row, if it must be walked.
  bool decode_known(const JsonRecord& record, uint64_t number, eventtime::Batch& batch);
  void learn(const JsonRecord& record, uint32_t type_step, eventtime::TypeId type,
             const std::vector<uint32_t>& field_steps);
  // False if the value does not fit the field; explain() then says why.
  bool store(const eventtime::Field& field, const JsonRecord& record, uint32_t token,
             eventtime::Column& column, uint32_t row, eventtime::Arena& strings);
  static bool store_common(const JsonRecord& record, uint32_t token, eventtime::Column& column,
                           uint32_t row);
  bool store_text(const eventtime::Field& field, std::string_view text, bool escapes,
                  eventtime::Column& column, uint32_t row, eventtime::Arena& strings);
  std::string explain(const eventtime::Field& field, const JsonRecord& record, uint32_t token);
  // Where the event begins: kEnd for the whole record, of a CloudEvent its data.
  Refusal find_event(uint32_t& parent) const;
  // The step that a path leads to, kEnd if there is none.
  uint32_t resolve(std::string_view path, uint32_t parent) const;
  // The text of a string token, unescaped into `scratch_` where needed.
  std::string_view string_value(const JsonRecord& record, uint32_t token);

  const eventtime::Catalog& catalog_;
  bool cloud_events_;
  TypeRule type_rule_;
  RecordSplitter<LineEnd> splitter_;
  Format format_;
  PathTree paths_;
  StructuralIndex index_;
  JsonWalker walker_;
  ShapeCache shapes_;
  uint64_t next_record_ = 0;
  std::vector<uint32_t> field_steps_;
  std::string scratch_;
};

}  // namespace tocsin::connectors
