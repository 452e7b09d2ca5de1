#include "runtime/derived_events.h"

namespace tocsin::runtime {
namespace {

using eventtime::Type;
using eventtime::Value;

class Format : public eventtime::RecordFormat {
 public:
  void append_json(std::string& out, std::string_view raw, eventtime::TypeId) const override {
    out += raw;
  }
};

void store(eventtime::Batch& batch, eventtime::Column& column, uint32_t row, Value value) {
  if (value.type == Type::kString) {
    value = Value::of_text(eventtime::Text(batch.strings.copy(value.cell.text.view())));
  }
  column.set(row, value);
}

}  // namespace

DerivedEvent derive(const patterns::EmittedEvent& event,
                    std::span<const std::optional<nfa::Code>> codes,
                    const nfa::EvalContext& context, eventtime::Timestamp complete, uint64_t id) {
  DerivedEvent derived;
  derived.time = complete;
  derived.type = event.type;
  derived.id = id;
  for (const std::optional<uint32_t>& result : event.result_by_field) {
    const Value value =
        result && codes[*result] ? codes[*result]->evaluate(context) : Value::null();
    derived.values.push_back(derived.own(value));
  }
  derived.values[event.time_field] = Value::of_timestamp(complete);
  return derived;
}

std::shared_ptr<const eventtime::Batch> to_batch(const eventtime::Catalog& catalog,
                                                 std::span<const DerivedEvent> events) {
  auto batch = std::make_shared<eventtime::Batch>(catalog);
  batch->input = kDerivedInput;
  std::string json;
  for (eventtime::EventTable& table : batch->tables) table.resize(events.size());
  for (const DerivedEvent& event : events) {
    const eventtime::EventSchema& schema = catalog.types[event.type];
    eventtime::EventTable& table = batch->tables[event.type];
    const uint32_t row = table.rows++;
    for (size_t i = 0; i < event.values.size(); ++i) {
      store(*batch, table.columns[i], row, event.values[i]);
    }
    table.columns[schema.time_field].set_integer(row, event.time.micros);
    json.clear();
    table.append_json(json, schema, row);
    batch->rows.push_back({event.time, event.id, row, event.type, batch->strings.copy(json)});
  }
  return batch;
}

const eventtime::RecordFormat& object_format() {
  static const Format format;
  return format;
}

}  // namespace tocsin::runtime
