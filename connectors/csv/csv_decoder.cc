#include "connectors/csv/csv_decoder.h"

#include <fmt/core.h>

#include "connectors/field_value.h"
#include "connectors/rows.h"
#include "connectors/utf8.h"
#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Batch;
using eventtime::Column;
using eventtime::Field;
using eventtime::Result;
using eventtime::TypeId;

CsvDecoder::CsvDecoder(const eventtime::Catalog& catalog, const DecodeOptions& options,
                       std::string path, size_t max_record_bytes)
    : catalog_(catalog),
      type_rule_(type_rule(options, catalog)),
      path_(std::move(path)),
      splitter_(max_record_bytes),
      format_(catalog) {}

CsvDecoder::CsvDecoder(const eventtime::Catalog& catalog, const DecodeOptions& options,
                       CsvLayout layout)
    : CsvDecoder(catalog, options, {}, kMaxRecordBytes) {
  format_.layout = std::move(layout);
  has_header_ = true;
  named_by_ = "the source names";
}

Result<size_t> CsvDecoder::cut(std::string_view bytes, bool at_end, size_t max_records,
                               std::vector<RecordSpan>& records) {
  if (!has_header_) return cut_header(bytes, at_end);
  return splitter_.cut(bytes, at_end, max_records, records);
}

Result<size_t> CsvDecoder::cut_header(std::string_view bytes, bool at_end) {
  std::vector<RecordSpan> header;
  const size_t used = splitter_.cut(bytes, at_end, 1, header);
  if (header.empty()) return used;
  if (header.front().too_long) {
    return eventtime::input_error(
        fmt::format("header of '{}': {}", path_, too_long_reason(splitter_.limit())));
  }
  Result<CsvLayout> layout = read_header(bytes.substr(header.front().begin, header.front().size),
                                         catalog_, type_rule_, path_);
  if (!layout) return eventtime::Unexpected<eventtime::Error>{layout.error()};
  format_.layout = *std::move(layout);
  has_header_ = true;
  return used;
}

std::unique_ptr<Decoder> CsvDecoder::another() const {
  TOCSIN_CHECK(has_header_, "only records are left");
  auto decoder =
      std::make_unique<CsvDecoder>(catalog_, options_of(type_rule_), path_, splitter_.limit());
  decoder->format_.layout = format_.layout;
  decoder->has_header_ = true;
  decoder->named_by_ = named_by_;
  return decoder;
}

void CsvDecoder::decode(const std::vector<RecordSpan>& records, Batch& batch) {
  if (records.empty()) return;
  const char* const data = batch.raw.data();
  const bool all_utf8 = is_utf8({data, records.back().begin + records.back().size});
  batch.rows.reserve(batch.rows.size() + records.size());
  ends_.resize(format_.layout.columns.size());
  for (const RecordSpan& span : records) {
    const std::string_view record(data + span.begin, span.size);
    TypeId type = 0;
    if (all_utf8 && !span.too_long && store_plain_record(record, batch, type)) {
      take_row(batch, type, next_record_++, record);
      continue;
    }
    Refusal refusal;
    if (span.too_long) {
      refusal = too_long_reason(splitter_.limit());
    } else if (!all_utf8 && !is_utf8(record)) {
      refusal = "bytes that are no UTF-8";
    } else {
      refusal = decode_record(record, batch, type);
    }
    finish_record(batch, next_record_++, record, type, std::move(refusal));
  }
}

// As nearly all records are: no quotes, and all cells fit. False: decode_record() knows.
bool CsvDecoder::store_plain_record(std::string_view record, Batch& batch, TypeId& type) {
  if (!find_plain_cells(record, ends_)) return false;
  const auto cell = [&](uint32_t place) {
    const uint32_t begin = place == 0 ? 0 : ends_[place - 1] + 1;
    return record.substr(begin, ends_[place] - begin);
  };
  if (type_rule_.fixed) {
    type = *type_rule_.fixed;
  } else {
    const std::optional<TypeId> found = catalog_.find(cell(format_.layout.type_column));
    if (!found) return false;
    type = *found;
  }
  const std::vector<Field>& fields = catalog_.types[type].fields;
  const std::vector<uint32_t>& places = format_.layout.field_columns[type];
  eventtime::EventTable& table = table_with_room(batch, type);
  for (size_t i = 0; i < fields.size(); ++i) {
    const std::string_view text = places[i] == CsvLayout::kMissing ? "" : cell(places[i]);
    if (!store_plain_cell(fields[i], text, table.columns[i], table.rows)) return false;
  }
  return true;
}

CsvDecoder::Refusal CsvDecoder::decode_record(std::string_view record, Batch& batch, TypeId& type) {
  const std::string_view fault = split_cells(record, cells_);
  if (!fault.empty()) return std::string(fault);
  const CsvLayout& layout = format_.layout;
  if (cells_.size() != layout.columns.size()) {
    return fmt::format("{} cells where {} {}", cells_.size(), named_by_, layout.columns.size());
  }
  if (type_rule_.fixed) {
    type = *type_rule_.fixed;
  } else if (Refusal refusal = find_type(batch.strings, type)) {
    return refusal;
  }
  const std::vector<Field>& fields = catalog_.types[type].fields;
  const std::vector<uint32_t>& places = layout.field_columns[type];
  eventtime::EventTable& table = table_with_room(batch, type);
  for (size_t i = 0; i < fields.size(); ++i) {
    Column& column = table.columns[i];
    if (places[i] == CsvLayout::kMissing) {
      if (!fields[i].nullable) return missing_reason(fields[i]);
      column.set_null(table.rows);
      continue;
    }
    const CsvCell& cell = cells_[places[i]];
    if (!store_cell(fields[i], cell, column, table.rows, batch.strings)) {
      return explain_cell(fields[i], cell);
    }
  }
  return std::nullopt;
}

CsvDecoder::Refusal CsvDecoder::find_type(eventtime::Arena& strings, TypeId& type) const {
  const CsvCell& cell = cells_[format_.layout.type_column];
  if (cell.is_null()) return no_type_reason(type_rule_.field);
  const std::string_view name = cell_text(cell, strings);
  const std::optional<TypeId> found = catalog_.find(name);
  if (!found) return unknown_type_reason(name);
  type = *found;
  return std::nullopt;
}

void CsvDecoder::Format::append_json(std::string& out, std::string_view raw, TypeId type) const {
  std::vector<CsvCell> cells;
  TOCSIN_CHECK(split_cells(raw, cells).empty() && cells.size() == layout.columns.size(),
               "only accepted records are shown");
  eventtime::Arena strings;
  out += '{';
  for (size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += ',';
    eventtime::append_json_string(out, layout.columns[i]);
    out += ':';
    const uint32_t field_index = layout.column_fields[type][i];
    if (cells[i].is_null()) {
      out += "null";
    } else if (field_index == CsvLayout::kMissing) {
      eventtime::append_json_string(out, cell_text(cells[i], strings));
    } else {
      const Field& field = catalog_.types[type].fields[field_index];
      Column column(field.type);
      column.resize(1);
      TOCSIN_CHECK(store_cell(field, cells[i], column, 0, strings), "accepted records are typed");
      eventtime::append_json(out, column.value(0));
    }
  }
  out += '}';
}

}  // namespace tocsin::connectors
