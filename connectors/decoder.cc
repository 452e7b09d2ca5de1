#include "connectors/decoder.h"

#include <fmt/core.h>

#include "connectors/field_value.h"

namespace tocsin::connectors {

TypeRule type_rule(const DecodeOptions& options, const eventtime::Catalog& catalog) {
  if (options.type) return {options.type, {}};
  if (options.type_field) return {std::nullopt, *options.type_field};
  if (catalog.types.size() == 1) return {eventtime::TypeId{0}, {}};
  return {std::nullopt, "type"};
}

DecodeOptions options_of(const TypeRule& rule) {
  if (rule.fixed) return {rule.fixed, std::nullopt};
  return {std::nullopt, rule.field};
}

std::string unknown_type_reason(std::string_view type) {
  return fmt::format("unknown event type {}", in_quotes(type));
}

std::string no_type_reason(std::string_view field) {
  return fmt::format("no field {} that names the event's type", in_quotes(field));
}

std::string too_long_reason(size_t limit) {
  return fmt::format("record longer than {} bytes", limit);
}

}  // namespace tocsin::connectors
