// Trades on an exchange: the kind `ticks`.
//
// Prices walk at random. Planted: rising_trades (five or six trades of a symbol, each at a higher
// price and of a larger size than the last). Similar: four_trades that rise so, and
// rising_prices with sizes that do not grow.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/synthetic/random.h"
#include "connectors/synthetic/stream.h"

namespace tocsin::connectors::synthetic {

struct TickEvent : Scheduled {
  uint32_t symbol = 0;
  int64_t cents = 0;
  int64_t size = 0;
  bool buy = true;
};

class TickStream final : public ScheduledStream<TickEvent> {
 public:
  TickStream(uint64_t events, uint64_t seed, Timestamp start, double events_per_second);

  void write(RecordWriter& out) const override;

 protected:
  void background(Timestamp now) override;
  Duration gap(Timestamp now) override;
  std::string id_of(const TickEvent& event) const override;

 private:
  // The next price of a symbol, `steps` thousandths up or down.
  int64_t move_price(uint32_t symbol, int64_t steps);
  void begin_incident(Timestamp now);
  void rise(Timestamp now, std::string_view kind, int64_t trades, bool sizes_rise);

  Random random_;
  Deck deck_;
  std::vector<int64_t> prices_;  // by symbol, in cents
  int64_t mean_gap_micros_;
};

}  // namespace tocsin::connectors::synthetic
