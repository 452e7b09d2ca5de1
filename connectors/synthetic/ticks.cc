#include "connectors/synthetic/ticks.h"

#include <algorithm>
#include <utility>

#include "connectors/synthetic/world.h"

namespace tocsin::connectors::synthetic {
namespace {

constexpr uint32_t kTicksPerIncident = 400;
constexpr uint32_t kSymbols = 64;

}  // namespace

TickStream::TickStream(uint64_t events, uint64_t seed, Timestamp start, double events_per_second)
    : ScheduledStream(events, start),
      random_(mix(seed, 252)),
      deck_({0, 1, 2}),
      mean_gap_micros_(static_cast<int64_t>(1e6 / events_per_second)) {
  for (uint32_t i = 0; i < kSymbols; ++i) prices_.push_back(2000 + random_.below(40'000));
}

Duration TickStream::gap(Timestamp /*now*/) {
  return random_gap(random_, mean_gap_micros_);
}

int64_t TickStream::move_price(uint32_t symbol, int64_t steps) {
  int64_t& price = prices_[symbol];
  const int64_t change = std::max<int64_t>(1, price / 1000) * steps;
  price = std::clamp<int64_t>(price + change, 500, 200'000);
  return price;
}

void TickStream::background(Timestamp now) {
  if (random_.one_in(kTicksPerIncident)) begin_incident(now);
  if (room() == 0) return;
  TickEvent event;
  event.time = now;
  const uint32_t symbol = random_.below(kSymbols);
  event.symbol = std::min(symbol, random_.below(kSymbols));  // some are traded more than others
  event.cents = move_price(event.symbol, random_.between(-2, 2));
  event.size = 1 + int64_t{100} * long_tail(random_.next()) / 256;
  event.buy = random_.percent(50);
  schedule(event);
}

void TickStream::begin_incident(Timestamp now) {
  switch (deck_.deal(random_)) {
    case 0:
      return rise(now, "rising_trades", random_.between(5, 6), true);
    case 1:
      return rise(now, "four_trades", 4, true);
    default:
      return rise(now, "rising_prices", 6, false);
  }
}

void TickStream::rise(Timestamp now, std::string_view kind, int64_t trades, bool sizes_rise) {
  TickEvent event;
  event.symbol = random_.below(kSymbols);
  event.size = random_.between(20, 80);
  std::vector<TickEvent> events;
  for (int64_t i = 0; i < trades; ++i) {
    event.time = now;
    event.cents = move_price(event.symbol, random_.between(2, 6));
    event.size = sizes_rise || i % 2 == 0 ? event.size * random_.between(130, 180) / 100
                                          : event.size / 2 + 1;
    events.push_back(event);
    now = now + milliseconds(random_.between(40, 400));
  }
  schedule_incident(make_label(kind, kind == "rising_trades", "symbol", "SYM", event.symbol),
                    std::move(events));
}

std::string TickStream::id_of(const TickEvent& event) const {
  std::string id = "t";
  append_number(id, event.number);
  return id;
}

void TickStream::write(RecordWriter& out) const {
  out.text("type", "Tick");
  out.code("id", "t", event().number);
  out.time("at", event().time);
  out.code("symbol", "SYM", event().symbol);
  out.decimal("price", event().cents, 2);
  out.integer("size", event().size);
  out.text("side", event().buy ? "buy" : "sell");
  out.finish();
}

}  // namespace tocsin::connectors::synthetic
