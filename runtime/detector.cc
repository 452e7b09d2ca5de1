#include "runtime/detector.h"

#include <fmt/core.h>

#include <algorithm>

#include "patterns/diagnostic.h"
#include "patterns/front_end.h"
#include "runtime/derived_events.h"
#include "runtime/pattern_operator.h"

namespace tocsin::runtime {

using eventtime::Batch;
using eventtime::Result;
using eventtime::usage_error;

namespace {

// "there is no event type 'Paymnet', did you mean 'Payment'?"
template <class Named>
std::string unknown(std::string what, std::string_view name, const std::vector<Named>& known) {
  std::vector<std::string> names;
  for (const Named& one : known) names.push_back(one.name);
  const std::string hint = patterns::did_you_mean(name, names);
  what += fmt::format(" '{}'", name);
  return hint.empty() ? what : what + ", " + hint;
}

Result<void> check(const DetectorOptions& options) {
  if (options.out_of_order.empty()) return usage_error("a detector needs an input");
  for (const eventtime::Duration bound : options.out_of_order) {
    if (bound < eventtime::Duration{}) return usage_error("the bound of an input is negative");
  }
  if (options.batch_rows == 0) return usage_error("a batch needs rows");
  if (options.engine.threads == 0 || options.engine.threads > KeyShare::kGroups) {
    return usage_error(fmt::format("there can be 1 to {} threads", KeyShare::kGroups));
  }
  return {};
}

bool is_of(const eventtime::EventTable& table, const eventtime::EventSchema& schema) {
  return std::ranges::equal(table.columns, schema.fields, {}, &eventtime::Column::type,
                            &eventtime::Field::type);
}

}  // namespace

Result<std::unique_ptr<Detector>> Detector::create(std::vector<patterns::SourceFile> sources,
                                                   DetectorOptions options) {
  if (const Result<void> right = check(options); !right) {
    return eventtime::Unexpected<eventtime::Error>{right.error()};
  }
  patterns::Loaded loaded = patterns::load(
      std::move(sources),
      options.read_list ? options.read_list : patterns::ReadFile(patterns::cannot_read));
  std::string diagnostics = patterns::render(loaded.diagnostics, loaded.sources);
  if (!loaded.patterns) return eventtime::input_error(std::move(diagnostics));
  auto engine = Engine::create(*std::move(loaded.patterns), options.engine);
  if (!engine) return eventtime::Unexpected<eventtime::Error>{engine.error()};
  return std::unique_ptr<Detector>(
      new Detector(*std::move(engine), std::move(options), std::move(diagnostics)));
}

Detector::Detector(std::unique_ptr<Engine> engine, DetectorOptions options, std::string warnings)
    : engine_(std::move(engine)),
      options_(std::move(options)),
      warnings_(std::move(warnings)),
      pool_(engine_->patterns().catalog),
      inputs_(options_.out_of_order.size()),
      builder_(*this) {
  for (const eventtime::Duration bound : options_.out_of_order) {
    engine_->add_input(bound, object_format());
  }
  if (!options_.on_alert) options_.on_alert = [](const Alert&) {};
  if (!options_.on_late) options_.on_late = [](const Engine::Late&) {};
}

Result<EventType> Detector::event_type(std::string_view name) const {
  const eventtime::Catalog& catalog = patterns().catalog;
  const auto found = catalog.find(name);
  if (!found) return usage_error(unknown("there is no event type", name, catalog.types));
  return EventType{*found};
}

Result<EventField> Detector::field(EventType type, std::string_view name) const {
  const eventtime::Catalog& catalog = patterns().catalog;
  if (type.id >= catalog.types.size()) return usage_error("there is no such event type");
  const eventtime::EventSchema& schema = catalog.types[type.id];
  const auto found = schema.find(name);
  if (!found) {
    return usage_error(unknown(fmt::format("'{}' has no field", schema.name), name, schema.fields));
  }
  return EventField{type.id, static_cast<uint32_t>(*found)};
}

EventBuilder& Detector::event(EventType type, uint32_t input) {
  const eventtime::Catalog& catalog = patterns().catalog;
  if (const Result<void> open = check_open(input); !open) {
    builder_.begin_refused(open.error());
  } else if (type.id >= catalog.types.size()) {
    builder_.begin_refused({"there is no such event type", eventtime::Blame::kUsage});
  } else {
    std::shared_ptr<Batch>& batch = inputs_[input].batch;
    if (!batch) {
      batch = pool_.take();
      batch->input = input;
    }
    builder_.input_ = input;
    builder_.begin(catalog.types[type.id], type, *batch);
  }
  return builder_;
}

Result<void> Detector::push_event() {
  if (std::optional<eventtime::Error> mistake = builder_.mistake()) {
    builder_.drop();
    return eventtime::Unexpected<eventtime::Error>{*std::move(mistake)};
  }
  builder_.set_missing_to_null();
  Input& input = inputs_[builder_.input_];
  eventtime::EventTable& table = *builder_.table_;
  const uint32_t row = table.rows++;
  eventtime::Row event;
  event.time = {table.columns[table.time_column].integer(row)};
  event.record = input.next_record++;
  event.table_row = row;
  event.type = builder_.type_.id;
  if (options_.engine.events == EventDetail::kFull) {
    json_.clear();
    table.append_json(json_, *builder_.schema_, row);
    event.raw = input.batch->strings.copy(json_);
  }
  input.batch->rows.push_back(event);
  builder_.drop();
  if (input.batch->rows.size() >= options_.batch_rows) {
    run([&] { flush(input); });
  }
  return {};
}

Result<void> Detector::push(std::shared_ptr<const Batch> batch) {
  if (!batch) return usage_error("there is no batch");
  if (const Result<void> open = check_open(batch->input); !open) return open;
  if (const Result<void> rows = check_rows(*batch); !rows) return rows;
  if (batch->rows.empty()) return {};
  builder_.drop();
  Input& input = inputs_[batch->input];
  run([&] {
    flush(input);
    input.next_record = std::max(input.next_record, batch->rows.back().record + 1);
    engine_->push(std::move(batch), options_.on_alert, options_.on_late);
  });
  return {};
}

Result<void> Detector::flush() {
  if (running_) return check_open(0);
  run([&] { flush_all(); });
  return {};
}

Result<void> Detector::advance(uint32_t input, eventtime::Timestamp time) {
  if (const Result<void> open = check_open(input); !open) return open;
  if (time < eventtime::kEarliestTimestamp || time > eventtime::kLatestTimestamp) {
    return eventtime::input_error("the time is outside the years 0 to 9999");
  }
  run([&] {
    flush_all();
    engine_->advance(input, time, options_.on_alert);
  });
  return {};
}

Result<void> Detector::finish(uint32_t input) {
  if (const Result<void> open = check_open(input); !open) return open;
  run([&] {
    flush_all();
    inputs_[input].ended = true;
    engine_->finish(input, options_.on_alert);
  });
  return {};
}

Result<void> Detector::finish() {
  if (running_) return check_open(0);
  run([&] {
    flush_all();
    for (uint32_t input = 0; input < inputs_.size(); ++input) {
      if (std::exchange(inputs_[input].ended, true)) continue;
      engine_->finish(input, options_.on_alert);
    }
  });
  return {};
}

eventtime::Unexpected<eventtime::Error> Detector::usage_error_in_callback() {
  return usage_error("a callback pushes into the detector that called it");
}

Result<void> Detector::check_open(uint32_t input) const {
  if (running_) return usage_error_in_callback();
  if (input >= inputs_.size()) {
    return usage_error(
        fmt::format("there is no input {}, the last one is {}", input, inputs_.size() - 1));
  }
  if (inputs_[input].ended) return usage_error(fmt::format("input {} has ended", input));
  return {};
}

// What would be read beyond the batch's memory, or could not be shown.
Result<void> Detector::check_rows(const Batch& batch) const {
  if (!std::ranges::equal(batch.tables, patterns().catalog.types, is_of)) {
    return usage_error("the batch is for other event types");
  }
  const bool shown = options_.engine.events == EventDetail::kFull;
  for (size_t i = 0; i < batch.rows.size(); ++i) {
    const eventtime::Row& row = batch.rows[i];
    if (row.type >= batch.tables.size() || row.table_row >= batch.tables[row.type].rows) {
      return usage_error(fmt::format("row {} of the batch has no values", i));
    }
    if (shown && row.raw.empty()) {
      return usage_error(fmt::format("row {} of the batch has no bytes for alerts to show", i));
    }
  }
  return {};
}

void Detector::flush(Input& input) {
  if (!input.batch || input.batch->rows.empty()) return;
  engine_->push(std::exchange(input.batch, nullptr), options_.on_alert, options_.on_late);
}

void Detector::flush_all() {
  for (Input& input : inputs_) flush(input);
}

}  // namespace tocsin::runtime
