// Any bytes as JSON lines: no crash, and the same rows and reasons whether the records are decoded
// together (token positions and shapes shared) or each by a decoder of its own.
#include <cstdint>

#include "connectors/json/json_decoder.h"
#include "tests/fuzz/decoding.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tocsin;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const eventtime::Catalog kCatalog = fuzz::catalog();
  connectors::JsonDecoder decoder(kCatalog, {}, fuzz::kMaxRecordBytes);
  const std::vector<fuzz::Outcome> together = fuzz::decode(decoder, kCatalog, text);
  for (const fuzz::Outcome& record : together) {
    // What may be the kept part of a record, or would lose a carriage return, is not the same
    // alone.
    if (record.raw.size() >= fuzz::kMaxRecordBytes || record.raw.ends_with('\r')) continue;
    connectors::JsonDecoder fresh(kCatalog, {}, fuzz::kMaxRecordBytes);
    const std::vector<fuzz::Outcome> alone = fuzz::decode(fresh, kCatalog, record.raw);
    TOCSIN_CHECK(alone.size() == 1 && alone[0].result == record.result,
                 "a record means the same alone");
  }
  return 0;
}
