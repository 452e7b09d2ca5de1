#include "eventtime/schema.h"

#include <fmt/core.h>

namespace tocsin::eventtime {
namespace {

template <class T>
std::optional<size_t> index_by_name(const std::vector<T>& items, std::string_view name) {
  for (size_t i = 0; i < items.size(); ++i) {
    if (items[i].name == name) return i;
  }
  return std::nullopt;
}

}  // namespace

std::optional<size_t> EventSchema::find(std::string_view field) const {
  return index_by_name(fields, field);
}

std::optional<TypeId> Catalog::find(std::string_view type) const {
  const std::optional<size_t> index = index_by_name(types, type);
  if (!index) return std::nullopt;
  return static_cast<TypeId>(*index);
}

std::optional<Timestamp> timestamp_from_integer(int64_t value, TimeUnit unit) {
  int64_t micros = 0;
  bool overflow = false;
  switch (unit) {
    case TimeUnit::kSeconds:
      overflow = __builtin_mul_overflow(value, 1'000'000, &micros);
      break;
    case TimeUnit::kMillis:
      overflow = __builtin_mul_overflow(value, 1000, &micros);
      break;
    case TimeUnit::kMicros:
      micros = value;
      break;
    case TimeUnit::kNanos:  // towards the past, also before 1970
      micros = value / 1000 - (value % 1000 < 0 ? 1 : 0);
      break;
  }
  const Timestamp time{micros};
  if (overflow || time < kEarliestTimestamp || time > kLatestTimestamp) return std::nullopt;
  return time;
}

std::string wrong_type_reason(const Field& field, std::string_view found) {
  return fmt::format("field '{}': expected {}, found {}", field.name, to_string(field.type), found);
}

std::string missing_reason(const Field& field) {
  return fmt::format("field '{}' is missing", field.name);
}

}  // namespace tocsin::eventtime
