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

std::optional<RestoredRows::Place> RestoredRows::take(Decoder& from) {
  const auto input = static_cast<uint32_t>(from.number_up_to(UINT32_MAX));
  const uint64_t saved_type = from.number();
  if (from.failed() || saved_type >= types_.size() || !types_[saved_type]) return std::nullopt;
  std::shared_ptr<Batch>& batch = batches_[input];
  if (batch == nullptr) {
    batch = std::make_shared<Batch>(catalog_);
    batch->input = input;
  }
  eventtime::Row row;
  row.type = *types_[saved_type];
  row.time = from.time();
  row.record = from.number();
  row.raw = batch->strings.copy(from.text());
  eventtime::EventTable& table = batch->tables[row.type];
  if (from.number() != table.columns.size() || from.failed()) return std::nullopt;
  table.make_room();
  row.table_row = table.rows++;
  for (eventtime::Column& column : table.columns) {
    Value value = from.value();
    if (!value.is_null() && value.type != column.type()) return std::nullopt;
    if (value.type == Type::kString) {
      value = Value::of_text(Text(batch->strings.copy(value.cell.text.view())));
    }
    column.set(row.table_row, value);
  }
  batch->rows.push_back(row);
  if (from.failed()) return std::nullopt;
  return Place{input, static_cast<uint32_t>(batch->rows.size() - 1)};
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
