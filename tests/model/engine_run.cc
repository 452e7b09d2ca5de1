#include "tests/model/engine_run.h"

#include <simdjson.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "eventtime/check.h"
#include "runtime/engine.h"
#include "tests/model/event_batch.h"
#include "tests/support/saved_engine.h"
#include "tests/support/spill_disk.h"

namespace tocsin::model {

namespace {

namespace ondemand = simdjson::ondemand;

// The bytes of a value as they stand in the line.
std::string raw_text(ondemand::value value) {
  const ondemand::json_type type = value.type();
  if (type == ondemand::json_type::object) {
    return std::string(std::string_view(value.get_object().value().raw_json()));
  }
  if (type == ondemand::json_type::array) {
    return std::string(std::string_view(value.get_array().value().raw_json()));
  }
  return std::string(value.raw_json_token());
}

std::string text_of(ondemand::value value) {
  return std::string(std::string_view(value.get_string()));
}

Timestamp time_of(ondemand::value value) {
  return eventtime::parse_timestamp(text_of(value)).value();
}

// An event that a pattern has emitted shows its fields, its time among them; every other one what
// event_batch.cc gave it.
RecordId id_of(ondemand::object event) {
  uint64_t input = 0;
  if (event["input"].get(input) != simdjson::SUCCESS) {
    const Timestamp time = time_of(event["at"].value());
    return {RecordId::kEmitted, static_cast<uint64_t>(time.micros)};
  }
  const uint64_t record = event["record"].get_uint64();
  return {static_cast<uint32_t>(input), record};
}

std::vector<RecordId> ids_of(ondemand::array events) {
  std::vector<RecordId> ids;
  for (ondemand::object event : events) ids.push_back(id_of(event));
  return ids;
}

NaiveAlert alert_of(ondemand::object json) {
  NaiveAlert alert;
  for (ondemand::field member : json) {
    const std::string name(std::string_view(member.unescaped_key()));
    if (name == "pattern") alert.pattern = text_of(member.value());
    if (name == "key") alert.key = raw_text(member.value());
    if (name == "start") alert.start = time_of(member.value());
    if (name == "end") alert.end = time_of(member.value());
    if (name == "complete") alert.complete = time_of(member.value());
    if (name == "suppressed") alert.suppressed = member.value().get_int64();
    if (name == "timeout") alert.is_timeout = member.value().get_bool();
    if (name == "values") {
      for (ondemand::field value : member.value().get_object()) {
        const std::string_view key = value.unescaped_key();
        alert.values.emplace_back(key, raw_text(value.value()));
      }
    }
    if (name == "events") {
      for (ondemand::field variable : member.value().get_object()) {
        const std::string_view key = variable.unescaped_key();
        alert.events.emplace_back(key, ids_of(variable.value().get_array()));
      }
    }
  }
  return alert;
}

std::vector<NaiveAlert> alerts_of(const std::string& lines) {
  std::vector<NaiveAlert> alerts;
  ondemand::parser parser;
  for (size_t begin = 0; begin < lines.size();) {
    const size_t end = lines.find('\n', begin);
    TOCSIN_CHECK(end != std::string::npos, "every alert ends its line");
    const simdjson::padded_string line(std::string_view(lines).substr(begin, end - begin));
    ondemand::document document = parser.iterate(line);
    alerts.push_back(alert_of(document.get_object()));
    begin = end + 1;
  }
  return alerts;
}

}  // namespace

EngineRun run_engine(const patterns::PatternSet& set,
                     std::span<const std::vector<NaiveEvent>> inputs, Duration out_of_order,
                     size_t batch_size, const runtime::EngineOptions& options, Restores restores,
                     Spills spills) {
  const IdFormat format;
  runtime::EngineOptions now = options;
  tests::SpillDisk disk;
  const auto create = [&] {
    // State is shared out anew among another number of threads.
    if (restores == Restores::kAlways) now.threads = now.threads % 3 + 1;
    if (spills == Spills::kAlways) disk.add_to(now);
    auto created = runtime::Engine::create(set, now);
    TOCSIN_CHECK(created, "the patterns of the tests are within the engine's limits");
    for (size_t input = 0; input < inputs.size(); ++input) {
      (*created)->add_input(out_of_order, format);
    }
    return std::move(*created);
  };
  std::unique_ptr<runtime::Engine> engine = create();
  EngineRun result;
  const auto on_late = [&](const runtime::Engine::Late& late) {
    result.run.late.push_back({late.input, late.row.record});
  };
  std::vector<size_t> done(inputs.size(), 0);
  while (const auto input = engine->next_input()) {
    if (restores == Restores::kAlways && spills == Spills::kAlways) {
      disk.hand_over(engine, create);
    } else if (restores == Restores::kAlways) {
      tests::replace_by_restored(engine, create);
    }
    const std::span<const NaiveEvent> events(inputs[*input]);
    const auto rest = events.subspan(done[*input]);
    if (rest.empty()) {
      engine->finish(*input, result.text);
      continue;
    }
    const auto next = rest.first(std::min(batch_size, rest.size()));
    engine->push(batch_of(next, set.catalog, *input), result.text, on_late);
    done[*input] += next.size();
  }
  TOCSIN_CHECK(engine->status(), "a disk in memory does not fail");
  result.run.alerts = alerts_of(result.text);
  return result;
}

}  // namespace tocsin::model
