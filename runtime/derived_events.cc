#include "runtime/derived_events.h"

#include <cstring>

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

std::string_view keep(eventtime::Arena& arena, std::string_view text) {
  if (text.empty()) return {};
  char* const bytes = arena.allocate(text.size());
  std::memcpy(bytes, text.data(), text.size());
  return {bytes, text.size()};
}

void store(eventtime::Batch& batch, eventtime::Column& column, uint32_t row, const Value& value) {
  if (value.is_null()) {
    column.set_null(row);
  } else if (value.type == Type::kString) {
    column.set_text(row, eventtime::Text(keep(batch.strings, value.cell.text.view())));
  } else if (value.type == Type::kFloat) {
    column.set_number(row, value.cell.number);
  } else {
    column.set_integer(row, value.cell.integer);
  }
}

std::string to_json(const eventtime::EventSchema& schema, const DerivedEvent& event) {
  std::string out = "{";
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    if (i > 0) out += ',';
    eventtime::append_json_string(out, schema.fields[i].name);
    out += ':';
    eventtime::append_json(out, event.values[i]);
  }
  return out + '}';
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
    Value value = result && codes[*result] ? codes[*result]->evaluate(context) : Value::null();
    if (value.type == Type::kString && !value.cell.text.is_inline()) {
      derived.texts.emplace_back(value.cell.text.view());
      value = Value::of_text(eventtime::Text(derived.texts.back()));
    }
    derived.values.push_back(value);
  }
  derived.values[event.time_field] = Value::of_timestamp(complete);
  return derived;
}

std::shared_ptr<const eventtime::Batch> to_batch(const eventtime::Catalog& catalog,
                                                 std::span<const DerivedEvent> events) {
  auto batch = std::make_shared<eventtime::Batch>(catalog);
  batch->input = kDerivedInput;
  for (eventtime::EventTable& table : batch->tables) table.resize(events.size());
  for (const DerivedEvent& event : events) {
    const eventtime::EventSchema& schema = catalog.types[event.type];
    eventtime::EventTable& table = batch->tables[event.type];
    const uint32_t row = table.rows++;
    for (size_t i = 0; i < event.values.size(); ++i) {
      store(*batch, table.columns[i], row, event.values[i]);
    }
    table.columns[schema.time_field].set_integer(row, event.time.micros);
    batch->rows.push_back(
        {event.time, event.id, row, event.type, keep(batch->strings, to_json(schema, event))});
  }
  return batch;
}

const eventtime::RecordFormat& derived_format() {
  static const Format format;
  return format;
}

}  // namespace tocsin::runtime
