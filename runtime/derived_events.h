// `emit Name { ... }` (language page 3.10): matches that become events for other patterns.
//
// Their place in the order of events is behind all input events of their time. Their position, for
// the ids of alerts that they take part in, is the id of the match that they come from.
// Tested by tests/unit/runtime/derived_events_test.cc and tests/model.
#pragma once

#include <forward_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "eventtime/batch.h"
#include "nfa/code.h"
#include "patterns/pattern.h"

namespace tocsin::runtime {

// The input number of batches of such events.
inline constexpr uint32_t kDerivedInput = UINT32_MAX;

// Moved and never copied, for its values point into it.
struct DerivedEvent {
  DerivedEvent() = default;
  DerivedEvent(DerivedEvent&&) noexcept = default;
  DerivedEvent& operator=(DerivedEvent&&) noexcept = default;

  // Makes `value`'s text, if it is one, the event's own.
  eventtime::Value own(eventtime::Value value) {
    if (value.type != eventtime::Type::kString || value.cell.text.is_inline()) return value;
    texts.emplace_front(value.cell.text.view());
    return eventtime::Value::of_text(eventtime::Text(texts.front()));
  }

  eventtime::Timestamp time;
  eventtime::TypeId type = 0;
  uint64_t id = 0;
  std::vector<eventtime::Value> values;  // by field; texts point into `texts`
  std::forward_list<std::string> texts;  // their places do not change when it is moved
};

// The event that a match becomes. `codes`: of the results; `context` sees the match.
DerivedEvent derive(const patterns::EmittedEvent& event,
                    std::span<const std::optional<nfa::Code>> codes,
                    const nfa::EvalContext& context, eventtime::Timestamp complete, uint64_t id);

// In their order, as one batch. The raw form of an event is the JSON object of its fields.
std::shared_ptr<const eventtime::Batch> to_batch(const eventtime::Catalog& catalog,
                                                 std::span<const DerivedEvent> events);

// Of events whose raw form is the JSON object that alerts show.
const eventtime::RecordFormat& object_format();

}  // namespace tocsin::runtime
