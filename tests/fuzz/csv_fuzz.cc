// Any bytes as CSV: no crash, the same rows and reasons for batches of one, and every row can be
// shown as JSON.
#include <cstdint>

#include "connectors/csv/csv_decoder.h"
#include "tests/fuzz/decoding.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tocsin;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const eventtime::Catalog kCatalog = fuzz::catalog();
  const auto decode = [&](size_t batch_records) {
    connectors::CsvDecoder decoder(kCatalog, {}, "fuzz.csv", fuzz::kMaxRecordBytes);
    return fuzz::decode(decoder, kCatalog, text, batch_records);
  };
  const std::vector<fuzz::Outcome> together = decode(1000);
  TOCSIN_CHECK(together == decode(1), "batches do not matter");
  return 0;
}
