// Result<T>: a value or an error, with the member names of std::expected (C++23).
//
// The user's mistakes and the world's faults travel as Result; only our own bugs abort (check.h).
// No exception crosses a folder's border.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "eventtime/check.h"

namespace tocsin::eventtime {

// Who is to blame decides the exit status of the program: input 1, usage 2, world 3.
enum class Blame : unsigned char { kInput, kUsage, kWorld };

struct Error {
  std::string message;  // lower case, no final period; names what, where and what to do
  Blame blame = Blame::kInput;
};

template <class E>
struct Unexpected {
  E error;
};

inline Unexpected<Error> input_error(std::string message) {
  return {{std::move(message), Blame::kInput}};
}
inline Unexpected<Error> usage_error(std::string message) {
  return {{std::move(message), Blame::kUsage}};
}
inline Unexpected<Error> world_error(std::string message) {
  return {{std::move(message), Blame::kWorld}};
}

template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(Unexpected<E> error)                                // NOLINT: implicit by design
      : state_(std::in_place_index<1>, std::move(error.error)) {}

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  T& value() & {
    TOCSIN_CHECK(has_value(), "value() of a Result that holds an error");
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    TOCSIN_CHECK(has_value(), "value() of a Result that holds an error");
    return *std::get_if<0>(&state_);
  }
  T&& value() && { return std::move(value()); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const E& error() const {
    TOCSIN_CHECK(!has_value(), "error() of a Result that holds a value");
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, E> state_;
};

template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  Result(Unexpected<E> error) : state_(std::in_place_index<1>, std::move(error.error)) {}  // NOLINT

  bool has_value() const { return state_.index() == 0; }
  explicit operator bool() const { return has_value(); }
  const E& error() const {
    TOCSIN_CHECK(!has_value(), "error() of a Result that holds a value");
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<std::monostate, E> state_;
};

}  // namespace tocsin::eventtime
