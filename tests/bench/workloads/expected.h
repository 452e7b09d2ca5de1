// How many alerts each workload must raise, by plain programs that know nothing of the engine.
//
// Each is asked with every event of its stream, in order, and answers how many alerts there are if
// the stream ends with that event: a run that is cut short has a right count, too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "tests/bench/workloads/rule_set.h"
#include "tests/bench/workloads/streams.h"

namespace tocsin::bench {

template <class E>
using Expected = std::function<uint64_t(const E&)>;

// An amount above 900, then the key's first withdrawal, within a minute.
Expected<Event> expected_withdrawals();
// At least three amounts below 2 of a key, then one above 200, within 10 minutes; not overlapping.
Expected<Event> expected_card_tests();
// Events with an amount below 100 of the first `steps` kinds, one of each and in order, within a
// second; the last amount is below `last`.
Expected<Event> expected_chains(size_t steps, double last);
// A start, then an end with its id.
Expected<Event> expected_ends_of_id(int64_t within_millis);
// A start, then the first end with more than `threshold`, or than the start's own amount.
Expected<Event> expected_ends_above(int64_t within_millis, double threshold);
Expected<Event> expected_ends_above_start(int64_t within_millis);
// An A, and no B of its key for 30 seconds.
Expected<Event> expected_absences();
Expected<Event> expected_rule_matches(std::vector<AmountRule> rules);
Expected<LogEvent> expected_log_matches(int64_t rules);

// A key's events within a window, counted from after the last alert: as many, with such a sum, or
// with so many different ids. An alert for each time that the threshold is reached.
Expected<Event> expected_counts(int64_t within_millis, int64_t threshold);
Expected<Event> expected_sums(int64_t within_millis, int64_t threshold);
Expected<Event> expected_distinct_ids(int64_t within_millis, int64_t threshold);

// Every choice of at least one B between an A and a C; every triple of A, B, C.
Expected<Event> expected_subsets();
Expected<Event> expected_triples();

}  // namespace tocsin::bench
