// What random streams are made of.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tocsin::model {

inline constexpr int64_t kStart = 1767225600000;  // 2026-01-01T00:00:00Z in ms

// One arrival: the record's text and when it comes in.
struct Arrival {
  std::string record;
  int64_t place = 0;
};

inline void sort_by_arrival(std::vector<Arrival>& arrivals) {
  std::stable_sort(arrivals.begin(), arrivals.end(),
                   [](const Arrival& a, const Arrival& b) { return a.place < b.place; });
}

// To a JSON object that is still open.
inline void add_field(std::string& record, std::string_view name, const std::string& json) {
  record += ",\"" + std::string(name) + "\":" + json;
}

}  // namespace tocsin::model
