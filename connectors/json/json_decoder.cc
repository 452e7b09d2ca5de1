#include "connectors/json/json_decoder.h"

#include <fmt/core.h>

#include <algorithm>

#include "connectors/cloudevents/cloud_event_data.h"
#include "connectors/field_value.h"
#include "connectors/json/json_string.h"
#include "connectors/rows.h"
#include "eventtime/check.h"

namespace tocsin::connectors {

using eventtime::Batch;
using eventtime::Column;
using eventtime::EventSchema;
using eventtime::EventTable;
using eventtime::Field;
using eventtime::Type;
using eventtime::TypeId;

namespace {

constexpr std::string_view kData = "data";  // of a CloudEvent
constexpr std::string_view kNoObject = "no JSON object";

std::string_view kind_of(char first) {
  switch (first) {
    case '{':
      return "object";
    case '[':
      return "array";
    case '"':
      return "string";
    case 't':
    case 'f':
      return "bool";
    case 'n':
      return "null";
    default:
      return "number";
  }
}

bool takes_text(Type type) {
  return type == Type::kString || type == Type::kTimestamp || type == Type::kDuration;
}

bool takes_number(Type type) {
  return type != Type::kString && type != Type::kBool;
}

bool has_backslash(std::string_view text) {
  return text.find('\\') != std::string_view::npos;
}

bool begins_number(char first) {
  return first == '-' || (first >= '0' && first <= '9');
}

}  // namespace

void JsonDecoder::Format::append_json(std::string& out, std::string_view raw, TypeId) const {
  if (cloud_events_) {
    append_cloud_event_data(out, raw);
  } else {
    out += raw;
  }
}

JsonDecoder::JsonDecoder(const eventtime::Catalog& catalog, const DecodeOptions& options,
                         size_t max_record_bytes)
    : catalog_(catalog),
      cloud_events_(options.cloud_events),
      type_rule_(type_rule(options, catalog)),
      splitter_(max_record_bytes),
      format_(cloud_events_) {
  if (!type_rule_.fixed) paths_.add(type_rule_.field);
  const std::string prefix = cloud_events_ ? std::string(kData) + "." : "";
  for (const EventSchema& schema : catalog.types) {
    for (const Field& field : schema.fields) paths_.add(prefix + field.path);
  }
}

eventtime::Result<size_t> JsonDecoder::cut(std::string_view bytes, bool at_end, size_t max_records,
                                           std::vector<RecordSpan>& records) {
  return splitter_.cut(bytes, at_end, max_records, records);
}

std::unique_ptr<Decoder> JsonDecoder::another() const {
  DecodeOptions options = options_of(type_rule_);
  options.cloud_events = cloud_events_;
  return std::make_unique<JsonDecoder>(catalog_, options, splitter_.limit());
}

// So many at a time that their bytes and tokens are still near when they are looked at again.
void JsonDecoder::decode(const std::vector<RecordSpan>& records, Batch& batch) {
  constexpr uint32_t kNearBytes = uint32_t{1} << 15;
  batch.rows.reserve(batch.rows.size() + records.size());
  for (size_t from = 0; from < records.size();) {
    size_t to = from + 1;
    while (to < records.size() && records[to].begin - records[from].begin < kNearBytes) ++to;
    decode_near(std::span(records).subspan(from, to - from), batch);
    from = to;
  }
}

// The tokens of all records are found in one go. That fails when one record is bad (a string that
// does not end would swallow the line end, which a string must not hold); then each is on its own.
void JsonDecoder::decode_near(std::span<const RecordSpan> records, Batch& batch) {
  const uint32_t base = records.front().begin;
  const char* const data = batch.raw.data() + base;
  const std::string_view all(data, records.back().begin + records.back().size - base);
  const bool together = index_.build(all).empty();
  const uint32_t* tokens = together ? index_.tokens() : nullptr;
  const bool escapes = has_backslash(all);
  for (const RecordSpan& span : records) {
    const uint32_t begin = span.begin - base;
    const std::string_view line(data + begin, span.size);
    TypeId type = 0;
    Refusal refusal;
    if (span.too_long) {
      refusal = too_long_reason(splitter_.limit());
    } else if (together) {
      while (*tokens < begin) ++tokens;
      const JsonRecord record{data, tokens, begin, begin + span.size,
                              escapes && has_backslash(line)};
      if (decode_known(record, next_record_, batch)) {
        tokens += shapes_.end();
        ++next_record_;
        continue;
      }
      const bool is_blank = *tokens >= begin + span.size;
      refusal = is_blank ? std::string(kNoObject) : decode_unknown(record, batch, type);
    } else {
      refusal = decode_alone(line, batch, type);
    }
    finish_record(batch, next_record_++, line, type, std::move(refusal));
  }
}

JsonDecoder::Refusal JsonDecoder::decode_alone(std::string_view line, Batch& batch, TypeId& type) {
  const size_t first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos || line[first] != '{') return std::string(kNoObject);
  const std::string_view fault = index_.build(line);
  if (!fault.empty()) return fmt::format("not valid JSON: {}", fault);
  const auto size = static_cast<uint32_t>(line.size());
  return decode_unknown({line.data(), index_.tokens(), 0, size, has_backslash(line)}, batch, type);
}

// Values as most programs write them, of a record of a known shape: there another token of the
// record follows each value. False: it may be any other value. Bytes behind the record are read,
// see kPaddingBytes.
inline bool JsonDecoder::store_common(const JsonRecord& record, uint32_t token, Column& column,
                                      uint32_t row) {
  const char* const begin = record.data + record.tokens[token];
  const char* const end = record.data + record.tokens[token + 1];
  const auto size = static_cast<size_t>(end - begin);
  if (*begin == '"') {
    if (end[-1] != '"' || record.escapes) return false;
    if (column.type() == Type::kString) {
      column.set_padded_text(row, begin + 1, size - 2);
      return true;
    }
    if (column.type() != Type::kTimestamp) return false;
    const auto time = eventtime::parse_timestamp({begin + 1, size - 2});
    if (time) column.set_integer(row, time->micros);
    return time.has_value();
  }
  if (column.type() == Type::kFloat) {
    double value = 0;
    const bool is_short = parse_short_float({begin, size}, value);
    if (is_short) column.set_number(row, value);
    return is_short;
  }
  if (column.type() != Type::kBool) return false;
  const bool value = size == 4;
  if (std::string_view(begin, size) != (value ? "true" : "false")) return false;
  column.set_integer(row, value ? 1 : 0);
  return true;
}

// Nothing is written to batch.rows unless all is well.
bool JsonDecoder::decode_known(const JsonRecord& record, uint64_t number, Batch& batch) {
  const Shape* const shape = shapes_.match(record, walker_);
  if (shape == nullptr) return false;
  EventTable& table = table_with_room(batch, shape->type);
  const uint32_t row = table.rows;
  const uint32_t* const values = shapes_.values();
  const Field* field = catalog_.types[shape->type].fields.data();
  Column* column = table.columns.data();
  for (const uint32_t value : shape->fields) {
    if (value == Shape::kMissing) {
      column->set_null(row);
    } else if (!store_common(record, values[value], *column, row) &&
               !store(*field, record, values[value], *column, row, batch.strings)) {
      return false;
    }
    ++field;
    ++column;
  }
  for (const uint32_t other : shape->others) {
    const char first = record.first(values[other]);
    if (first == '{' || first == '[' || (first == '"' && !record.escapes)) continue;
    if (begins_number(first)) {
      if (!is_number(record.text(values[other]), NumberGrammar::kJson)) return false;
      continue;
    }
    walker_.start(record);
    if (!walker_.check_scalar(values[other])) return false;
  }
  take_row(batch, shape->type, number, record.line());
  return true;
}

JsonDecoder::Refusal JsonDecoder::decode_unknown(const JsonRecord& record, Batch& batch,
                                                 TypeId& type) {
  if (record.first(0) != '{') return std::string(kNoObject);
  walker_.start(record);
  if (!walker_.walk(paths_)) return walker_.reason();
  uint32_t event = JsonStep::kEnd;
  if (Refusal refusal = find_event(event)) return refusal;
  uint32_t type_step = JsonStep::kEnd;
  if (type_rule_.fixed) {
    type = *type_rule_.fixed;
  } else {
    type_step = resolve(type_rule_.field, JsonStep::kEnd);
    if (Refusal refusal = find_type(record, type_step, type)) return refusal;
  }
  EventTable& table = table_with_room(batch, type);
  const std::vector<Field>& fields = catalog_.types[type].fields;
  field_steps_.clear();
  for (size_t i = 0; i < fields.size(); ++i) {
    const Field& field = fields[i];
    Column& column = table.columns[i];
    const uint32_t step = resolve(field.path, event);
    field_steps_.push_back(step);
    if (step == JsonStep::kEnd) {
      if (!field.nullable) return missing_reason(field);
      column.set_null(table.rows);
      continue;
    }
    const uint32_t token = walker_.steps()[step].token;
    if (!store(field, record, token, column, table.rows, batch.strings)) {
      return explain(field, record, token);
    }
  }
  learn(record, type_step, type, field_steps_);
  return std::nullopt;
}

JsonDecoder::Refusal JsonDecoder::find_event(uint32_t& parent) const {
  if (!cloud_events_) return std::nullopt;
  if (resolve("specversion", JsonStep::kEnd) == JsonStep::kEnd) {
    return "no CloudEvent: it has no 'specversion'";
  }
  parent = resolve(kData, JsonStep::kEnd);
  if (parent == JsonStep::kEnd || !walker_.steps()[parent].entered) {
    return "no CloudEvent: its 'data' is no object";
  }
  return std::nullopt;
}

JsonDecoder::Refusal JsonDecoder::find_type(const JsonRecord& record, uint32_t type_step,
                                            TypeId& type) {
  if (type_step == JsonStep::kEnd) return no_type_reason(type_rule_.field);
  const uint32_t token = walker_.steps()[type_step].token;
  const char first = record.first(token);
  if (first != '"') {
    return fmt::format("field {} that names the event's type: expected string, found {}",
                       in_quotes(type_rule_.field), kind_of(first));
  }
  const std::string_view name = string_value(record, token);
  const std::optional<TypeId> found = catalog_.find(name);
  if (!found) return unknown_type_reason(name);
  type = *found;
  return std::nullopt;
}

void JsonDecoder::learn(const JsonRecord& record, uint32_t type_step, TypeId type,
                        const std::vector<uint32_t>& field_steps) {
  const std::vector<JsonStep>& steps = walker_.steps();
  std::vector<uint32_t> values(steps.size());  // the number of each step's value
  std::vector<bool> read(steps.size());
  Shape shape;
  shape.type = type;
  uint32_t next_value = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    values[i] = next_value;
    if (steps[i].is_value()) ++next_value;
  }
  for (const uint32_t step : field_steps) {
    shape.fields.push_back(step == JsonStep::kEnd ? Shape::kMissing : values[step]);
    if (step != JsonStep::kEnd) read[step] = true;
  }
  for (uint32_t i = 0; i < steps.size(); ++i) {
    if (steps[i].is_value() && !read[i] && i != type_step) shape.others.push_back(values[i]);
  }
  shapes_.learn(record, steps, type_step, std::move(shape));
}

bool JsonDecoder::store(const Field& field, const JsonRecord& record, uint32_t token,
                        Column& column, uint32_t row, eventtime::Arena& strings) {
  const std::string_view text = record.text(token);
  const char first = text.front();
  if (first == '"') {
    return takes_text(field.type) &&
           store_text(field, text.substr(1, text.size() - 2), record.escapes, column, row, strings);
  }
  if (begins_number(first)) {
    return takes_number(field.type) &&
           set_number_field(field, text, NumberGrammar::kJson, column, row) == ValueFault::kNone;
  }
  if (text == "null") {
    column.set_null(row);
    return field.nullable;
  }
  if (field.type != Type::kBool || (text != "true" && text != "false")) return false;
  column.set_integer(row, first == 't' ? 1 : 0);
  return true;
}

bool JsonDecoder::store_text(const Field& field, std::string_view text, bool escapes,
                             Column& column, uint32_t row, eventtime::Arena& strings) {
  if (escapes && has_backslash(text)) {
    char* const bytes = strings.allocate(text.size());
    const std::optional<size_t> size = unescape_json(text, bytes);
    if (!size) return false;
    text = std::string_view(bytes, *size);
  }
  if (field.type != Type::kString) {
    return set_text_field(field, text, column, row) == ValueFault::kNone;
  }
  column.set_text(row, eventtime::Text(text));
  return true;
}

// Only after the walk, so that the value itself is known to be valid JSON.
std::string JsonDecoder::explain(const Field& field, const JsonRecord& record, uint32_t token) {
  const char first = record.first(token);
  const bool is_string = first == '"';
  const bool right_kind =
      is_string ? takes_text(field.type) : begins_number(first) && takes_number(field.type);
  if (!right_kind) return wrong_type_reason(field, kind_of(first));
  Column column(field.type);
  column.resize(1);
  const std::string_view text = is_string ? string_value(record, token) : record.text(token);
  const ValueFault fault = is_string
                               ? set_text_field(field, text, column, 0)
                               : set_number_field(field, text, NumberGrammar::kJson, column, 0);
  return fault_reason(field, fault, text);
}

uint32_t JsonDecoder::resolve(std::string_view path, uint32_t parent) const {
  const std::vector<JsonStep>& steps = walker_.steps();
  const auto find = [&](std::string_view key) {
    for (uint32_t i = 0; i < steps.size(); ++i) {
      const JsonStep& step = steps[i];
      if (step.token != JsonStep::kEnd && step.parent == parent && step.key == key) return i;
    }
    return JsonStep::kEnd;
  };
  while (true) {
    const uint32_t whole = find(path);
    const size_t dot = path.find('.');
    if (whole != JsonStep::kEnd || dot == std::string_view::npos) return whole;
    parent = find(path.substr(0, dot));
    if (parent == JsonStep::kEnd || !steps[parent].entered) return JsonStep::kEnd;
    path.remove_prefix(dot + 1);
  }
}

std::string_view JsonDecoder::string_value(const JsonRecord& record, uint32_t token) {
  std::string_view text = record.text(token);
  text = text.substr(1, text.size() - 2);
  if (!record.has_escape(text)) return text;
  scratch_.resize(text.size());
  const std::optional<size_t> size = unescape_json(text, scratch_.data());
  TOCSIN_CHECK(size, "the walker has checked all escapes");
  return std::string_view(scratch_).substr(0, *size);
}

}  // namespace tocsin::connectors
