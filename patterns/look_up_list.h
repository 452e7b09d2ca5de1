// The values of a `list`: what `x in NAME` asks. Read once, immutable, shared by all that use it.
//
// One value a line; blanks around it do not count, nor do empty lines and lines that begin with
// `#`. A look-up is one probe of a hash table; of networks one binary search.
// Tested by tests/unit/patterns/look_up_list_test.cc.
#pragma once

#include <xxhash.h>

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eventtime/value.h"
#include "patterns/network_set.h"

namespace tocsin::patterns {

inline constexpr size_t kMaxListBytes = size_t{256} << 20;  // as it lies in memory, unpacked

// The type of the values, and `cidr`, which is no type of a field: networks, asked with strings.
struct ListType {
  eventtime::Type asked = eventtime::Type::kString;  // what is looked up
  bool networks = false;
};
std::optional<ListType> list_type_of_name(std::string_view name);
std::string_view to_string(ListType type);

struct ListMistake {
  size_t line = 0;      // from 1
  std::string message;  // "'12a' is no int"
};

class LookUpList {
 public:
  // The first few mistakes go to `mistakes`. Returns how many there are; the list then lacks these
  // values.
  size_t read(ListType type, std::string text, std::vector<ListMistake>& mistakes);

  ListType type() const { return type_; }
  size_t size() const;  // distinct values, or ranges of networks

  // By the list's type: string and cidr; int, timestamp and duration; int (the same number) and
  // float.
  bool contains(std::string_view text) const {
    return type_.networks ? networks_.contains(text) : texts_.contains(text);
  }
  bool contains(int64_t integer) const { return integers_.contains(integer); }
  bool contains(double number) const;

 private:
  struct TextHash {
    using is_avalanching = void;
    size_t operator()(std::string_view text) const { return XXH3_64bits(text.data(), text.size()); }
  };

  std::string add(std::string_view value);

  ListType type_;
  std::string text_;  // which texts_ point into
  boost::unordered_flat_set<std::string_view, TextHash> texts_;
  boost::unordered_flat_set<int64_t> integers_;  // of floats their bits
  NetworkSet networks_;
};

}  // namespace tocsin::patterns
