// The table of functions: name, parameters, result. What each one gives for null and for special
// values stands in docs/language.md, "Expressions and functions".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "patterns/diagnostic.h"
#include "patterns/pattern.h"

namespace tocsin::patterns {

enum class Parameter : uint8_t {
  kBool,
  kInt,
  kFloat,   // an int is converted
  kNumber,  // int or float, as it is
  kString,
  kTimestamp,
  kSize,    // int, float or duration
  kUnit,    // a text literal: 'hour'
  kCommon,  // anything; all of these have one type
  kOrdered  // as kCommon, of a type that has `<`
};

struct Function {
  static constexpr size_t kAnyNumber = SIZE_MAX;

  std::string_view name;
  Op op = Op::kLiteral;
  size_t minimum = 1;  // of arguments
  size_t maximum = 1;
  std::array<Parameter, 3> parameters{};  // the last one stands for all further ones
  Type result = Type::kNull;              // kNull: that of the arguments, or of the first
};

const Function* find_function(std::string_view name);
std::string_view function_name(Op op);  // of one of the functions in the table

struct Aggregate {
  std::string_view name;
  CaptureKind kind;
};
const Aggregate* find_aggregate(std::string_view name);
std::string_view aggregate_name(CaptureKind kind);

// The type of the aggregate over a field of this type, or nothing if it takes no such field.
std::optional<Type> aggregate_result(CaptureKind kind, Type field);
// "int or float": what aggregate_result() accepts.
std::string_view aggregate_accepts(CaptureKind kind);

// All names that can be called, aggregates included.
std::span<const std::string> callable_names();

// "2 or 3 arguments": how many a function takes.
std::string arity_text(size_t minimum, size_t maximum);

// How it is written: "write substr(string, int[, int])".
std::string usage(const Function& function);

// A call with as many arguments as the function takes: checks and converts them.
std::optional<Expr> bind_function(const Function& function, std::vector<Expr> arguments, Span span,
                                  Diagnostics& diagnostics);

}  // namespace tocsin::patterns
