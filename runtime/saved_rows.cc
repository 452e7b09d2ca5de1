#include "runtime/saved_rows.h"

namespace tocsin::runtime {

using eventtime::Batch;
using eventtime::Decoder;
using eventtime::Encoder;
using eventtime::Text;
using eventtime::Type;
using eventtime::Value;

void save_row(Encoder& out, const Batch& batch, const eventtime::Row& row, bool with_raw) {
  out.number(batch.input);
  out.number(row.type);
  out.time(row.time);
  out.number(row.record);
  out.text(with_raw ? row.raw : std::string_view());
  const eventtime::EventTable& table = batch.tables[row.type];
  out.number(table.columns.size());
  for (const eventtime::Column& column : table.columns) out.value(column.value(row.table_row));
}

// The rest of a row.
bool RestoredRows::pass_over(Decoder& from) {
  from.time();
  from.number();
  from.text();
  for (size_t left = from.count(); left > 0; --left) from.value();
  return !from.failed();
}

bool RestoredRows::take(Decoder& from, std::optional<Place>& place) {
  place.reset();
  const auto input = static_cast<uint32_t>(from.number_up_to(UINT32_MAX));
  const uint64_t saved_type = from.number();
  if (from.failed() || saved_type >= types_.size()) return false;
  const std::optional<nfa::SavedType>& type = types_[saved_type];
  if (!type) return pass_over(from);
  std::shared_ptr<Batch>& batch = batches_[input];
  if (batch == nullptr) {
    batch = std::make_shared<Batch>(catalog_);
    batch->input = input;
  }
  eventtime::Row row;
  row.type = type->type;
  row.time = from.time();
  row.record = from.number();
  row.raw = batch->strings.copy(from.text());
  eventtime::EventTable& table = batch->tables[row.type];
  if (from.count() != type->columns.size() || from.failed()) return false;
  table.make_room();
  row.table_row = table.rows++;
  for (eventtime::Column& column : table.columns) column.set_null(row.table_row);
  for (const std::optional<uint32_t>& number : type->columns) {
    Value value = from.value();
    if (!number) continue;
    eventtime::Column& column = table.columns[*number];
    if (!value.is_null() && value.type != column.type()) return false;
    if (value.type == Type::kString) {
      value = Value::of_text(Text(batch->strings.copy(value.cell.text.view())));
    }
    column.set(row.table_row, value);
  }
  batch->rows.push_back(row);
  place = Place{input, static_cast<uint32_t>(batch->rows.size() - 1)};
  return !from.failed();
}

void RestoredRows::load(BatchShelf& shelf, BatchHolder& holder, Dispatcher& dispatcher) {
  for (auto& [input, batch] : batches_) {
    LoadedBatch& loaded = shelf.add(std::move(batch));
    holder.hold(loaded);
    dispatcher.decide(loaded);
    loaded_[input] = &loaded;
  }
}

void RestoredRows::release(BatchHolder& holder) {
  for (const auto& [input, loaded] : loaded_) holder.release(*loaded);
  loaded_.clear();
}

}  // namespace tocsin::runtime
