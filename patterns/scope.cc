#include "patterns/scope.h"

#include <algorithm>

namespace tocsin::patterns {

bool TypeSet::contains(TypeId type) const {
  return std::binary_search(types.begin(), types.end(), type);
}

void TypeSet::add(std::optional<TypeId> type) {
  if (!type) {
    unknown = true;
    return;
  }
  const auto at = std::lower_bound(types.begin(), types.end(), *type);
  if (at == types.end() || *at != *type) types.insert(at, *type);
}

void TypeSet::add(const TypeSet& other) {
  for (const TypeId type : other.types) add(type);
  unknown = unknown || other.unknown;
}

std::optional<uint32_t> Scope::find_variable(std::string_view name) const {
  const auto found = variables_by_name.find(name);
  if (found == variables_by_name.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> Scope::variable_names() const {
  std::vector<std::string> names;
  for (const ScopeVariable& entry : variables) {
    if (!entry.variable.negated) names.push_back(entry.variable.name);
  }
  return names;
}

std::optional<uint32_t> Scope::find_key(std::string_view name) const {
  const auto found = keys_by_name.find(name);
  if (found == keys_by_name.end()) return std::nullopt;
  return found->second;
}

std::vector<std::string> Scope::key_names() const {
  std::vector<std::string> names;
  for (const KeyPart& part : by) names.push_back(part.name);
  return names;
}

size_t Scope::CaptureHash::operator()(const Capture& capture) const {
  const size_t place = size_t{capture.variable} * 16 + static_cast<size_t>(capture.kind);
  return std::hash<std::string>{}(capture.field) ^ (place * 0x9E3779B97F4A7C15U);
}

uint32_t Scope::capture(Capture capture) {
  const auto [entry, added] =
      capture_ids_.try_emplace(capture, static_cast<uint32_t>(captures.size()));
  if (added) captures.push_back(std::move(capture));
  return entry->second;
}

std::optional<Type> common_field(const TypeSet& types, const ast::Name& field,
                                 const std::string& owner, const Declarations& declarations,
                                 Diagnostics& diagnostics) {
  std::optional<Type> common;
  TypeId common_from = 0;
  for (const TypeId type : types.types) {
    const std::string type_name = in_quotes(declarations.name_of(type));
    const std::optional<FieldRef> found = declarations.field(type, field.text);
    if (!found) {
      const std::string of = types.types.size() > 1 ? ", which " + owner + " may be," : "";
      diagnostics.error(
          field.span, "unknown-field", type_name + of + " has no field " + in_quotes(field.text),
          help_for_unknown(field.text, declarations.field_names(type), type_name + " has"));
      return std::nullopt;
    }
    if (!found->type) return std::nullopt;
    if (common && *common != *found->type) {
      diagnostics.error(field.span, "type-mismatch",
                        owner + " may be " + in_quotes(declarations.name_of(common_from)) +
                            ", where " + in_quotes(field.text) + " is " +
                            std::string(to_string(*common)) + ", or " + type_name +
                            ", where it is " + std::string(to_string(*found->type)),
                        "the field needs one type in all of them");
      return std::nullopt;
    }
    common = found->type;
    common_from = type;
  }
  if (types.unknown) return std::nullopt;
  return common;
}

}  // namespace tocsin::patterns
