#include "connectors/cloudevents/cloud_event_data.h"

#include <simdjson.h>

#include "eventtime/check.h"

namespace tocsin::connectors {

void append_cloud_event_data(std::string& out, std::string_view record) {
  namespace ondemand = simdjson::ondemand;
  ondemand::parser parser;
  const simdjson::padded_string padded(record);
  ondemand::document document;
  ondemand::object data;
  std::string_view text;
  const bool found = parser.iterate(padded).get(document) == simdjson::SUCCESS &&
                     document.find_field_unordered("data").get(data) == simdjson::SUCCESS &&
                     data.raw_json().get(text) == simdjson::SUCCESS;
  TOCSIN_CHECK(found, "a record that was accepted has data");
  out += text;
}

}  // namespace tocsin::connectors
