// What the model works on: values that own their text, events with all their fields, and what is
// bound so far. Plain data, so that the definition stands in the code that reads it.
//
// The model (naive_*.h) is section 3 of the pattern language written as code: slow, obvious, made
// from the page alone and never linked into the product. The engine is right when it agrees.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "eventtime/schema.h"
#include "eventtime/timestamp.h"
#include "eventtime/value.h"

namespace tocsin::model {

using eventtime::Catalog;
using eventtime::Duration;
using eventtime::Timestamp;
using eventtime::Type;
using eventtime::TypeId;

// A value with its type; null has the type kNull.
struct NaiveValue {
  Type type = Type::kNull;
  int64_t integer = 0;  // kInt; kBool as 0 or 1; kTimestamp and kDuration in microseconds
  double number = 0;    // kFloat
  std::string text;     // kString

  static NaiveValue null() { return {}; }
  static NaiveValue of_bool(bool value) { return {Type::kBool, value ? 1 : 0, 0, {}}; }
  static NaiveValue of_int(int64_t value) { return {Type::kInt, value, 0, {}}; }
  static NaiveValue of_float(double value) { return {Type::kFloat, 0, value, {}}; }
  static NaiveValue of_text(std::string value) { return {Type::kString, 0, 0, std::move(value)}; }
  // kTimestamp or kDuration.
  static NaiveValue of_micros(Type type, int64_t micros) { return {type, micros, 0, {}}; }

  bool is_null() const { return type == Type::kNull; }
  bool is_true() const { return type == Type::kBool && integer != 0; }
  bool is_false() const { return type == Type::kBool && integer == 0; }
  friend bool operator==(const NaiveValue&, const NaiveValue&) = default;
};

// -1, 0 or 1; both of one type and not null. Text by its bytes.
int compare(const NaiveValue& left, const NaiveValue& right);

// The value as alerts write it.
std::string to_json(const NaiveValue& value);

struct NaiveEvent {
  TypeId type = 0;
  Timestamp time;
  std::vector<NaiveValue> fields;  // by the fields of the type
  uint64_t record = 0;             // the record's number in its input
  uint32_t input = 0;
};

// A step of the match so far: an index into the events of the key.
struct Bound {
  uint32_t variable = 0;
  size_t event = 0;
  friend auto operator<=>(const Bound&, const Bound&) = default;
};

}  // namespace tocsin::model
