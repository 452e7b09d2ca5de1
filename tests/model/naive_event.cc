#include "tests/model/naive_event.h"

#include <string_view>

#include "eventtime/check.h"

namespace tocsin::model {

namespace {

template <class T>
int three_way(const T& left, const T& right) {
  if (left < right) return -1;
  return right < left ? 1 : 0;
}

eventtime::Value view_of(const NaiveValue& value) {
  switch (value.type) {
    case Type::kNull:
      return eventtime::Value::null();
    case Type::kBool:
      return eventtime::Value::of_bool(value.integer != 0);
    case Type::kInt:
      return eventtime::Value::of_int(value.integer);
    case Type::kFloat:
      return eventtime::Value::of_float(value.number);
    case Type::kString:
      return eventtime::Value::of_text(eventtime::Text(value.text));
    case Type::kTimestamp:
      return eventtime::Value::of_timestamp({value.integer});
    case Type::kDuration:
      return eventtime::Value::of_duration({value.integer});
  }
  TOCSIN_CHECK(false, "a value of no type");
}

}  // namespace

int compare(const NaiveValue& left, const NaiveValue& right) {
  TOCSIN_CHECK(left.type == right.type && !left.is_null(), "compared values are of one type");
  if (left.type == Type::kFloat) return three_way(left.number, right.number);
  if (left.type == Type::kString) {
    return three_way(std::string_view(left.text), std::string_view(right.text));
  }
  return three_way(left.integer, right.integer);
}

std::string to_json(const NaiveValue& value) {
  std::string out;
  eventtime::append_json(out, view_of(value));
  return out;
}

}  // namespace tocsin::model
