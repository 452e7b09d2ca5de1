#include "patterns/names.h"

#include <algorithm>

#include "patterns/diagnostic.h"

namespace tocsin::patterns {
namespace {

constexpr size_t kMaxListed = 12;
// Comparing every unknown name with very many candidates would take quadratic time.
constexpr size_t kMaxCompared = 1000;

}  // namespace

std::string list_names(std::span<const std::string> names) {
  std::string list;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) list += ", ";
    if (i == kMaxListed) return list + "...";
    list += names[i];
  }
  return list;
}

std::string help_for_unknown(std::string_view name, std::span<const std::string> candidates,
                             std::string_view owner) {
  if (candidates.empty()) return {};
  std::string help;
  if (name.size() > 1) {  // of one letter, any other is as near
    help = did_you_mean(name, candidates.first(std::min(candidates.size(), kMaxCompared)));
  }
  if (!help.empty()) help += ' ';
  help += owner;
  help += ' ';
  return help + list_names(candidates);
}

std::string in_quotes(std::string_view name) {
  std::string text = "'";
  text += name;
  return text + "'";
}

}  // namespace tocsin::patterns
