// Values of tests: from literals of the language to what records and alerts hold, and back.
#pragma once

#include <optional>
#include <string>

#include "connectors/json/alert_reader.h"
#include "eventtime/schema.h"
#include "eventtime/value.h"
#include "server/pattern_test/test_file.h"

namespace tocsin::server {

// As alerts write a value of this type; kNull: of any. Nothing if the literal does not fit.
std::optional<connectors::AlertScalar> scalar_of(const TestValue& value, eventtime::Type type);
// Whether the alert's value is the one that is wanted; floats by value.
bool same_scalar(const connectors::AlertScalar& wanted, const connectors::AlertScalar& found,
                 eventtime::Type type);

std::string to_json(const connectors::AlertScalar& scalar);
// What a field holds that is left out, as JSON.
std::string default_json(const eventtime::Field& field);

// "int", "a list": what a literal is, for messages.
std::string_view kind_name(TestValue::Kind kind);

// As tests write it: +20s, or a date where the test has dates.
std::string time_literal(eventtime::Timestamp time, bool absolute);
std::string value_literal(const connectors::AlertScalar& scalar, eventtime::Type type,
                          bool absolute);
std::string value_literal(const connectors::AlertValue& value, eventtime::Type type, bool absolute);

}  // namespace tocsin::server
