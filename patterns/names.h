// Names by their text, and what to say about a name that is not there.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tocsin::patterns {

struct NameHash {
  using is_transparent = void;
  size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
};
// Never iterated: its order must not show anywhere.
template <class T>
using NameMap = std::unordered_map<std::string, T, NameHash, std::equal_to<>>;

// "a, b, c"; a long list is cut: "a, b, c, ...".
std::string list_names(std::span<const std::string> names);

// The help for an unknown name: "did you mean 'amount'? 'Payment' has account, amount, currency".
// `owner` is what has the candidates: "'Payment' has".
std::string help_for_unknown(std::string_view name, std::span<const std::string> candidates,
                             std::string_view owner);

// The name in quotes, as messages show it.
std::string in_quotes(std::string_view name);

}  // namespace tocsin::patterns
