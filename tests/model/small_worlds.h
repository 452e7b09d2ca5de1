// Small worlds, tested whole: all short sequences over two event types with every connector,
// quantifier and contiguity of loops, under every skip strategy, over all short streams. Each
// stream is a key of its own, so that one run of the engine sees all of them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace tocsin::model {

// All sequences of so many steps: "v1: A+ any next v2: B{2}". With two steps or more, those of A
// alone and those of A and B; what would only swap the two names is left out.
std::vector<std::string> small_sequences(size_t steps);

// Sequences of one or two steps with what the others lack: negations between and behind them,
// loops that are reluctant or take all they can, alternatives, and any order.
std::vector<std::string> small_extras();

// The sequence as one pattern under each skip strategy.
std::string small_patterns(const std::string& sequence, size_t steps);
// The same for sequences that may need a window, which is 2ms, and with `leftmost`.
std::string small_patterns_in_window(const std::string& sequence, size_t steps);

// The declarations of A, B and X for these patterns.
std::string small_declarations();

// All streams over `types` ("ABX") of up to `length` events, one a millisecond, as records in
// order of time; stream number n has the key n.
std::vector<std::string> small_streams(const std::string& types, size_t length);

}  // namespace tocsin::model
