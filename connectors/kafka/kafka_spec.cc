#include "connectors/kafka/kafka_spec.h"

namespace tocsin::connectors {

std::optional<FieldOrigin> parse_field_origin(std::string_view text) {
  using From = FieldOrigin::From;
  constexpr std::string_view kHeaderPrefix = "header:";
  constexpr std::pair<std::string_view, From> kNames[] = {{"key", From::kKey},
                                                          {"topic", From::kTopic},
                                                          {"partition", From::kPartition},
                                                          {"offset", From::kOffset},
                                                          {"timestamp", From::kTimestamp}};
  for (const auto& [name, from] : kNames) {
    if (name == text) return FieldOrigin{from, {}};
  }
  if (!text.starts_with(kHeaderPrefix) || text.size() == kHeaderPrefix.size()) return std::nullopt;
  return FieldOrigin{From::kHeader, std::string(text.substr(kHeaderPrefix.size()))};
}

}  // namespace tocsin::connectors
