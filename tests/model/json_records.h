// Reads JSON lines as events of a catalog, for the model: with the DOM parser and without any of
// the product's decoder. Only for records that are valid: anything else aborts the test.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/model/naive_event.h"

namespace tocsin::model {

// The type of a record is its field "type"; where it has none, the only type of the catalog.
std::vector<NaiveEvent> read_records(std::span<const std::string> lines, const Catalog& catalog,
                                     uint32_t input);

}  // namespace tocsin::model
