#include "connectors/csv/csv_layout.h"

#include <fmt/core.h>

#include <algorithm>

#include "connectors/field_value.h"
#include "connectors/utf8.h"
#include "patterns/diagnostic.h"

namespace tocsin::connectors {

using eventtime::Arena;
using eventtime::Catalog;
using eventtime::Column;
using eventtime::EventSchema;
using eventtime::Field;
using eventtime::input_error;
using eventtime::Result;
using eventtime::Type;
using eventtime::Unexpected;

namespace {

uint32_t find_column(const std::vector<std::string>& columns, std::string_view name) {
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found == columns.end()) return CsvLayout::kMissing;
  return static_cast<uint32_t>(found - columns.begin());
}

Unexpected<eventtime::Error> no_column(const std::string& where, std::string_view column,
                                       std::string_view use,
                                       const std::vector<std::string>& columns) {
  std::string what = fmt::format("{}: no column {} {}; ", where, in_quotes(column), use);
  const std::string guess = patterns::did_you_mean(column, columns);
  if (!guess.empty()) what += guess + ' ';
  what += "its columns are ";
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) what += ", ";
    what += columns[i];
  }
  return input_error(what);
}

Result<std::vector<std::string>> read_columns(std::string_view header, const std::string& where) {
  std::vector<CsvCell> cells;
  const std::string_view fault = split_cells(header, cells);
  if (!fault.empty()) return input_error(fmt::format("{}: {}", where, fault));
  if (!is_utf8(header)) return input_error(fmt::format("{}: bytes that are no UTF-8", where));
  Arena strings;
  std::vector<std::string> columns;
  for (const CsvCell& cell : cells) columns.emplace_back(cell_text(cell, strings));
  return columns;
}

ValueFault set_time_or_span(const Field& field, std::string_view text, Column& column, size_t row) {
  const ValueFault fault = set_number_field(field, text, NumberGrammar::kLoose, column, row);
  return fault == ValueFault::kMalformed ? set_text_field(field, text, column, row) : fault;
}

ValueFault store_text(const Field& field, std::string_view text, Column& column, size_t row) {
  switch (field.type) {
    case Type::kBool:
      if (text == "true" || text == "1") {
        column.set_integer(row, 1);
      } else if (text == "false" || text == "0") {
        column.set_integer(row, 0);
      } else {
        return ValueFault::kMalformed;
      }
      return ValueFault::kNone;
    case Type::kString:
      column.set_text(row, eventtime::Text(text));
      return ValueFault::kNone;
    case Type::kTimestamp:
    case Type::kDuration:
      return set_time_or_span(field, text, column, row);
    default:
      return set_number_field(field, text, NumberGrammar::kLoose, column, row);
  }
}

}  // namespace

Result<CsvLayout> read_header(std::string_view header, const Catalog& catalog, const TypeRule& rule,
                              const std::string& path) {
  const std::string where = fmt::format("header of '{}'", path);
  Result<std::vector<std::string>> columns = read_columns(header, where);
  if (!columns) return Unexpected<eventtime::Error>{columns.error()};
  return lay_out(*std::move(columns), catalog, rule, where);
}

Result<CsvLayout> lay_out(std::vector<std::string> columns, const Catalog& catalog,
                          const std::optional<TypeRule>& rule, const std::string& what) {
  for (uint32_t i = 0; i < columns.size(); ++i) {
    if (find_column(columns, columns[i]) == i) continue;
    return input_error(fmt::format("{}: column {} stands twice", what, in_quotes(columns[i])));
  }
  CsvLayout layout;
  layout.columns = std::move(columns);
  if (rule && !rule->fixed) {
    layout.type_column = find_column(layout.columns, rule->field);
    if (layout.type_column == CsvLayout::kMissing) {
      return no_column(what, rule->field, "that names the event's type", layout.columns);
    }
  }
  for (size_t type = 0; type < catalog.types.size(); ++type) {
    const EventSchema& schema = catalog.types[type];
    const bool is_fixed = rule && rule->fixed == type;
    auto& fields = layout.column_fields.emplace_back(layout.columns.size(), CsvLayout::kMissing);
    auto& places = layout.field_columns.emplace_back();
    for (const Field& field : schema.fields) {
      const uint32_t column = find_column(layout.columns, field.path);
      if (column == CsvLayout::kMissing && !field.nullable && is_fixed) {
        const std::string use = fmt::format("for field '{}' of '{}'", field.name, schema.name);
        return no_column(what, field.path, use, layout.columns);
      }
      if (column != CsvLayout::kMissing && fields[column] == CsvLayout::kMissing) {
        fields[column] = static_cast<uint32_t>(places.size());
      }
      places.push_back(column);
    }
  }
  return layout;
}

bool store_cell(const Field& field, const CsvCell& cell, Column& column, size_t row,
                Arena& strings) {
  if (cell.is_null()) {
    column.set_null(row);
    return field.nullable;
  }
  return store_text(field, cell_text(cell, strings), column, row) == ValueFault::kNone;
}

bool store_plain_cell(const Field& field, std::string_view text, Column& column, size_t row) {
  if (text.empty()) {
    column.set_null(row);
    return field.nullable;
  }
  double number = 0;
  int64_t integer = 0;
  switch (field.type) {
    case Type::kString:
      column.set_padded_text(row, text.data(), text.size());
      return true;
    case Type::kFloat:
      if (!parse_short_float(text, number)) break;
      column.set_number(row, number);
      return true;
    case Type::kInt:
      if (!parse_short_int(text, integer)) break;
      column.set_integer(row, integer);
      return true;
    case Type::kTimestamp:
      if (!parse_short_int(text, integer)) break;
      if (const auto time = eventtime::timestamp_from_integer(integer, field.unit)) {
        column.set_integer(row, time->micros);
        return true;
      }
      return false;
    default:
      break;
  }
  return store_text(field, text, column, row) == ValueFault::kNone;
}

std::string explain_cell(const Field& field, const CsvCell& cell) {
  if (cell.is_null()) return wrong_type_reason(field, "an empty cell");
  Arena strings;
  Column column(field.type);
  column.resize(1);
  const std::string_view text = cell_text(cell, strings);
  return fault_reason(field, store_text(field, text, column, 0), text);
}

std::string_view cell_text(const CsvCell& cell, Arena& strings) {
  if (!cell.doubled) return cell.text;
  char* const bytes = strings.allocate(cell.text.size());
  return {bytes, undouble_quotes(cell.text, bytes)};
}

}  // namespace tocsin::connectors
