// From the text of a value to a cell of a column, by the declared type of its field: the rules that
// JSON and CSV share, and how what is wrong is said in dead letters.
//
// Reasons are part of the product: "field 'amount': expected float, found string". They are the
// same for every batch size and whichever way the decoder took.
#pragma once

#include <string>
#include <string_view>

#include "connectors/number.h"
#include "eventtime/batch.h"
#include "eventtime/schema.h"

namespace tocsin::connectors {

enum class ValueFault : uint8_t {
  kNone,
  kMalformed,   // a number that is none
  kFraction,    // a number that is not whole where a whole one is needed
  kOutOfRange,  // does not fit into the type
  kNotText,     // text that is no timestamp or duration
};

// A number for a field of kInt, kFloat, kTimestamp or kDuration.
ValueFault set_number_field(const eventtime::Field& field, std::string_view number,
                            NumberGrammar grammar, eventtime::Column& column, size_t row);
// Text for a field of kTimestamp or kDuration.
ValueFault set_text_field(const eventtime::Field& field, std::string_view text,
                          eventtime::Column& column, size_t row);

// The reason for a fault; `text` is the value as it was written.
std::string fault_reason(const eventtime::Field& field, ValueFault fault, std::string_view text);
// `text` in single quotes, cut after 60 bytes at a character's border.
std::string in_quotes(std::string_view text);

}  // namespace tocsin::connectors
