#include "connectors/kafka/log_sink.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

namespace tocsin::connectors {

int32_t log_partition(std::optional<std::string_view> key, int32_t partitions) {
  if (!key) return 0;
  return rd_kafka_msg_partitioner_murmur2(nullptr, key->data(), key->size(), partitions, nullptr,
                                          nullptr);
}

eventtime::Unexpected<eventtime::Error> other_kind_of_sink(std::string_view name) {
  return eventtime::input_error(
      fmt::format("sink '{}': the state says that it was another kind of sink; give it another "
                  "name, or begin with a new state directory",
                  name));
}

}  // namespace tocsin::connectors
