// A number that a part of the program tells of itself, for those who watch it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tocsin::runtime {

struct Metric {
  enum class Kind : uint8_t { kCounter, kGauge };  // only grows; goes up and down

  std::string name;  // as Prometheus wants it, without the prefix "tocsin_": "alerts_total"
  std::string help;  // one sentence
  Kind kind = Kind::kCounter;
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};

using Metrics = std::vector<Metric>;

}  // namespace tocsin::runtime
