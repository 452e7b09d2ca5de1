#include "tests/model/event_batch.h"

#include <string_view>

namespace tocsin::model {

namespace {

void write(eventtime::Column& column, size_t row, const NaiveValue& value,
           eventtime::Arena& strings) {
  if (value.is_null()) return column.set_null(row);
  switch (column.type()) {
    case Type::kFloat:
      return column.set_number(row, value.number);
    case Type::kString:
      return column.set_text(row, eventtime::Text(strings.copy(value.text)));
    default:
      return column.set_integer(row, value.integer);
  }
}

void append(eventtime::Batch& batch, const NaiveEvent& event) {
  eventtime::EventTable& table = batch.tables[event.type];
  const uint32_t row = table.rows++;
  table.resize(table.rows);
  for (size_t field = 0; field < event.fields.size(); ++field) {
    write(table.columns[field], row, event.fields[field], batch.strings);
  }
  const std::string id = "{\"input\":" + std::to_string(event.input) +
                         ",\"record\":" + std::to_string(event.record) + "}";
  eventtime::Row added;
  added.time = event.time;
  added.record = event.record;
  added.table_row = row;
  added.type = event.type;
  added.raw = batch.strings.copy(id);
  batch.rows.push_back(added);
}

}  // namespace

std::shared_ptr<const eventtime::Batch> batch_of(std::span<const NaiveEvent> events,
                                                 const Catalog& catalog, uint32_t input) {
  auto batch = std::make_shared<eventtime::Batch>(catalog);
  batch->input = input;
  for (const NaiveEvent& event : events) append(*batch, event);
  return batch;
}

}  // namespace tocsin::model
