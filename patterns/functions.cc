#include "patterns/functions.h"

#include <algorithm>
#include <utility>

#include "eventtime/check.h"
#include "patterns/fold.h"
#include "patterns/names.h"
#include "patterns/operators.h"

namespace tocsin::patterns {
namespace {

constexpr size_t kAny = Function::kAnyNumber;
using enum Parameter;

constexpr std::array<Function, 23> kFunctions = {{
    {"abs", Op::kAbs, 1, 1, {kSize}, Type::kNull},
    {"round", Op::kRound, 1, 2, {kNumber, kInt}, Type::kNull},
    {"floor", Op::kFloor, 1, 1, {kNumber}, Type::kNull},
    {"ceil", Op::kCeil, 1, 1, {kNumber}, Type::kNull},
    {"sqrt", Op::kSqrt, 1, 1, {kFloat}, Type::kFloat},
    {"pow", Op::kPow, 2, 2, {kFloat, kFloat, kFloat}, Type::kFloat},
    {"least", Op::kLeast, 1, kAny, {kOrdered, kOrdered, kOrdered}, Type::kNull},
    {"greatest", Op::kGreatest, 1, kAny, {kOrdered, kOrdered, kOrdered}, Type::kNull},
    {"coalesce", Op::kCoalesce, 1, kAny, {kCommon, kCommon, kCommon}, Type::kNull},
    {"if", Op::kIf, 3, 3, {kBool, kCommon, kCommon}, Type::kNull},
    {"lower", Op::kLower, 1, 1, {kString}, Type::kString},
    {"upper", Op::kUpper, 1, 1, {kString}, Type::kString},
    {"trim", Op::kTrim, 1, 1, {kString}, Type::kString},
    {"length", Op::kLength, 1, 1, {kString}, Type::kInt},
    {"substr", Op::kSubstr, 2, 3, {kString, kInt, kInt}, Type::kString},
    {"contains", Op::kContains, 2, 2, {kString, kString, kString}, Type::kBool},
    {"starts_with", Op::kStartsWith, 2, 2, {kString, kString, kString}, Type::kBool},
    {"ends_with", Op::kEndsWith, 2, 2, {kString, kString, kString}, Type::kBool},
    {"concat", Op::kConcat, 1, kAny, {kString, kString, kString}, Type::kString},
    {"hour", Op::kHour, 1, 1, {kTimestamp}, Type::kInt},
    {"day_of_week", Op::kDayOfWeek, 1, 1, {kTimestamp}, Type::kInt},
    {"date_trunc", Op::kDateTrunc, 2, 2, {kUnit, kTimestamp, kTimestamp}, Type::kTimestamp},
    {"distance_km", Op::kDistanceKm, 4, 4, {kFloat, kFloat, kFloat}, Type::kFloat},
}};

constexpr std::array<Aggregate, 10> kAggregates = {{
    {"count", CaptureKind::kCount},
    {"sum", CaptureKind::kSum},
    {"avg", CaptureKind::kAverage},
    {"min", CaptureKind::kMinimum},
    {"max", CaptureKind::kMaximum},
    {"stddev", CaptureKind::kStddev},
    {"first", CaptureKind::kFirst},
    {"last", CaptureKind::kLast},
    {"distinct", CaptureKind::kDistinct},
    {"collect", CaptureKind::kCollect},
}};

constexpr std::array<std::string_view, 7> kDateUnits = {"year", "month",  "week",  "day",
                                                        "hour", "minute", "second"};

Parameter parameter(const Function& function, size_t index) {
  return function.parameters[std::min(index, function.parameters.size() - 1)];
}

bool accepts(Parameter parameter, const Expr& argument) {
  if (parameter == kUnit) return argument.op == Op::kLiteral && argument.type == Type::kString;
  switch (argument.type) {
    case Type::kNull:
      return true;
    case Type::kBool:
      return parameter == kBool || parameter == kCommon;
    case Type::kInt:
      return parameter == kInt || parameter == kFloat || parameter == kNumber ||
             parameter == kSize || parameter == kCommon || parameter == kOrdered;
    case Type::kFloat:
      return parameter == kFloat || parameter == kNumber || parameter == kSize ||
             parameter == kCommon || parameter == kOrdered;
    case Type::kString:
      return parameter == kString || parameter == kCommon || parameter == kOrdered;
    case Type::kTimestamp:
      return parameter == kTimestamp || parameter == kCommon || parameter == kOrdered;
    case Type::kDuration:
      return parameter == kSize || parameter == kCommon || parameter == kOrdered;
  }
  return false;
}

std::string_view parameter_text(Parameter parameter) {
  switch (parameter) {
    case kBool:
      return "bool";
    case kInt:
      return "int";
    case kFloat:
    case kNumber:
      return "int or float";
    case kString:
      return "string";
    case kTimestamp:
      return "timestamp";
    case kSize:
      return "int, float or duration";
    case kUnit:
      return "a unit in quotes, such as 'hour'";
    case kCommon:
      return "of any type";
    case kOrdered:
      return "int, float, string, timestamp or duration";
  }
  return {};
}

std::string_view usage_text(Parameter parameter) {
  switch (parameter) {
    case kFloat:
    case kNumber:
      return "number";
    case kUnit:
      return "'unit'";
    case kSize:
    case kCommon:
    case kOrdered:
      return "value";
    default:
      return parameter_text(parameter);
  }
}

bool check_arguments(const Function& function, std::span<const Expr> arguments,
                     Diagnostics& diagnostics) {
  bool good = true;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (accepts(parameter(function, i), arguments[i])) continue;
    good = false;
    const bool unit = parameter(function, i) == kUnit;
    diagnostics.error(arguments[i].span, "type-mismatch",
                      "argument " + std::to_string(i + 1) + " of " + in_quotes(function.name) +
                          " must be " + std::string(parameter_text(parameter(function, i))) +
                          (unit ? "" : ", not " + type_text(arguments[i].type)),
                      usage(function));
  }
  return good;
}

// The common type of the arguments that must have one, which are converted to it.
std::optional<Type> unify(const Function& function, std::span<Expr> arguments,
                          Diagnostics& diagnostics) {
  const size_t first = parameter(function, 0) == kBool ? 1 : 0;  // the condition of `if`
  const std::span<Expr> common = arguments.subspan(first);
  size_t odd = 0;
  const std::optional<Type> type = common_type(common, odd);
  if (!type) {
    size_t other = 0;
    while (common[other].type == Type::kNull) ++other;
    diagnostics.error(common[odd].span, "type-mismatch",
                      in_quotes(function.name) + " needs arguments of one type, not " +
                          type_text(common[other].type) + " and " + type_text(common[odd].type),
                      "only int and float mix");
    return std::nullopt;
  }
  convert_all(common, *type);
  return type;
}

bool check_date_unit(const Expr& unit, Diagnostics& diagnostics) {
  if (std::find(kDateUnits.begin(), kDateUnits.end(), unit.text) != kDateUnits.end()) return true;
  const std::vector<std::string> names(kDateUnits.begin(), kDateUnits.end());
  diagnostics.error(unit.span, "bad-unit", "'date_trunc' has no unit " + in_quotes(unit.text),
                    help_for_unknown(unit.text, names, "the units are"));
  return false;
}

bool has_common(const Function& function) {
  const Parameter last = function.parameters.back();
  return last == kCommon || last == kOrdered;
}

// Rounding a whole number gives itself.
bool is_identity(const Function& function, std::span<const Expr> arguments) {
  const bool rounds =
      function.op == Op::kRound || function.op == Op::kFloor || function.op == Op::kCeil;
  const bool alone = arguments.size() == 1;
  return (rounds && alone && arguments[0].type == Type::kInt) || (has_common(function) && alone);
}

}  // namespace

const Function* find_function(std::string_view name) {
  for (const Function& function : kFunctions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

const Aggregate* find_aggregate(std::string_view name) {
  for (const Aggregate& aggregate : kAggregates) {
    if (aggregate.name == name) return &aggregate;
  }
  return nullptr;
}

std::string_view function_name(Op op) {
  for (const Function& function : kFunctions) {
    if (function.op == op) return function.name;
  }
  TOCSIN_CHECK(false, "the operation of a function");
}

std::string_view aggregate_name(CaptureKind kind) {
  for (const Aggregate& aggregate : kAggregates) {
    if (aggregate.kind == kind) return aggregate.name;
  }
  TOCSIN_CHECK(false, "the kind of an aggregate");
}

std::optional<Type> aggregate_result(CaptureKind kind, Type field) {
  switch (kind) {
    case CaptureKind::kCount:
    case CaptureKind::kDistinct:
      return Type::kInt;
    case CaptureKind::kLastTime:
      return Type::kTimestamp;
    case CaptureKind::kSum:
      if (is_number(field) || field == Type::kDuration) return field;
      return std::nullopt;
    case CaptureKind::kAverage:
    case CaptureKind::kStddev:
      if (is_number(field)) return Type::kFloat;
      return std::nullopt;
    case CaptureKind::kMinimum:
    case CaptureKind::kMaximum:
      if (is_ordered(field)) return field;
      return std::nullopt;
    case CaptureKind::kFirst:
    case CaptureKind::kLast:
    case CaptureKind::kCollect:
      return field;
  }
  return std::nullopt;
}

std::string_view aggregate_accepts(CaptureKind kind) {
  switch (kind) {
    case CaptureKind::kSum:
      return "int, float or duration";
    case CaptureKind::kAverage:
    case CaptureKind::kStddev:
      return "int or float";
    default:
      return "int, float, string, timestamp or duration";
  }
}

std::span<const std::string> callable_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const Function& function : kFunctions) all.emplace_back(function.name);
    for (const Aggregate& aggregate : kAggregates) all.emplace_back(aggregate.name);
    all.emplace_back("time");
    all.emplace_back("timestamp");
    std::sort(all.begin(), all.end());
    return all;
  }();
  return names;
}

std::string arity_text(size_t minimum, size_t maximum) {
  std::string text = std::to_string(minimum);
  if (maximum == Function::kAnyNumber) {
    text += " or more";
  } else if (maximum != minimum) {
    text += " or " + std::to_string(maximum);
  }
  return text + (maximum == 1 ? " argument" : " arguments");
}

std::string usage(const Function& function) {
  std::string text = "write " + std::string(function.name) + "(";
  const bool any_number = function.maximum == Function::kAnyNumber;
  const size_t shown = any_number ? function.minimum : function.maximum;
  for (size_t i = 0; i < shown; ++i) {
    if (i >= function.minimum) text += '[';
    if (i > 0) text += ", ";
    text += usage_text(parameter(function, i));
    if (i >= function.minimum) text += ']';
  }
  return text + (any_number ? ", ...)" : ")");
}

std::optional<Expr> bind_function(const Function& function, std::vector<Expr> arguments, Span span,
                                  Diagnostics& diagnostics) {
  if (!check_arguments(function, arguments, diagnostics)) return std::nullopt;
  if (function.op == Op::kDateTrunc && !check_date_unit(arguments[0], diagnostics)) {
    return std::nullopt;
  }
  if (is_identity(function, arguments)) return std::move(arguments[0]);
  std::optional<Type> result = function.result;
  if (has_common(function)) {
    result = unify(function, arguments, diagnostics);
    if (!result) return std::nullopt;
    if (*result == Type::kNull) return null_literal(span);
  } else if (*result == Type::kNull) {
    result = arguments[0].type;
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (parameter(function, i) == kFloat) arguments[i] = to_float(std::move(arguments[i]));
  }
  return make_expr(function.op, *result, span, std::move(arguments));
}

}  // namespace tocsin::patterns
