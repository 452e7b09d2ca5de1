// The functions of the language that look only at their operands, for the model's evaluator.
#pragma once

#include <span>

#include "patterns/pattern.h"
#include "tests/model/naive_event.h"

namespace tocsin::model {

NaiveValue call_function(const patterns::Expr& call, std::span<const NaiveValue> operands);

}  // namespace tocsin::model
