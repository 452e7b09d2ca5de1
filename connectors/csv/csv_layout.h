// What the columns of a CSV file hold, by its header and the declared events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/csv/csv_record.h"
#include "connectors/decoder.h"
#include "eventtime/batch.h"
#include "eventtime/result.h"
#include "eventtime/schema.h"

namespace tocsin::connectors {

// Declared fields are the columns that their paths name; one column may serve several.
struct CsvLayout {
  static constexpr uint32_t kMissing = UINT32_MAX;

  std::vector<std::string> columns;
  std::vector<std::vector<uint32_t>> field_columns;  // by type and field
  std::vector<std::vector<uint32_t>> column_fields;  // by type and column: the first field of it
  uint32_t type_column = kMissing;                   // where the type is not fixed
};

// `path` names the file in errors, which are the input's: a column that stands twice, that names
// the type and is missing, or, where the type is fixed, that a field needs and is missing.
eventtime::Result<CsvLayout> read_header(std::string_view header, const eventtime::Catalog& catalog,
                                         const TypeRule& rule, const std::string& path);

// The same of columns that no header names. `what` they are begins the errors. Without a rule the
// type is told outside of the record, and no column must be there.
eventtime::Result<CsvLayout> lay_out(std::vector<std::string> columns,
                                     const eventtime::Catalog& catalog,
                                     const std::optional<TypeRule>& rule, const std::string& what);

// Writes the cell into the column. False if it does not fit the field; explain_cell() says why.
bool store_cell(const eventtime::Field& field, const CsvCell& cell, eventtime::Column& column,
                size_t row, eventtime::Arena& strings);
// The same of a cell without quotes behind which kPaddingBytes can be read, faster.
bool store_plain_cell(const eventtime::Field& field, std::string_view text,
                      eventtime::Column& column, size_t row);
std::string explain_cell(const eventtime::Field& field, const CsvCell& cell);

// The cell's text; doubled quotes are undone in `strings`.
std::string_view cell_text(const CsvCell& cell, eventtime::Arena& strings);

}  // namespace tocsin::connectors
