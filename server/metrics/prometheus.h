// Metrics in the text format of Prometheus (version 0.0.4):
//
//   # HELP tocsin_source_records_total Records read, refused ones included.
//   # TYPE tocsin_source_records_total counter
//   tocsin_source_records_total{source="payments"} 4711
//
// Those of one name stand together, where the first of them stood. Tested by
// tests/unit/server/metrics_test.cc.
#pragma once

#include <string>

#include "runtime/metric.h"

namespace tocsin::server {

std::string prometheus_text(const runtime::Metrics& metrics);

}  // namespace tocsin::server
