#include "eventtime/batch.h"

#include <algorithm>

namespace tocsin::eventtime {

void Column::resize(size_t rows) {
  switch (type_) {
    case Type::kFloat:
      numbers_.resize(rows);
      break;
    case Type::kString:
      texts_.resize(rows);
      break;
    default:
      integers_.resize(rows);
      break;
  }
  nulls_.grow(rows);
}

EventTable::EventTable(const EventSchema& schema) : time_column(schema.time_field) {
  columns.reserve(schema.fields.size());
  for (const Field& field : schema.fields) columns.emplace_back(field.type);
}

void EventTable::resize(size_t capacity) {
  for (Column& column : columns) column.resize(capacity);
}

void EventTable::grow() {
  constexpr size_t kLeastRows = 64;
  resize(std::max<size_t>(kLeastRows, 2 * size_t{rows}));
}

void EventTable::append_json(std::string& out, const EventSchema& schema, uint32_t row) const {
  out += '{';
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, schema.fields[i].name);
    out += ':';
    eventtime::append_json(out, columns[i].value(row));
  }
  out += '}';
}

Batch::Batch(const Catalog& catalog) {
  tables.reserve(catalog.types.size());
  for (const EventSchema& schema : catalog.types) tables.emplace_back(schema);
}

void Batch::clear() {
  input = 0;
  rows.clear();
  for (EventTable& table : tables) table.rows = 0;
  rejects.clear();
  strings.clear();
}

}  // namespace tocsin::eventtime
