// Typed expression to stack code: a walk of the tree, operands before their operator.
#include <algorithm>

#include "eventtime/check.h"
#include "nfa/code.h"
#include "nfa/functions.h"

namespace tocsin::nfa {

using patterns::Expr;
using patterns::Op;

class CodeBuilder {
 public:
  explicit CodeBuilder(Code& code) : code_(code) {}

  void build(const Expr& expr) {
    emit_expression(expr);
    code_.type_ = expr.type;
    code_.stack_size_ = max_depth_;
  }

 private:
  // `delta`: by how much the instruction changes the stack's depth.
  size_t emit(OpCode op, int delta, uint32_t operand = 0) {
    code_.instructions_.push_back({op, operand});
    depth_ = static_cast<uint32_t>(static_cast<int>(depth_) + delta);
    max_depth_ = std::max(max_depth_, depth_);
    return code_.instructions_.size() - 1;
  }
  void land(size_t jump) {
    code_.instructions_[jump].operand = static_cast<uint32_t>(code_.instructions_.size());
  }

  void emit_expression(const Expr& expr) {
    switch (expr.op) {
      case Op::kLiteral:
        emit_literal(expr);
        return;
      case Op::kField:
        emit(field_code(expr.type), +1, expr.index);
        return;
      case Op::kTestedTime:
        emit(OpCode::kTestedTime, +1);
        return;
      case Op::kCapture:
        emit(OpCode::kCapture, +1, expr.index);
        return;
      case Op::kKey:
        emit(OpCode::kKey, +1, expr.index);
        return;
      case Op::kAnd:
        emit_logic(expr, OpCode::kJumpIfFalse, OpCode::kAnd);
        return;
      case Op::kOr:
        emit_logic(expr, OpCode::kJumpIfTrue, OpCode::kOr);
        return;
      case Op::kIn:
        emit_in(expr);
        return;
      case Op::kInList:
        emit_expression(expr.operands[0]);
        emit(by_type(expr.operands[0].type, OpCode::kInListInteger, OpCode::kInListNumber,
                     OpCode::kInListText),
             0, add_shared(code_.lists_, expr.list));
        return;
      case Op::kMatches:
        emit_expression(expr.operands[0]);
        emit(OpCode::kMatches, 0, add_shared(code_.regexes_, expr.regex));
        return;
      case Op::kIf:
        emit_if(expr);
        return;
      case Op::kCoalesce:
        emit_coalesce(expr);
        return;
      case Op::kLike:
        emit_like(expr, OpCode::kLike);
        return;
      case Op::kILike:
        emit_like(expr, OpCode::kILike);
        return;
      case Op::kDateTrunc:
        emit_date_trunc(expr);
        return;
      case Op::kLeast:
      case Op::kGreatest:
      case Op::kConcat:
        emit_fold(expr);
        return;
      default:
        break;
    }
    for (const Expr& operand : expr.operands) emit_expression(operand);
    const auto pops = static_cast<int>(expr.operands.size());
    const OpCode op = operator_code(expr);
    auto operand = static_cast<uint32_t>(pops);
    if (op == OpCode::kScaleDuration) operand = expr.operands[0].type == Type::kFloat ? 1 : 0;
    if (op == OpCode::kShrinkDuration) operand = expr.operands[1].type == Type::kInt ? 1 : 0;
    emit(op, 1 - pops, operand);
  }

  void emit_literal(const Expr& expr) {
    if (expr.type == Type::kNull) {
      emit(OpCode::kNull, +1);
    } else {
      emit(OpCode::kConstant, +1, add_constant(expr));
    }
  }

  uint32_t add_constant(const Expr& expr) {
    Cell cell(expr.integer);
    if (expr.type == Type::kFloat) cell = Cell(expr.number);
    if (expr.type == Type::kString) cell = Cell(own(expr.text));
    code_.constants_.push_back(cell);
    return static_cast<uint32_t>(code_.constants_.size() - 1);
  }

  template <class T>
  static uint32_t add_shared(std::vector<T>& all, const T& one) {
    TOCSIN_CHECK(one, "the binder gives each look-up its list, and each search its expression");
    all.push_back(one);
    return static_cast<uint32_t>(all.size() - 1);
  }

  eventtime::Text own(const std::string& text) {
    code_.texts_.push_back(std::make_shared<const std::string>(text));
    return eventtime::Text(*code_.texts_.back());
  }

  static OpCode field_code(Type type) {
    if (type == Type::kFloat) return OpCode::kFieldNumber;
    return type == Type::kString ? OpCode::kFieldText : OpCode::kFieldInteger;
  }

  // The right side is skipped where the left one decides.
  void emit_logic(const Expr& expr, OpCode jump, OpCode combine) {
    emit_expression(expr.operands[0]);
    std::vector<size_t> jumps;
    for (size_t i = 1; i < expr.operands.size(); ++i) {
      jumps.push_back(emit(jump, 0));
      emit_expression(expr.operands[i]);
      emit(combine, -1);
    }
    for (const size_t at : jumps) land(at);
  }

  void emit_in(const Expr& expr) {
    const bool constant = std::all_of(expr.operands.begin() + 1, expr.operands.end(),
                                      [](const Expr& e) { return e.op == Op::kLiteral; });
    if (constant) {
      emit_expression(expr.operands[0]);
      emit(OpCode::kInSet, 0, add_set(expr));
      return;
    }
    for (size_t i = 1; i < expr.operands.size(); ++i) {
      emit_expression(expr.operands[0]);
      emit_expression(expr.operands[i]);
      emit(by_type(expr.operands[0].type, OpCode::kEqualInteger, OpCode::kEqualNumber,
                   OpCode::kEqualText),
           -1);
      if (i > 1) emit(OpCode::kOr, -1);
    }
  }

  uint32_t add_set(const Expr& expr) {
    Code::ConstantSet set;
    set.type = expr.operands[0].type;
    for (size_t i = 1; i < expr.operands.size(); ++i) {
      const Expr& element = expr.operands[i];
      if (element.type == Type::kNull) {
        set.has_null = true;
      } else if (element.type == Type::kFloat) {
        set.numbers.push_back(element.number);
      } else if (element.type == Type::kString) {
        set.texts.push_back(element.text);
      } else {
        set.integers.push_back(element.integer);
      }
    }
    std::sort(set.integers.begin(), set.integers.end());
    std::sort(set.numbers.begin(), set.numbers.end());
    std::sort(set.texts.begin(), set.texts.end());
    code_.sets_.push_back(std::move(set));
    return static_cast<uint32_t>(code_.sets_.size() - 1);
  }

  void emit_if(const Expr& expr) {
    emit_expression(expr.operands[0]);
    const size_t to_else = emit(OpCode::kBranchUnlessTrue, -1);
    emit_expression(expr.operands[1]);
    const size_t to_end = emit(OpCode::kJump, -1);  // the other branch starts without its value
    land(to_else);
    emit_expression(expr.operands[2]);
    land(to_end);
  }

  void emit_coalesce(const Expr& expr) {
    std::vector<size_t> jumps;
    for (size_t i = 0; i + 1 < expr.operands.size(); ++i) {
      emit_expression(expr.operands[i]);
      jumps.push_back(emit(OpCode::kCoalesce, -1));
    }
    emit_expression(expr.operands.back());
    for (const size_t at : jumps) land(at);
  }

  void emit_like(const Expr& expr, OpCode op) {
    emit_expression(expr.operands[0]);
    emit(op, 0, add_constant(expr.operands[1]));
  }

  void emit_date_trunc(const Expr& expr) {
    const std::optional<DateUnit> unit = date_unit(expr.operands[0].text);
    TOCSIN_CHECK(unit, "the binder checks units of time");
    emit_expression(expr.operands[1]);
    emit(OpCode::kDateTrunc, 0, static_cast<uint32_t>(*unit));
  }

  void emit_fold(const Expr& expr) {
    emit_expression(expr.operands[0]);
    for (size_t i = 1; i < expr.operands.size(); ++i) {
      emit_expression(expr.operands[i]);
      OpCode op = OpCode::kConcat;
      if (expr.op == Op::kLeast) {
        op = by_type(expr.type, OpCode::kLeastInteger, OpCode::kLeastNumber, OpCode::kLeastText);
      } else if (expr.op == Op::kGreatest) {
        op = by_type(expr.type, OpCode::kGreatestInteger, OpCode::kGreatestNumber,
                     OpCode::kGreatestText);
      }
      emit(op, -1);
    }
  }

  static OpCode by_type(Type type, OpCode integer, OpCode number, OpCode text) {
    if (type == Type::kFloat) return number;
    return type == Type::kString ? text : integer;
  }

  static OpCode comparison(const Expr& expr, OpCode integer, OpCode number, OpCode text) {
    const Type left = expr.operands[0].type;
    return by_type(left == Type::kNull ? expr.operands[1].type : left, integer, number, text);
  }

  // Durations scale by a number on either side.
  static OpCode product(const Expr& expr) {
    if (expr.type != Type::kDuration) {
      return by_type(expr.type, OpCode::kMultiplyInteger, OpCode::kMultiplyNumber, {});
    }
    const bool whole =
        expr.operands[0].type != Type::kFloat && expr.operands[1].type != Type::kFloat;
    return whole ? OpCode::kMultiplyInteger : OpCode::kScaleDuration;
  }

  static OpCode quotient(const Expr& expr) {
    if (expr.type == Type::kDuration) return OpCode::kShrinkDuration;
    return expr.operands[0].type == Type::kDuration ? OpCode::kRatioDuration
                                                    : OpCode::kDivideNumber;
  }

  static OpCode rounding(const Expr& expr) {
    if (expr.operands.size() == 1) return OpCode::kRoundNumber;
    return expr.type == Type::kFloat ? OpCode::kRoundDigits : OpCode::kRoundIntegerDigits;
  }

  static OpCode operator_code(const Expr& expr) {
    const bool number = expr.type == Type::kFloat;
    switch (expr.op) {
      case Op::kNot:
        return OpCode::kNot;
      case Op::kEqual:
        return comparison(expr, OpCode::kEqualInteger, OpCode::kEqualNumber, OpCode::kEqualText);
      case Op::kNotEqual:
        return comparison(expr, OpCode::kNotEqualInteger, OpCode::kNotEqualNumber,
                          OpCode::kNotEqualText);
      case Op::kLess:
        return comparison(expr, OpCode::kLessInteger, OpCode::kLessNumber, OpCode::kLessText);
      case Op::kLessEqual:
        return comparison(expr, OpCode::kLessEqualInteger, OpCode::kLessEqualNumber,
                          OpCode::kLessEqualText);
      case Op::kGreater:
        return comparison(expr, OpCode::kGreaterInteger, OpCode::kGreaterNumber,
                          OpCode::kGreaterText);
      case Op::kGreaterEqual:
        return comparison(expr, OpCode::kGreaterEqualInteger, OpCode::kGreaterEqualNumber,
                          OpCode::kGreaterEqualText);
      case Op::kIsNull:
        return OpCode::kIsNull;
      case Op::kIsNotNull:
        return OpCode::kIsNotNull;
      case Op::kToFloat:
        return OpCode::kToFloat;
      case Op::kNegate:
        return number ? OpCode::kNegateNumber : OpCode::kNegateInteger;
      case Op::kAdd:
        return number ? OpCode::kAddNumber : OpCode::kAddInteger;
      case Op::kSubtract:
        return number ? OpCode::kSubtractNumber : OpCode::kSubtractInteger;
      case Op::kMultiply:
        return product(expr);
      case Op::kDivide:
        return quotient(expr);
      case Op::kModulo:
        return number ? OpCode::kModuloNumber : OpCode::kModuloInteger;
      case Op::kAbs:
        return number ? OpCode::kAbsNumber : OpCode::kAbsInteger;
      case Op::kRound:
        return rounding(expr);
      case Op::kFloor:
        return OpCode::kFloor;
      case Op::kCeil:
        return OpCode::kCeil;
      case Op::kSqrt:
        return OpCode::kSqrt;
      case Op::kPow:
        return OpCode::kPow;
      case Op::kLower:
        return OpCode::kLower;
      case Op::kUpper:
        return OpCode::kUpper;
      case Op::kTrim:
        return OpCode::kTrim;
      case Op::kLength:
        return OpCode::kLength;
      case Op::kSubstr:
        return OpCode::kSubstr;
      case Op::kContains:
        return OpCode::kContains;
      case Op::kStartsWith:
        return OpCode::kStartsWith;
      case Op::kEndsWith:
        return OpCode::kEndsWith;
      case Op::kHour:
        return OpCode::kHour;
      case Op::kDayOfWeek:
        return OpCode::kDayOfWeek;
      case Op::kDistanceKm:
        return OpCode::kDistanceKm;
      default:
        break;
    }
    TOCSIN_CHECK(false, "an operator without code");
    return OpCode::kNull;
  }

  Code& code_;
  uint32_t depth_ = 0;
  uint32_t max_depth_ = 0;
};

Code Code::compile(const Expr& expr) {
  Code code;
  CodeBuilder(code).build(expr);
  return code;
}

}  // namespace tocsin::nfa
