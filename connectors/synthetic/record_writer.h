// Writes one record as a line of JSON or CSV; the kinds of events describe their fields once.
//
// A kind names all its fields in one fixed order for every record; absent() keeps a column's place
// where a record lacks the field. In JSON it writes nothing. For the header of a CSV file the same
// description is run with Form::kHeader, which writes the names instead of the values.
//
// Damage makes a record that every decoder must refuse, whatever its declarations: a time that is
// none, a line cut off, a key that stands twice.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "eventtime/timestamp.h"

namespace tocsin::connectors::synthetic {

enum class Form : uint8_t { kJson, kCsv, kHeader };
enum class Damage : uint8_t { kNone, kBadTime, kCut, kTwice };

class RecordWriter {
 public:
  // Appends to `out`, which outlives the writer.
  RecordWriter(std::string& out, Form form, Damage damage = Damage::kNone)
      : out_(out), form_(form), damage_(damage), begin_(out.size()) {}

  // Values need no escape in either form: letters, digits, and signs other than , " and backslash.
  void text(std::string_view name, std::string_view value);
  // `prefix` and a number: "c123".
  void code(std::string_view name, std::string_view prefix, uint64_t number);
  void time(std::string_view name, eventtime::Timestamp value);
  void integer(std::string_view name, int64_t value);
  // A decimal fraction of `digits` digits: decimal("amount", 1250, 2) is 12.50.
  void decimal(std::string_view name, int64_t scaled, int digits);
  void boolean(std::string_view name, bool value);
  void address(std::string_view name, uint32_t ip);
  void absent(std::string_view name);

  // A nested object; in CSV its columns are called "object.field".
  void begin_object(std::string_view name);
  void end_object();

  // Ends the record with its line end. Nothing may be written after it.
  void finish();

 private:
  // Everything before a value; false if the value itself is not to be written.
  bool begin_value(std::string_view name);

  std::string& out_;
  Form form_;
  Damage damage_;
  size_t begin_;
  bool first_ = true;        // nothing stands before the next value at its level
  std::string_view object_;  // the nested object that is open
};

void append_number(std::string& out, uint64_t value);
// Exactly `digits` digits, with zeros in front.
void append_padded(std::string& out, uint64_t value, int digits);

}  // namespace tocsin::connectors::synthetic
