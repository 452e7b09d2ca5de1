// The part of StartOperator that finds first events by the order of a value of theirs.
#include <algorithm>
#include <cmath>

#include "runtime/start_operator.h"

namespace tocsin::runtime {

using eventtime::Value;

namespace {

bool is_not_a_number(const Value& value) {
  return value.type == eventtime::Type::kFloat && std::isnan(value.cell.number);
}

}  // namespace

// Of many first events those that the comparison with a value of theirs lets through. Where they
// all go on, they leave the order before they are looked at, and come back if the rest of the
// condition does not hold.
void StartOperator::follow_in_order(nfa::TestedEvent& event) {
  const Value value = event.table().columns[plan_.order->column].value(event.row->table_row);
  if (value.is_null() || is_not_a_number(value)) return;
  const bool strict =
      plan_.order->op == patterns::Op::kGreater || plan_.order->op == patterns::Op::kLess;
  const uint64_t rank = rank_of(value);
  if (strict && rank == 0) return;
  const uint64_t most = strict ? rank - 1 : rank;
  OrderedStarts& order = order_of_chain();
  in_order_.clear();
  if (plan_.stays) {
    order.find(most, in_order_);
  } else {
    order.take(most, in_order_);
  }
  const size_t gone =
      std::erase_if(in_order_, [&](const OrderedStarts::Entry& e) { return !is_there(e); });
  if (plan_.stays && gone > in_order_.size() + kOrderedFrom) drop_gone(order, most);
  std::sort(in_order_.begin(), in_order_.end(), [&](const auto& left, const auto& right) {
    return sequence(left.place) < sequence(right.place);
  });
  for (const OrderedStarts::Entry& entry : in_order_) {
    if (!is_spent(entry.place) && !follow_one(entry.place, 1, event)) return;
  }
  if (plan_.stays || chain_ == kNone) return;
  for (const OrderedStarts::Entry& entry : in_order_) {
    if (is_there(entry)) order.add(entry, [&](const auto& each) { return is_there(each); });
  }
}

// Takes what has gone from the front, so that it is not looked at again.
void StartOperator::drop_gone(OrderedStarts& order, uint64_t most) {
  std::vector<OrderedStarts::Entry> front;
  order.take(most, front);
  for (const OrderedStarts::Entry& entry : in_order_) {
    order.add(entry, [&](const auto& each) { return is_there(each); });
  }
}

// Orders know first events by their places.
void StartOperator::forget_moved() {
  if (order_moves_ == log_.moves()) return;
  order_moves_ = log_.moves();
  orders_.clear();
}

// Made when it is asked for; made anew when most of it has gone.
OrderedStarts& StartOperator::order_of_chain() {
  forget_moved();
  const auto [entry, is_new] = orders_.try_emplace(chain_);
  OrderedStarts& order = entry->second;
  if (!is_new && order.size() <= 2 * size_t{chain().count}) return order;
  order.clear();
  for (uint32_t place = chain().oldest; place != kNone; place = log_.at(place).newer) {
    put_in_order(order, place);
  }
  return order;
}

// A new first event, of a key that may have an order. One that is not asked for any more goes when
// most of what it holds has gone.
void StartOperator::put_in_order(uint32_t place) {
  forget_moved();
  const auto order = orders_.find(log_.at(place).chain);
  if (order == orders_.end()) return;
  if (order->second.size() > 4 * (log_.chain(order->first).count + kOrderedFrom)) {
    orders_.erase(order);
  } else {
    put_in_order(order->second, place);
  }
}

void StartOperator::put_in_order(OrderedStarts& order, uint32_t place) {
  const Value value = held_.cells().read(log_.words(place), order_update_);
  if (value.is_null() || is_not_a_number(value)) return;
  order.add({rank_of(value), place, static_cast<uint32_t>(sequence(place))},
            [&](const OrderedStarts::Entry& entry) { return is_there(entry); });
}

// What an event finds comes first.
uint64_t StartOperator::rank_of(const Value& value) const {
  const uint64_t rank = OrderedStarts::rank_of(value);
  const bool finds_smaller =
      plan_.order->op == patterns::Op::kGreater || plan_.order->op == patterns::Op::kGreaterEqual;
  return finds_smaller ? rank : ~rank;
}

}  // namespace tocsin::runtime
