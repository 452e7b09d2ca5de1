// Orders, their payments and shipments: the kind `orders`, for patterns about what does not happen.
//
// Most orders are paid within twenty minutes and shipped within four hours. Planted: unpaid_order
// (never paid) and shipped_unpaid (shipped all the same). Similar, but right: paid_at_last, in the
// last two minutes of half an hour.
#pragma once

#include <string>
#include <vector>

#include "connectors/synthetic/random.h"
#include "connectors/synthetic/stream.h"

namespace tocsin::connectors::synthetic {

struct OrderEvent : Scheduled {
  enum class Step : uint8_t { kOrder, kPaid, kShipped };

  Step step = Step::kOrder;
  uint64_t order = 0;
  uint32_t customer = 0;
  int64_t cents = 0;
};

class OrderStream final : public ScheduledStream<OrderEvent> {
 public:
  OrderStream(uint64_t events, uint64_t seed, Timestamp start, double events_per_second);

  void write(RecordWriter& out) const override;

 protected:
  void background(Timestamp now) override;
  Duration gap(Timestamp now) override;
  std::string id_of(const OrderEvent& event) const override;

 private:
  void begin_incident(OrderEvent order);
  // The same order, a later step.
  static OrderEvent then(OrderEvent order, OrderEvent::Step step, Timestamp time);

  Random random_;
  Deck deck_;
  uint64_t orders_ = 0;
  int64_t mean_gap_micros_;
};

}  // namespace tocsin::connectors::synthetic
