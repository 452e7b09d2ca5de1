#include "runtime/event_builder.h"

#include <fmt/core.h>

#include <cmath>
#include <cstring>

#include "runtime/detector.h"

namespace tocsin::runtime {

using eventtime::Error;
using eventtime::Type;

namespace {

bool is_ascii(std::string_view text) {
  uint64_t bits = 0;
  size_t at = 0;
  for (; at + sizeof(bits) <= text.size(); at += sizeof(bits)) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof(word));
    bits |= word;
  }
  for (; at < text.size(); ++at) bits |= static_cast<unsigned char>(text[at]);
  return (bits & 0x8080808080808080) == 0;
}

bool is_utf8(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = eventtime::utf8_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

Error usage(std::string message) {
  return {std::move(message), eventtime::Blame::kUsage};
}

}  // namespace

void EventBuilder::begin(const eventtime::EventSchema& schema, EventType type,
                         eventtime::Batch& batch) {
  schema_ = &schema;
  type_ = type;
  batch_ = &batch;
  table_ = &batch.tables[type.id];
  table_->make_room();
  row_ = table_->rows;
  fields_set_ = 0;
  ++event_;
  if (set_in_event_.size() < schema.fields.size()) set_in_event_.resize(schema.fields.size());
  if (error_) error_.reset();
}

void EventBuilder::begin_refused(Error error) {
  drop();
  error_ = std::move(error);
}

EventBuilder& EventBuilder::set(EventField field, std::string_view text) {
  if (!takes(field, Type::kString)) return refuse_type(field, Type::kString);
  if (text.size() > std::numeric_limits<uint32_t>::max()) {
    return refuse(field, Type::kString, "is longer than 4 GiB");
  }
  if (!is_ascii(text) && !is_utf8(text)) return refuse(field, Type::kString, "is not UTF-8");
  if (text.size() > eventtime::Text::kInlineBytes) text = batch_->strings.copy(text);
  mark(field).set_text(row_, eventtime::Text(text));
  return *this;
}

EventBuilder& EventBuilder::set(EventField field, eventtime::Timestamp time) {
  if (time < eventtime::kEarliestTimestamp || time > eventtime::kLatestTimestamp) {
    return refuse(field, Type::kTimestamp, "is outside the years 0 to 9999");
  }
  return set_integer(field, Type::kTimestamp, time.micros);
}

EventBuilder& EventBuilder::set_number(EventField field, double value) {
  if (!takes(field, Type::kFloat)) return refuse_type(field, Type::kFloat);
  if (!std::isfinite(value)) return refuse(field, Type::kFloat, "is not finite");
  mark(field).set_number(row_, value);
  return *this;
}

EventBuilder& EventBuilder::set_null(EventField field) {
  const bool is_known =
      batch_ != nullptr && field.type == type_.id && field.index < table_->columns.size();
  if (error_ || !is_known || !schema_->fields[field.index].nullable) {
    return refuse_type(field, Type::kNull);
  }
  mark(field).set_null(row_);
  return *this;
}

EventBuilder& EventBuilder::refuse_type(EventField field, Type type) {
  if (error_) return *this;
  if (batch_ == nullptr) return fail(usage("no event has been begun"));
  if (field.type != type_.id || field.index >= schema_->fields.size()) {
    return fail(usage(fmt::format("a field of another event type is set in '{}'", schema_->name)));
  }
  return fail({wrong_type_reason(schema_->fields[field.index], eventtime::to_string(type)),
               eventtime::Blame::kInput});
}

EventBuilder& EventBuilder::refuse(EventField field, Type type, std::string_view why) {
  const bool fits = takes(field, type) || (type == Type::kInt && takes(field, Type::kFloat));
  if (!fits) return refuse_type(field, type);
  return fail({fmt::format("field '{}': the {} {}", schema_->fields[field.index].name,
                           eventtime::to_string(type), why),
               eventtime::Blame::kInput});
}

EventBuilder& EventBuilder::fail(Error error) {
  error_ = std::move(error);
  return *this;
}

std::optional<Error> EventBuilder::mistake() {
  if (error_) return std::exchange(error_, std::nullopt);
  if (batch_ == nullptr) return usage("no event has been begun");
  if (fields_set_ == schema_->fields.size()) return std::nullopt;
  for (size_t i = 0; i < schema_->fields.size(); ++i) {
    if (set_in_event_[i] == event_ || schema_->fields[i].nullable) continue;
    return Error{missing_reason(schema_->fields[i]), eventtime::Blame::kInput};
  }
  return std::nullopt;
}

void EventBuilder::set_missing_to_null() {
  if (fields_set_ == schema_->fields.size()) return;
  for (size_t i = 0; i < schema_->fields.size(); ++i) {
    if (set_in_event_[i] != event_) table_->columns[i].set_null(row_);
  }
}

eventtime::Result<void> EventBuilder::push() {
  return detector_.push_event();
}

}  // namespace tocsin::runtime
