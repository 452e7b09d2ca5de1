// The type rules of operators (docs/language.md, "Expressions and functions"): typed operands to a
// typed expression, or a diagnostic. Nothing is converted silently but int to float.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "patterns/ast.h"
#include "patterns/diagnostic.h"
#include "patterns/pattern.h"

namespace tocsin::patterns {

// Folds constants.
Expr make_expr(Op op, Type type, Span span, std::vector<Expr> operands);
Expr make_expr(Op op, Type type, Span span, Expr operand);
Expr make_expr(Op op, Type type, Span span, Expr left, Expr right);

// int as float; anything else as it is.
Expr to_float(Expr expr);

bool is_comparison(Op op);  // == != < <= > >=
Op mirrored(Op op);         // `5 < amount` is `amount > 5`

bool is_number(Type type);
bool is_ordered(Type type);  // has `<`

// The type of all of them: nulls take any type, int and float together are float. Nothing if they
// differ; then `odd` is the first that does not fit.
std::optional<Type> common_type(std::span<const Expr> exprs, size_t& odd);
// Converts int to float where `type` is float.
void convert_all(std::span<Expr> exprs, Type type);

// Binary operators, by the kind they are written with. Nothing after a mistake.
std::optional<Expr> bind_comparison(ast::ExprKind kind, Expr left, Expr right, Span span,
                                    Diagnostics& diagnostics);
std::optional<Expr> bind_arithmetic(ast::ExprKind kind, Expr left, Expr right, Span span,
                                    Diagnostics& diagnostics);
std::optional<Expr> bind_negate(Expr operand, Span span, Diagnostics& diagnostics);
// operands[0] in the others.
std::optional<Expr> bind_in(std::vector<Expr> operands, Span span, Diagnostics& diagnostics);

// "string", or "null": an expression's type as messages name it.
std::string type_text(Type type);
// The operator as it is written: "==", "+", "and".
std::string_view operator_text(ast::ExprKind kind);

}  // namespace tocsin::patterns
