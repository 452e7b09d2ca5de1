// What events look like: declared types and their fields. Immutable once the patterns are bound;
// shared by decoders, conditions and alerts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/value.h"

namespace tocsin::eventtime {

// How an integer is read as a timestamp.
enum class TimeUnit : uint8_t { kMillis, kSeconds, kMicros, kNanos };

struct Field {
  std::string name;
  Type type = Type::kString;
  bool nullable = false;              // may be null or missing
  TimeUnit unit = TimeUnit::kMillis;  // of kTimestamp
  std::string path;                   // where it stands in a record: "merchant.name", a CSV column
};

struct EventSchema {
  std::string name;
  std::vector<Field> fields;
  size_t time_field = 0;  // index of the field that carries event time: a timestamp, never null

  std::optional<size_t> find(std::string_view field) const;
};

using TypeId = uint16_t;  // index into Catalog::types

struct Catalog {
  std::vector<EventSchema> types;  // in the order of their declaration

  std::optional<TypeId> find(std::string_view type) const;
};

// Reads an integer time of the given unit; nothing if it lies outside the years 0 to 9999.
std::optional<Timestamp> timestamp_from_integer(int64_t value, TimeUnit unit);

// Why a record is no event: "field 'amount': expected float, found string".
std::string wrong_type_reason(const Field& field, std::string_view found);
std::string missing_reason(const Field& field);

}  // namespace tocsin::eventtime
