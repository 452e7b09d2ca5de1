// What is run and disturbed: patterns of every kind over small inputs of `tocsin generate`, with
// late events and damaged records among them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tocsin::faults {

struct Input {
  std::string kind;  // of `tocsin generate`
  std::string file;  // its name says whether it is CSV, and whether it is compressed
  uint64_t events;
  uint64_t seed;
};

struct Scenario {
  std::string name;
  std::vector<std::string> patterns;  // from the root of the sources
  std::vector<Input> inputs;
  std::vector<std::string> flags;
  std::string checkpoint_every;
};

const std::vector<Scenario>& scenarios();
const Scenario& scenario(const std::string& name);

}  // namespace tocsin::faults
