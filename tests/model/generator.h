// Random cases as text, so that parser and binder take part: declarations with one pattern, or with
// one that feeds another, and the records of one or two inputs as JSON lines. The same seed gives
// the same case everywhere.
//
// Favoured, because matchers go wrong there: ties in time, equal values, nulls, events exactly at
// the edge of a window, several keys, and arrivals out of order, late ones among them. Everything
// is small enough for the model, which tries all there is.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "eventtime/timestamp.h"

namespace tocsin::model {

struct Case {
  std::string patterns;                          // the text of a .tocsin file
  std::vector<std::vector<std::string>> inputs;  // JSON lines, in the order of arrival
  eventtime::Duration out_of_order;
};

// What `tocsin run` would be given, for a person to read.
std::string to_string(const Case& example);

struct GeneratedCase {
  Case example;
  std::set<std::string> constructs;  // what of the language it uses: "skip none", "loop any"
};

// `tape`: the first choices, as bytes.
GeneratedCase generate_case(uint64_t seed, std::span<const uint8_t> tape = {});

}  // namespace tocsin::model
