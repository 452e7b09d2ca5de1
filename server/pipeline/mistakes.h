// What is wrong in a pipeline file, and how it is shown:
//
//   pipeline.toml:12:1: error[unknown-key]: a file source has no key 'out_of_ordr'
//     help: did you mean 'out_of_order'?
//
// Unlike the diagnostics of patterns, the line itself is not shown: it may hold a secret. For the
// same reason messages quote keys and names, and of values only what was written in the file and
// cannot be a secret. Tested by tests/unit/server/pipeline_test.cc.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace tocsin::server {

struct Place {
  uint32_t line = 1;
  uint32_t column = 1;
  friend auto operator<=>(const Place&, const Place&) = default;
};

struct Mistake {
  Place place;
  std::string code;     // "unknown-key"
  std::string message;  // lower case, no final period, names in quotes
  std::string help;     // may be empty
};

class Mistakes {
 public:
  void add(Place place, std::string code, std::string message, std::string help = {});
  bool empty() const { return items_.empty(); }
  // In the order of the text.
  std::vector<Mistake> sorted() const;

 private:
  std::vector<Mistake> items_;
};

// All of them as shown above, each with its line ends.
std::string render(const Mistakes& mistakes, const std::string& file);

}  // namespace tocsin::server
