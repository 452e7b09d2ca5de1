// The streams of events that the workloads run over.
//
// Those of W1 to W6 are the files on which other engines have been measured (Flink CEP, Esper,
// Siddhi), event for event; `scale` multiplies the number of events. The others are our own.
// Times are milliseconds since 1970 and never fall.
// Tested by tests/unit/workloads/streams_test.cc, against hashes of the original files.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

namespace tocsin::bench {

inline constexpr int64_t kFirstMillis = 1'700'000'000'000;

struct Event {
  int64_t millis = 0;
  std::string_view kind;
  int64_t key = 0;
  int64_t id = 0;
  double amount = 0;
};

template <class E>
using OnEvent = std::function<void(const E&)>;
// Calls back for each event of a stream, in order.
template <class E>
using Stream = std::function<void(const OnEvent<E>&)>;

// 10,000 keys, 1 % of the events above 900, 10 % withdrawals.
Stream<Event> keyed_payments(double scale);
// 50,000 cards, of which 250 have some charges below 2, then one above 200.
Stream<Event> card_charges(double scale);
// Twelve kinds, E00 to E11.
Stream<Event> twelve_kinds(double scale);
// A start each millisecond, an end for every tenth, half of them with the id of a start.
// With `rare_end` a start has an amount of 999 to 1000, and an end has so with that probability,
// else less.
Stream<Event> starts_and_ends(double scale, double rare_end = 0);
// A million keys with an A each; a B follows soon, late or never.
Stream<Event> answered_calls(double scale);
// 1,000 keys, 10 % withdrawals, amounts even up to 1,000.
Stream<Event> plain_payments(double scale);

// Whoever draws an amount in [low, high) and then withdraws more than `threshold`. The numbers
// have three decimals.
struct AmountRule {
  double low = 0;
  double high = 0;
  double threshold = 0;
};
std::vector<AmountRule> amount_rules(size_t count);

// Two days; each key has ten events an hour, the amounts are multiples of a quarter up to 100 and
// there are 1,000 ids.
Stream<Event> steady_charges(double scale);
// One A, `rounds` times B, one C.
Stream<Event> one_chain(int rounds);
// `rounds` times each: A, then B, then C.
Stream<Event> three_blocks(int rounds);

// x as "%.2f" writes it and a reader reads it, for `digits` 2 or 3 and 0 <= x < 10^9.
double rounded(double x, int digits);

}  // namespace tocsin::bench
