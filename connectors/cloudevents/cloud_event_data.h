// What is inside of a CloudEvent. Tested by tests/unit/connectors/cloud_event_test.cc.
#pragma once

#include <string>
#include <string_view>

namespace tocsin::connectors {

// Appends the object `data`, as it stands there. The record is valid JSON and has one.
void append_cloud_event_data(std::string& out, std::string_view record);

}  // namespace tocsin::connectors
