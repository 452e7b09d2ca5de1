// One event, field by field, straight into the columns of a batch: for programs whose events are
// not bytes that a decoder reads. Begun by Detector::event().
//
// The rules are a decoder's: a field that may be null may be left out, all others have to be set;
// texts are UTF-8, times lie in the years 0 to 9999, floats are finite; an int is good for a float
// field. The first mistake is kept, what follows it does nothing, and push() returns it.
// Tested by tests/unit/runtime/detector_test.cc.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "eventtime/batch.h"
#include "eventtime/result.h"
#include "eventtime/schema.h"
#include "eventtime/timestamp.h"

namespace tocsin::runtime {

class Detector;

// Where a declared event type, or a field of it, stands: looked up once by its name.
struct EventType {
  eventtime::TypeId id = 0;
};
struct EventField {
  eventtime::TypeId type = 0;
  uint32_t index = 0;
};

class EventBuilder {
 public:
  EventBuilder(const EventBuilder&) = delete;
  EventBuilder& operator=(const EventBuilder&) = delete;

  // A field that is set twice has the later value.
  template <std::integral T>
  EventBuilder& set(EventField field, T value) {
    if constexpr (std::same_as<T, bool>) {
      return set_integer(field, eventtime::Type::kBool, value ? 1 : 0);
    } else if (std::in_range<int64_t>(value)) {
      return set_whole(field, static_cast<int64_t>(value));
    } else {
      return refuse(field, eventtime::Type::kInt, "is too large");
    }
  }
  template <std::floating_point T>
  EventBuilder& set(EventField field, T value) {
    return set_number(field, static_cast<double>(value));
  }
  EventBuilder& set(EventField field, std::string_view text);  // copied
  EventBuilder& set(EventField field, eventtime::Timestamp time);
  EventBuilder& set(EventField field, eventtime::Duration span) {
    return set_integer(field, eventtime::Type::kDuration, span.micros);
  }
  EventBuilder& set(EventField field, std::nullptr_t) = delete;  // says set_null()
  EventBuilder& set_null(EventField field);

  // The event is whole. An error says why it is none, and nothing has happened then; there are
  // alerts if it fills a batch (Detector::flush).
  eventtime::Result<void> push();

 private:
  friend class Detector;

  explicit EventBuilder(Detector& detector) : detector_(detector) {}
  void begin(const eventtime::EventSchema& schema, EventType type, eventtime::Batch& batch);
  void begin_refused(eventtime::Error error);
  // An event that was begun is none any more.
  void drop() { batch_ = nullptr; }
  // Why it is no event.
  std::optional<eventtime::Error> mistake();
  void set_missing_to_null();

  bool takes(EventField field, eventtime::Type type) const {
    return !error_ && batch_ != nullptr && field.type == type_.id &&
           field.index < table_->columns.size() && table_->columns[field.index].type() == type;
  }
  // The field's column, where `row_` is to be written.
  eventtime::Column& mark(EventField field) {
    uint64_t& set = set_in_event_[field.index];
    if (set != event_) ++fields_set_;
    set = event_;
    return table_->columns[field.index];
  }
  EventBuilder& set_integer(EventField field, eventtime::Type type, int64_t value) {
    if (!takes(field, type)) return refuse_type(field, type);
    mark(field).set_integer(row_, value);
    return *this;
  }
  EventBuilder& set_whole(EventField field, int64_t value) {
    if (takes(field, eventtime::Type::kFloat)) {
      mark(field).set_number(row_, static_cast<double>(value));
      return *this;
    }
    return set_integer(field, eventtime::Type::kInt, value);
  }
  EventBuilder& set_number(EventField field, double value);
  // The value is of this type, which the field does not take.
  EventBuilder& refuse_type(EventField field, eventtime::Type type);
  // The value is of this type and wrong in itself.
  EventBuilder& refuse(EventField field, eventtime::Type type, std::string_view why);
  EventBuilder& fail(eventtime::Error error);

  Detector& detector_;
  const eventtime::EventSchema* schema_ = nullptr;
  eventtime::Batch* batch_ = nullptr;  // null: no event has been begun
  eventtime::EventTable* table_ = nullptr;
  EventType type_;
  uint32_t input_ = 0;
  uint32_t row_ = 0;
  size_t fields_set_ = 0;
  uint64_t event_ = 0;                     // counts those that were begun
  std::vector<uint64_t> set_in_event_;     // by field: the last event that had it set
  std::optional<eventtime::Error> error_;  // the first mistake
};

}  // namespace tocsin::runtime
