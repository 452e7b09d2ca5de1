// Where the tokens of JSON text begin: every bracket, colon and comma outside strings, every
// opening quote, and the first byte of every other run of bytes. Found by the first stage of
// simdjson, which also proves that the text is UTF-8, that strings end, and that they hold no
// control characters. What it does not prove is the order of the tokens, what scalars look like,
// and escapes: that is left to whoever walks them.
//
// After Langdale and Lemire, "Parsing Gigabytes of JSON per Second", VLDB Journal 28, 2019. Its
// second stage and its on-demand interface are not used: a walk over the tokens checks everything
// once, and takes strings from where they stand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace tocsin::connectors {

class StructuralIndex {
 public:
  StructuralIndex();
  ~StructuralIndex();
  StructuralIndex(const StructuralIndex&) = delete;
  StructuralIndex& operator=(const StructuralIndex&) = delete;

  // What is wrong with the text, nothing if its tokens are known. At most 4 GiB.
  std::string_view build(std::string_view text);

  // Positions in the text, ascending, followed by two that are the text's size. Valid until the
  // next build().
  const uint32_t* tokens() const;

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace tocsin::connectors
