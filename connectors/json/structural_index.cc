#include "connectors/json/structural_index.h"

#include <simdjson.h>

#include <algorithm>

#include "eventtime/check.h"

namespace tocsin::connectors {

struct StructuralIndex::Parser {
  simdjson::dom::parser dom;
};

StructuralIndex::StructuralIndex() : parser_(std::make_unique<Parser>()) {}
StructuralIndex::~StructuralIndex() = default;

std::string_view StructuralIndex::build(std::string_view text) {
  simdjson::dom::parser& dom = parser_->dom;
  if (!dom.implementation || dom.implementation->capacity() < text.size()) {
    constexpr size_t kLeast = size_t{64} << 10;
    const size_t capacity = std::max(text.size() + text.size() / 4, kLeast);
    // Depth is only of the second stage: we need none of it.
    TOCSIN_CHECK(dom.allocate(capacity, 1) == simdjson::SUCCESS,
                 "memory for the tokens of a batch");
  }
  const simdjson::error_code error = dom.implementation->stage1(
      reinterpret_cast<const uint8_t*>(text.data()), text.size(), simdjson::stage1_mode::regular);
  switch (error) {
    case simdjson::SUCCESS:
      return {};
    case simdjson::UTF8_ERROR:
      return "bytes that are no UTF-8";
    case simdjson::UNCLOSED_STRING:
      return "a string that does not end";
    case simdjson::UNESCAPED_CHARS:
      return "a control character in a string";
    default:
      return simdjson::error_message(error);
  }
}

const uint32_t* StructuralIndex::tokens() const {
  return parser_->dom.implementation->structural_indexes.get();
}

}  // namespace tocsin::connectors
