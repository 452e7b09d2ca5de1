#include "tests/bench/workloads/batches.h"

#include <fmt/format.h>

#include <string>

namespace tocsin::bench {

namespace {

void set_text(eventtime::Batch& batch, size_t column, uint32_t row, std::string_view text) {
  batch.tables[0].columns[column].set_text(row, eventtime::Text(batch.strings.copy(text)));
}

}  // namespace

uint32_t BatchBuilder::next_row(int64_t millis) {
  if (!batch_) {
    batch_ = std::make_shared<eventtime::Batch>(catalog_);
    batch_->rows.reserve(kBatchRows);
    batch_->tables[0].resize(kBatchRows);
  }
  eventtime::EventTable& table = batch_->tables[0];
  eventtime::Row row;
  row.time = {millis * 1000};
  row.record = records_++;
  row.table_row = table.rows++;
  batch_->rows.push_back(row);
  table.columns[table.time_column].set_integer(row.table_row, row.time.micros);
  return row.table_row;
}

void BatchBuilder::add(const Event& event) {
  const uint32_t row = next_row(event.millis);
  std::vector<eventtime::Column>& columns = batch_->tables[0].columns;
  columns[1].set_text(row, eventtime::Text(event.kind));
  columns[2].set_integer(row, event.key);
  columns[3].set_integer(row, event.id);
  columns[4].set_number(row, event.amount);
}

void BatchBuilder::add(const LogEvent& event) {
  const uint32_t row = next_row(event.millis);
  set_text(*batch_, 1, row, fmt::format("user{}", event.user));
  set_text(*batch_, 2, row, fmt::format("host{}.example.org", event.host));
  set_text(*batch_, 3, row, log_action(event.action));
  set_text(*batch_, 4, row, event.process);
  set_text(*batch_, 5, row, event.command);
  set_text(*batch_, 6, row, fmt::format("10.1.{}.{}", event.host / 250, event.host % 250));
  batch_->tables[0].columns[7].set_integer(row, event.code);
}

}  // namespace tocsin::bench
