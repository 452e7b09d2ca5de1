#include "eventtime/batch.h"

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

Cell Column::cell(size_t row) const {
  switch (type_) {
    case Type::kFloat:
      return Cell(numbers_[row]);
    case Type::kString:
      return Cell(texts_[row]);
    default:
      return Cell(integers_[row]);
  }
}

Value Column::value(size_t row) const {
  if (is_null(row)) return Value::null();
  return {type_, cell(row)};
}

EventTable::EventTable(const EventSchema& schema) : time_column(schema.time_field) {
  columns.reserve(schema.fields.size());
  for (const Field& field : schema.fields) columns.emplace_back(field.type);
}

void EventTable::resize(size_t capacity) {
  for (Column& column : columns) column.resize(capacity);
}

Batch::Batch(const Catalog& catalog) {
  tables.reserve(catalog.types.size());
  for (const EventSchema& schema : catalog.types) tables.emplace_back(schema);
}

void Batch::clear() {
  rows.clear();
  for (EventTable& table : tables) table.rows = 0;
  rejects.clear();
  strings.clear();
}

}  // namespace tocsin::eventtime
