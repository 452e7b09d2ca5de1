#include "connectors/synthetic/orders.h"

#include <array>
#include <utility>

#include "connectors/synthetic/world.h"

namespace tocsin::connectors::synthetic {
namespace {

constexpr uint32_t kOrdersPerIncident = 80;
constexpr uint32_t kBuyers = 30'000;
constexpr size_t kEventsPerOrder = 3;

}  // namespace

OrderStream::OrderStream(uint64_t events, uint64_t seed, Timestamp start, double events_per_second)
    : ScheduledStream(events, start),
      random_(mix(seed, 253)),
      deck_({0, 1, 2}),
      mean_gap_micros_(static_cast<int64_t>(kEventsPerOrder * 1e6 / events_per_second)) {}

Duration OrderStream::gap(Timestamp /*now*/) {
  return random_gap(random_, mean_gap_micros_);
}

OrderEvent OrderStream::then(OrderEvent order, OrderEvent::Step step, Timestamp time) {
  order.step = step;
  order.time = time;
  return order;
}

void OrderStream::background(Timestamp now) {
  OrderEvent order;
  order.time = now;
  order.order = ++orders_;
  order.customer = random_.below(kBuyers);
  order.cents = int64_t{4500} * long_tail(random_.next()) / 256 + 300;
  // An order whose payment has no room any more is one that is never paid.
  if (room() < kEventsPerOrder || random_.one_in(kOrdersPerIncident)) return begin_incident(order);
  const Timestamp paid = now + seconds(random_.between(10, 1200));
  const Timestamp shipped = paid + seconds(random_.between(600, 14'400));
  schedule(order);
  schedule(then(order, OrderEvent::Step::kPaid, paid));
  schedule(then(order, OrderEvent::Step::kShipped, shipped));
}

void OrderStream::begin_incident(OrderEvent order) {
  constexpr std::array<std::string_view, 3> kKinds = {"unpaid_order", "shipped_unpaid",
                                                      "paid_at_last"};
  const size_t kind = room() < kEventsPerOrder ? 0 : deck_.deal(random_);
  std::vector<OrderEvent> events = {order};
  const Timestamp paid = order.time + seconds(random_.between(1680, 1790));
  if (kind == 2) events.push_back(then(order, OrderEvent::Step::kPaid, paid));
  if (kind != 0) events.push_back(then(order, OrderEvent::Step::kShipped, paid + minutes(90)));
  schedule_incident(make_label(kKinds[kind], kind != 2, "order", "o", order.order),
                    std::move(events));
}

std::string OrderStream::id_of(const OrderEvent& event) const {
  std::string id = "e";
  append_number(id, event.number);
  return id;
}

void OrderStream::write(RecordWriter& out) const {
  constexpr std::array<std::string_view, 3> kTypes = {"Order", "Paid", "Shipped"};
  out.text("type", kTypes[static_cast<size_t>(event().step)]);
  out.code("id", "e", event().number);
  out.time("at", event().time);
  out.code("order", "o", event().order);
  out.code("customer", "u", event().customer);
  out.decimal("amount", event().cents, 2);
  out.finish();
}

}  // namespace tocsin::connectors::synthetic
